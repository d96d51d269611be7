// SPDX-License-Identifier: Apache-2.0

package billing

import (
	"math"
	"strconv"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/wiretime"
)

func filling(t *testing.T, records, accounts int) (*Ledger, func(id, sn string, value Amount) bool) {
	t.Helper()
	l := NewLedger(Limits{Records: records, Accounts: accounts, Abnormal: 10})
	now := time.Date(2026, 1, 30, 12, 0, 0, 0, time.UTC)
	l.Collect(now)
	n := 0
	return l, func(id, sn string, value Amount) bool {
		n++
		p := Pushed{Begin: now.Add(-time.Duration(n) * time.Minute), End: now.Add(-time.Duration(n) * time.Minute)}
		p.InstanceID, p.MeteringSN, p.Amount = id, sn, value
		return l.Room(1) && l.Take(&p, Instance{Mode: Hourly}, Instance{})
	}
}

// The audit finds what the ledger must never do.
func TestAuditFindsMistakes(t *testing.T) {
	for name, spoil := range map[string]func(l *Ledger){
		"billed twice":      func(l *Ledger) { l.bill(l.rows[:1]) },
		"taken twice":       func(l *Ledger) { l.rows = append(l.rows, l.rows[0]) },
		"lost":              func(l *Ledger) { l.rows = l.rows[1:] },
		"bill lost":         func(l *Ledger) { l.bills = l.bills[1:] },
		"never billed":      func(l *Ledger) { l.rows[0].bill = nil },
		"other bill":        func(l *Ledger) { l.rows[0].BillID = 2 },
		"other amount":      func(l *Ledger) { l.rows[0].Amount++ },
		"sum":               func(l *Ledger) { l.accounts["a"].Pushed++ },
		"number forgotten":  func(l *Ledger) { delete(l.serials, "1") },
		"period forgotten":  func(l *Ledger) { delete(l.periods, l.periodOf(l.rows[0])) },
		"bill of more":      func(l *Ledger) { l.bills[0].Amount++ },
		"record of no bill": func(l *Ledger) { l.bills[0].rows = l.bills[0].rows[1:] },
	} {
		l, take := filling(t, 10, 10)
		for n := range 3 {
			if !take(string(rune('a'+n%2)), strconv.Itoa(n), 15000) {
				t.Fatal("no room")
			}
		}
		l.Collect(l.now.Add(2 * time.Hour))
		if err := l.Audit(); err != nil || len(l.bills) != 2 {
			t.Fatalf("%d bills, %v", len(l.bills), err)
		}
		spoil(l)
		if l.Audit() == nil {
			t.Errorf("%s is not found", name)
		}
	}
}

// Sums do not overflow, and accounts without records make room.
func TestLedgerLimits(t *testing.T) {
	l, take := filling(t, 2, 2)
	l.accounts["a"] = &account{Totals: Totals{Pushed: math.MaxInt64 - 1}}
	if take("a", "1", 2) {
		t.Error("the sum overflows")
	}
	if !take("b", "2", 2) || !take("c", "3", 2) || l.accounts["a"] != nil {
		t.Errorf("%v", l.accounts)
	}
	l.limits.Records = 3
	if take("d", "4", 2) {
		t.Error("a third account")
	}
	p := Pushed{}
	p.InstanceID, p.PackageID, p.Amount = "b", "p", 2
	l.packages["p"] = &PackageUse{Used: math.MaxInt64 - 1}
	if l.Take(&p, Instance{Mode: Hourly}, Instance{}) {
		t.Error("the package overflows")
	}
	if err := l.Audit(); err != nil {
		t.Error(err)
	}
}

func TestCollections(t *testing.T) {
	at := func(s string) time.Time {
		d, err := time.ParseInLocation(time.DateTime, "2026-"+s, wiretime.Beijing())
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, tc := range []struct {
		b            Mode
		t, due, next string
	}{
		{Hourly, "01-30 13:25:00", "01-30 14:15:00", "01-30 14:15:00"},
		{Hourly, "01-30 14:00:00", "01-30 14:15:00", "01-30 14:15:00"},
		{Hourly, "01-30 14:00:01", "01-30 15:15:00", "01-30 14:15:00"},
		{Hourly, "01-30 14:15:00", "01-30 15:15:00", "01-30 15:15:00"},
		{Hourly, "01-30 23:59:59", "01-31 00:15:00", "01-31 00:15:00"},
		{Daily, "01-30 13:25:00", "01-31 01:00:00", "01-31 01:00:00"},
		{Daily, "01-31 00:00:00", "01-31 01:00:00", "01-31 01:00:00"},
		{Daily, "01-31 00:00:01", "02-01 01:00:00", "01-31 01:00:00"},
		{Daily, "01-31 01:00:00", "02-01 01:00:00", "02-01 01:00:00"},
	} {
		if due, next := tc.b.DueAt(at(tc.t)), tc.b.Next(at(tc.t)); !due.Equal(at(tc.due)) || !next.Equal(at(tc.next)) {
			t.Errorf("%s %s: due %v, next %v", tc.b, tc.t, due, next)
		}
	}
}
