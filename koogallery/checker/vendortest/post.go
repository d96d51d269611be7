// SPDX-License-Identifier: Apache-2.0

package vendortest

import (
	"encoding/json"
	"io"
	"net/http"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/resultcode"
)

// longest is how many bytes of a call are read.
const longest = 64 << 10

// post answers the calls with a signature in the URL: it verifies the bytes as they came before it looks at anything else.
func (v *Vendor) post(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, longest+1))
	switch {
	case len(body) > longest && v.has("big-body-fails"):
		http.Error(w, "out of memory", http.StatusInternalServerError)
		return
	case err != nil, len(body) > longest, v.has("parses-first") && !json.Valid(body):
		v.write(w, refuse(resultcode.InvalidParam))
		return
	case v.has("duplicate-fails") && v.came(r):
		http.Error(w, "duplicate key", http.StatusInternalServerError)
		return
	}
	if code := v.authenticate(r, body); code != resultcode.Success {
		v.write(w, refuse(code))
		return
	}
	c, ok := parse(body)
	switch {
	case !ok && v.has("fails-on-bad-json"):
		http.Error(w, "JsonParseException", http.StatusInternalServerError)
		return
	case !ok && v.has("success-on-error"):
		v.write(w, success(nil))
		return
	case !ok:
		v.write(w, refuse(resultcode.InvalidParam))
		return
	}
	if !v.binds(c) {
		v.write(w, refuse(resultcode.InvalidParam))
		return
	}
	if said, fails := v.failed(c); fails {
		v.write(w, said)
		return
	}
	v.write(w, v.act(c))
}

// binds tells whether the members fit: what no page names is not looked at, and what is no text counts as missing.
func (v *Vendor) binds(c call) bool {
	for name, value := range c.members {
		if _, text := value.(string); !text && name != "productInfo" && name != "testFlag" && v.has("cast-panics") {
			panic("no text: " + name)
		}
		if !known[name] && v.has("strict-members") {
			return false
		}
	}
	return true
}

// known are the members that the pages name.
var known = map[string]bool{
	"activity": true, "orderId": true, "orderLineId": true, "businessId": true, "instanceId": true, "license": true, "scene": true,
	"expireTime": true, "productId": true, "status": true, "productInfo": true, "eventId": true, "deviceFingerprint": true,
	"effectiveTime": true, "testFlag": true,
}

// call is a call that was verified.
type call struct {
	activity judge.Activity
	members  map[string]any
	test     bool
}

// parse reads a body. What no page names is not looked at.
func parse(body []byte) (c call, ok bool) {
	if json.Unmarshal(body, &c.members) != nil || c.members == nil {
		return c, false
	}
	c.activity = judge.Activity(c.text("activity"))
	switch c.members["testFlag"] {
	case nil, "", "0", float64(0):
	case "1", float64(1):
		c.test = true
	default:
		return c, false
	}
	return c, c.activity != ""
}

// text returns a member that is a text of at most 64 characters, else "".
func (c call) text(name string) string {
	s, _ := c.members[name].(string)
	if len(s) > maxID {
		return ""
	}
	return s
}

const maxID = 64

// act does what a call says.
func (v *Vendor) act(c call) reply {
	base := v.serves(judge.FamilySaasV2, judge.FamilyOrderNotify, judge.FamilyKitV2)
	online := v.serves(judge.FamilyLicenseOnline)
	codes := v.serves(judge.FamilyLicenseCode)
	switch a := c.activity; {
	case a == judge.ActivityNew && (base || online):
		return v.open(c)
	case a == judge.ActivityQuery && base:
		return v.query(c)
	case a == judge.ActivityRefresh && (base || online):
		return v.refresh(c, "instanceId")
	case a == judge.ActivityStatus && (base || online):
		return v.status(c, "instanceId")
	case a == judge.ActivityRelease && (base || online):
		return v.release(c, "instanceId")
	case a == judge.ActivityUpgrade && base:
		return v.upgrade(c)
	case a == judge.ActivityCheck && base:
		return v.check(c)
	case a == judge.ActivityLicenseAsync && online:
		return v.license(c)
	case a == judge.ActivityRefreshCode && codes:
		return v.refresh(c, "license")
	case a == judge.ActivityStatusCode && codes:
		return v.status(c, "license")
	case a == judge.ActivityReleaseCode && codes:
		return v.release(c, "license")
	case a == judge.ActivityNotify && v.serves(judge.FamilyOrderNotify):
		return v.notify(c)
	case v.has("any-activity"):
		return success(nil)
	default:
		return refuse(resultcode.InvalidParam)
	}
}
