// SPDX-License-Identifier: Apache-2.0

package usage_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/usage"
	"github.com/koogate/koogate/store"
)

func TestAmounts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]store.Units{
		"0": 0, "1": 10000, "12.3456": 123456, "0.0001": 1, "00.1": 1000, "99999999.9999": 999999999999, "7.50": 75000,
	} {
		got, ok := usage.ParseAmount(text)
		if !ok || got != want {
			t.Errorf("%q: %d %t", text, got, ok)
		}
	}
	for _, text := range []string{"", ".", "1.", ".5", "-1", "+1", "1e3", "1.23456", "123456789", " 1", "1 ", "0x1", "１", "1,5", "1.2.3", "NaN"} {
		if got, ok := usage.ParseAmount(text); ok {
			t.Errorf("%q: %d", text, got)
		}
	}
	for amount, want := range map[store.Units]string{0: "0", 1: "0.0001", 75000: "7.5", 10000: "1", 123456: "12.3456", -15000: "-1.5"} {
		if got := usage.FormatAmount(amount); got != want {
			t.Errorf("%d: %s, want %s", amount, got, want)
		}
	}
}

func FuzzAmount(f *testing.F) {
	for _, s := range []string{"1", "12.3456", "0.0001", "99999999.9999", "1.", "-1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, ok := usage.ParseAmount(text)
		if !ok {
			return
		}
		if back, ok := usage.ParseAmount(usage.FormatAmount(v)); !ok || back != v || v < 0 {
			t.Errorf("%q became %d and then %d", text, v, back)
		}
	})
}

// Each record is judged alone: the good one among the bad is booked.
func TestRecordsAreJudgedAlone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.open("i-1", "SMS")
	r.open("i-calls", "CALLS")
	r.open("i-none", "NONE")
	r.open("i-other", "NOT-CONFIGURED")
	r.open("i-new", "SMS", func(i *store.Instance) { i.Product.ChargingMode = "" })
	r.open("i-new-gone", "SMS", func(i *store.Instance) { i.Product.ChargingMode = "" })
	r.release("i-new-gone", noon.Add(-30*time.Second))
	r.open("i-year", "SMS", func(i *store.Instance) { i.Product.ChargingMode = "PERIOD" })
	r.open("i-pkg", "SMS", func(i *store.Instance) { i.Product.ChargingMode = "ON_DEMAND_PKG" })
	r.open("i-failed", "SMS", func(i *store.Instance) { i.State = store.InstanceFailed })
	r.open("i-old", "SMS", func(i *store.Instance) { i.CreatedAt = noon.Add(-1000 * time.Hour) })
	r.open("i-stop", "SMS")
	if _, err := r.store.PutQuota(t.Context(), store.Quota{Seller: seller, PackageID: "p-9", InstanceID: "i-stop", Quota: 10, Stop: true, CreatedAt: noon, UpdatedAt: noon}); err != nil {
		t.Fatal(err)
	}
	r.open("i-gone", "SMS")
	r.release("i-gone", noon.Add(-90*time.Minute))
	if _, err := r.store.PutQuota(t.Context(), store.Quota{Seller: seller, PackageID: "p-1", InstanceID: "i-1", Quota: 10, CreatedAt: noon, UpdatedAt: noon}); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name   string
		change func(*usage.Record)
		part   string // of the message; empty for added
	}{
		{"good", func(*usage.Record) {}, ""},
		{"no key", func(u *usage.Record) { u.Key = "" }, "key:"},
		{"long key", func(u *usage.Record) { u.Key = strings.Repeat("k", 129) }, "key:"},
		{"control character", func(u *usage.Record) { u.Key = "a\nb" }, "key:"},
		{"no instance", func(u *usage.Record) { u.InstanceID = "" }, "instance_id:"},
		{"unknown instance", func(u *usage.Record) { u.InstanceID = "i-9" }, "no such instance"},
		{"not known what", func(u *usage.Record) { u.InstanceID = "i-new" }, "has not said yet"},
		{"not known what, and released", func(u *usage.Record) { u.InstanceID = "i-new-gone" }, "has not said yet"},
		{"period", func(u *usage.Record) { u.InstanceID = "i-year" }, "not pay-per-use but PERIOD"},
		{"package", func(u *usage.Record) { u.InstanceID = "i-pkg" }, "is a package"},
		{"never opened", func(u *usage.Record) { u.InstanceID = "i-failed" }, "never opened"},
		{"no meter", func(u *usage.Record) { u.InstanceID = "i-none" }, "has no meter"},
		{"no product", func(u *usage.Record) { u.InstanceID = "i-other" }, "has no meter"},
		{"no value", func(u *usage.Record) { u.Value = "" }, "not a decimal"},
		{"nothing", func(u *usage.Record) { u.Value = "0.0000" }, "not above 0"},
		{"negative", func(u *usage.Record) { u.Value = "-1" }, "not a decimal"},
		{"five decimals", func(u *usage.Record) { u.Value = "1.00001" }, "not a decimal"},
		{"counted", func(u *usage.Record) { u.InstanceID, u.Value = "i-calls", "no number" }, ""},
		{"no end", func(u *usage.Record) { u.EndAt = time.Time{} }, "end_time: required"},
		{"backwards", func(u *usage.Record) { u.BeginAt = u.EndAt.Add(time.Second) }, "after end_time"},
		{"a clock ahead", func(u *usage.Record) { u.EndAt = noon.Add(2 * time.Minute) }, ""},
		{"the future", func(u *usage.Record) { u.EndAt = noon.Add(2*time.Minute + time.Second) }, "in the future"},
		{"before it was opened", func(u *usage.Record) { u.BeginAt = noon.Add(-24*time.Hour - time.Second) }, "before the instance was opened"},
		{"before its release", func(u *usage.Record) { u.InstanceID, u.EndAt = "i-gone", noon.Add(-90*time.Minute) }, ""},
		{"after its release", func(u *usage.Record) { u.InstanceID, u.EndAt = "i-gone", noon.Add(-90*time.Minute+time.Second) }, "after the instance was released"},
		{"21 days", func(u *usage.Record) { u.InstanceID, u.EndAt = "i-old", noon.Add(-21*24*time.Hour) }, "more than 21 days ago"},
		{"nearly 21 days", func(u *usage.Record) { u.InstanceID, u.EndAt = "i-old", noon.Add(-21*24*time.Hour+time.Hour) }, ""},
		{"its package", func(u *usage.Record) { u.PackageID = "p-1" }, ""},
		{"a key of ours", func(u *usage.Record) { u.Key = "reservation/x" }, "choose another"},
		{"stops when used up", func(u *usage.Record) { u.InstanceID = "i-stop" }, "reserve and commit"},
		{"stops when used up, its package", func(u *usage.Record) { u.InstanceID, u.PackageID = "i-stop", "p-9" }, "reserve and commit"},
		{"no package of it", func(u *usage.Record) { u.PackageID = "p-2" }, "no package of the instance"},
		{"quotas unknown", func(u *usage.Record) { u.InstanceID, u.PackageID = "i-old", "p-2" }, ""},
	}
	var records []usage.Record
	for _, c := range cases {
		u := r.record("i-1", "1.5", -time.Minute)
		c.change(&u)
		records = append(records, u)
	}
	outcomes, err := r.Report(t.Context(), seller, records)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range cases {
		o, want := outcomes[i], usage.Invalid
		switch c.part {
		case "":
			want = usage.Added
		case "has not said yet":
			want = usage.NotYet
		}
		if o.Key != records[i].Key || o.Result != want || !strings.Contains(o.Message, c.part) {
			t.Errorf("%s: %+v", c.name, o)
		}
	}
	r.proven()
}

func TestKeysAreOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.open("i-1", "SMS")
	u := r.record("i-1", "1.5", -time.Minute)
	other := u
	other.Value = "1.6"
	outcomes, err := r.Report(t.Context(), seller, []usage.Record{u, u, other})
	if err != nil {
		t.Fatal(err)
	}
	if outcomes[0].Result != usage.Added || outcomes[1].Result != usage.Duplicate || outcomes[2].Result != usage.Conflict || outcomes[2].Message == "" {
		t.Errorf("%+v", outcomes)
	}
	if p := r.proven(); p.Raw != 15000 || p.Pending != 15000 || p.Windows != 1 {
		t.Errorf("%+v", p)
	}
	for _, n := range []int{0, usage.MaxReport + 1} {
		if _, err := r.Report(t.Context(), seller, make([]usage.Record, n)); errs.As(err).Reason != errs.InvalidField {
			t.Errorf("%d records: %v", n, err)
		}
	}
	if other, err := r.Report(t.Context(), "somebody", []usage.Record{u}); err != nil || other[0].Result != usage.Invalid {
		t.Errorf("of another seller: %+v, %v", other, err)
	}
}

func TestWindows(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	at := func(d, h, m, s int) time.Time { return time.Date(2026, 7, d, h, m, s, 0, time.UTC) }
	opened := at(1, 9, 30, 15)
	for _, c := range []struct {
		name, product string
		begin, end    time.Time
		start, until  time.Time
		due, deadline time.Time
		refuse        time.Time
	}{
		{name: "inside an hour", product: "SMS", begin: at(1, 11, 25, 0), end: at(1, 11, 26, 0), start: at(1, 11, 0, 0), until: at(1, 12, 0, 0), due: at(1, 12, 1, 0), deadline: at(1, 12, 15, 0), refuse: at(22, 11, 0, 0)},
		{name: "a whole hour", product: "SMS", begin: at(1, 10, 0, 0), end: at(1, 11, 0, 0), start: at(1, 10, 0, 0), until: at(1, 11, 0, 0), due: at(1, 11, 1, 0), deadline: at(1, 11, 15, 0), refuse: at(22, 10, 0, 0)},
		{name: "a moment", product: "SMS", begin: at(1, 11, 0, 0), end: at(1, 11, 0, 0), start: at(1, 11, 0, 0), until: at(1, 12, 0, 0), due: at(1, 12, 1, 0), deadline: at(1, 12, 15, 0), refuse: at(22, 11, 0, 0)},
		{name: "the first hour", product: "SMS", begin: at(1, 9, 30, 20), end: at(1, 9, 40, 0), start: opened, until: at(1, 10, 0, 0), due: at(1, 10, 1, 0), deadline: at(1, 10, 15, 0), refuse: at(22, 9, 30, 15)},
		{name: "a Beijing day", product: "DAILY", begin: at(1, 10, 0, 0), end: at(1, 11, 0, 0), start: opened, until: at(1, 16, 0, 0), due: at(1, 16, 1, 0), deadline: at(1, 16, 15, 0), refuse: at(22, 9, 30, 15)},
		{name: "hours billed by day", product: "SPLIT", begin: at(1, 10, 0, 0), end: at(1, 11, 0, 0), start: at(1, 10, 0, 0), until: at(1, 11, 0, 0), due: at(1, 11, 0, 0), deadline: at(1, 16, 15, 0), refuse: at(22, 10, 0, 0)},
	} {
		id := "i-" + strings.ReplaceAll(c.name, " ", "-")
		r.open(id, c.product, func(i *store.Instance) { i.CreatedAt = opened.Add(300 * time.Millisecond) })
		u := r.record(id, "1", 0)
		u.BeginAt, u.EndAt = c.begin, c.end
		r.report(u)
		rows, err := r.Windows(t.Context(), store.ListQuery{Seller: seller, Filter: []store.Term{{Field: "instance_id", Value: id}}, Limit: 10})
		if err != nil || len(rows) != 1 {
			t.Fatal(rows, err)
		}
		w := rows[0]
		if !w.StartAt.Equal(c.start) || !w.EndAt.Equal(c.until) || !w.DueAt.Equal(c.due) || !w.DeadlineAt.Equal(c.deadline) || !w.RefuseAt.Equal(c.refuse) {
			t.Errorf("%s: %v to %v, due %v, deadline %v, refused %v", c.name, w.StartAt, w.EndAt, w.DueAt, w.DeadlineAt, w.RefuseAt)
		}
	}
}

// A release is noticed at once, however well the instance was known; what ended before it is taken.
func TestReleaseIsNoticed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.open("i-1", "SMS")
	r.report(r.record("i-1", "1", 0))
	r.clock.Advance(10 * time.Second)
	r.release("i-1", noon.Add(5*time.Second))
	outcomes, err := r.Report(t.Context(), seller, []usage.Record{r.record("i-1", "1", 5*time.Second), r.record("i-1", "1", 6*time.Second)})
	if err != nil || outcomes[0].Result != usage.Added || outcomes[1].Result != usage.Invalid {
		t.Errorf("%+v, %v", outcomes, err)
	}
}

// The store is asked once for what is known of an instance.
func TestFactsAreRemembered(t *testing.T) {
	t.Parallel()
	counted := &counting{}
	r := newRig(t, func(_ *usage.Config, d *usage.Deps) { counted.Store, d.Store = d.Store, counted })
	r.open("i-1", "SMS")
	for range 5 {
		r.report(r.record("i-1", "1", -time.Minute))
		r.clock.Advance(5 * time.Second)
	}
	if counted.n != 1 {
		t.Errorf("%d reads", counted.n)
	}
	r.clock.Advance(2 * time.Minute)
	r.report(r.record("i-1", "1", -time.Minute))
	if counted.n != 2 {
		t.Errorf("%d reads after the facts grew old", counted.n)
	}
}

type counting struct {
	usage.Store
	n int
}

func (c *counting) Instances(ctx context.Context, s string, ids []string) ([]store.Instance, error) {
	c.n++
	return c.Store.Instances(ctx, s, ids)
}

func TestCorrections(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.open("i-1", "SMS")
	u := r.record("i-1", "10", -time.Minute)
	r.report(u)
	for _, c := range []struct {
		key, corrects, value string
		result               usage.Result
		reason               errs.Reason
	}{
		{"c-1", u.Key, "7.5", usage.Added, ""},
		{"c-1", u.Key, "7.5", usage.Duplicate, ""},
		{"c-1", u.Key, "8", "", errs.ConflictingRepeat},
		{"c-2", "nobody", "8", "", errs.UsageNotFound},
		{"c-2", u.Key, "x", "", errs.InvalidField},
		{"", u.Key, "1", "", errs.InvalidField},
		{u.Key, u.Key, "1", "", errs.InvalidField},
	} {
		got, err := r.Correct(t.Context(), seller, c.key, c.corrects, c.value)
		if got != c.result || (err != nil) != (c.reason != "") || err != nil && errs.As(err).Reason != c.reason {
			t.Errorf("%+v: %s, %v", c, got, err)
		}
	}
	if p := r.proven(); p.Raw != 75000 {
		t.Errorf("%+v", p)
	}
	r.clock.Advance(time.Minute)
	r.push()
	if _, err := r.Correct(t.Context(), seller, "c-3", u.Key, "1"); errs.As(err).Reason != errs.UsageSettled {
		t.Errorf("after the push: %v", err)
	}
	if len(r.market.has) != 1 || r.records()[0].Value != 75000 {
		t.Errorf("%+v", r.records())
	}
}

func TestStoreAway(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(_ *usage.Config, d *usage.Deps) { d.Store = away{d.Store} })
	r.open("i-1", "SMS")
	_, err := r.Report(t.Context(), seller, []usage.Record{r.record("i-1", "1", 0)})
	if e := errs.As(err); e.Reason != errs.StoreUnavailable || e.Retry == 0 || strings.Contains(e.Error(), "canary") {
		t.Errorf("%v", err)
	}
	if _, err := r.Push(t.Context(), seller); errs.As(err).Reason != errs.StoreUnavailable {
		t.Errorf("%v", err)
	}
	if _, err := r.Retry(t.Context(), usage.Retry{Seller: seller, InstanceID: "i-9"}); errs.As(err).Reason != errs.InstanceNotFound {
		t.Errorf("%v", err)
	}
}

type away struct{ usage.Store }

var errAway = errors.New("canary of a driver")

func (away) AddUsage(context.Context, []store.UsageRaw) ([]store.UsageOutcome, error) {
	return nil, errAway
}

func (away) CloseUsage(context.Context, string, time.Time, store.UsageSpans, int) ([]store.UsageRecord, error) {
	return nil, errAway
}
