// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/recorder/tape"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/koogallery/simulator/wire"
	"github.com/koogate/koogate/koogallery/wiretime"
)

// sign signs a call by its family and returns its query. What was signed wrongly or not at all is so again.
func (r *runner) sign(c *tape.Call, call *wire.Call, query []tape.Pair, repetition int) (string, error) {
	key := call.Asked.Key
	if c.Signed.State == tape.SignWrong {
		key = r.wrong
	}
	switch {
	case c.Family == judge.FamilyKitV1:
		r.signToken(key, call)
		return raw(query, c.Signed.Plus), nil
	case c.Family == judge.FamilyKitV2:
		return raw(query, c.Signed.Plus), r.signKit(key, c, call, repetition)
	case c.Method == "GET":
		return r.signQuery(key, c, query)
	default:
		return r.signURL(key, c, call, query, repetition)
	}
}

// signURL is the signature of SaaS V2.0 (saas-v2 §2).
func (r *runner) signURL(key string, c *tape.Call, call *wire.Call, query []tape.Pair, repetition int) (string, error) {
	stamp, nonce := r.stamp(c, c.Param(sign.ParamTimestamp)), r.nonce(c.Param(sign.ParamNonce), repetition)
	text, err := signedText(c, call.Body)
	if err != nil {
		return "", err
	}
	for i, p := range query {
		switch p[0] {
		case sign.ParamTimestamp:
			query[i][1] = stamp
		case sign.ParamNonce:
			query[i][1] = nonce
		case sign.ParamSignature:
			if p[1] != "" {
				query[i][1] = cased(c, sign.URLSignature(key, nonce, stamp, text))
			}
		}
	}
	return raw(query, c.Signed.Plus), nil
}

// signKit is the signature of the Kit's second generation (kit §A.10).
func (r *runner) signKit(key string, c *tape.Call, call *wire.Call, repetition int) error {
	stamp, nonce := r.stamp(c, header(c, sign.KitTimestampHeader)), r.nonce(header(c, sign.KitNonceHeader), repetition)
	text, err := signedText(c, call.Body)
	if err != nil {
		return err
	}
	set(call, sign.KitTimestampHeader, stamp)
	set(call, sign.KitNonceHeader, nonce)
	set(call, sign.KitSignHeader, cased(c, sign.KitSign(key, nonce, stamp, text)))
	return nil
}

// nonce is a nonce that looks like the recorded one: the same one where that was the same, and another for each repetition.
func (r *runner) nonce(recorded string, repetition int) string {
	for range repetition + 1 {
		recorded = r.veil.Shaped("", recorded)
	}
	return recorded
}

// signToken is the authToken of the Kit's first generation (kit §A.9).
func (r *runner) signToken(key string, call *wire.Call) {
	token, err := sign.AuthTokenBody(key, call.Body)
	if err != nil { // as the recorded call, which could not be signed either
		token = r.wrong
	}
	set(call, sign.AuthTokenHeader, token)
}

// set gives a header that was recorded another value, under the name that it had.
func set(call *wire.Call, name, value string) {
	for have, values := range call.Header {
		if strings.EqualFold(have, name) && values[0] != "" {
			call.Header[have] = []string{value}
		}
	}
}

// signQuery is the authToken of a GET call (saas-v1 §2.1).
func (r *runner) signQuery(key string, c *tape.Call, query []tape.Pair) (string, error) {
	for i, p := range query {
		if p[0] == sign.ParamTimeStamp && len(p[1]) == len("yyyyMMddHHmmssSSS") {
			query[i][1] = wiretime.Format17(r.now(c))
		}
	}
	token, err := sign.AuthTokenQuery(key, raw(query, false))
	if err != nil {
		token = r.wrong
	}
	for i, p := range query {
		if p[0] == sign.ParamAuthToken && p[1] != "" {
			query[i][1] = token
		}
	}
	return raw(query, c.Signed.Plus), nil
}

// signedText is what the signature of a call is over.
func signedText(c *tape.Call, body []byte) ([]byte, error) {
	if !c.Signed.Sorted {
		return body, nil
	}
	return sign.Canonical(body)
}

func cased(c *tape.Call, signature string) string {
	if c.Signed.Lower {
		return signature
	}
	return strings.ToUpper(signature)
}

// raw writes a query as the marketplace does. With plus, plus signs in Base64 are not escaped.
func raw(query []tape.Pair, plus bool) string {
	var b strings.Builder
	for i, p := range query {
		if i > 0 {
			b.WriteByte('&')
		}
		text := strings.ReplaceAll(url.QueryEscape(p[1]), "+", "%20")
		if plus {
			text = strings.ReplaceAll(text, "%2B", "+")
		}
		b.WriteString(url.QueryEscape(p[0]) + "=" + text)
	}
	return b.String()
}

// now is the time of a call that is made now, as far off as the recorded one was if that was outside the window. It is never the same
// twice.
func (r *runner) now(c *tape.Call) time.Time {
	at := r.caller.Stamp()
	if stale(c) {
		at = at.Add(skew(c))
	}
	return at
}

// stamp is a UNIX time stamp in the unit of the recorded one, or that one if it is none.
func (r *runner) stamp(c *tape.Call, recorded string) string {
	if _, ok := unix(recorded); !ok {
		return recorded
	}
	now := strconv.FormatInt(r.now(c).UnixMilli(), 10)
	return now[:len(recorded)]
}

// skew is how far the time stamp of a call was from the time at which it came. Zero for a call without one.
func skew(c *tape.Call) time.Duration {
	text := c.Param(sign.ParamTimestamp) + header(c, sign.KitTimestampHeader)
	if at, ok := unix(text); ok {
		return at.Sub(c.At)
	}
	if at, err := wiretime.Parse(c.Param(sign.ParamTimeStamp)); err == nil {
		return at.Sub(c.At)
	}
	return 0
}

// unix reads a time stamp in milliseconds or seconds.
func unix(text string) (time.Time, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err != nil || n < 0:
		return time.Time{}, false
	case len(text) == len("1680508066618"):
		return time.UnixMilli(n), true
	case len(text) == len("1680508066"):
		return time.Unix(n, 0), true
	default:
		return time.Time{}, false
	}
}
