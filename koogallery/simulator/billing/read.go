// SPDX-License-Identifier: Apache-2.0

package billing

import (
	"cmp"
	"slices"
)

// Of returns the sums over the usage of an instance. Without any usage all are
// zero.
func (l *Ledger) Of(instanceID string) Totals {
	if a := l.accounts[instanceID]; a != nil {
		return a.Totals
	}
	return Totals{InstanceID: instanceID}
}

// Bills returns at most limit bills of an instance, newest first; an empty id
// means all instances, a limit of zero or less all bills.
func (l *Ledger) Bills(instanceID string, limit int) []Bill {
	out := make([]Bill, 0, 16)
	for _, b := range slices.Backward(l.bills) {
		if limit > 0 && len(out) == limit {
			break
		}
		if instanceID == "" || b.InstanceID == instanceID {
			out = append(out, b.Bill)
		}
	}
	return out
}

// Records returns at most limit records, those that were taken and the abnormal
// ones, newest first. An empty id means all instances, a limit of zero or less all
// records.
func (l *Ledger) Records(instanceID string, limit int) []Record {
	out := make([]Record, 0, 16)
	taken, abnormal := len(l.rows), len(l.abnormal)
	for taken+abnormal > 0 && (limit <= 0 || len(out) < limit) {
		var r Record
		if abnormal == 0 || (taken > 0 && l.rows[taken-1].Seq > l.abnormal[abnormal-1].Seq) {
			taken--
			r = l.rows[taken].Record
		} else {
			abnormal--
			r = l.abnormal[abnormal]
		}
		if instanceID == "" || r.InstanceID == instanceID {
			out = append(out, r)
		}
	}
	return out
}

// Packages returns what was deducted from the packages that fit, by id.
func (l *Ledger) Packages(fits func(PackageUse) bool) []PackageUse {
	out := make([]PackageUse, 0, len(l.packages))
	for _, u := range l.packages {
		if fits(*u) {
			out = append(out, *u)
		}
	}
	slices.SortFunc(out, func(a, b PackageUse) int { return cmp.Compare(a.PackageID, b.PackageID) })
	return out
}
