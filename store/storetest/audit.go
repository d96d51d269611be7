// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
)

// Audited is a backend with everything whose changes leave audit rows.
type Audited interface {
	Ledger
	store.AuditStore
	store.SealedStore
}

// RunAudit runs the suite of the audit rows; open is as [Run] has it.
func RunAudit(t *testing.T, open func(t *testing.T, clock func() time.Time) Audited) {
	t.Helper()
	still := func() time.Time { return Epoch }
	for _, c := range []struct {
		name string
		run  func(t *testing.T, s Audited)
	}{
		{"EveryChangeLeavesItsRow", auditedChanges}, {"WhatAltersNothingLeavesNoRow", auditedRepeats}, {"NobodyLeavesNoRow", unaudited},
		{"RowAndChangeCommitTogether", auditTogether}, {"RowsAreListedFromATimeOn", auditListed}, {"ManyIDsAreCounted", auditMany},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t, still)) })
	}
	t.Run("RowsHaveTheTimeOfTheStoresClock", func(t *testing.T) {
		s := open(t, nil)
		wantError(t, s.OpenGap(AuditedCall(background(t)), gap(Seller, "g")), nil)
		now, err := s.Now(background(t))
		wantError(t, err, nil)
		wantNear(t, "time of the row", auditOf(t, s, Seller)[0].At, now)
	})
}

var auditCaller = store.Caller{
	Actor: "token support", Kind: "token", Via: "api", Action: "koogate.v1.TaskService/RetryTask", Reason: "机器修好了", RequestID: "r-1",
}

// AuditedCall is the context of a call that leaves audit rows.
func AuditedCall(ctx context.Context) context.Context { return store.Audited(ctx, auditCaller) }

func auditOf(t *testing.T, s store.AuditStore, seller string) []store.AuditRow {
	t.Helper()
	rows, err := s.Audit(background(t), seller, time.Time{}, 100)
	wantError(t, err, nil)
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

func auditSteps(s Audited) []auditStep {
	order := `{"instance":["inst-CS1"],"order":["CS1"],"task":["t-1"]}`
	two := NewEvent("CS1", 2, "inst-CS1", Epoch)
	two.PrevHash = Admission("CS1", Epoch).Events[0].Hash
	code := store.LicenceCode{Seller: Seller, Hash: "h", Code: []byte("sealed"), Status: "ALIVE", CreatedAt: Epoch, UpdatedAt: Epoch}
	reserved := reservation("r", 3)
	return []auditStep{
		{"Apply", Seller, order, true, func(ctx context.Context) error {
			task := NewTask("CS1", "inst-CS1", 2, Epoch)
			task.ID = "t-1"
			return s.Apply(ctx, &store.Change{Events: []store.Event{two}, NewTasks: []store.Task{task}})
		}},
		{"AddUsage", Seller, `{"instance":["i"]}`, false, func(ctx context.Context) error {
			_, err := s.AddUsage(ctx, []store.UsageRaw{usage("k1", "i", 1, 1), usage("k2", "i", 1, 2)})
			return err
		}},
		{"CorrectUsage", Seller, `{"usage":["c1","k1"]}`, false, func(ctx context.Context) error {
			_, err := s.CorrectUsage(ctx, store.UsageCorrection{Raw: store.UsageRaw{Seller: Seller, Key: "c1", Corrects: "k1", Value: 7, ReportedAt: hour(1)}})
			return err
		}},
		{"PutQuota", Seller, `{"instance":["i"],"package":["p"]}`, false, func(ctx context.Context) error {
			_, err := s.PutQuota(ctx, quota("p", 10))
			return err
		}},
		{"PutQuotaAgain", Seller, `{"instance":["i"],"package":["p"]}`, true, func(ctx context.Context) error {
			_, err := s.PutQuota(ctx, quota("p", 20))
			return err
		}},
		{"ReserveQuota", Seller, `{"instance":["i"],"reservation":["r"]}`, false, func(ctx context.Context) error {
			_, err := s.ReserveQuota(ctx, reserved, hour(1))
			return err
		}},
		{"CommitQuota", Seller, `{"instance":["i"],"reservation":["r"]}`, true, func(ctx context.Context) error {
			_, err := s.CommitQuota(ctx, store.QuotaCommit{Seller: Seller, ReservationID: "r", Used: 2, Raw: usage("reservation/r", "i", 1, 0)})
			return err
		}},
		{"ReserveAnother", Seller, `{"instance":["i"],"reservation":["q"]}`, false, func(ctx context.Context) error {
			_, err := s.ReserveQuota(ctx, reservation("q", 3), hour(1))
			return err
		}},
		{"CancelQuota", Seller, `{"instance":["i"],"reservation":["q"]}`, true, func(ctx context.Context) error {
			_, err := s.CancelQuota(ctx, Seller, "q", hour(1))
			return err
		}},
		{"PutLicenceCode", Seller, `{"licence":["h"]}`, false, func(ctx context.Context) error { return s.PutLicenceCode(ctx, code, time.Time{}) }},
		{"AddLicenceUse", Seller, `{"licence":["h"]}`, false, func(ctx context.Context) error {
			_, err := s.AddLicenceUse(ctx, store.LicenceUse{Seller: Seller, Hash: "h", Day: "2026-03-14", Client: "c", At: Epoch})
			return err
		}},
		{"OpenGap", Seller, `{"gap":["g"]}`, false, func(ctx context.Context) error { return s.OpenGap(ctx, gap(Seller, "g")) }},
		{"CloseGap", Seller, `{"gap":["g"]}`, false, func(ctx context.Context) error {
			g := gap(Seller, "g")
			g.ClosedAt, g.ClosedBy = Epoch, "ben"
			return s.CloseGap(ctx, g)
		}},
		{"Reseal", "", `{"column":["licence_codes.code"]}`, true, func(ctx context.Context) error {
			for _, c := range store.SealedColumns {
				if c.Name() == "licence_codes.code" {
					_, err := s.Reseal(ctx, c, []store.Resealed{{Key: []any{Seller, "h"}, Old: []byte("sealed"), New: []byte("sealed anew")}})
					return err
				}
			}
			return store.ErrNotFound
		}},
	}
}

func auditedChanges(t *testing.T, s Audited) {
	mustApply(t, s, Admission("CS1", Epoch))
	for _, step := range auditSteps(s) {
		before := auditOf(t, s, step.seller)
		wantError(t, step.do(AuditedCall(background(t))), nil)
		rows := auditOf(t, s, step.seller)
		wantEqual(t, step.name+": rows", len(rows), len(before)+1)
		got := rows[0]
		if len(got.After) != 64 || (got.Before != "") != step.before || got.Before == got.After || len(got.Before)%64 != 0 {
			t.Errorf("%s: digests %q and %q", step.name, got.Before, got.After)
		}
		want := store.AuditRow{
			ID: got.ID, At: got.At, Seller: step.seller, Caller: auditCaller, Resources: step.resources, Before: got.Before, After: got.After,
		}
		wantEqual(t, step.name, got, want)
		wantEqual(t, step.name+": time", got.At, Epoch)
	}
	quotas := auditOf(t, s, Seller) // what one change leaves is what the next one finds
	for i := range quotas {
		if i > 0 && quotas[i-1].Resources == quotas[i].Resources && quotas[i-1].Before != "" {
			wantEqual(t, quotas[i].Resources, quotas[i-1].Before, quotas[i].After)
		}
	}
}

// auditedRepeats: whoever says the same again alters nothing, and neither does who is refused.
func auditedRepeats(t *testing.T, s Audited) {
	mustApply(t, s, Admission("CS1", Epoch))
	for _, step := range auditSteps(s) {
		wantError(t, step.do(background(t)), nil)
	}
	for _, step := range auditSteps(s) {
		if step.name != "PutQuota" && step.name != "PutQuotaAgain" && step.name != "OpenGap" { // which alter something again
			_ = step.do(AuditedCall(background(t)))
		}
	}
	_, err := s.ReserveQuota(AuditedCall(background(t)), reservation("too much", 1000), hour(1))
	wantError(t, err, store.ErrExhausted)
	wantEqual(t, "rows", len(auditOf(t, s, Seller))+len(auditOf(t, s, "")), 0)
}

func unaudited(t *testing.T, s Audited) {
	mustApply(t, s, Admission("CS1", Epoch))
	for _, step := range auditSteps(s) {
		wantError(t, step.do(background(t)), nil)
	}
	wantEqual(t, "rows", len(auditOf(t, s, Seller))+len(auditOf(t, s, "")), 0)
}

// auditTogether: a row that the database refuses takes its change with it.
func auditTogether(t *testing.T, s Audited) {
	bad := auditCaller
	bad.Actor = "a\x00b"
	ctx := store.Audited(background(t), bad)
	wantError(t, s.Apply(ctx, Admission("CS1", Epoch)), store.ErrBadText)
	_, err := s.PutQuota(ctx, quota("p", 10))
	wantError(t, err, store.ErrBadText)
	wantError(t, s.OpenGap(ctx, gap(Seller, "g")), store.ErrBadText)
	_, err = s.Aggregate(background(t), Seller, "CS1")
	wantError(t, err, store.ErrNotFound)
	_, err = s.OpenedGap(background(t), Seller)
	wantError(t, err, store.ErrNotFound)
	wantEqual(t, "quotas", len(quotas(t, s)), 0)
	reason := auditCaller
	reason.Reason = "bad\x00reason \xff" // descriptive text is mended instead
	wantError(t, s.OpenGap(store.Audited(background(t), reason), gap(Seller, "g")), nil)
	wantEqual(t, "reason", auditOf(t, s, Seller)[0].Reason, "bad\ufffdreason \ufffd")
}

func auditListed(t *testing.T, s Audited) {
	for i := range 5 {
		wantError(t, s.OpenGap(AuditedCall(background(t)), gap(fmt.Sprint("seller", i%2), fmt.Sprint("g", i))), map[bool]error{true: store.ErrConflict}[i > 1])
	}
	for i := range 3 {
		p := quota(fmt.Sprint("p", i), 10)
		_, err := s.PutQuota(AuditedCall(background(t)), p)
		wantError(t, err, nil)
	}
	rows, err := s.Audit(background(t), Seller, Epoch, 2)
	wantError(t, err, nil)
	wantEqual(t, "newest", ids(rows, func(r store.AuditRow) string { return r.Resources }), []string{
		`{"instance":["i"],"package":["p2"]}`, `{"instance":["i"],"package":["p1"]}`,
	})
	rows, err = s.Audit(background(t), Seller, Epoch.Add(time.Microsecond), 2)
	wantError(t, err, nil)
	wantEqual(t, "later", len(rows), 0)
	wantEqual(t, "of another", len(auditOf(t, s, "seller1")), 1)
}

func auditMany(t *testing.T, s Audited) {
	var raws []store.UsageRaw
	for i := range 25 {
		r := usage(fmt.Sprint("k", i), "i", 1, 1)
		r.InstanceID = fmt.Sprintf("i-%02d", i)
		raws = append(raws, r)
	}
	_, err := s.AddUsage(AuditedCall(background(t)), raws)
	wantError(t, err, nil)
	got := auditOf(t, s, Seller)[0].Resources
	want := `{"instance":["i-00","i-01","i-02","i-03","i-04","i-05","i-06","i-07","i-08","i-09","i-10","i-11","i-12","i-13","i-14","i-15","i-16","i-17","i-18","i-19","and 5 more"]}`
	wantEqual(t, "resources", got, want)
}
