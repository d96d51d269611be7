package facade

import (
	"context"
	"net/http"

	"github.com/koogate/koogate/koogallery/sign"
)

// kitScheme is that of the Kit V2.0: headers x-sign, x-timestamp and x-nonce over the body itself (kit §A.10).
type kitScheme struct{}

func (kitScheme) read(x *exchange) bool { return x.readBody() }

func (kitScheme) verify(x *exchange) bool {
	h := x.r.Header
	timestamp := h.Get(sign.KitTimestampHeader)
	x.nonce = h.Get(sign.KitNonceHeader)
	key, form, err := sign.VerifyKit(x.endpoint.KitKeys, x.nonce, timestamp, h.Get(sign.KitSignHeader), x.body)
	return x.verified(key, err, sign.KitNonceHeader, sign.KitTimestampHeader) && x.fresh(timestamp, sign.KitTimestampHeader) && x.canonical(form)
}

func (kitScheme) parse(x *exchange) string { return x.parseBody() }

func (kitScheme) request(ctx context.Context, x *exchange) *http.Request { return x.posted(ctx) }

// tokenScheme is that of the Kit V1.0: header authToken over the members of the body, keyed with its timeStamp (kit §A.9).
type tokenScheme struct{}

func (tokenScheme) read(x *exchange) bool { return x.readBody() }

func (tokenScheme) verify(x *exchange) bool {
	key, err := sign.VerifyBody(x.endpoint.KitKeys, x.r.Header.Get(sign.AuthTokenHeader), x.body)
	return x.verified(key, err, "", sign.ParamTimeStamp)
}

func (tokenScheme) parse(x *exchange) string {
	if refused := x.parseBody(); refused != "" {
		return refused
	}
	x.object.DropBlank() // blank members are not part of what was signed
	return ""
}

func (tokenScheme) request(ctx context.Context, x *exchange) *http.Request { return x.posted(ctx) }
