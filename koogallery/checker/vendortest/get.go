// SPDX-License-Identifier: Apache-2.0

package vendortest

import (
	"net/http"
	"strings"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/koogallery/seal"
	"github.com/koogate/koogate/koogallery/sign"
)

// get answers the calls of SaaS V1.0 and License V1: the token is verified over the query as it came before anything else is looked at, and
// every answer is signed.
func (v *Vendor) get(w http.ResponseWriter, r *http.Request) {
	if v.has("decrypts-first") {
		if said := v.readSealed(r.URL.Query().Get("mobilePhone")); said != resultcode.Success {
			v.writeSigned(w, refuse(said), v.cfg.Keys[0])
			return
		}
	}
	params, key, code := v.token(r.URL.RawQuery)
	if code != resultcode.Success {
		v.writeSigned(w, refuse(code), key)
		return
	}
	c := call{activity: judge.Activity(params["activity"]), members: map[string]any{}}
	for name, value := range params {
		c.members[name] = value
	}
	switch params["testFlag"] {
	case "", "0":
	case "1":
		c.test = true
	default:
		v.writeSigned(w, refuse(resultcode.InvalidParam), key)
		return
	}
	if v.has("answers-by-first-key") {
		key = v.cfg.Keys[0]
	}
	said, fails := v.failed(c)
	if !fails {
		said = v.actV1(c, key)
	}
	v.writeSigned(w, said, key)
}

// token verifies a query and returns its parameters and the key that signs the answer.
func (v *Vendor) token(rawQuery string) (params map[string]string, key string, code resultcode.Code) {
	key = v.cfg.Keys[0]
	if v.mistakes(rawQuery) {
		return nil, key, resultcode.AuthFailed
	}
	keys := v.cfg.Keys
	if v.has("one-v1-key") {
		keys = keys[:1]
	}
	n, q, err := sign.VerifyQuery(keys, rawQuery)
	switch {
	case err == nil && q.Repaired && v.has("plus-is-a-blank"):
		return nil, key, resultcode.AuthFailed
	case err == nil:
		if v.has("last-value-counts") {
			unsigned(rawQuery, q.Params)
		}
		return q.Params, v.cfg.Keys[n], resultcode.Success
	case v.has("token-is-optional") && !strings.Contains(rawQuery, sign.ParamAuthToken+"="):
		params = map[string]string{}
		unsigned(rawQuery, params)
		return params, key, resultcode.Success
	default:
		return nil, key, resultcode.AuthFailed
	}
}

// writeSigned sends an answer with its Body-Sign.
func (v *Vendor) writeSigned(w http.ResponseWriter, r reply, key string) {
	body := v.encode(r)
	header := sign.BodySign(key, body)
	switch {
	case v.has("body-sign-unquoted"):
		header = strings.ReplaceAll(header, `"`, "")
	case v.has("body-sign-of-another-text"):
		header = sign.BodySign(key, append(body, '\n'))
	}
	if !v.has("refusals-unsigned") || r.code == resultcode.Success {
		w.Header().Set(sign.BodySignHeader, header)
	}
	v.write(w, r)
}

// actV1 does what a call of V1 says.
func (v *Vendor) actV1(c call, key string) reply {
	saas := v.serves(judge.FamilySaasV1, judge.FamilyKitV1)
	licence := v.serves(judge.FamilyLicenseV1)
	switch a := c.activity; {
	case a == judge.ActivityNew && saas, a == judge.ActivityGetLicense && licence:
		return v.openV1(c, key)
	case a == judge.ActivityQuery && saas:
		return v.queryV1(c, key)
	case a == judge.ActivityRefresh && saas, a == judge.ActivityRefreshLicense && licence:
		return v.refreshV1(c)
	case a == judge.ActivityStatus1 && saas:
		return v.statusV1(c)
	case a == judge.ActivityExpire && saas, a == judge.ActivityExpireLicense && licence:
		return v.expire(c)
	case a == judge.ActivityRelease && saas, a == judge.ActivityReleaseLicense && licence:
		return v.release(c, "instanceId")
	case a == judge.ActivityRise && saas:
		return v.upgradeV1(c)
	case v.has("any-v1-activity"):
		return success(nil)
	default:
		return refuse(resultcode.InvalidParam)
	}
}

// readSealed opens what only the marketplace and the seller can read: a telephone number, an address.
func (v *Vendor) readSealed(sealed string) resultcode.Code {
	if sealed == "" {
		return resultcode.Success
	}
	for _, key := range v.cfg.Keys {
		for _, t := range []seal.EncryptType{seal.AES256, seal.AES128} {
			if _, err := seal.Decrypt(key, t, sealed); err == nil {
				return resultcode.Success
			}
		}
	}
	return resultcode.InvalidParam
}
