// SPDX-License-Identifier: Apache-2.0

package vendortest

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/koogallery/sign"
)

// authenticate verifies a call by its signature, its time and that it did not come before.
func (v *Vendor) authenticate(r *http.Request, body []byte) resultcode.Code {
	query := r.URL.Query()
	signature, stamp, nonce := query.Get(sign.ParamSignature), query.Get(sign.ParamTimestamp), query.Get(sign.ParamNonce)
	if v.letsIn(signature, body) {
		return resultcode.Success
	}
	err := v.verify(nonce, stamp, signature, body)
	switch {
	case errors.Is(err, sign.ErrMissingTimestamp), errors.Is(err, sign.ErrMissingNonce):
		return resultcode.InvalidParam
	case err != nil, v.has("nested-names-sorted") && !bytes.Equal(reserialised(body), body):
		return resultcode.AuthFailed
	}
	now := v.cfg.Clock.Now()
	if all := query[sign.ParamTimestamp]; v.has("last-time-counts") && len(all) > 1 {
		stamp = all[len(all)-1]
	}
	if !v.inTime(now, stamp) || v.has("seconds-for-milliseconds") {
		return resultcode.InvalidParam
	}
	return v.fresh(sign.ReplayKey(signature), now)
}

// letsIn tells whether the server lets in a call that it should verify.
func (v *Vendor) letsIn(signature string, body []byte) bool {
	return v.has("unsigned-accepted") && signature == "" ||
		v.has("debugging-unverified") && bytes.Contains(body, []byte(`"testFlag":"1"`)) ||
		v.has("any-signature") && len(signature) == 64
}

// verify verifies a signature over the bytes as they came, with every key that is valid.
func (v *Vendor) verify(nonce, stamp, signature string, body []byte) error {
	keys := v.cfg.Keys
	bare := strings.EqualFold(sign.URLSignature(keys[0], nonce, stamp, body), signature)
	switch {
	case v.has("one-key"):
		keys = keys[:1]
	case v.has("lower-case-only") && signature != strings.ToLower(signature), v.has("upper-case-only") && signature != strings.ToUpper(signature):
		return sign.ErrSignature
	case v.has("signature-prefix") && signature != "" && nonce != "" && stamp != "":
		if !strings.HasPrefix(sign.URLSignature(keys[0], nonce, stamp, body), strings.ToLower(signature)) {
			break
		}
		return nil
	case v.has("nonce-optional") && nonce == "" && bare, v.has("time-optional") && stamp == "" && bare:
		return nil
	case v.has("re-serialised"):
		body = reserialised(body)
		if _, form, err := sign.VerifyURL(keys, nonce, stamp, signature, body); err == nil && form != sign.FormRaw {
			return sign.ErrSignature
		}
	}
	_, _, err := sign.VerifyURL(keys, nonce, stamp, signature, body)
	return err
}

// reserialised is a body that was parsed and written anew.
func reserialised(body []byte) []byte {
	var members map[string]any
	if json.Unmarshal(body, &members) != nil {
		return body
	}
	anew, err := json.Marshal(members)
	if err != nil {
		return body
	}
	return anew
}

// inTime tells whether a timestamp is no more than 60 seconds from now.
func (v *Vendor) inTime(now time.Time, stamp string) bool {
	skew := sign.DefaultSkew
	if v.has("wide-window") {
		skew *= 5
	}
	_, err := sign.Freshness(now, stamp, skew)
	switch ahead := errors.Is(err, sign.ErrTimestampFuture); {
	case v.has("time-optional") && stamp == "", v.has("future-accepted") && ahead, v.has("stale-accepted") && errors.Is(err, sign.ErrTimestampStale) && !ahead:
		return true
	default:
		return err == nil
	}
}

// fresh refuses a signature that came before, and forgets those that are too old to come again.
func (v *Vendor) fresh(signature string, now time.Time) resultcode.Code {
	for old, until := range v.ram.nonces {
		if until.Before(now) {
			delete(v.ram.nonces, old)
		}
	}
	if _, seen := v.ram.nonces[signature]; seen && !v.has("nonce-forgotten") {
		return resultcode.AuthFailed
	}
	v.ram.nonces[signature] = now.Add(2 * sign.DefaultSkew)
	return resultcode.Success
}

// came tells whether the same signature came before.
func (v *Vendor) came(r *http.Request) bool {
	_, seen := v.ram.nonces[sign.ReplayKey(r.URL.Query().Get(sign.ParamSignature))]
	return seen
}
