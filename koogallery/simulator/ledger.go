// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"
	"time"
)

// ledger holds the usage records and what was made of them. Its lock may be held
// while the book's is taken, never the other way round.
type ledger struct {
	maxRecords, maxAccounts, maxAbnormal int

	mu        sync.Mutex
	now       time.Time // the latest time seen: collections do not run backwards
	adopted   map[string]Adoption
	withdrawn map[string]bool // product ids
	rows      []*row          // taken, oldest first
	abnormal  []UsageRecord   // oldest first
	serials   map[string]*row
	periods   map[usagePeriod]*row

	sharedPeriods bool
	waiting       map[int64][]*row // by the collection, in Unix seconds
	accounts      map[string]*account
	packages      map[string]*PackageUse
	bills         []*bill // oldest first
	lastRow       int64
	lastBill      int64
}

// row is a record that was taken.
type row struct {
	UsageRecord
	begin, end time.Time
	billing    Billing
	bill       *bill
}

// usagePeriod is what may be reported once (open-apis §3.7, rule 5). Times are in
// Unix seconds.
type usagePeriod struct {
	instance   string
	begin, end int64
	pack       string // with Readings.SharedPeriods
}

func (l *ledger) period(r *UsageRecord, begin, end time.Time) usagePeriod {
	p := usagePeriod{instance: r.InstanceID, begin: begin.Unix(), end: end.Unix()}
	if l.sharedPeriods {
		p.pack = r.PackageID
	}
	return p
}

func (l *ledger) periodOf(r *row) usagePeriod { return l.period(&r.UsageRecord, r.begin, r.end) }

// Bill is what one collection found for one instance. There are no prices here.
type Bill struct {
	ID         int64     `json:"id"`
	InstanceID string    `json:"instanceId"`
	Billing    Billing   `json:"billing"`
	At         time.Time `json:"at"` // of the collection
	Records    int       `json:"records"`
	Late       int       `json:"late"` // of them
	Amount     Amount    `json:"amount"`
	Packages   Amount    `json:"packages"` // of Amount, deducted from packages
	Oversold   Amount    `json:"oversold"` // of Packages, beyond their quota
}

type bill struct {
	Bill
	rows []int64
}

// UsageTotals are the sums over one instance: Pushed is always Billed and Waiting
// together.
type UsageTotals struct {
	InstanceID     string `json:"instanceId"`
	Records        int    `json:"records"` // taken
	Pushed         Amount `json:"pushed"`
	BilledRecords  int    `json:"billedRecords"`
	Billed         Amount `json:"billed"`
	WaitingRecords int    `json:"waitingRecords"` // for their collection
	Waiting        Amount `json:"waiting"`
	LateRecords    int    `json:"lateRecords"` // that missed their own collection
	Late           Amount `json:"late"`
}

// account holds the totals of an instance, and what was forgotten of them.
type account struct {
	UsageTotals
	rows           int
	forgottenRows  Amount // billed records that are no longer remembered
	forgottenBills Amount
}

// PackageUse is what was deducted from a package.
type PackageUse struct {
	PackageID string `json:"packageId"`
	Records   int    `json:"records"`
	Quota     Amount `json:"quota"`
	Used      Amount `json:"used"`
	Oversold  Amount `json:"oversold"` // of Used, beyond the quota
}

func (l *ledger) init(cfg Config) {
	l.sharedPeriods = cfg.Readings.SharedPeriods
	l.maxRecords, l.maxAccounts, l.maxAbnormal = cfg.MaxUsage, 2*cfg.MaxOrders, cfg.MaxCalls
	l.adopted, l.withdrawn = make(map[string]Adoption), make(map[string]bool)
	l.serials, l.periods, l.waiting = make(map[string]*row), make(map[usagePeriod]*row), make(map[int64][]*row)
	l.accounts, l.packages = make(map[string]*account), make(map[string]*PackageUse)
}

// room forgets old records until n more fit. Only what was billed and can no
// longer be reported again is forgotten: a duplicate has to be known as one.
func (l *ledger) room(n int) bool {
	for len(l.rows)+n > l.maxRecords {
		if len(l.rows) == 0 {
			return false
		}
		r := l.rows[0]
		if r.bill == nil || !r.begin.Before(l.now.Add(-maxUsageAge-usageSkew)) {
			return false
		}
		l.forget(r)
		l.rows[0] = nil
		l.rows = l.rows[1:]
	}
	return true
}

func (l *ledger) forget(r *row) {
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
func (l *ledger) account(instanceID string) *account {
	if a := l.accounts[instanceID]; a != nil {
		return a
	}
	if len(l.accounts) >= l.maxAccounts {
		for id, a := range l.accounts {
			if a.rows == 0 {
				delete(l.accounts, id)
				l.bills = slices.DeleteFunc(l.bills, func(b *bill) bool { return b.InstanceID == id })
				break
			}
		}
		if len(l.accounts) >= l.maxAccounts {
			return nil
		}
	}
	a := &account{UsageTotals: UsageTotals{InstanceID: instanceID}}
	l.accounts[instanceID] = a
	return a
}

// take enters a record that was judged. It reports false if the sums would
// overflow or there is no room.
func (l *ledger) take(p *pushed, in, pack Adoption) bool {
	a := l.account(p.InstanceID)
	if a == nil || a.Pushed > math.MaxInt64-p.Amount {
		return false
	}
	var use *PackageUse
	if p.PackageID != "" {
		if use = l.packages[p.PackageID]; use == nil {
			if len(l.packages) >= l.maxAccounts {
				return false
			}
			use = &PackageUse{PackageID: p.PackageID}
			l.packages[p.PackageID] = use
		}
		if use.Used > math.MaxInt64-p.Amount {
			return false
		}
	}
	r := &row{UsageRecord: p.UsageRecord, begin: p.begin, end: p.end, billing: in.Billing}
	l.lastRow++
	r.Seq, r.ReceivedAt, r.State = l.lastRow, l.now, UsageAccepted
	r.CollectAt = in.Billing.dueAt(p.end)
	if r.Late = !l.now.Before(r.CollectAt); r.Late {
		r.CollectAt = in.Billing.next(l.now)
		a.LateRecords++
		a.Late += r.Amount
	}
	if use != nil {
		before := max(0, use.Used-pack.Quota)
		use.Records++
		use.Used += r.Amount
		use.Quota = pack.Quota
		use.Oversold = max(0, use.Used-pack.Quota)
		r.Oversold = use.Oversold - before
	}
	l.rows = append(l.rows, r)
	if r.MeteringSN != "" {
		l.serials[r.MeteringSN] = r
	}
	l.periods[l.periodOf(r)] = r
	at := r.CollectAt.Unix()
	l.waiting[at] = append(l.waiting[at], r)
	a.rows++
	a.Records++
	a.WaitingRecords++
	a.Pushed += r.Amount
	a.Waiting += r.Amount
	return true
}

// refuse remembers an abnormal record.
func (l *ledger) refuse(p *pushed, code string) {
	l.lastRow++
	r := p.UsageRecord
	r.Seq, r.ReceivedAt, r.State, r.Code, r.Amount = l.lastRow, l.now, UsageAbnormal, code, 0
	l.abnormal = append(l.abnormal, r)
	if over := len(l.abnormal) - l.maxAbnormal; over > 0 {
		clear(l.abnormal[:over])
		l.abnormal = l.abnormal[over:]
	}
}

// collect makes the bills that are due, in their order.
func (l *ledger) collect(now time.Time) {
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
func (l *ledger) bill(rows []*row) {
	made := make(map[string]*bill, 1)
	for _, r := range rows {
		b := made[r.InstanceID]
		if b == nil {
			l.lastBill++
			b = &bill{Bill: Bill{ID: l.lastBill, InstanceID: r.InstanceID, Billing: r.billing, At: r.CollectAt}}
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
		r.bill, r.BillID, r.State = b, b.ID, UsageBilled
		a := l.accounts[r.InstanceID]
		a.WaitingRecords--
		a.Waiting -= r.Amount
		a.BilledRecords++
		a.Billed += r.Amount
	}
	if over := len(l.bills) - l.maxRecords; over > 0 {
		for _, b := range l.bills[:over] {
			if a := l.accounts[b.InstanceID]; a != nil {
				a.forgottenBills += b.Amount
			}
		}
		clear(l.bills[:over])
		l.bills = l.bills[over:]
	}
}

// audit checks what must hold at any moment.
func (l *ledger) audit() error {
	waiting, billed, bills := map[string]Amount{}, map[string]Amount{}, map[string]Amount{}
	serials, inBill := 0, map[int64]int64{}
	var problems []error
	wrong := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf("simulator: "+format, args...))
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
