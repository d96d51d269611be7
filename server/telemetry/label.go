// SPDX-License-Identifier: Apache-2.0

package telemetry

import (
	"sync"
	"sync/atomic"
)

// Label values that stand for others.
const (
	other   = "other"   // the value is unknown, or there are too many values
	unnamed = "unknown" // empty
)

// activities are those of every protocol family in spec/; Kit paths count as activities of their last element.
var activities = map[string]struct{}{
	// SaaS 2.0, licence 2.0 and order notification.
	"newInstance": {}, "queryInstance": {}, "refreshInstance": {}, "updateInstanceStatus": {}, "releaseInstance": {},
	"upgradeInstance": {}, "changeInstanceCheck": {}, "getLicenseAsync": {}, "orderNotify": {},
	"refreshLicenseCode": {}, "updateLicenseCodeStatus": {}, "releaseLicenseCode": {},
	// SaaS V1 and License V1.
	"expireInstance": {}, "upgrade": {}, "instanceStatus": {},
	"getLicense": {}, "refreshLicense": {}, "expireLicense": {}, "releaseLicense": {},
	// Kit.
	"tenantSync": {}, "applicationSync": {}, "authSync": {}, "singleOrgSync": {}, "allOrgSync": {},
}

// KnownActivity returns activity when a protocol family has it, and "other" for anything else that a caller may send.
func KnownActivity(activity string) string {
	if _, ok := activities[activity]; ok {
		return activity
	}
	return other
}

// bounded lets the first values of a label pass and turns all later ones into "other".
type bounded struct {
	limit int64
	seen  sync.Map // string → struct{}
	count atomic.Int64
}

func newBounded(limit int64) *bounded { return &bounded{limit: limit} }

func (b *bounded) value(v string) string {
	if v == "" {
		return unnamed
	}
	if _, ok := b.seen.Load(v); ok {
		return v
	}
	if len(v) > longestLabel || clean(v) != v || b.count.Load() >= b.limit {
		return other
	}
	if b.count.Add(1) > b.limit {
		return other
	}
	if _, taken := b.seen.LoadOrStore(v, struct{}{}); taken {
		b.count.Add(-1)
	}
	return v
}

const longestLabel = 64
