// SPDX-License-Identifier: Apache-2.0

package recorder

import (
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/recorder/tape"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/koogallery/simulator/wire"
)

// concerns tells whether a call is at the production address or below it.
func (r *Recorder) concerns(h *heard) bool {
	at, asked := strings.TrimSuffix(r.to.Path, "/"), h.request.URL.Path
	return asked == at || strings.HasPrefix(asked, at+"/")
}

// identify tells of which family a call is, as far as the call itself shows it, and what its activity is called.
func identify(c *tape.Call, body []byte) (judge.Family, judge.Activity) {
	name := judge.Activity(c.Param("activity"))
	switch last := judge.Activity(path.Base(c.Path)); { // whether or not the Kit has such a call
	case strings.Contains(c.Path, "produceAPI/v2/"):
		return judge.FamilyKitV2, last
	case strings.Contains(c.Path, "produceAPI/"):
		return judge.FamilyKitV1, last
	}
	if c.Method == http.MethodGet {
		licence := []judge.Activity{judge.ActivityGetLicense, judge.ActivityRefreshLicense, judge.ActivityExpireLicense, judge.ActivityReleaseLicense}
		if slices.Contains(licence, name) {
			return judge.FamilyLicenseV1, name
		}
		return judge.FamilySaasV1, name
	}
	if m, ok := judge.Object(body); ok {
		text, _ := m.Text("activity")
		name = judge.Activity(text)
	}
	switch name {
	case judge.ActivityRefreshCode, judge.ActivityStatusCode, judge.ActivityReleaseCode:
		return judge.FamilyLicenseCode, name
	case judge.ActivityLicenseAsync:
		return judge.FamilyLicenseOnline, name
	case judge.ActivityNotify:
		return judge.FamilyOrderNotify, name
	default:
		return judge.FamilySaasV2, name
	}
}

// actOf returns what SaaS V2.0 calls an activity of a family, or the activity itself.
func actOf(f judge.Family, name judge.Activity) judge.Activity {
	for _, a := range []judge.Activity{
		judge.ActivityNew, judge.ActivityRefresh, judge.ActivityStatus, judge.ActivityUpgrade, judge.ActivityExpire, judge.ActivityRelease,
	} {
		if wire.Name(f, a) == name {
			return a
		}
	}
	return name
}

// signed tells how a call was signed. query is as received.
func (r *Recorder) signed(c *tape.Call, query string, body []byte) tape.Signed {
	switch {
	case c.Family == judge.FamilyKitV2:
		given := find(c.Header, sign.KitSignHeader)
		_, form, err := sign.VerifyKit(r.cfg.KitKeys, find(c.Header, sign.KitNonceHeader), find(c.Header, sign.KitTimestampHeader), given, body)
		return state(given, form, err)
	case c.Family == judge.FamilyKitV1:
		given := find(c.Header, sign.AuthTokenHeader)
		_, err := sign.VerifyBody(r.cfg.KitKeys, given, body)
		return state(given, sign.FormRaw, err)
	case c.Method == http.MethodGet:
		_, q, err := sign.VerifyQuery(r.cfg.Keys, query)
		s := state(c.Param(sign.ParamAuthToken), sign.FormRaw, err)
		s.Plus = q.Repaired
		return s
	default:
		given := c.Param(sign.ParamSignature)
		_, form, err := sign.VerifyURL(r.cfg.Keys, c.Param(sign.ParamNonce), c.Param(sign.ParamTimestamp), given, body)
		return state(given, form, err)
	}
}

func state(given string, form sign.Form, err error) tape.Signed {
	s := tape.Signed{State: tape.SignGood, Sorted: form == sign.FormSorted, Lower: given != strings.ToUpper(given)}
	switch {
	case given == "":
		s = tape.Signed{State: tape.SignNone}
	case err != nil:
		s.State = tape.SignWrong
	}
	return s
}

// find returns the value of a header, whatever the case of its name.
func find(pairs []tape.Pair, name string) string {
	i := slices.IndexFunc(pairs, func(p tape.Pair) bool { return strings.EqualFold(p[0], name) })
	if i < 0 {
		return ""
	}
	return pairs[i][1]
}
