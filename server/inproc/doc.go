// SPDX-License-Identifier: Apache-2.0

// Package inproc calls gRPC services of the same process without a socket: [Channel] is a grpc.ServiceRegistrar on one
// side and a grpc.ClientConnInterface on the other, with the server's unary interceptors in between. It is what the HTTP
// gateways call, because the gateway's own direct registration runs no interceptor.
//
// It keeps what callers of a real connection rely on: neither side sees the other's later changes to a message, outgoing
// metadata arrive as incoming metadata, header and trailer come back, and every error is a status. It differs in two
// things. The context's values are handed through, so that spans and request data cross. And the handler runs on the
// caller's goroutine, which is two thirds of the cost saved: it sees the caller's deadline and cancellation, but one that is
// deaf to them holds its caller up. Of streams only those of requests are carried, by a channel made with [NewStreaming]; their
// handler has a goroutine of its own.
package inproc
