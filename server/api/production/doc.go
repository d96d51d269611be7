// Package production serves the marketplace's activities over gRPC: it converts a request, calls the core, converts the
// answer. What the core refuses becomes a result code by the one table in code.go; the facade uses the same table for
// errors that arise before a handler is reached.
//
// A call is admitted when it comes through the facade, which has verified the marketplace's signature, or when its bearer
// token belongs to the endpoint's seller. Everything else is refused: nobody creates an instance by finding a port.
//
// Start at server.go.
package production
