// SPDX-License-Identifier: Apache-2.0

package openapi

import "context"

// Exchange is what went over the wire for one call, but for its headers. The call fills it in; whoever made it with WithExchange reads it when
// the call has returned.
type Exchange struct {
	// Tries is how often a request was handed to the network: 0 for a call that was refused before, 2 when the
	// fallback host was tried too. What follows is that of the last.
	Tries int

	// HTTPStatus is that of the answer, 0 if none arrived.
	HTTPStatus int

	// Code is the code in the answer, of a success too, normalised like Error.Code.
	Code string

	// Request and Answer are the bytes of the bodies, the latter as far as it was read.
	Request, Answer int

	// Asked and Said are the bodies themselves, which hold what the caller and the marketplace hold secret; nobody may change them. Of a call whose
	// parameters are in its address Asked is an object of them.
	Asked, Said []byte
}

type exchangeKey struct{}

// WithExchange returns a context for one call, and what the call fills in. An Exchange is for one call at a time.
func WithExchange(ctx context.Context) (context.Context, *Exchange) {
	x := new(Exchange)
	return context.WithValue(ctx, exchangeKey{}, x), x
}

// exchangeOf returns the context's exchange, or one that nobody reads.
func exchangeOf(ctx context.Context) *Exchange {
	if x, ok := ctx.Value(exchangeKey{}).(*Exchange); ok {
		return x
	}
	return new(Exchange)
}
