// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"math"
	"strconv"
	"testing"
	"time"
)

func newLedger(t *testing.T, records, accounts int) (*ledger, func(id, sn string, value Amount) bool) {
	t.Helper()
	l := new(ledger)
	l.init(Config{MaxUsage: records, MaxOrders: accounts, MaxCalls: 10})
	l.maxAccounts = accounts
	now := time.Date(2026, 1, 30, 12, 0, 0, 0, time.UTC)
	l.collect(now)
	n := 0
	return l, func(id, sn string, value Amount) bool {
		n++
		p := pushed{begin: now.Add(-time.Duration(n) * time.Minute), end: now.Add(-time.Duration(n) * time.Minute)}
		p.InstanceID, p.MeteringSN, p.Amount = id, sn, value
		return l.room(1) && l.take(&p, Adoption{Billing: Hourly}, Adoption{})
	}
}

// The audit finds what the ledger must never do.
func TestAuditFindsMistakes(t *testing.T) {
	for name, spoil := range map[string]func(l *ledger){
		"billed twice":      func(l *ledger) { l.bill(l.rows[:1]) },
		"taken twice":       func(l *ledger) { l.rows = append(l.rows, l.rows[0]) },
		"lost":              func(l *ledger) { l.rows = l.rows[1:] },
		"bill lost":         func(l *ledger) { l.bills = l.bills[1:] },
		"never billed":      func(l *ledger) { l.rows[0].bill = nil },
		"other bill":        func(l *ledger) { l.rows[0].BillID = 2 },
		"other amount":      func(l *ledger) { l.rows[0].Amount++ },
		"sum":               func(l *ledger) { l.accounts["a"].Pushed++ },
		"number forgotten":  func(l *ledger) { delete(l.serials, "1") },
		"period forgotten":  func(l *ledger) { delete(l.periods, l.periodOf(l.rows[0])) },
		"bill of more":      func(l *ledger) { l.bills[0].Amount++ },
		"record of no bill": func(l *ledger) { l.bills[0].rows = l.bills[0].rows[1:] },
	} {
		l, take := newLedger(t, 10, 10)
		for n := range 3 {
			if !take(string(rune('a'+n%2)), strconv.Itoa(n), 15000) {
				t.Fatal("no room")
			}
		}
		l.collect(l.now.Add(2 * time.Hour))
		if err := l.audit(); err != nil || len(l.bills) != 2 {
			t.Fatalf("%d bills, %v", len(l.bills), err)
		}
		spoil(l)
		if l.audit() == nil {
			t.Errorf("%s is not found", name)
		}
	}
}

// Sums do not overflow, and accounts without records make room.
func TestLedgerLimits(t *testing.T) {
	l, take := newLedger(t, 2, 2)
	l.accounts["a"] = &account{UsageTotals: UsageTotals{Pushed: math.MaxInt64 - 1}}
	if take("a", "1", 2) {
		t.Error("the sum overflows")
	}
	if !take("b", "2", 2) || !take("c", "3", 2) || l.accounts["a"] != nil {
		t.Errorf("%v", l.accounts)
	}
	l.maxRecords = 3
	if take("d", "4", 2) {
		t.Error("a third account")
	}
	p := pushed{}
	p.InstanceID, p.PackageID, p.Amount = "b", "p", 2
	l.packages["p"] = &PackageUse{Used: math.MaxInt64 - 1}
	if l.take(&p, Adoption{Billing: Hourly}, Adoption{}) {
		t.Error("the package overflows")
	}
	if err := l.audit(); err != nil {
		t.Error(err)
	}
}

func TestCollections(t *testing.T) {
	at := func(s string) time.Time {
		d, err := time.ParseInLocation(time.DateTime, "2026-"+s, beijing)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, tc := range []struct {
		b            Billing
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
		if due, next := tc.b.dueAt(at(tc.t)), tc.b.next(at(tc.t)); !due.Equal(at(tc.due)) || !next.Equal(at(tc.next)) {
			t.Errorf("%s %s: due %v, next %v", tc.b, tc.t, due, next)
		}
	}
	if got := ceil(at("01-30 14:00:00").Add(time.Nanosecond)); !got.Equal(at("01-30 14:00:01")) || !ceil(got).Equal(got) {
		t.Errorf("%v", got)
	}
}

func TestNoncesAreBounded(t *testing.T) {
	var b nonceBox
	now := time.Date(2026, 1, 30, 12, 0, 0, 0, time.UTC)
	for n := range maxNonces + 10 {
		if !b.fresh(strconv.Itoa(n), now) {
			t.Fatal(n)
		}
	}
	if len(b.seen) != maxNonces || len(b.queue) != maxNonces || b.fresh("20", now) || !b.fresh("20", now.Add(31*time.Minute)) || len(b.seen) != 1 {
		t.Errorf("%d, %d", len(b.seen), len(b.queue))
	}
}

// The clients of a code that are told apart are bounded.
func TestClientsAreBounded(t *testing.T) {
	var st licenseState
	for n := range maxClients + 10 {
		st.use("2026-01-30", []string{strconv.Itoa(n)}, 0)
	}
	if len(st.clients) != maxClients {
		t.Errorf("%d clients", len(st.clients))
	}
}

func FuzzReadUsage(f *testing.F) {
	f.Add([]byte(`{"usage_records":[{"instance_id":"i","metering_sn":"1","record_time":"20220809T091000Z","begin_time":"20220809T080000Z","end_time":"20220809T090000Z","usage_value":"99"}]}`))
	f.Add([]byte(`{"usage_records":[{"usage_value":1.5,"instance_id":null}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		list, ok := readUsage(body)
		if !ok {
			return
		}
		for _, p := range list {
			if a, err := ParseAmount(p.Value); p.number && (err != nil || a != p.Amount || p.Amount < 0 || p.Amount >= 100_000_000*unit) {
				t.Errorf("%q is %v", p.Value, p.Amount)
			}
			if p.times && (p.begin.Format(usageTime) != p.BeginTime || p.end.Format(usageTime) != p.EndTime) {
				t.Errorf("%q, %q", p.BeginTime, p.EndTime)
			}
		}
	})
}
