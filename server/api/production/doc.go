// SPDX-License-Identifier: Apache-2.0

// Package production serves the marketplace's activities over gRPC, one service a protocol family: it converts a request,
// calls the core or the directory, converts the answer. Their refusals become result codes by the one table in code.go; the
// facade uses the same table for errors that arise before a handler is reached.
//
// A call is admitted when it comes through the facade, which has verified the marketplace's signature, or when its bearer
// token belongs to the endpoint's seller. Every other call is refused, so that a caller who merely reaches the port creates
// nothing.
//
// The encrypted fields of V1 and of the Kit are opened and made here, with the keys of [Settings]: the core sees plain
// texts only.
//
// Start at server.go, which holds what the families share; each has a file of its own.
package production
