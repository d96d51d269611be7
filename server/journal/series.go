// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/koogate/koogate/koogallery/deadline"
	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/store"
)

// steps are what the activities of all families are about. A look at an instance is not repeated by itself, and not here.
var steps = map[string]deadline.Step{
	"newInstance": deadline.Open, "getLicense": deadline.Open, "getLicenseAsync": deadline.Open, "orderNotify": deadline.Open,
	"upgradeInstance": deadline.Upgrade, "upgrade": deadline.Upgrade,
	"refreshInstance": deadline.Refresh, "refreshLicense": deadline.Refresh, "refreshLicenseCode": deadline.Refresh,
	"updateInstanceStatus": deadline.Status, "instanceStatus": deadline.Status, "expireInstance": deadline.Status,
	"expireLicense": deadline.Status, "updateLicenseCodeStatus": deadline.Status,
	"releaseInstance": deadline.Release, "releaseLicense": deadline.Release, "releaseLicenseCode": deadline.Release,
	"changeInstanceCheck": deadline.Check,
	"tenantSync":          deadline.Sync, "applicationSync": deadline.Sync, "authSync": deadline.Sync, "singleOrgSync": deadline.Sync, "allOrgSync": deadline.Sync,
}

// ruleOf is the marketplace's patience with a call.
func ruleOf(family, activity string) (deadline.Rule, bool) {
	step, ok := steps[activity]
	if !ok {
		return deadline.Rule{}, false
	}
	return deadline.Of(deadline.Family(family), step)
}

// subject is what a call and its repetitions have in common, as a digest: rows hold none of it.
func subject(e Entry) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{e.Endpoint, e.Family, e.Activity, e.Identity}, "\x00")))
	return hex.EncodeToString(sum[:16])
}

// Outlook is what the marketplace does about a call whose answer was a failure.
type Outlook struct {
	Step  deadline.Step
	Until time.Time    // when its last repetition comes, counted from the first call of the series that was heard
	End   deadline.End // what it does then
	Next  time.Time    // when it repeats this call, which may be past; zero when it does not
}

// OutlookOf tells what follows from a call; ok is false when nothing does: it was no failure, or is none that the marketplace repeats or
// judges an order by.
func OutlookOf(c store.Call) (o Outlook, ok bool) {
	r, known := ruleOf(c.Family, c.Activity)
	if !known || c.FirstAt.IsZero() || Fine(c) {
		return Outlook{}, false
	}
	o = Outlook{Step: r.Step, Until: c.FirstAt.Add(r.Window), End: r.End}
	if next := c.LastAt.Add(r.Every); r.Every > 0 && !next.After(o.Until) {
		o.Next = next
	}
	return o, true
}

// Fine says whether the marketplace reads an answer as no failure. 000004 is none where it says that a creation goes on: in the answers to
// newInstance and getLicenseAsync, and not in the V1.0 generation (saas-v2 §7). Elsewhere it means "call again".
func Fine(c store.Call) bool {
	switch resultcode.Code(c.Code) {
	case resultcode.Success:
		return true
	case resultcode.Processing:
		v1 := c.Family == string(deadline.SaasV1) || c.Family == string(deadline.LicenseV1)
		_, repeated := steps[c.Activity]
		return !v1 && (c.Activity == "newInstance" || c.Activity == "getLicenseAsync" || !repeated)
	}
	return false
}
