// SPDX-License-Identifier: Apache-2.0

package facade

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/server/facade/wirejson"
)

// Why a call was rejected before any work, for metrics and logs.
const (
	rejectedSize      = "body_too_large"
	rejectedBody      = "body_unreadable"
	rejectedTimestamp = "timestamp"
	rejectedNonce     = "nonce"
	rejectedSignature = "signature"
	rejectedStale     = "stale"
	rejectedReplay    = "replay"
	rejectedBusy      = "busy"      // other calls that are not verified have used up the budget
	rejectedSlow      = "body_slow" // the body came too slowly
)

// reject refuses a call that was not verified.
func (x *exchange) reject(why string, code resultcode.Code, detail string) bool {
	x.rejected = why
	x.fail(code, detail)
	return false
}

// busy refuses a call because too many others have not been verified yet, or because it is too slow itself.
func (x *exchange) busy(why string) bool {
	x.status = http.StatusServiceUnavailable
	return x.reject(why, resultcode.Internal, "too many calls at once; repeat it")
}

// wellFormed looks at what a signature comes with before the body is read, let alone verified: everything is there, in form, and
// of about this time. It looks at nothing that differs between endpoints.
func (x *exchange) wellFormed(timestamp, signature, nonceName, timestampName string) bool {
	if err := sign.CheckForm(x.nonce, timestamp, signature); err != nil {
		return x.verified(-1, err, nonceName, timestampName)
	}
	widest := x.table.widest
	if x.f.Heard != nil {
		widest = max(widest, hearsay) // the marketplace's calls tell a clock that is wrong, so they have to be verified
	}
	return x.timely(x.arrived, timestamp, timestampName, widest)
}

// verified takes a scheme's verdict on the signature. Nothing else of the call is examined before it, so that a caller
// without a key learns nothing about an endpoint, not even that it exists.
func (x *exchange) verified(key int, err error, nonce, timestamp string) bool {
	switch {
	case err == nil && x.known:
		x.key = x.door.ring(x.endpoint)[key]
		x.verifiedAt = x.f.Clock.Now()
		if x.endpoint.Used != nil {
			x.keyID = x.endpoint.Used(x.key, x.verifiedAt)
		}
		return true
	case errors.Is(err, sign.ErrMissingTimestamp):
		return x.reject(rejectedTimestamp, resultcode.InvalidParam, timestamp+": required")
	case errors.Is(err, sign.ErrMissingNonce):
		return x.reject(rejectedNonce, resultcode.InvalidParam, nonce+": required")
	case errors.Is(err, sign.ErrNonce):
		return x.reject(rejectedNonce, resultcode.InvalidParam, nonce+": too long")
	}
	return x.reject(rejectedSignature, resultcode.AuthFailed, "")
}

// What a call tells of the marketplace's clock: a captured call whose milliseconds are read as seconds, with three digits moved into
// the nonce, would name any time, so ten digits tell nothing, and neither does what no clock can be off by.
const (
	unambiguous = 13 // digits
	hearsay     = 24 * time.Hour
)

// timely checks that a timestamp lies within skew of now.
func (x *exchange) timely(now time.Time, timestamp, name string, skew time.Duration) bool {
	at, err := sign.Freshness(now, timestamp, skew)
	switch {
	case errors.Is(err, sign.ErrTimestampStale):
		return x.reject(rejectedStale, resultcode.InvalidParam, name+": too far from this server's time")
	case err != nil:
		return x.reject(rejectedTimestamp, resultcode.InvalidParam, name+": not a UNIX time in milliseconds")
	}
	x.signedAt = at
	return true
}

// fresh checks the time of a verified call. The guard decides whether it was seen.
func (x *exchange) fresh(timestamp, name string) bool {
	if sent, _ := sign.Freshness(x.verifiedAt, timestamp, x.endpoint.Skew); x.f.Heard != nil && len(timestamp) == unambiguous &&
		x.verifiedAt.Sub(sent).Abs() < hearsay {
		x.f.Heard(sent)
	}
	if !x.timely(x.verifiedAt, timestamp, name, x.endpoint.Skew) {
		return false
	}
	if splitsTwice(x.nonce, timestamp) {
		return x.reject(rejectedNonce, resultcode.InvalidParam, "nonce: ambiguous beside a timestamp in seconds; repeat with another")
	}
	return true
}

// canonical replaces the body by what was signed when the two differ, because only what was signed counts.
func (x *exchange) canonical(form sign.Form) bool {
	if form != sign.FormSorted {
		return true
	}
	body, err := sign.Canonical(x.body)
	if err != nil {
		return x.reject(rejectedSignature, resultcode.AuthFailed, "")
	}
	x.raw, x.body = x.body, body
	return true
}

// posted is what the gateway sees of a call with a body. It carries nothing of what came in but the parsed body: no header
// can reach a handler, and no path but ours.
func (x *exchange) posted(ctx context.Context) *http.Request {
	r := http.Request{Method: http.MethodPost, URL: x.route.url, Header: x.f.noHeader, Body: wirejson.Parsed{Object: &x.object}}
	return r.WithContext(ctx)
}

// urlScheme is that of the POST families: signature, timestamp and nonce are in the URL (saas-v2 §2).
type urlScheme struct{}

func (urlScheme) read(ctx context.Context, x *exchange) bool {
	query := x.r.URL.RawQuery
	x.nonce = param(query, sign.ParamNonce)
	return x.wellFormed(param(query, sign.ParamTimestamp), param(query, sign.ParamSignature), sign.ParamNonce, sign.ParamTimestamp) && x.readBody(ctx)
}

func (urlScheme) verify(x *exchange) bool {
	query := x.r.URL.RawQuery
	timestamp, signature := param(query, sign.ParamTimestamp), param(query, sign.ParamSignature)
	key, form, err := sign.VerifyURL(x.endpoint.Keys, x.nonce, timestamp, signature, x.body)
	x.signature = sign.ReplayKey(signature)
	return x.verified(key, err, sign.ParamNonce, sign.ParamTimestamp) && x.fresh(timestamp, sign.ParamTimestamp) && x.canonical(form)
}

func (urlScheme) parse(x *exchange) string { return x.parseBody() }

func (urlScheme) request(ctx context.Context, x *exchange) *http.Request { return x.posted(ctx) }

// splitsTwice says whether nonce and timestamp, which are signed without a separator, also read as a nonce three characters
// shorter and a timestamp in milliseconds. A call captured long ago could otherwise come back in that split, under a nonce
// that nobody remembers, in the minute in which the last ten digits of its timestamp happen to be the present second.
func splitsTwice(nonce, timestamp string) bool {
	if len(timestamp) != 10 || len(nonce) < 3 {
		return false
	}
	first := nonce[len(nonce)-3:]
	return first >= "150" && first <= "499" && first[1] >= '0' && first[1] <= '9' && first[2] >= '0' && first[2] <= '9' // 2017 to 2128
}

// param returns the first value of a query parameter, as url.Values.Get does, without a map. A value that is not properly
// escaped counts as absent.
func param(query, name string) string {
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		key, value, _ := strings.Cut(pair, "=")
		if key != name {
			continue
		}
		if !strings.ContainsAny(value, "%+") {
			return value
		}
		value, err := url.QueryUnescape(value)
		if err != nil {
			return ""
		}
		return value
	}
	return ""
}

// isJSON judges a Content-Type: application/json with any parameters, a relative of it, or none at all, also when senders
// and proxies each added theirs, in one line or several. The signature held, so a caller without the header is still the
// marketplace. A header that also names any other type is refused.
func isJSON(header []string) bool {
	if len(header) == 0 || len(header) == 1 && (header[0] == "" || header[0] == "application/json") {
		return true
	}
	for part := range strings.SplitSeq(strings.Join(header, ","), ",") {
		kind, _, _ := strings.Cut(part, ";") // no parameter changes how the body is read
		switch t := strings.ToLower(strings.TrimSpace(kind)); {
		case strings.TrimSpace(part) == "", t == "application/json", t == "text/json":
		case strings.HasPrefix(t, "application/") && strings.HasSuffix(t, "+json") && !strings.ContainsAny(t, " \t"):
		case strings.HasPrefix(t, "charset="): // joined by commas where a semicolon belongs
		default:
			return false
		}
	}
	return true
}
