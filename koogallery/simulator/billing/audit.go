// SPDX-License-Identifier: Apache-2.0

package billing

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Audit checks what must hold at any moment.
func (l *Ledger) Audit() error {
	waiting, billed, bills := map[string]Amount{}, map[string]Amount{}, map[string]Amount{}
	serials, inBill := 0, map[int64]int64{}
	var problems []error
	wrong := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf(format, args...))
	}
	for _, b := range l.bills {
		bills[b.InstanceID] += b.Amount
		for _, seq := range b.rows {
			if first, twice := inBill[seq]; twice {
				wrong("record %d is in bills %d and %d", seq, first, b.ID)
			}
			inBill[seq] = b.ID
		}
	}
	for _, r := range l.rows {
		if r.MeteringSN != "" {
			serials++
			if l.serials[r.MeteringSN] != r {
				wrong("metering_sn %q was taken twice", r.MeteringSN)
			}
		}
		if l.periods[l.periodOf(r)] != r {
			wrong("record %d repeats a period", r.Seq)
		}
		if r.bill == nil {
			waiting[r.InstanceID] += r.Amount
			if inBill[r.Seq] != 0 {
				wrong("record %d waits and is billed", r.Seq)
			}
			continue
		}
		billed[r.InstanceID] += r.Amount
		if in := inBill[r.Seq]; in != r.BillID && !(in == 0 && len(l.bills) > 0 && r.BillID < l.bills[0].ID) {
			wrong("record %d belongs to bill %d and is in %d", r.Seq, r.BillID, in)
		}
	}
	if serials != len(l.serials) {
		wrong("%d records and %d metering_sn", serials, len(l.serials))
	}
	for _, id := range slices.Sorted(maps.Keys(l.accounts)) {
		a := l.accounts[id]
		switch {
		case a.Pushed != a.Billed+a.Waiting, a.Records != a.BilledRecords+a.WaitingRecords:
			wrong("instance %q: pushed %v, billed %v, waiting %v", id, a.Pushed, a.Billed, a.Waiting)
		case a.Waiting != waiting[id]:
			wrong("instance %q: waiting %v, the records say %v", id, a.Waiting, waiting[id])
		case a.Billed != billed[id]+a.forgottenRows:
			wrong("instance %q: billed %v, the records say %v", id, a.Billed, billed[id]+a.forgottenRows)
		case a.Billed != bills[id]+a.forgottenBills:
			wrong("instance %q: billed %v, the bills say %v", id, a.Billed, bills[id]+a.forgottenBills)
		}
	}
	return errors.Join(problems...)
}
