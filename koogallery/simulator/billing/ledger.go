// SPDX-License-Identifier: Apache-2.0

package billing

import (
	"slices"
	"time"
)

// Limits bound a ledger, and choose its reading of what is a duplicate.
type Limits struct {
	Records  int // taken
	Accounts int // instances with usage
	Abnormal int // records that were not taken

	// SharedPeriods takes records of one instance, begin and end that are drawn from
	// different packages.
	SharedPeriods bool
}

// Ledger holds usage records and what was made of them. It has no lock of its
// own: whoever owns it guards it.
type Ledger struct {
	limits   Limits
	now      time.Time // the latest time seen: collections do not run backwards
	rows     []*row    // taken, oldest first
	abnormal []Record  // oldest first
	serials  map[string]*row
	periods  map[usagePeriod]*row
	waiting  map[int64][]*row // by the collection, in Unix seconds
	accounts map[string]*account
	packages map[string]*PackageUse
	bills    []*bill // oldest first
	lastRow  int64
	lastBill int64
}

// NewLedger returns an empty ledger.
func NewLedger(limits Limits) *Ledger {
	return &Ledger{
		limits: limits, serials: make(map[string]*row), periods: make(map[usagePeriod]*row), waiting: make(map[int64][]*row),
		accounts: make(map[string]*account), packages: make(map[string]*PackageUse),
	}
}

// row is a record that was taken.
type row struct {
	Record
	begin, end time.Time
	mode       Mode
	bill       *bill
}

// usagePeriod is what may be reported once (open-apis §3.7, rule 5). Times are in
// Unix seconds.
type usagePeriod struct {
	instance   string
	begin, end int64
	pack       string // with Readings.SharedPeriods
}

func (l *Ledger) period(r *Record, begin, end time.Time) usagePeriod {
	p := usagePeriod{instance: r.InstanceID, begin: begin.Unix(), end: end.Unix()}
	if l.limits.SharedPeriods {
		p.pack = r.PackageID
	}
	return p
}

func (l *Ledger) periodOf(r *row) usagePeriod { return l.period(&r.Record, r.begin, r.end) }

// Room forgets old records until n more fit. Only what was billed and can no
// longer be reported again is forgotten: a duplicate has to be known as one.
func (l *Ledger) Room(n int) bool {
	for len(l.rows)+n > l.limits.Records {
		if len(l.rows) == 0 {
			return false
		}
		r := l.rows[0]
		if r.bill == nil || !r.begin.Before(l.now.Add(-MaxAge-Skew)) {
			return false
		}
		l.forget(r)
		l.rows[0] = nil
		l.rows = l.rows[1:]
	}
	return true
}

func (l *Ledger) forget(r *row) {
	if r.MeteringSN != "" {
		delete(l.serials, r.MeteringSN)
	}
	delete(l.periods, l.periodOf(r))
	a := l.accounts[r.InstanceID]
	a.rows--
	a.forgottenRows += r.Amount
}

// account returns the account of an instance, nil if there is no room. An account
// whose records are all forgotten makes room for another.
func (l *Ledger) account(instanceID string) *account {
	if a := l.accounts[instanceID]; a != nil {
		return a
	}
	if len(l.accounts) >= l.limits.Accounts {
		for id, a := range l.accounts {
			if a.rows == 0 {
				delete(l.accounts, id)
				l.bills = slices.DeleteFunc(l.bills, func(b *bill) bool { return b.InstanceID == id })
				break
			}
		}
		if len(l.accounts) >= l.limits.Accounts {
			return nil
		}
	}
	a := &account{Totals: Totals{InstanceID: instanceID}}
	l.accounts[instanceID] = a
	return a
}
