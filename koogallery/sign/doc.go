// SPDX-License-Identifier: Apache-2.0

// Package sign computes and verifies the signatures that travel between
// Huawei Cloud KooGallery (the marketplace) and a seller's server.
//
// There are two generations of calls to the seller, the answers, and the calls
// of the seller:
//
//   - the request signature of the production interface, carried in the URL as
//     signature, timestamp and nonce: [VerifyURL], [Freshness], and for callers
//     such as a simulator [SignURL] (saas-v2 §2);
//   - its variant for the joint-operation Kit, carried in the headers x-sign,
//     x-timestamp and x-nonce: [VerifyKit], [Freshness], [KitSign] (kit §A.10);
//   - the authToken of the V1 generation, a query parameter of GET calls:
//     [VerifyQuery], [AuthTokenQuery], [SignQuery] (saas-v1 §2.1), and a header of
//     POST calls: [VerifyBody], [AuthTokenBody] (saas-v1 §2.2, kit §A.9);
//   - the signature of a seller's answer, carried in the header Body-Sign:
//     [BodySign], [VerifyBodySign] (saas-v2 §3);
//   - AK/SK, also called SDK-HMAC-SHA256, for the open APIs that a seller
//     calls: [SignRequest], and for servers [VerifyRequest] (open-apis §6);
//   - the header signature of a seller's usage push, which may come on top of
//     AK/SK: [UsageSign], and for servers [VerifyUsage] (open-apis §3.2).
//
// What it is not: it keeps no nonces, holds no key ring, reads no clock and
// starts no request. A caller passes the keys, the received bytes and the
// present time, and remembers what it has seen ([ReplayKey]).
//
// Start with [VerifyURL] for a server and with [SignRequest] for a client.
//
// Every function is safe for concurrent use and none of them panics on hostile
// input. Work and memory are linear in the length of the input. All errors
// match a sentinel with errors.Is, and no error text repeats input, keys or
// signatures.
//
// The section numbers in the comments refer to Koogate's wire reference:
// "saas-v2" is the SaaS V2.0 production interface, "saas-v1" its predecessor,
// "kit" the joint-operation Kit, "open-apis" the open APIs. Encrypted fields are
// the matter of package seal.
package sign
