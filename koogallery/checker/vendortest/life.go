// SPDX-License-Identifier: Apache-2.0

package vendortest

import (
	"time"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
)

// rehearse is the code of a debugging call about an instance: success, whatever was rehearsed before.
func (v *Vendor) rehearse(c call, id string) resultcode.Code {
	switch {
	case v.has("freezes-periods-only") && c.activity == judge.ActivityStatus && id == idOf(openapi.MockOnDemand, openapi.MockOnDemand+catalogue.FirstLine):
		return resultcode.InvalidParam
	case !v.has("mock-orders-given-up"):
		return resultcode.Success
	}
	if v.disk.rehearsed[id] {
		return resultcode.InstanceNotFound
	}
	v.disk.rehearsed[id] = c.activity == judge.ActivityRelease || c.activity == judge.ActivityReleaseCode || c.activity == judge.ActivityReleaseLicense
	return resultcode.Success
}

// openAgain is what a repeated opening does to an instance: nothing.
func (v *Vendor) openAgain(r *row) {
	if v.has("opening-overwrites-expiry") {
		r.ExpiresAt = time.Time{}
	}
	if v.has("opening-revives") {
		r.State = active
	}
	if now := v.cfg.Clock.Now(); v.has("opening-begins-anew") && r.ready(now) && !r.once("told ready") {
		r.readyAt = now.Add(time.Second)
	}
}

// knowsScene tells whether a renewal's scene is one of the documented ones.
func (v *Vendor) knowsScene(scene string) bool {
	switch scene {
	case judge.SceneRenewal:
		return true
	case judge.SceneTrialToFormal, judge.SceneCancelRenewal:
		return !v.has("renewal-scene-only")
	case judge.SceneRenewalChange:
		return !v.has("no-change-upon-renewal")
	default:
		return v.has("any-scene")
	}
}

// reads tells whether the vendor's parser reads an expireTime.
func (v *Vendor) reads(expireTime string) bool {
	const seconds, millis = 14, 17
	switch len(expireTime) {
	case seconds:
		return !v.has("17-digits-only")
	case millis:
		return !v.has("14-digits-only")
	default:
		return false
	}
}

// renew sets the expiry that is told, once for what identifies the renewal.
func (v *Vendor) renew(r *row, expires time.Time, key ...string) reply {
	first := r.once(append([]string{"refresh"}, key...)...)
	switch {
	case !first && v.has("renewal-not-repeatable"):
		return refuse(resultcode.InvalidParam)
	case !first && !v.has("renewal-each-time"):
		return success(nil)
	case v.has("code-of-http"):
		return reply{code: "200"}
	case v.has("renewal-adds-a-year"):
		expires = v.cfg.Clock.Now().AddDate(1, 0, 0)
	case v.has("expiry-never-earlier") && expires.Before(r.ExpiresAt):
		expires = r.ExpiresAt
	}
	r.ExpiresAt = expires
	if v.has("renewal-revives") {
		r.State = active
	}
	return success(nil)
}

// becomes is what a value of status makes of an instance; ok is false for one that no page names.
func (v *Vendor) becomes(status string) (state string, ok bool) {
	freeze, thaw := judge.StatusFreeze, judge.StatusUnfreeze
	if v.has("frozen-for-freeze") {
		freeze, thaw = "FROZEN", "UNFROZEN"
	}
	switch {
	case status == freeze:
		return frozen, true
	case status == thaw, v.has("any-status"):
		return active, true
	default:
		return "", false
	}
}
