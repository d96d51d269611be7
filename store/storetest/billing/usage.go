// SPDX-License-Identifier: Apache-2.0

package billing

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
	"github.com/koogate/koogate/store/storetest/check"
)

var usageCases = []check.Case{
	check.WithStore("EveryColumn", usageColumns),
	check.WithStore("NoRecords", func(t *testing.T, s store.Store) {
		outcomes, err := s.AddUsage(check.Context(t), nil)
		check.Error(t, err, nil)
		check.Equal(t, "outcomes", len(outcomes), 0)
	}),
	check.WithStore("DuplicatesAndConflictsChangeNothing", usageConflicts),
	check.WithStore("OneKeySeveralTimesInACall", usageKeyTwice),
	check.WithStore("AFailedCallAddsNothing", usageAllOrNothing),
	check.WithStore("Modes", usageModes),
	check.WithStore("LastIsTheLatestEnd", usageLast),
	check.WithStore("TheFirstRecordMakesTheWindow", firstMakesWindow),
	check.WithStore("WindowsAreSeparate", separateWindows),
	check.WithStore("ALateRecordTakesNothingBack", lateRecord),
	check.WithStore("CancelledBeforeItStarts", usageCancelled),
	check.WithStore("ClosedStore", usageClosed),
}

// hour is so many hours after the start of the first window of the fixtures.
func hour(n float64) time.Time {
	return storetest.Epoch.Truncate(time.Hour).Add(time.Duration(n * float64(time.Hour)))
}

// usage is a raw record like [NewUsage]'s, changed.
func usage(key, instanceID string, n int, value store.Units, set ...func(*store.UsageRaw)) store.UsageRaw {
	r := storetest.NewUsage(key, instanceID, n, value)
	for _, f := range set {
		f(&r)
	}
	return r
}

func inMode(m store.UsageMode) func(*store.UsageRaw) { return func(r *store.UsageRaw) { r.Mode = m } }

func ofPackage(id string) func(*store.UsageRaw) { return func(r *store.UsageRaw) { r.PackageID = id } }

// endingAt sets the end and the time of reporting, in minutes after the window's start.
func endingAt(end, reported int) func(*store.UsageRaw) {
	return func(r *store.UsageRaw) {
		r.EndAt = r.BeginAt.Add(time.Duration(end) * time.Minute)
		r.ReportedAt = r.BeginAt.Add(time.Duration(reported) * time.Minute)
	}
}

func add(t testing.TB, s store.Store, raws ...store.UsageRaw) []store.UsageOutcome {
	t.Helper()
	outcomes, err := s.AddUsage(t.Context(), raws)
	if err != nil {
		t.Fatalf("AddUsage: %v", err)
	}
	if len(outcomes) != len(raws) {
		t.Fatalf("AddUsage: %d outcomes of %d records", len(outcomes), len(raws))
	}
	return outcomes
}

func mustAdd(t testing.TB, s store.Store, raws ...store.UsageRaw) {
	t.Helper()
	for i, o := range add(t, s, raws...) {
		if o != store.UsageAdded {
			t.Fatalf("record %s is %s", raws[i].Key, o)
		}
	}
}

// prove reads all proofs in small pages and checks that they hold and come in the order of their keys.
func prove(t testing.TB, s store.Store, seller string) []store.UsageProof {
	t.Helper()
	return proveBy(t, s, seller, 2)
}

func proveBy(t testing.TB, s store.Store, seller string, limit int) []store.UsageProof {
	t.Helper()
	var all []store.UsageProof
	for after := (store.UsageWindowKey{}); ; {
		page, err := s.ProveUsage(t.Context(), seller, after, limit)
		if err != nil {
			t.Fatalf("ProveUsage: %v", err)
		}
		for _, p := range page {
			if p.Difference() != 0 {
				t.Fatalf("a window is wrong by %d: %+v", p.Difference(), p)
			}
			if n := len(all); n > 0 && compareWindows(all[n-1].UsageWindowKey, p.UsageWindowKey) >= 0 {
				t.Fatalf("windows out of order: %+v, %+v", all[n-1].UsageWindowKey, p.UsageWindowKey)
			}
			all = append(all, p)
		}
		if len(page) < limit {
			return all
		}
		after = page[limit-1].UsageWindowKey
	}
}

// onlyWindow returns the only window there is, proved.
func onlyWindow(t testing.TB, s store.Store) store.UsageProof {
	t.Helper()
	all := prove(t, s, storetest.Seller)
	if len(all) != 1 {
		t.Fatalf("%d windows, want 1", len(all))
	}
	return all[0]
}

func wantTotals(t *testing.T, s store.Store, want ...store.Units) {
	t.Helper()
	var got []store.Units
	for _, p := range prove(t, s, storetest.Seller) {
		got = append(got, p.Total)
	}
	check.Equal(t, "totals", got, want)
}

func usageColumns(t *testing.T, s store.Store) {
	r := usage("键'\"\x1f", "i", 0, 7, ofPackage("包"), inMode(store.UsageLast))
	mustAdd(t, s, r)
	want := store.UsageWindow{
		Seller: storetest.Seller, UsageWindowKey: store.UsageWindowKey{InstanceID: "i", StartAt: hour(0), PackageID: "包"},
		Meter: storetest.Meter, Mode: store.UsageLast, EndAt: hour(1), Total: 7, Records: 1, DueAt: hour(1).Add(5 * time.Minute),
		DeadlineAt: hour(2), RefuseAt: hour(25), CreatedAt: r.ReportedAt, UpdatedAt: r.ReportedAt,
	}
	rows, err := s.ListUsageWindows(check.Context(t), store.ListQuery{Seller: storetest.Seller, Limit: 10})
	check.Error(t, err, nil)
	check.Equal(t, "windows", rows, []store.UsageWindow{want})
	check.Equal(t, "window of the proof", onlyWindow(t, s), store.UsageProof{UsageWindow: want, Raw: 7})
	later := usage("later", "i", 0, 8, ofPackage("包"), inMode(store.UsageLast), endingAt(3, 59))
	mustAdd(t, s, later)
	want.Total, want.Records, want.UpdatedAt = 8, 2, later.ReportedAt
	check.Equal(t, "window after another record", onlyWindow(t, s).UsageWindow, want)
	proofs, err := s.ProveUsage(check.Context(t), "other", store.UsageWindowKey{}, 10)
	check.Error(t, err, nil)
	check.Equal(t, "proofs of another seller", len(proofs), 0)
}

func usageConflicts(t *testing.T, s store.Store) {
	r := usage("k", "i", 0, 7)
	mustAdd(t, s, r)
	again := r
	again.ReportedAt = again.ReportedAt.Add(time.Minute) // when it is reported again does not matter
	again.BeginAt = again.BeginAt.In(time.FixedZone("", 8*3600)).Add(400 * time.Nanosecond)
	for _, c := range []struct {
		name string
		raw  store.UsageRaw
		want store.UsageOutcome
	}{
		{"again", again, store.UsageDuplicate},
		{"another instance", usage("k", "j", 0, 7), store.UsageConflict},
		{"another meter", usage("k", "i", 0, 7, func(r *store.UsageRaw) { r.Meter = "bytes" }), store.UsageConflict},
		{"another begin", usage("k", "i", 0, 7, func(r *store.UsageRaw) { r.BeginAt = r.BeginAt.Add(time.Microsecond) }), store.UsageConflict},
		{"another end", usage("k", "i", 0, 7, endingAt(2, 2)), store.UsageConflict},
		{"another value", usage("k", "i", 0, 8), store.UsageConflict},
		{"another package", usage("k", "i", 0, 7, ofPackage("p")), store.UsageConflict},
		{"another seller", usage("k", "i", 0, 7, func(r *store.UsageRaw) { r.Seller = "other" }), store.UsageAdded},
	} {
		check.Equal(t, c.name, add(t, s, c.raw), []store.UsageOutcome{c.want})
		p := onlyWindow(t, s)
		check.Equal(t, "window after "+c.name, []any{p.Total, p.Records, p.UpdatedAt}, []any{store.Units(7), int64(1), r.ReportedAt})
	}
	check.Equal(t, "a mixed call", add(t, s, usage("k", "i", 0, 8), usage("n", "i", 0, 1), again),
		[]store.UsageOutcome{store.UsageConflict, store.UsageAdded, store.UsageDuplicate})
	wantTotals(t, s, 8)
}

func usageKeyTwice(t *testing.T, s store.Store) {
	check.Equal(t, "new key", add(t, s, usage("k", "i", 0, 7), usage("k", "i", 0, 7), usage("k", "i", 0, 8)),
		[]store.UsageOutcome{store.UsageAdded, store.UsageDuplicate, store.UsageConflict})
	check.Equal(t, "taken key", add(t, s, usage("k", "i", 0, 9), usage("k", "i", 0, 7)),
		[]store.UsageOutcome{store.UsageConflict, store.UsageDuplicate})
	wantTotals(t, s, 7)
}

// usageAllOrNothing: no value is negative, and what the database refuses takes the whole call with it.
func usageAllOrNothing(t *testing.T, s store.Store) {
	_, err := s.AddUsage(check.Context(t), []store.UsageRaw{usage("a", "i", 0, 7), usage("b", "i", 0, -1), usage("c", "i", 0, 1)})
	check.Fault(t, err)
	wantTotals(t, s)
	mustAdd(t, s, usage("a", "i", 0, 7))
	wantTotals(t, s, 7)
}

func usageModes(t *testing.T, s store.Store) {
	modes := []store.UsageMode{store.UsageSum, store.UsageMax, store.UsageLast, store.UsageCount}
	for _, m := range modes {
		k := string(m)
		mustAdd(t, s, usage(k+"1", k, 0, 3, inMode(m)), usage(k+"2", k, 0, 4, inMode(m)), usage(k+"3", k, 0, 9, inMode(m), endingAt(5, 6)))
	}
	wantTotals(t, s, 30000, 9, 9, 16) // COUNT, LAST, MAX, SUM
	for _, m := range modes {
		k := string(m)
		mustAdd(t, s, usage(k+"4", k, 0, 2, inMode(m), endingAt(9, 10)))
	}
	wantTotals(t, s, 40000, 2, 9, 18)
	for _, p := range prove(t, s, storetest.Seller) {
		check.Equal(t, "records", p.Records, 4)
	}
}

// usageLast: among records with the same end the one reported later counts, then the greater key; in whatever order they
// come, in one call or several.
func usageLast(t *testing.T, s store.Store) {
	last := inMode(store.UsageLast)
	raws := []store.UsageRaw{
		usage("b", "i", 0, 1, last, endingAt(5, 6)), usage("z", "i", 0, 2, last, endingAt(4, 59)), usage("a", "i", 0, 3, last, endingAt(5, 7)),
		usage("c", "i", 0, 4, last, endingAt(5, 7)), usage("d", "i", 0, 5, last, endingAt(1, 60)),
	}
	want := []store.Units{1, 1, 3, 4, 4}
	for i, r := range raws {
		mustAdd(t, s, r)
		wantTotals(t, s, want[i])
	}
	mustAdd(t, s,
		usage("c2", "together", 0, 4, last, endingAt(5, 7)), usage("d2", "together", 0, 5, last, endingAt(1, 60)),
		usage("a2", "together", 0, 3, last, endingAt(5, 7)), usage("b2", "together", 0, 1, last, endingAt(5, 6)),
	)
	wantTotals(t, s, 4, 4)
}

func firstMakesWindow(t *testing.T, s store.Store) {
	mustAdd(t, s, usage("a", "i", 0, 3, inMode(store.UsageMax)))
	want := onlyWindow(t, s)
	mustAdd(t, s, usage("b", "i", 0, 5, inMode(store.UsageSum), func(r *store.UsageRaw) {
		r.Meter, r.Window.EndAt, r.Window.DueAt = "bytes", hour(5), hour(6)
		r.Window.DeadlineAt, r.Window.RefuseAt = hour(7), hour(8)
	}))
	want.Total, want.Raw, want.Records = 5, 5, 2
	check.Equal(t, "window", onlyWindow(t, s), want)
}

func separateWindows(t *testing.T, s store.Store) {
	for i := range 3 {
		var raws []store.UsageRaw
		for n, r := range []store.UsageRaw{
			usage("", "b", 1, 1), usage("", "a", 0, 2), usage("", "a", 0, 3, ofPackage("p")), usage("", "b", 0, 4), usage("", "a", 1, 5),
		} {
			r.Key = fmt.Sprint(n, "-", i)
			raws = append(raws, r)
		}
		mustAdd(t, s, raws...)
	}
	wantTotals(t, s, 6, 9, 15, 12, 3) // a0, a0p, a1, b0, b1
}

// lateRecord: a LAST window's newest value below what was settled is kept, and left out for good; a later one that is not
// below counts, and so do all records of the other modes.
func lateRecord(t *testing.T, s store.Store) {
	last := inMode(store.UsageLast)
	mustAdd(t, s, usage("a", "i", 0, 10, last, endingAt(5, 6)))
	check.Equal(t, "closed", len(closeAll(t, s, hour(2), 10)), 1)
	late := usage("b", "i", 0, 4, last, endingAt(6, 7))
	mustAdd(t, s, late)
	p := onlyWindow(t, s)
	check.Equal(t, "after the late record", []int64{int64(p.Total), int64(p.Settled), p.Records}, []int64{10, 10, 1})
	check.Equal(t, "the late record again", add(t, s, late), []store.UsageOutcome{store.UsageDuplicate})
	mustAdd(t, s, usage("c", "i", 0, 3, last, endingAt(4, 8))) // not the latest: it never was to give the total
	wantTotals(t, s, 10)
	// Later than the one that counts, earlier than the one that was left out.
	mustAdd(t, s, usage("d", "i", 0, 12, last, endingAt(5, 30)))
	wantTotals(t, s, 12)
	mustAdd(t, s, usage("e", "i", 0, 11, last, endingAt(7, 8)), usage("f", "i", 0, 9, last, endingAt(8, 9)), usage("g", "i", 0, 10, last, endingAt(9, 9)))
	p = onlyWindow(t, s)
	check.Equal(t, "at last", []int64{int64(p.Total), int64(p.Settled), p.Records}, []int64{10, 10, 5})
	check.Equal(t, "closed again", len(closeAll(t, s, hour(2), 10)), 0)
}

func usageCancelled(t *testing.T, s store.Store) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for name, call := range usageCalls(s) {
		if err := call(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: error = %v, want %v", name, err, context.Canceled)
		}
	}
	wantTotals(t, s)
}

func usageClosed(t *testing.T, s store.Store) {
	check.Error(t, s.Close(), nil)
	for name, call := range usageCalls(s) {
		if err := call(check.Context(t)); err == nil || errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s of a closed store: error = %v", name, err)
		}
	}
}

// usageCalls are all calls of the ledger, with arguments that do no harm.
func usageCalls(s store.Store) map[string]func(context.Context) error {
	list := store.ListQuery{Seller: storetest.Seller, Limit: 1}
	return map[string]func(context.Context) error{
		"AddUsage":     func(ctx context.Context) error { _, err := s.AddUsage(ctx, storetest.UsageBatch(1, 1)); return err },
		"CorrectUsage": func(ctx context.Context) error { _, err := s.CorrectUsage(ctx, correction("c", "k", 1)); return err },
		"CloseUsage": func(ctx context.Context) error {
			_, err := s.CloseUsage(ctx, storetest.Seller, storetest.Epoch, store.SpansApart, 1)
			return err
		},
		"SendingUsage": func(ctx context.Context) error {
			_, err := s.SendingUsage(ctx, storetest.Seller, storetest.Epoch, 1)
			return err
		},
		"SettleUsage": func(ctx context.Context) error {
			return s.SettleUsage(ctx, []store.UsageVerdict{pushed("x")}, storetest.Epoch)
		},
		"ReviveUsage": func(ctx context.Context) error {
			_, err := s.ReviveUsage(ctx, storetest.Seller, "i", storetest.Epoch, time.Time{})
			return err
		},
		"NextUsage":        func(ctx context.Context) error { _, _, err := s.NextUsage(ctx, storetest.Seller); return err },
		"UsageAges":        func(ctx context.Context) error { _, err := s.UsageAges(ctx, storetest.Seller); return err },
		"ListUsageRecords": func(ctx context.Context) error { _, err := s.ListUsageRecords(ctx, list); return err },
		"ListUsageWindows": func(ctx context.Context) error { _, err := s.ListUsageWindows(ctx, list); return err },
		"ProveUsage": func(ctx context.Context) error {
			_, err := s.ProveUsage(ctx, storetest.Seller, store.UsageWindowKey{}, 1)
			return err
		},
		"PutQuota":      func(ctx context.Context) error { _, err := s.PutQuota(ctx, quota("p", 1)); return err },
		"Quotas":        func(ctx context.Context) error { _, err := s.Quotas(ctx, storetest.Seller, "i"); return err },
		"PackageQuotas": func(ctx context.Context) error { _, err := s.PackageQuotas(ctx, storetest.Seller, "p"); return err },
		"QuotasDue": func(ctx context.Context) error {
			_, err := s.QuotasDue(ctx, storetest.Seller, storetest.Epoch, 1)
			return err
		},
		"QuotaSettled": func(ctx context.Context) error { return s.QuotaSettled(ctx, quota("p", 1).Key(), storetest.Epoch) },
		"ReserveQuota": func(ctx context.Context) error {
			_, err := s.ReserveQuota(ctx, reservation("r", 0), storetest.Epoch)
			return err
		},
		"CommitQuota": func(ctx context.Context) error { _, err := s.CommitQuota(ctx, commit("r", 0)); return err },
		"CancelQuota": func(ctx context.Context) error {
			_, err := s.CancelQuota(ctx, storetest.Seller, "r", storetest.Epoch)
			return err
		},
		"ExpireQuota": func(ctx context.Context) error {
			_, err := s.ExpireQuota(ctx, storetest.Seller, storetest.Epoch, 1)
			return err
		},
		"LicenceCode": func(ctx context.Context) error { _, err := s.LicenceCode(ctx, storetest.Seller, "h"); return err },
		"PutLicenceCode": func(ctx context.Context) error {
			return s.PutLicenceCode(ctx, licence("h", storetest.Epoch), time.Time{})
		},
		"AddLicenceUse": func(ctx context.Context) error {
			_, err := s.AddLicenceUse(ctx, licenceUse("h", "20260314", "c"))
			return err
		},
		"LicenceDays": func(ctx context.Context) error {
			_, err := s.LicenceDays(ctx, storetest.Seller, "20260314", 1)
			return err
		},
		"ReportedLicenceDay": func(ctx context.Context) error {
			return s.ReportedLicenceDay(ctx, store.LicenceDay{Seller: storetest.Seller, Hash: "h", Day: "20260314"}, storetest.Epoch)
		},
	}
}
