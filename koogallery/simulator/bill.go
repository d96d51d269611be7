// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"cmp"
	"slices"
)

// Billed returns the sums over the usage of an instance as they are now, after
// all collections that are due. Without any usage all are zero.
func (s *Simulator) Billed(instanceID string) UsageTotals {
	l := s.collected()
	defer l.mu.Unlock()
	if a := l.accounts[instanceID]; a != nil {
		return a.UsageTotals
	}
	return UsageTotals{InstanceID: instanceID}
}

// Bills returns at most limit bills of an instance, newest first; an empty id
// means all instances, a limit of zero or less all bills.
func (s *Simulator) Bills(instanceID string, limit int) []Bill {
	l := s.collected()
	defer l.mu.Unlock()
	return newest(l.bills, limit, func(b *bill) (Bill, bool) { return b.Bill, instanceID == "" || b.InstanceID == instanceID })
}

// UsageRecords returns at most limit rows of 话单管理, those that were taken and
// the abnormal ones, newest first. An empty id means all instances, a limit of
// zero or less all rows.
func (s *Simulator) UsageRecords(instanceID string, limit int) []UsageRecord {
	l := s.collected()
	defer l.mu.Unlock()
	list := newest(l.rows, limit, func(r *row) (UsageRecord, bool) {
		return r.UsageRecord, instanceID == "" || r.InstanceID == instanceID
	})
	list = append(list, newest(l.abnormal, limit, func(r UsageRecord) (UsageRecord, bool) {
		return r, instanceID == "" || r.InstanceID == instanceID
	})...)
	slices.SortFunc(list, func(a, b UsageRecord) int { return cmp.Compare(b.Seq, a.Seq) })
	if limit > 0 && len(list) > limit {
		list = list[:limit]
	}
	return list
}

// PackageUses returns what was deducted from packages, by id.
func (s *Simulator) PackageUses() []PackageUse {
	return s.packageUses(func(u PackageUse) bool { return u.Records > 0 })
}

// Oversold returns the packages from which more was deducted than they held. The
// records were taken all the same: a seller of a package that stops when it is
// used up has to stop in time.
func (s *Simulator) Oversold() []PackageUse {
	return s.packageUses(func(u PackageUse) bool { return u.Oversold > 0 })
}

func (s *Simulator) packageUses(fits func(PackageUse) bool) []PackageUse {
	l := s.collected()
	defer l.mu.Unlock()
	out := make([]PackageUse, 0, len(l.packages))
	for _, u := range l.packages {
		if fits(*u) {
			out = append(out, *u)
		}
	}
	slices.SortFunc(out, func(a, b PackageUse) int { return cmp.Compare(a.PackageID, b.PackageID) })
	return out
}

// AuditBills checks what must hold at any moment: every metering_sn and every
// period was taken once, every record waits for its collection or is in exactly
// one bill, and pushed, billed and waiting sums agree with records and bills. It
// takes time in proportion to what is remembered.
func (s *Simulator) AuditBills() error {
	l := s.collected()
	defer l.mu.Unlock()
	return l.audit()
}

// collected returns the ledger, locked, with all bills made that are due.
func (s *Simulator) collected() *ledger {
	s.ledger.mu.Lock()
	s.ledger.collect(s.cfg.Clock.Now())
	return &s.ledger
}
