// SPDX-License-Identifier: Apache-2.0

package billing

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
	"github.com/koogate/koogate/store/storetest/check"
)

// RunAudit runs the suite of the audit rows; open is as [Run] has it.
func RunAudit(t *testing.T, open func(t *testing.T, clock func() time.Time) store.Store) {
	t.Helper()
	still := func() time.Time { return storetest.Epoch }
	for _, c := range []struct {
		name string
		run  func(t *testing.T, s store.Store)
	}{
		{"EveryChangeLeavesItsRow", auditedChanges}, {"WhatAltersNothingLeavesNoRow", auditedRepeats}, {"NobodyLeavesNoRow", unaudited},
		{"RowAndChangeCommitTogether", auditTogether}, {"TheNewestRowsAreListed", auditListed}, {"ManyIDsAreCounted", auditMany},
		{"RowsHavePages", auditPages},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t, still)) })
	}
	t.Run("OldRowsAreForgotten", func(t *testing.T) {
		now := storetest.Epoch.AddDate(-9, 0, 0) // the schema counts the least age by another clock, for which all of this is long ago
		auditForgotten(t, open(t, func() time.Time { return now }), func(d time.Duration) { now = now.Add(d) })
	})
	t.Run("RowsHaveTheTimeOfTheStoresClock", func(t *testing.T) {
		s := open(t, nil)
		check.Error(t, s.OpenGap(storetest.AuditedCall(check.Context(t)), gap(storetest.Seller, "g")), nil)
		now, err := s.Now(check.Context(t))
		check.Error(t, err, nil)
		check.Near(t, "time of the row", auditOf(t, s, storetest.Seller)[0].At, now)
	})
}

func auditOf(t *testing.T, s store.Store, seller string) []store.AuditRow {
	t.Helper()
	rows, err := s.ListAudit(check.Context(t), store.ListQuery{Seller: seller, Desc: true, Limit: 100})
	check.Error(t, err, nil)
	return rows
}

// auditStep is one change, in an order in which each finds what it needs.
type auditStep struct {
	name      string
	seller    string // whose row it is
	resources string
	before    bool // there is a state before
	do        func(ctx context.Context) error
}

func auditSteps(s store.Store) []auditStep {
	order := `{"instance":["inst-CS1"],"order":["CS1"],"task":["t-1"]}`
	two := storetest.NewEvent("CS1", 2, "inst-CS1", storetest.Epoch)
	two.PrevHash = storetest.Admission("CS1", storetest.Epoch).Events[0].Hash
	code := store.LicenceCode{Seller: storetest.Seller, Hash: "h", Code: []byte("sealed"), Status: "ALIVE", CreatedAt: storetest.Epoch, UpdatedAt: storetest.Epoch}
	reserved := reservation("r", 3)
	return []auditStep{
		{"Apply", storetest.Seller, order, true, func(ctx context.Context) error {
			task := storetest.NewTask("CS1", "inst-CS1", 2, storetest.Epoch)
			task.ID = "t-1"
			return s.Apply(ctx, &store.Change{Events: []store.Event{two}, NewTasks: []store.Task{task}})
		}},
		{"ApplyAll", storetest.Seller, `{"instance":["inst-CS2","inst-CS3"],"order":["CS2","CS3"]}`, false, func(ctx context.Context) error {
			return s.ApplyAll(ctx, storetest.Admissions("CS3", "CS2"))
		}},
		{"AddUsage", storetest.Seller, `{"instance":["i"]}`, false, func(ctx context.Context) error {
			_, err := s.AddUsage(ctx, []store.UsageRaw{usage("k1", "i", 1, 1), usage("k2", "i", 1, 2)})
			return err
		}},
		{"CorrectUsage", storetest.Seller, `{"usage":["c1","k1"]}`, false, func(ctx context.Context) error {
			_, err := s.CorrectUsage(ctx, store.UsageCorrection{Raw: store.UsageRaw{Seller: storetest.Seller, Key: "c1", Corrects: "k1", Value: 7, ReportedAt: hour(1)}})
			return err
		}},
		{"PutQuota", storetest.Seller, `{"instance":["i"],"package":["p"]}`, false, func(ctx context.Context) error {
			_, err := s.PutQuota(ctx, quota("p", 10))
			return err
		}},
		{"PutQuotaAgain", storetest.Seller, `{"instance":["i"],"package":["p"]}`, true, func(ctx context.Context) error {
			_, err := s.PutQuota(ctx, quota("p", 20))
			return err
		}},
		{"ReserveQuota", storetest.Seller, `{"instance":["i"],"reservation":["r"]}`, false, func(ctx context.Context) error {
			_, err := s.ReserveQuota(ctx, reserved, hour(1))
			return err
		}},
		{"CommitQuota", storetest.Seller, `{"instance":["i"],"reservation":["r"]}`, true, func(ctx context.Context) error {
			_, err := s.CommitQuota(ctx, store.QuotaCommit{Seller: storetest.Seller, ReservationID: "r", Used: 2, Raw: usage("reservation/r", "i", 1, 0)})
			return err
		}},
		{"ReserveAnother", storetest.Seller, `{"instance":["i"],"reservation":["q"]}`, false, func(ctx context.Context) error {
			_, err := s.ReserveQuota(ctx, reservation("q", 3), hour(1))
			return err
		}},
		{"CancelQuota", storetest.Seller, `{"instance":["i"],"reservation":["q"]}`, true, func(ctx context.Context) error {
			_, err := s.CancelQuota(ctx, storetest.Seller, "q", hour(1))
			return err
		}},
		{"PutLicenceCode", storetest.Seller, `{"licence":["h"]}`, false, func(ctx context.Context) error { return s.PutLicenceCode(ctx, code, time.Time{}) }},
		{"AddLicenceUse", storetest.Seller, `{"licence":["h"]}`, false, func(ctx context.Context) error {
			_, err := s.AddLicenceUse(ctx, store.LicenceUse{Seller: storetest.Seller, Hash: "h", Day: "2026-03-14", Client: "c", At: storetest.Epoch})
			return err
		}},
		{"OpenGap", storetest.Seller, `{"gap":["g"]}`, false, func(ctx context.Context) error { return s.OpenGap(ctx, gap(storetest.Seller, "g")) }},
		{"CloseGap", storetest.Seller, `{"gap":["g"]}`, false, func(ctx context.Context) error {
			g := gap(storetest.Seller, "g")
			g.ClosedAt, g.ClosedBy = storetest.Epoch, "ben"
			return s.CloseGap(ctx, g)
		}},
		{"Reseal", "", `{"column":["licence_codes.code"]}`, true, func(ctx context.Context) error {
			for _, c := range store.SealedColumns {
				if c.Name() == "licence_codes.code" {
					_, err := s.Reseal(ctx, c, []store.Resealed{{Key: []any{storetest.Seller, "h"}, Old: []byte("sealed"), New: []byte("sealed anew")}})
					return err
				}
			}
			return store.ErrNotFound
		}},
	}
}

func auditedChanges(t *testing.T, s store.Store) {
	check.MustApply(t, s, storetest.Admission("CS1", storetest.Epoch))
	for _, step := range auditSteps(s) {
		before := auditOf(t, s, step.seller)
		check.Error(t, step.do(storetest.AuditedCall(check.Context(t))), nil)
		rows := auditOf(t, s, step.seller)
		check.Equal(t, step.name+": rows", len(rows), len(before)+1)
		got := rows[0]
		if len(got.After) != 64 || (got.Before != "") != step.before || got.Before == got.After || len(got.Before)%64 != 0 {
			t.Errorf("%s: digests %q and %q", step.name, got.Before, got.After)
		}
		want := store.AuditRow{
			ID: got.ID, At: got.At, Seller: step.seller, Caller: storetest.AuditCaller, Resources: step.resources, Before: got.Before, After: got.After,
		}
		if step.name == "Apply" {
			want.OrderID = "CS1"
		}
		check.Equal(t, step.name, got, want)
		check.Equal(t, step.name+": time", got.At, storetest.Epoch)
	}
	quotas := auditOf(t, s, storetest.Seller) // what one change leaves is what the next one finds
	for i := range quotas {
		if i > 0 && quotas[i-1].Resources == quotas[i].Resources && quotas[i-1].Before != "" {
			check.Equal(t, quotas[i].Resources, quotas[i-1].Before, quotas[i].After)
		}
	}
}

// auditedRepeats: whoever says the same again alters nothing, and neither does who is refused.
func auditedRepeats(t *testing.T, s store.Store) {
	check.MustApply(t, s, storetest.Admission("CS1", storetest.Epoch))
	for _, step := range auditSteps(s) {
		check.Error(t, step.do(check.Context(t)), nil)
	}
	for _, step := range auditSteps(s) {
		if step.name != "PutQuota" && step.name != "PutQuotaAgain" && step.name != "OpenGap" { // which alter something again
			_ = step.do(storetest.AuditedCall(check.Context(t)))
		}
	}
	_, err := s.ReserveQuota(storetest.AuditedCall(check.Context(t)), reservation("too much", 1000), hour(1))
	check.Error(t, err, store.ErrExhausted)
	check.Equal(t, "rows", len(auditOf(t, s, storetest.Seller))+len(auditOf(t, s, "")), 0)
}

func unaudited(t *testing.T, s store.Store) {
	check.MustApply(t, s, storetest.Admission("CS1", storetest.Epoch))
	for _, step := range auditSteps(s) {
		check.Error(t, step.do(check.Context(t)), nil)
	}
	check.Equal(t, "rows", len(auditOf(t, s, storetest.Seller))+len(auditOf(t, s, "")), 0)
}

// auditTogether: a row that the database refuses takes its change with it.
func auditTogether(t *testing.T, s store.Store) {
	bad := storetest.AuditCaller
	bad.Actor = "a\x00b"
	ctx := store.Audited(check.Context(t), bad)
	check.Error(t, s.Apply(ctx, storetest.Admission("CS1", storetest.Epoch)), store.ErrBadText)
	_, err := s.PutQuota(ctx, quota("p", 10))
	check.Error(t, err, store.ErrBadText)
	check.Error(t, s.OpenGap(ctx, gap(storetest.Seller, "g")), store.ErrBadText)
	_, err = s.Aggregate(check.Context(t), storetest.Seller, "CS1")
	check.Error(t, err, store.ErrNotFound)
	_, err = s.OpenedGap(check.Context(t), storetest.Seller)
	check.Error(t, err, store.ErrNotFound)
	check.Equal(t, "quotas", len(quotas(t, s)), 0)
	reason := storetest.AuditCaller
	reason.Reason = "bad\x00reason \xff" // descriptive text is mended instead
	check.Error(t, s.OpenGap(store.Audited(check.Context(t), reason), gap(storetest.Seller, "g")), nil)
	check.Equal(t, "reason", auditOf(t, s, storetest.Seller)[0].Reason, "bad\ufffdreason \ufffd")
}

func auditListed(t *testing.T, s store.Store) {
	for i := range 5 {
		check.Error(t, s.OpenGap(storetest.AuditedCall(check.Context(t)), gap(fmt.Sprint("seller", i%2), fmt.Sprint("g", i))), map[bool]error{true: store.ErrConflict}[i > 1])
	}
	for i := range 3 {
		p := quota(fmt.Sprint("p", i), 10)
		_, err := s.PutQuota(storetest.AuditedCall(check.Context(t)), p)
		check.Error(t, err, nil)
	}
	rows, err := s.ListAudit(check.Context(t), store.ListQuery{Seller: storetest.Seller, Desc: true, Limit: 2})
	check.Error(t, err, nil)
	check.Equal(t, "newest", check.IDs(rows, func(r store.AuditRow) string { return r.Resources }), []string{
		`{"instance":["i"],"package":["p2"]}`, `{"instance":["i"],"package":["p1"]}`,
	})
	check.Equal(t, "of another", len(auditOf(t, s, "seller1")), 1)
}

// auditPages: the rows of one time follow each other by their number and not by its digits.
func auditPages(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	caller := storetest.AuditCaller
	act := func(actor, action string, do func(ctx context.Context) error) {
		t.Helper()
		caller.Actor, caller.Action = actor, action
		check.Error(t, do(store.Audited(ctx, caller)), nil)
	}
	put := func(id string) func(ctx context.Context) error {
		return func(ctx context.Context) error { _, err := s.PutQuota(ctx, quota(id, 10)); return err }
	}
	for i := range 11 {
		act("token a", "koogate.v1.QuotaService/PutQuota", put(fmt.Sprint("p", i)))
	}
	act("token b", "koogate.v1.UsageService/ReportUsage", func(ctx context.Context) error {
		_, err := s.AddUsage(ctx, []store.UsageRaw{usage("k1", "i", 1, 1)})
		return err
	})
	act("token b", "koogate.v1.TaskService/RetryTask", func(ctx context.Context) error { return s.Apply(ctx, storetest.Admission("CS1", storetest.Epoch)) })
	act("token b", "koogate.v1.QuotaService/PutQuota", func(ctx context.Context) error {
		q := quota("other", 1)
		q.Seller = "another"
		_, err := s.PutQuota(ctx, q)
		return err
	})
	var all []string
	for _, r := range auditOf(t, s, storetest.Seller) {
		all = append(all, r.Resources)
	}
	check.Equal(t, "rows", len(all), 13)
	for _, browsing := range []bool{false, true} {
		for _, desc := range []bool{true, false} {
			var got []string
			q := store.ListQuery{Seller: storetest.Seller, Desc: desc, Browsing: browsing, Limit: 4}
			for {
				rows, err := s.ListAudit(ctx, q)
				check.Error(t, err, nil)
				for _, r := range rows {
					got = append(got, r.Resources)
					q.After = &store.Cursor{CreatedAt: r.At, ID: strconv.FormatInt(r.ID, 10)}
				}
				if len(rows) < 4 {
					break
				}
			}
			if !desc {
				slices.Reverse(got)
			}
			check.Equal(t, "pages", got, all)
		}
	}
	for _, c := range []struct {
		field, value string
		rows         int
	}{
		{"order_id", "CS1", 1}, {"order_id", "", 12}, {"order_id", "CS2", 0}, {"actor", "token a", 11}, {"actor", "token b", 2},
		{"action", "koogate.v1.UsageService/ReportUsage", 1}, {"action", "koogate.v1.TaskService/RetryTask", 1}, {"action", "none", 0},
	} {
		rows, err := s.ListAudit(ctx, store.ListQuery{Seller: storetest.Seller, Filter: []store.Term{{Field: c.field, Value: c.value}}, Limit: 50})
		check.Error(t, err, nil)
		check.Equal(t, c.field+" "+c.value, len(rows), c.rows)
	}
	_, err := s.ListAudit(ctx, store.ListQuery{Seller: storetest.Seller, After: &store.Cursor{ID: "x"}, Limit: 1})
	check.Error(t, err, store.ErrBadText)
}

func auditMany(t *testing.T, s store.Store) {
	var raws []store.UsageRaw
	for i := range 25 {
		r := usage(fmt.Sprint("k", i), "i", 1, 1)
		r.InstanceID = fmt.Sprintf("i-%02d", i)
		raws = append(raws, r)
	}
	_, err := s.AddUsage(storetest.AuditedCall(check.Context(t)), raws)
	check.Error(t, err, nil)
	got := auditOf(t, s, storetest.Seller)[0].Resources
	want := `{"instance":["i-00","i-01","i-02","i-03","i-04","i-05","i-06","i-07","i-08","i-09","i-10","i-11","i-12","i-13","i-14","i-15","i-16","i-17","i-18","i-19","and 5 more"]}`
	check.Equal(t, "resources", got, want)
}

// auditForgotten: rows leave in the order in which they came, whoever's they are, a few at a time and not before their age.
func auditForgotten(t *testing.T, s store.Store, pass func(time.Duration)) {
	ctx, day := check.Context(t), 24*time.Hour
	for i := range 6 {
		check.Error(t, s.OpenGap(storetest.AuditedCall(ctx), gap(fmt.Sprintf("seller%d", i%3), fmt.Sprint("g", i))), nil)
		g := gap(fmt.Sprintf("seller%d", i%3), fmt.Sprint("g", i))
		g.ClosedAt, g.ClosedBy = storetest.Epoch, "ben"
		check.Error(t, s.CloseGap(ctx, g), nil) // by nobody, so it leaves no row
		pass(day)
	}
	left := func() (n int) {
		for i := range 3 {
			n += len(auditOf(t, s, fmt.Sprintf("seller%d", i)))
		}
		return n
	}
	forget := func(age time.Duration, limit, want int) {
		t.Helper()
		before := left()
		n, err := s.ForgetAudit(storetest.AuditedCall(ctx), age, limit)
		check.Error(t, err, nil)
		check.Equal(t, "forgotten", n, want)
		check.Equal(t, "rows", left(), before-want)
	}
	forget(6*day, 9, 0) // the first row is just as old, and none is older
	forget(6*day-time.Microsecond, 9, 1)
	forget(day, 0, 0)
	forget(day, 2, 2)
	check.Equal(t, "the first that is left", auditOf(t, s, "seller0")[0].Resources, `{"gap":["g3"]}`)
	forget(2*day-time.Microsecond, 9, 2)
	forget(0, 9, 1)
	forget(0, 9, 0)
}

func gap(seller, id string) store.Gap {
	return store.Gap{Seller: seller, ID: id, Since: storetest.Epoch.Add(-time.Hour), OpenedAt: storetest.Epoch, OpenedBy: "ann", OpenedWhy: "磁盘坏了"}
}
