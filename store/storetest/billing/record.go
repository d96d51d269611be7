// SPDX-License-Identifier: Apache-2.0

package billing

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
	"github.com/koogate/koogate/store/storetest/check"
)

var correctionCases = []check.Case{
	check.WithStore("ReplacesAValue", correctionReplaces),
	check.WithStore("OfAnyMode", correctionModes),
	check.WithStore("ZeroTakesARecordBack", takenBack),
	check.WithStore("Refusals", correctionRefusals),
	check.WithStore("OneAfterAnother", correctionChain),
	check.WithStore("OfACorrectionRace", correctionRace),
}

var recordCases = []check.Case{
	check.WithStore("ClosingMakesARecord", closingMakesRecord),
	check.WithStore("OnlyWhatIsDueEarliestDeadlineFirst", closingOrder),
	check.WithStore("LateUsageIsAnotherPart", latePart),
	check.WithStore("SharedSpans", sharedSpans),
	check.WithStore("PartsAreNumberedOverAllPackages", partsOverPackages),
	check.WithStore("BeginsAreUniqueAmongStarts", uniqueBegins),
	check.WithStore("AGreatValueIsSeveralRecords", greatValue),
	check.WithStore("NothingPendingNothingClosed", nothingPending),
	check.WithStore("Sending", sendingRecords),
	check.WithStore("Verdicts", verdicts),
	check.WithStore("Revive", revive),
	check.WithStore("RevivePast", revivePast),
	check.WithStore("NextAndAges", nextAndAges),
}

func compareWindows(a, b store.UsageWindowKey) int {
	return cmp.Or(cmp.Compare(a.InstanceID, b.InstanceID), a.StartAt.Compare(b.StartAt), cmp.Compare(a.PackageID, b.PackageID))
}

func correction(key, corrects string, value store.Units) store.UsageCorrection {
	return store.UsageCorrection{Raw: store.UsageRaw{Seller: storetest.Seller, Key: key, Corrects: corrects, Value: value, ReportedAt: hour(0.5)}}
}

func correct(t testing.TB, s store.Store, key, corrects string, value store.Units) {
	t.Helper()
	if o, err := s.CorrectUsage(t.Context(), correction(key, corrects, value)); err != nil || o != store.UsageAdded {
		t.Fatalf("CorrectUsage: %s, %v", o, err)
	}
}

func closeAll(t testing.TB, s store.Store, now time.Time, limit int) []store.UsageRecord {
	t.Helper()
	records, err := s.CloseUsage(t.Context(), storetest.Seller, now, store.SpansApart, limit)
	if err != nil {
		t.Fatalf("CloseUsage: %v", err)
	}
	return records
}

func pushed(id string) store.UsageVerdict {
	return store.UsageVerdict{Seller: storetest.Seller, ID: id, State: store.UsagePushed}
}

func refused(id, code string) store.UsageVerdict {
	return store.UsageVerdict{Seller: storetest.Seller, ID: id, State: store.UsageRefused, Code: code}
}

func settle(t testing.TB, s store.Store, now time.Time, v ...store.UsageVerdict) {
	t.Helper()
	if err := s.SettleUsage(t.Context(), v, now); err != nil {
		t.Fatalf("SettleUsage: %v", err)
	}
}

func records(t testing.TB, s store.Store) []store.UsageRecord {
	t.Helper()
	rows, err := s.ListUsageRecords(t.Context(), store.ListQuery{Seller: storetest.Seller, Limit: 1000})
	if err != nil {
		t.Fatalf("ListUsageRecords: %v", err)
	}
	return rows
}

func recordID(r store.UsageRecord) string { return r.ID }

func correctionReplaces(t *testing.T, s store.Store) {
	mustAdd(t, s, usage("a", "i", 0, 10), usage("b", "i", 0, 5), usage("c", "j", 0, 1))
	correct(t, s, "a2", "a", 3)
	wantTotals(t, s, 8, 1)
	p := prove(t, s, storetest.Seller)[0]
	check.Equal(t, "records and time", []any{p.Records, p.UpdatedAt}, []any{int64(2), hour(0.5)})
	o, err := s.CorrectUsage(check.Context(t), correction("a2", "a", 3))
	check.Error(t, err, nil)
	check.Equal(t, "the same again", o, store.UsageDuplicate)
	check.Equal(t, "the corrected record again", add(t, s, usage("a", "i", 0, 10)), []store.UsageOutcome{store.UsageDuplicate})
	check.Equal(t, "the correction's key as a plain record", add(t, s, usage("a2", "i", 0, 3)), []store.UsageOutcome{store.UsageConflict})
	wantTotals(t, s, 8, 1)
	correct(t, s, "b2", "b", 0)
	correct(t, s, "a3", "a2", 0)
	wantTotals(t, s, 0, 1)
	check.Equal(t, "closed", check.IDs(closeAll(t, s, hour(9), 10), func(r store.UsageRecord) string { return r.InstanceID }), []string{"j"})
}

func correctionModes(t *testing.T, s store.Store) {
	for _, m := range []store.UsageMode{store.UsageSum, store.UsageMax, store.UsageLast, store.UsageCount} {
		k := string(m)
		mustAdd(t, s, usage(k+"1", k, 0, 10, inMode(m), endingAt(5, 6)), usage(k+"2", k, 0, 4, inMode(m), endingAt(4, 6)), usage(k+"3", k, 0, 7, inMode(m), endingAt(3, 6)))
		correct(t, s, k+"4", k+"1", 2)
	}
	wantTotals(t, s, 30000, 2, 7, 13) // COUNT, LAST, MAX, SUM
	for _, p := range prove(t, s, storetest.Seller) {
		mustAdd(t, s, usage(p.InstanceID+"5", p.InstanceID, 0, 1, inMode(p.Mode), endingAt(5, 20)), usage(p.InstanceID+"6", p.InstanceID, 0, 9, inMode(p.Mode), endingAt(5, 29)))
	}
	wantTotals(t, s, 50000, 2, 9, 23) // the correction of LAST was reported later, at the same end
}

// takenBack: a record that is corrected to zero counts no more in any mode, one that is taken back by mistake counts again
// once that is corrected too, and a window may become empty.
func takenBack(t *testing.T, s store.Store) {
	modes := []store.UsageMode{store.UsageSum, store.UsageMax, store.UsageLast, store.UsageCount}
	for _, m := range modes {
		k := string(m)
		mustAdd(t, s, usage(k+"1", k, 0, 10, inMode(m), endingAt(5, 6)), usage(k+"2", k, 0, 4, inMode(m), endingAt(4, 6)))
		correct(t, s, k+"3", k+"1", 0)
	}
	wantTotals(t, s, 10000, 4, 4, 4) // COUNT, LAST, MAX, SUM
	for _, m := range modes {
		correct(t, s, string(m)+"4", string(m)+"2", 0)
	}
	wantTotals(t, s, 0, 0, 0, 0)
	check.Equal(t, "closed", len(closeAll(t, s, hour(2), 10)), 0)
	for _, m := range modes {
		correct(t, s, string(m)+"5", string(m)+"1", 7)
	}
	wantTotals(t, s, 10000, 7, 7, 7)
	for _, m := range modes {
		k := string(m)
		mustAdd(t, s, usage(k+"6", k, 0, 5, inMode(m), endingAt(6, 20)))
	}
	wantTotals(t, s, 20000, 5, 7, 12)
}

func correctionRefusals(t *testing.T, s store.Store) {
	mustAdd(t, s, usage("a", "i", 0, 10), usage("b", "i", 1, 5))
	for _, c := range []struct {
		name string
		c    store.UsageCorrection
		want error
	}{
		{"no such record", correction("n", "x", 1), store.ErrNotFound},
		{"the key of another record", correction("b", "a", 5), store.ErrConflict},
		{"its own key", correction("a", "a", 3), store.ErrConflict},
	} {
		_, err := s.CorrectUsage(check.Context(t), c.c)
		check.Error(t, err, c.want)
	}
	correct(t, s, "a2", "a", 3)
	_, err := s.CorrectUsage(check.Context(t), correction("a2", "a", 4))
	check.Error(t, err, store.ErrConflict)
	_, err = s.CorrectUsage(check.Context(t), correction("a2", "b", 3))
	check.Error(t, err, store.ErrConflict)
	check.Equal(t, "closed", len(closeAll(t, s, hour(1.5), 10)), 1)
	_, err = s.CorrectUsage(check.Context(t), correction("a3", "a", 1))
	check.Error(t, err, store.ErrSettled)
	o, err := s.CorrectUsage(check.Context(t), correction("a2", "a", 3)) // what was done before the window was settled stays done
	check.Error(t, err, nil)
	check.Equal(t, "repeat", o, store.UsageDuplicate)
	other := correction("o", "a", 1)
	other.Raw.Seller = "other"
	_, err = s.CorrectUsage(check.Context(t), other)
	check.Error(t, err, store.ErrNotFound)
	wantTotals(t, s, 3, 5)
}

// correctionChain: whichever of a record and its corrections is named, the one that stands is replaced.
func correctionChain(t *testing.T, s store.Store) {
	mustAdd(t, s, usage("a", "i", 0, 10), usage("b", "i", 0, 100))
	for i, c := range []struct{ key, corrects string }{{"c1", "a"}, {"c2", "a"}, {"c3", "c1"}, {"c4", "c3"}, {"c5", "a"}} {
		correct(t, s, c.key, c.corrects, store.Units(i))
		wantTotals(t, s, 100+store.Units(i))
	}
}

func correctionRace(t *testing.T, s store.Store) {
	mustAdd(t, s, usage("a", "i", 0, 10))
	ctx := check.Context(t)
	errs := check.Together(16, func(i int) error {
		if i%2 == 0 {
			_, err := s.AddUsage(ctx, []store.UsageRaw{usage(fmt.Sprint("n", i), "i", 0, 100)})
			return err
		}
		_, err := s.CorrectUsage(ctx, correction(fmt.Sprint("c", i), "a", 3))
		return err
	})
	for _, err := range errs {
		check.Error(t, err, nil)
	}
	wantTotals(t, s, 803)
}

func closingMakesRecord(t *testing.T, s store.Store) {
	mustAdd(t, s, usage("a", "i", 0, 10, ofPackage("p")))
	now := hour(1.5).Add(123 * time.Nanosecond)
	got := closeAll(t, s, now, 10)
	now = now.Truncate(time.Microsecond)
	want := store.UsageRecord{
		Seller: storetest.Seller, ID: store.UsageRecordID(storetest.Seller, "i", hour(0), 0),
		UsageWindowKey: store.UsageWindowKey{InstanceID: "i", StartAt: hour(0), PackageID: "p"}, Meter: storetest.Meter, BeginAt: hour(0), EndAt: hour(1),
		Value: 10, State: store.UsageSending, DueAt: now, DeadlineAt: hour(2), RefuseAt: hour(25), CreatedAt: now, UpdatedAt: now,
	}
	check.Equal(t, "records", got, []store.UsageRecord{want})
	check.Equal(t, "kept records", records(t, s), got)
	if want.ID != "b62d26e3-e86d-8326-9956-f763510d53d0" {
		t.Errorf("the ID of a record is %s: it must never change", want.ID)
	}
	p := onlyWindow(t, s)
	check.Equal(t, "window", []any{p.Total, p.Settled, p.Sending, p.UpdatedAt}, []any{store.Units(10), store.Units(10), store.Units(10), now})
}

func closingOrder(t *testing.T, s store.Store) {
	for i, d := range []float64{5, 3, 9, 4, 3} {
		mustAdd(t, s, usage(fmt.Sprint(i), fmt.Sprint("i", i), 0, 1, func(r *store.UsageRaw) {
			r.Window.DeadlineAt = hour(d)
			if i == 1 {
				r.Window.DueAt = hour(2.75)
			}
		}))
	}
	check.Equal(t, "before any is due", len(closeAll(t, s, hour(1), 10)), 0)
	check.Equal(t, "without room", len(closeAll(t, s, hour(2), 0)), 0)
	instance := func(r store.UsageRecord) string { return r.InstanceID }
	check.Equal(t, "the first two", check.IDs(closeAll(t, s, hour(2.5), 2), instance), []string{"i4", "i3"})
	check.Equal(t, "the rest", check.IDs(closeAll(t, s, hour(2.75), 10), instance), []string{"i1", "i0", "i2"})
	others, err := s.CloseUsage(check.Context(t), "other", hour(9), store.SpansApart, 10)
	check.Error(t, err, nil)
	check.Equal(t, "of another seller", len(others), 0)
}

func latePart(t *testing.T, s store.Store) {
	mustAdd(t, s, usage("a", "i", 0, 10))
	first := closeAll(t, s, hour(2), 10)
	settle(t, s, hour(2), pushed(first[0].ID))
	mustAdd(t, s, usage("b", "i", 0, 5))
	second := closeAll(t, s, hour(3), 10)
	check.Equal(t, "number of records", len(second), 1)
	r := second[0]
	check.Equal(t, "record", []any{r.Part, r.Value, r.BeginAt, r.EndAt, r.ID}, []any{
		int32(1), store.Units(5), hour(0).Add(time.Second), hour(1), store.UsageRecordID(storetest.Seller, "i", hour(0), 1),
	})
	p := onlyWindow(t, s)
	check.Equal(t, "proof", []store.Units{p.Total, p.Pushed, p.Sending}, []store.Units{15, 10, 5})
	if kept := records(t, s); !slices.Equal(check.IDs(kept, recordID), []string{first[0].ID, r.ID}) || kept[0].Value != 10 {
		t.Fatalf("records: %+v", kept)
	}
}

func partsOverPackages(t *testing.T, s store.Store) {
	mustAdd(t, s, usage("a", "i", 0, 1), usage("b", "i", 0, 2, ofPackage("p")), usage("c", "i", 0, 3, ofPackage("q")), usage("d", "i", 1, 4), usage("e", "j", 0, 5))
	closeAll(t, s, hour(9), 2)
	closeAll(t, s, hour(9), 10)
	mustAdd(t, s, usage("f", "i", 0, 6))
	closeAll(t, s, hour(9), 10)
	parts := make(map[string][]int32)
	for _, r := range records(t, s) {
		k := fmt.Sprint(r.InstanceID, r.StartAt.Sub(hour(0)).Hours())
		parts[k] = append(parts[k], r.Part)
		check.Equal(t, "begin", r.BeginAt, r.StartAt.Add(time.Duration(r.Part)*time.Second))
	}
	for _, p := range parts {
		slices.Sort(p)
	}
	check.Equal(t, "parts", parts, map[string][]int32{"i0": {0, 1, 2, 3}, "i1": {0}, "j0": {0}})
	prove(t, s, storetest.Seller)
}

// sharedSpans: what several packages give of a window is told with one begin, and what one gives of it twice is not.
func sharedSpans(t *testing.T, s store.Store) {
	mustAdd(t, s, usage("a", "i", 0, 1), usage("b", "i", 0, 2, ofPackage("p")), usage("c", "i", 0, 3, ofPackage("q")))
	closeShared := func() {
		t.Helper()
		_, err := s.CloseUsage(check.Context(t), storetest.Seller, hour(9), store.SpansShared, 10)
		check.Error(t, err, nil)
	}
	closeShared()
	mustAdd(t, s, usage("d", "i", 0, 4, ofPackage("p")), usage("e", "i", 0, 5, ofPackage("p")))
	closeShared()
	mustAdd(t, s, usage("f", "i", 0, 6, ofPackage("q")))
	closeAll(t, s, hour(9), 10)
	mustAdd(t, s, usage("g", "i", 0, 7, ofPackage("q")))
	closeShared()
	got := map[string][]time.Duration{}
	begins := map[time.Time]bool{}
	for _, r := range records(t, s) {
		got[r.PackageID] = append(got[r.PackageID], r.Told().Sub(hour(0)))
		begins[r.BeginAt] = true
	}
	for _, told := range got {
		slices.Sort(told)
	}
	const second = time.Second
	check.Equal(t, "told", got, map[string][]time.Duration{"": {0}, "p": {0, second}, "q": {0, 4 * second, 5 * second}})
	check.Equal(t, "begins kept apart", len(begins), 6)
	prove(t, s, storetest.Seller)
}

// uniqueBegins: windows that start at different times and end together do not get the same begin.
func uniqueBegins(t *testing.T, s store.Store) {
	at := func(start time.Duration) func(*store.UsageRaw) {
		return func(r *store.UsageRaw) { r.Window.StartAt = hour(0).Add(start) }
	}
	for i := range 3 {
		mustAdd(t, s, usage(fmt.Sprint("a", i), "i", 0, 1, at(0)), usage(fmt.Sprint("b", i), "i", 0, 1, at(time.Second)), usage(fmt.Sprint("c", i), "i", 0, 1, at(-time.Second)))
		check.Equal(t, "number of records", len(closeAll(t, s, hour(9), 10)), 3)
	}
	begins := make(map[time.Time]bool)
	for _, r := range records(t, s) {
		if begins[r.BeginAt] || r.BeginAt.Before(r.StartAt) {
			t.Fatalf("begin %s of window %s is taken or outside", r.BeginAt, r.StartAt)
		}
		begins[r.BeginAt] = true
	}
}

func greatValue(t *testing.T, s store.Store) {
	mustAdd(t, s, usage("a", "i", 0, 2*store.MaxRecordValue+1), usage("b", "i", 0, 0, ofPackage("p")), usage("c", "j", 0, 103*store.MaxRecordValue))
	var values []store.Units
	for _, r := range closeAll(t, s, hour(9), 1) {
		values = append(values, r.Value)
	}
	check.Equal(t, "values", values, []store.Units{store.MaxRecordValue, store.MaxRecordValue, 1})
	check.Equal(t, "records of an enormous value", len(closeAll(t, s, hour(9), 10)), 100)
	prove(t, s, storetest.Seller)
	check.Equal(t, "the rest of them", len(closeAll(t, s, hour(9), 10)), 3)
	prove(t, s, storetest.Seller)
	check.Equal(t, "nothing is left", len(closeAll(t, s, hour(9), 10)), 0)
}

func nothingPending(t *testing.T, s store.Store) {
	mustAdd(t, s, usage("a", "i", 0, 0), usage("b", "j", 0, 5, inMode(store.UsageMax)))
	check.Equal(t, "closed", len(closeAll(t, s, hour(9), 10)), 1)
	mustAdd(t, s, usage("c", "j", 0, 4, inMode(store.UsageMax)))
	check.Equal(t, "closed again", len(closeAll(t, s, hour(9), 10)), 0)
	at, ok, err := s.NextUsage(check.Context(t), storetest.Seller)
	check.Error(t, err, nil)
	check.Equal(t, "next is the record", []any{at, ok}, []any{hour(9), true})
}

func sendingRecords(t *testing.T, s store.Store) {
	for i, d := range []float64{5, 3, 9, 4} {
		mustAdd(t, s, usage(fmt.Sprint(i), fmt.Sprint("i", i), 0, 1, func(r *store.UsageRaw) { r.Window.DeadlineAt = hour(d) }))
	}
	made := closeAll(t, s, hour(2), 10)
	sending := func(now time.Time, limit int) []string {
		t.Helper()
		rows, err := s.SendingUsage(check.Context(t), storetest.Seller, now, limit)
		check.Error(t, err, nil)
		return check.IDs(rows, func(r store.UsageRecord) string { return r.InstanceID })
	}
	check.Equal(t, "sending", sending(hour(2), 10), []string{"i1", "i3", "i0", "i2"})
	check.Equal(t, "the first two", sending(hour(2), 2), []string{"i1", "i3"})
	check.Equal(t, "too early", sending(hour(2).Add(-time.Microsecond), 10), []string{})
	settle(t, s, hour(2), store.UsageVerdict{Seller: storetest.Seller, ID: made[0].ID, State: store.UsageSending, Code: "timeout", DueAt: hour(3)},
		pushed(made[1].ID), refused(made[2].ID, "91"))
	check.Equal(t, "after verdicts", sending(hour(2.5), 10), []string{"i2"})
	check.Equal(t, "when it is time again", sending(hour(3), 10), []string{"i1", "i2"})
}

func verdicts(t *testing.T, s store.Store) {
	mustAdd(t, s, usage("a", "a", 0, 1), usage("b", "b", 0, 2), usage("c", "c", 0, 3))
	made := closeAll(t, s, hour(2), 10)
	again := store.UsageVerdict{Seller: storetest.Seller, ID: made[0].ID, State: store.UsageSending, Code: "timeout", DueAt: hour(3)}
	settle(t, s, hour(2.5), again, refused(made[1].ID, "91"), pushed(made[2].ID))
	settle(t, s, hour(2.75), refused(made[2].ID, "92"), pushed(made[1].ID), pushed("no-such-record"), again) // the first verdict stays
	settle(t, s, hour(2.75))
	got := make(map[string]store.UsageRecord)
	for _, r := range records(t, s) {
		got[r.InstanceID] = r
	}
	state := func(id string) []any {
		r := got[id]
		return []any{r.State, r.Code, r.Attempt, r.DueAt, r.UpdatedAt, r.Value}
	}
	check.Equal(t, "tried again", state("a"), []any{store.UsageSending, "timeout", int32(2), hour(3), hour(2.75), store.Units(1)})
	check.Equal(t, "refused", state("b"), []any{store.UsageRefused, "91", int32(1), time.Time{}, hour(2.5), store.Units(2)})
	check.Equal(t, "pushed", state("c"), []any{store.UsagePushed, "", int32(1), time.Time{}, hour(2.5), store.Units(3)})
	check.Fault(t, s.SettleUsage(check.Context(t), []store.UsageVerdict{pushed(made[0].ID), {Seller: storetest.Seller, ID: made[0].ID}}, hour(3)))
	check.Equal(t, "nothing of a wrong call", records(t, s)[slices.IndexFunc(records(t, s), func(r store.UsageRecord) bool { return r.InstanceID == "a" })].Attempt, int32(2))
	settle(t, s, hour(3), again, pushed(made[0].ID))
	var refusals map[string]store.Units
	for _, p := range prove(t, s, storetest.Seller) {
		if p.Refused != nil {
			refusals = p.Refused
		}
	}
	check.Equal(t, "refused by code", refusals, map[string]store.Units{"91": 2})
	other := pushed(made[1].ID)
	other.Seller = "other"
	settle(t, s, hour(3), other)
}

func nextAndAges(t *testing.T, s store.Store) {
	waits := func(what string, next time.Time, want store.UsageBacklog) {
		t.Helper()
		at, ok, err := s.NextUsage(check.Context(t), storetest.Seller)
		check.Error(t, err, nil)
		check.Equal(t, what+": next", []any{at, ok}, []any{next, !next.IsZero()})
		got, err := s.UsageAges(check.Context(t), storetest.Seller)
		check.Error(t, err, nil)
		check.Equal(t, what+": ages", got, want)
	}
	waits("empty", time.Time{}, store.UsageBacklog{})
	mustAdd(t, s, usage("a", "i", 0, 1), usage("b", "i", 1, 2), usage("z", "i", 2, 0))
	waits("two windows", hour(1).Add(5*time.Minute), store.UsageBacklog{Windows: 2, Deadline: hour(2)})
	first := closeAll(t, s, hour(1.5), 10)
	waits("a record and a window", hour(1.5), store.UsageBacklog{Windows: 1, Records: 1, Deadline: hour(2)})
	settle(t, s, hour(1.5), store.UsageVerdict{Seller: storetest.Seller, ID: first[0].ID, State: store.UsageSending, DueAt: hour(7)})
	waits("a record that waits longer", hour(2).Add(5*time.Minute), store.UsageBacklog{Windows: 1, Records: 1, Deadline: hour(2)})
	settle(t, s, hour(1.5), refused(first[0].ID, "91"))
	waits("a refused record waits for nobody", hour(2).Add(5*time.Minute), store.UsageBacklog{Windows: 1, Refused: 1, Deadline: hour(3)})
	second := closeAll(t, s, hour(4), 10)
	waits("only a record", hour(4), store.UsageBacklog{Records: 1, Refused: 1, Deadline: hour(3)})
	settle(t, s, hour(4), pushed(second[0].ID))
	waits("nothing", time.Time{}, store.UsageBacklog{Refused: 1})
	other, err := s.UsageAges(check.Context(t), "other")
	check.Error(t, err, nil)
	check.Equal(t, "of another seller", other, store.UsageBacklog{})
}
