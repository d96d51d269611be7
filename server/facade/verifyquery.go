// SPDX-License-Identifier: Apache-2.0

package facade

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/server/facade/wirejson"
)

// queryScheme is that of the V1.0 GET families: everything is in the query string, signed by authToken (saas-v1 §2.1). The
// documents know neither a window for timeStamp nor a nonce: a replay is a repeat, and repeats change nothing.
type queryScheme struct{}

func (queryScheme) read(_ context.Context, x *exchange) bool {
	if len(x.r.URL.RawQuery) > x.f.cfg.MaxBody {
		return x.reject(rejectedSize, resultcode.InvalidParam, "the query is too long")
	}
	return true
}

func (queryScheme) verify(x *exchange) bool {
	key, query, err := sign.VerifyQuery(x.endpoint.Keys, x.r.URL.RawQuery)
	if !x.verified(key, err, "", sign.ParamTimeStamp) {
		return false
	}
	x.repaired = query.Repaired
	x.body = append(x.body, '{')
	for _, name := range slices.Sorted(maps.Keys(query.Params)) {
		if len(x.body) > 1 {
			x.body = append(x.body, ',')
		}
		x.body = wirejson.AppendText(x.body, name)
		x.body = append(x.body, ':')
		x.body = wirejson.AppendText(x.body, query.Params[name])
	}
	x.body = append(x.body, '}')
	return true
}

func (queryScheme) parse(x *exchange) string {
	if err := x.object.Parse(x.body); err != nil {
		return "the query is not valid UTF-8"
	}
	return ""
}

// request hands the parameters over as a form that the gateway would have parsed itself, with the parameters that the
// contract does not know in a parameter of their own.
func (queryScheme) request(ctx context.Context, x *exchange) *http.Request {
	r := http.Request{Method: http.MethodGet, URL: x.route.url, Header: x.f.noHeader, Body: http.NoBody, Form: x.route.form(&x.object), PostForm: url.Values{}}
	return r.WithContext(ctx)
}
