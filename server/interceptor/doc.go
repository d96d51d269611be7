// SPDX-License-Identifier: Apache-2.0

// Package interceptor holds what stands in front of every gRPC handler, each as a [Pair] for unary calls and streams:
//
//	Guide     every error says what its caller can do
//	Recover   a panic becomes INTERNAL
//	Auth      bearer token → who calls (server/access)
//	Limit     a caller that calls too often → RATE_LIMITED
//	Trace     a server span that continues the caller's trace
//	Status    errors of the domains become gRPC statuses, once
//	Demand    the scopes that the contract declares at the rpc → SCOPE_MISSING
//	Validate  protovalidate's rules → INVALID_FIELD or UNKNOWN_ENUM_VALUE
//	Audit     what a call changes leaves rows that name its caller (store.Audited)
//
// [Chain] puts them together; the order above is the order of the internal API. Everything inside Status may return an
// *errs.Error, so Demand and Validate belong behind it, and Auth has a Status of its own in front: Trace believes the caller's trace
// context, so it comes after Auth.
package interceptor
