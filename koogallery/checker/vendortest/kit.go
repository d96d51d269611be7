// SPDX-License-Identifier: Apache-2.0

package vendortest

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"path"
	"strings"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/koogallery/sign"
)

// longestKit is how many bytes of a call of the Kit are read: full lists are long.
const longestKit = 8 << 20

// kit answers the Kit's calls of synchronisation, each generation with its own signature.
func (v *Vendor) kit(w http.ResponseWriter, r *http.Request) {
	v2 := strings.Contains(r.URL.Path, "/produceAPI/v2/")
	served := judge.FamilyKitV1
	if v2 {
		served = judge.FamilyKitV2
	}
	a := judge.Activity(path.Base(r.URL.Path))
	unserved := a == judge.ActivityAllOrg && v.has("four-of-five-paths")
	if !v.serves(served) || !a.Joint() || r.Method != http.MethodPost || unserved {
		http.NotFound(w, r)
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, longestKit+1))
	if err != nil || len(body) > longestKit {
		body = nil
	}
	key, code := v.kitKeyV1(r, body)
	if v2 {
		code = v.kitSigned(r, body)
	}
	said := refuse(code)
	if code == resultcode.Success {
		said = v.sync(a, body, v2)
	}
	if v2 || v.has("kit-answers-unsigned") {
		v.write(w, said)
		return
	}
	v.writeSigned(w, said, key)
}

// kitKeyV1 verifies a call of the first generation and returns the key that signs the answer.
func (v *Vendor) kitKeyV1(r *http.Request, body []byte) (key string, code resultcode.Code) {
	token := r.Header.Get(sign.AuthTokenHeader)
	n, err := sign.VerifyBody(v.cfg.KitKeys, token, body)
	switch {
	case err != nil && v.has("kit-is-open"):
		return v.cfg.KitKeys[0], resultcode.Success
	case err != nil, v.has("quotes-refused") && strings.HasPrefix(token, `"`), v.has("blanks-signed") && blank(body):
		return v.cfg.KitKeys[0], resultcode.AuthFailed
	}
	return v.cfg.KitKeys[n], resultcode.Success
}

// blank tells whether a body has a member without a value.
func blank(body []byte) bool {
	var members map[string]any
	_ = json.Unmarshal(body, &members) // which verified: it is an object
	for _, value := range members {
		if value == nil || value == "" {
			return true
		}
	}
	return false
}

// kitSigned verifies a call of the second generation.
func (v *Vendor) kitSigned(r *http.Request, body []byte) resultcode.Code {
	stamp, nonce, signature := r.Header.Get(sign.KitTimestampHeader), r.Header.Get(sign.KitNonceHeader), r.Header.Get(sign.KitSignHeader)
	_, _, err := sign.VerifyKit(v.cfg.KitKeys, nonce, stamp, signature, body)
	switch {
	case err != nil && v.has("kit-is-open"):
		return resultcode.Success
	case errors.Is(err, sign.ErrMissingTimestamp), errors.Is(err, sign.ErrMissingNonce):
		return resultcode.InvalidParam
	case err != nil:
		return resultcode.AuthFailed
	case v.has("kit-raw-bytes-only") && strings.Contains(string(body), `\u`), v.has("angle-brackets-escaped") && strings.ContainsAny(string(body), "<&"):
		return resultcode.AuthFailed
	}
	now := v.cfg.Clock.Now()
	sent, err := sign.Freshness(now, stamp, sign.DefaultSkew)
	switch {
	case err != nil && v.has("kit-is-never-stale") && !sent.After(now), err != nil && v.has("kit-future-passes") && sent.After(now):
		return resultcode.Success
	case err != nil:
		return resultcode.InvalidParam
	}
	return v.fresh(sign.ReplayKey(signature), now)
}
