// SPDX-License-Identifier: Apache-2.0

package market

import (
	"github.com/koogate/koogate/koogallery/simulator/billing"
)

// Billed returns the sums over the usage of an instance as they are now, after
// all collections that are due. Without any usage all are zero.
func (s *Market) Billed(instanceID string) billing.Totals {
	l := s.collected()
	defer s.book.mu.Unlock()
	return l.Of(instanceID)
}

// Bills returns at most limit bills of an instance, newest first; an empty id
// means all instances, a limit of zero or less all bills.
func (s *Market) Bills(instanceID string, limit int) []billing.Bill {
	l := s.collected()
	defer s.book.mu.Unlock()
	return l.Bills(instanceID, limit)
}

// UsageRecords returns at most limit rows of 话单管理, those that were taken and
// the abnormal ones, newest first. An empty id means all instances, a limit of
// zero or less all rows.
func (s *Market) UsageRecords(instanceID string, limit int) []billing.Record {
	l := s.collected()
	defer s.book.mu.Unlock()
	return l.Records(instanceID, limit)
}

// PackageUses returns what was deducted from packages, by id.
func (s *Market) PackageUses() []billing.PackageUse {
	return s.packageUses(func(u billing.PackageUse) bool { return u.Records > 0 })
}

// Oversold returns the packages from which more was deducted than they held. The
// records were taken all the same: a seller of a package that stops when it is
// used up has to stop in time.
func (s *Market) Oversold() []billing.PackageUse {
	return s.packageUses(func(u billing.PackageUse) bool { return u.Oversold > 0 })
}

func (s *Market) packageUses(fits func(billing.PackageUse) bool) []billing.PackageUse {
	l := s.collected()
	defer s.book.mu.Unlock()
	return l.Packages(fits)
}

// AuditBills checks what must hold at any moment: every metering_sn and every
// period was taken once, every record waits for its collection or is in exactly
// one bill, and pushed, billed and waiting sums agree with records and bills. It
// takes time in proportion to what is remembered.
func (s *Market) AuditBills() error {
	l := s.collected()
	defer s.book.mu.Unlock()
	return l.Audit()
}

// collected returns the ledger, locked, with all bills made that are due.
func (s *Market) collected() *billing.Ledger {
	s.book.mu.Lock()
	s.ledger.Collect(s.cfg.Clock.Now())
	return s.ledger
}
