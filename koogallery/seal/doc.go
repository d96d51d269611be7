// SPDX-License-Identifier: Apache-2.0

// Package seal opens and makes the encrypted fields of the marketplace's V1
// generation and of its joint-operation Kit.
//
// There are three kinds:
//
//   - AES fields: mobilePhone and email of a request, userName and password of
//     an answer: [Decrypt], [Encrypt] with [NewIV] or [StableIV], [Fits]
//     (saas-v1 §2.4, saas-v2 §6);
//   - saasExtendParams, which is only encoded: [ParseExtendParams],
//     [FormatExtendParams], [PlatformParams] (saas-v1 §2.5);
//   - the clientSecret of an application credential, RSA-OAEP: [DecryptSecret],
//     [ParsePrivateKey], and for a simulator [EncryptSecret] (kit §A.10).
//
// What it is not: it authenticates nothing. AES-CBC and OAEP say nothing about
// who sent a text, so verify the call with package sign first, and answer every
// error of [Decrypt] alike. It keeps no keys.
//
// Start with [Decrypt].
//
// Every function is safe for concurrent use and none of them panics on hostile
// input. Work and memory are linear in the length of the input. All errors
// match a sentinel with errors.Is, and no error text repeats input, keys or
// plaintext.
//
// The section numbers in the comments refer to Koogate's wire reference:
// "saas-v1" is the SaaS V1.0 production interface, "saas-v2" its successor,
// "kit" the joint-operation Kit.
package seal
