// Package interceptor holds what stands in front of every gRPC handler, each as a [Pair] for unary calls and streams:
//
//	Recover   a panic becomes INTERNAL
//	Auth      bearer token → seller
//	Trace     a server span that continues the caller's trace
//	Status    errors of the domains become gRPC statuses, once
//	Validate  protovalidate's rules → INVALID_FIELD or UNKNOWN_ENUM_VALUE
//
// [Chain] puts them together; the order above is the order of the internal API. Everything inside Status may return an
// *errs.Error, so Validate belongs behind it, and Auth has a Status of its own in front: Trace believes the caller's trace
// context, so it comes after Auth.
package interceptor
