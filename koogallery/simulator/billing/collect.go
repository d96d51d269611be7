// SPDX-License-Identifier: Apache-2.0

package billing

import (
	"slices"
	"time"
)

// Collect makes the bills that are due, in their order.
func (l *Ledger) Collect(now time.Time) {
	if now.After(l.now) {
		l.now = now
	}
	due := make([]int64, 0, len(l.waiting))
	for at := range l.waiting {
		if at <= l.now.Unix() {
			due = append(due, at)
		}
	}
	slices.Sort(due)
	for _, at := range due {
		l.bill(l.waiting[at])
		delete(l.waiting, at)
	}
}

// bill makes one bill for each instance of a collection.
func (l *Ledger) bill(rows []*row) {
	made := make(map[string]*bill, 1)
	for _, r := range rows {
		b := made[r.InstanceID]
		if b == nil {
			l.lastBill++
			b = &bill{Bill: Bill{ID: l.lastBill, InstanceID: r.InstanceID, Billing: r.mode, At: r.CollectAt}}
			made[r.InstanceID] = b
			l.bills = append(l.bills, b)
		}
		b.rows = append(b.rows, r.Seq)
		b.Records++
		b.Amount += r.Amount
		b.Oversold += r.Oversold
		if r.PackageID != "" {
			b.Packages += r.Amount
		}
		if r.Late {
			b.Late++
		}
		r.bill, r.BillID, r.State = b, b.ID, Billed
		a := l.accounts[r.InstanceID]
		a.WaitingRecords--
		a.Waiting -= r.Amount
		a.BilledRecords++
		a.Billed += r.Amount
	}
	if over := len(l.bills) - l.limits.Records; over > 0 {
		for _, b := range l.bills[:over] {
			if a := l.accounts[b.InstanceID]; a != nil {
				a.forgottenBills += b.Amount
			}
		}
		clear(l.bills[:over])
		l.bills = l.bills[over:]
	}
}
