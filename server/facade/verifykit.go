// SPDX-License-Identifier: Apache-2.0

package facade

import (
	"context"
	"net/http"

	"github.com/koogate/koogate/koogallery/sign"
)

// kitScheme is that of the Kit V2.0: headers x-sign, x-timestamp and x-nonce over the body itself (kit §A.10).
type kitScheme struct{}

func (kitScheme) read(ctx context.Context, x *exchange) bool {
	h := x.r.Header
	x.nonce = h.Get(sign.KitNonceHeader)
	return x.wellFormed(h.Get(sign.KitTimestampHeader), h.Get(sign.KitSignHeader), sign.KitNonceHeader, sign.KitTimestampHeader) && x.readBody(ctx)
}

func (kitScheme) verify(x *exchange) bool {
	h := x.r.Header
	timestamp, signature := h.Get(sign.KitTimestampHeader), h.Get(sign.KitSignHeader)
	key, form, err := sign.VerifyKit(x.endpoint.KitKeys, x.nonce, timestamp, signature, x.body)
	x.signature = sign.ReplayKey(signature)
	return x.verified(key, err, sign.KitNonceHeader, sign.KitTimestampHeader) && x.fresh(timestamp, sign.KitTimestampHeader) && x.canonical(form)
}

func (kitScheme) parse(x *exchange) string { return x.parseBody() }

func (kitScheme) request(ctx context.Context, x *exchange) *http.Request { return x.posted(ctx) }

// authTokenScheme is that of the Kit V1.0: header authToken over the members of the body, keyed with its timeStamp (kit §A.9).
type authTokenScheme struct{}

func (authTokenScheme) read(ctx context.Context, x *exchange) bool {
	if err := sign.CheckToken(x.r.Header.Get(sign.AuthTokenHeader)); err != nil {
		return x.verified(-1, err, "", sign.ParamTimeStamp)
	}
	return x.readBody(ctx)
}

func (authTokenScheme) verify(x *exchange) bool {
	key, err := sign.VerifyBody(x.endpoint.KitKeys, x.r.Header.Get(sign.AuthTokenHeader), x.body)
	return x.verified(key, err, "", sign.ParamTimeStamp)
}

func (authTokenScheme) parse(x *exchange) string {
	if refused := x.parseBody(); refused != "" {
		return refused
	}
	x.object.DropBlank() // blank members are not part of what was signed
	return ""
}

func (authTokenScheme) request(ctx context.Context, x *exchange) *http.Request { return x.posted(ctx) }
