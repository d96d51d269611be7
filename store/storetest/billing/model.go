// SPDX-License-Identifier: Apache-2.0

package billing

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
	"github.com/koogate/koogate/store/storetest/check"
)

var usageModelCases = []check.Case{check.WithStore("EveryUnitIsAccountedFor", everyUnit)}

// modelRaw is a raw record of the model.
type modelRaw struct {
	store.UsageRaw
	counts   bool
	replaced string // by the correction of this key
}

// usageModel says what a ledger holds by aggregating everything anew each time.
type usageModel struct {
	seller  string
	raws    map[string]*modelRaw
	records map[string]*store.UsageRecord
	settled map[store.UsageWindowKey]store.Units
}

func modelKey(r *store.UsageRaw) store.UsageWindowKey {
	return store.UsageWindowKey{InstanceID: r.InstanceID, StartAt: r.Window.StartAt, PackageID: r.PackageID}
}

// windows groups what counts; a window of which everything was taken back is empty.
func (m *usageModel) windows() map[store.UsageWindowKey][]*modelRaw {
	out := make(map[store.UsageWindowKey][]*modelRaw)
	for _, r := range m.raws {
		k := modelKey(&r.UsageRaw)
		out[k] = slices.Clip(out[k])
		if r.counts {
			out[k] = append(out[k], r)
		}
	}
	return out
}

func aggregate(raws []*modelRaw) (total store.Units) {
	var last *modelRaw
	for _, r := range raws {
		switch r.Mode {
		case store.UsageSum:
			total += r.Value
		case store.UsageCount:
			total += 10000
		case store.UsageMax:
			total = max(total, r.Value)
		case store.UsageLast:
			if last == nil || cmp.Or(r.EndAt.Compare(last.EndAt), r.ReportedAt.Compare(last.ReportedAt), cmp.Compare(r.Key, last.Key)) > 0 {
				last, total = r, r.Value
			}
		}
	}
	return total
}

func (m *usageModel) add(r store.UsageRaw) store.UsageOutcome {
	if have, ok := m.raws[r.Key]; ok {
		a, b := have.UsageRaw, r
		a.ReportedAt, b.ReportedAt, a.Window, b.Window, a.Mode, b.Mode = time.Time{}, time.Time{}, store.UsageWindowTimes{}, store.UsageWindowTimes{}, "", ""
		if a == b {
			return store.UsageDuplicate
		}
		return store.UsageConflict
	}
	n := &modelRaw{UsageRaw: r}
	k := modelKey(&r)
	n.counts = aggregate(append(m.windows()[k], n)) >= m.settled[k]
	m.raws[r.Key] = n
	return store.UsageAdded
}

func (m *usageModel) correct(c store.UsageCorrection) (store.UsageOutcome, error) {
	if have, ok := m.raws[c.Raw.Key]; ok {
		if have.Corrects != c.Raw.Corrects || have.Value != c.Raw.Value {
			return "", store.ErrConflict
		}
		return store.UsageDuplicate, nil
	}
	stands := m.raws[c.Raw.Corrects]
	if stands == nil {
		return "", store.ErrNotFound
	}
	for stands.replaced != "" {
		stands = m.raws[stands.replaced]
	}
	if m.settled[modelKey(&stands.UsageRaw)] > 0 {
		return "", store.ErrSettled
	}
	n := &modelRaw{UsageRaw: stands.UsageRaw, counts: c.Raw.Value != 0}
	n.Key, n.Corrects, n.Value, n.ReportedAt = c.Raw.Key, c.Raw.Corrects, c.Raw.Value, c.Raw.ReportedAt
	m.raws[n.Key] = n
	stands.counts, stands.replaced = false, n.Key
	return store.UsageAdded, nil
}

func (m *usageModel) close(now time.Time, limit int) (ids []string) {
	windows := m.windows()
	due := slices.DeleteFunc(slices.Collect(maps.Keys(windows)), func(k store.UsageWindowKey) bool {
		return len(windows[k]) == 0 || windows[k][0].Window.DueAt.After(now) || aggregate(windows[k]) == m.settled[k]
	})
	slices.SortFunc(due, func(a, b store.UsageWindowKey) int { // deadlines follow starts here
		return cmp.Or(a.StartAt.Compare(b.StartAt), compareWindows(a, b))
	})
	for _, k := range due[:min(limit, len(due))] {
		for pending := aggregate(windows[k]) - m.settled[k]; pending > 0; {
			part := int32(0)
			for _, r := range m.records {
				if r.InstanceID == k.InstanceID && r.StartAt.Equal(k.StartAt) {
					part++
				}
			}
			r := store.UsageRecord{
				UsageWindowKey: k, ID: store.UsageRecordID(m.seller, k.InstanceID, k.StartAt, part), Part: part,
				Value: min(pending, 999_999_999_999), State: store.UsageSending, RefuseAt: windows[k][0].Window.RefuseAt,
			}
			m.records[r.ID] = &r
			pending -= r.Value
			m.settled[k] += r.Value
			ids = append(ids, r.ID)
		}
	}
	return ids
}

// proofs are what the ledger must prove.
func (m *usageModel) proofs() map[store.UsageWindowKey]string {
	out := make(map[store.UsageWindowKey]string)
	for k, raws := range m.windows() {
		var sending, pushed store.Units
		refused := make(map[string]store.Units)
		for _, r := range m.records {
			switch {
			case r.UsageWindowKey != k:
			case r.State == store.UsageSending:
				sending += r.Value
			case r.State == store.UsagePushed:
				pushed += r.Value
			default:
				refused[r.Code] += r.Value
			}
		}
		total := aggregate(raws)
		out[k] = fmt.Sprint(total, total, m.settled[k], len(raws), sending, pushed, refused)
	}
	return out
}

func (m *usageModel) check(rt *rapid.T, t *testing.T, s store.Store) {
	got := make(map[store.UsageWindowKey]string)
	for _, p := range proveBy(t, s, m.seller, 100) {
		if p.Refused == nil {
			p.Refused = map[string]store.Units{}
		}
		got[p.UsageWindowKey] = fmt.Sprint(p.Raw, p.Total, p.Settled, p.Records, p.Sending, p.Pushed, p.Refused)
	}
	if want := m.proofs(); !reflect.DeepEqual(got, want) {
		rt.Fatalf("the ledger:\n got %v\nwant %v", got, want)
	}
}

// drawUsage draws a record out of few keys, windows and values, so that all that can meet does.
func drawUsage(rt *rapid.T, seller string) store.UsageRaw {
	instance, h := rapid.IntRange(0, 1).Draw(rt, "instance"), rapid.IntRange(0, 1).Draw(rt, "hour")
	modes := []store.UsageMode{store.UsageSum, store.UsageMax, store.UsageLast, store.UsageCount}
	r := storetest.NewUsage(fmt.Sprint("k", rapid.IntRange(0, 15).Draw(rt, "key")), fmt.Sprint("i", instance), h, drawValue(rt))
	r.Seller, r.Mode, r.PackageID = seller, modes[2*instance+h], rapid.SampledFrom([]string{"", "p"}).Draw(rt, "package")
	endingAt(rapid.IntRange(1, 3).Draw(rt, "end"), rapid.IntRange(4, 6).Draw(rt, "reported"))(&r)
	return r
}

func drawValue(rt *rapid.T) store.Units {
	return rapid.SampledFrom([]store.Units{0, 1, 5, 7, store.MaxRecordValue, store.MaxRecordValue + 3}).Draw(rt, "value")
}

// everyUnit runs a ledger and its model side by side: after every step every window's raw records, its total, what was made
// of it and what waits agree, and are what the model says.
func everyUnit(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		m := &usageModel{
			seller: fmt.Sprint("seller-", round), raws: make(map[string]*modelRaw), records: make(map[string]*store.UsageRecord),
			settled: make(map[store.UsageWindowKey]store.Units),
		}
		same := func(what string, got, want any) {
			if !reflect.DeepEqual(got, want) {
				rt.Fatalf("%s:\n got %v\nwant %v", what, got, want)
			}
		}
		addBatch := func(rt *rapid.T) {
			batch := make([]store.UsageRaw, rapid.IntRange(1, 4).Draw(rt, "size"))
			want := make([]store.UsageOutcome, len(batch))
			for i := range batch {
				batch[i] = drawUsage(rt, m.seller)
				want[i] = m.add(batch[i])
			}
			got, err := s.AddUsage(ctx, batch)
			same("AddUsage", []any{got, err}, []any{want, error(nil)})
		}
		rt.Repeat(map[string]func(*rapid.T){
			"add":  addBatch,
			"more": addBatch,
			"correct": func(rt *rapid.T) {
				c := correction(fmt.Sprint(rapid.SampledFrom([]string{"c", "k"}).Draw(rt, "kind"), rapid.IntRange(0, 5).Draw(rt, "key")),
					fmt.Sprint(rapid.SampledFrom([]string{"c", "k", "k"}).Draw(rt, "of"), rapid.IntRange(0, 15).Draw(rt, "corrects")), drawValue(rt))
				c.Raw.Seller = m.seller
				want, wantErr := m.correct(c)
				got, err := s.CorrectUsage(ctx, c)
				same("CorrectUsage", []any{got, err}, []any{want, wantErr})
			},
			"close": func(rt *rapid.T) {
				now, limit := hour(rapid.SampledFrom([]float64{1.5, 3}).Draw(rt, "now")), rapid.IntRange(1, 3).Draw(rt, "limit")
				made, err := s.CloseUsage(ctx, m.seller, now, store.SpansApart, limit)
				var got []string
				for _, r := range made {
					got = append(got, r.ID)
				}
				same("CloseUsage", []any{got, err}, []any{m.close(now, limit), error(nil)})
			},
			"settle": func(rt *rapid.T) {
				keys := slices.Sorted(maps.Keys(m.records))
				if len(keys) == 0 {
					return
				}
				v := store.UsageVerdict{
					Seller: m.seller, ID: rapid.SampledFrom(keys).Draw(rt, "record"), DueAt: hour(9), Code: rapid.SampledFrom([]string{"91", "92"}).Draw(rt, "code"),
					State: rapid.SampledFrom([]store.UsageState{store.UsageSending, store.UsagePushed, store.UsageRefused}).Draw(rt, "state"),
				}
				if r := m.records[v.ID]; r.State == store.UsageSending {
					r.State, r.Code = v.State, v.Code
				}
				same("SettleUsage", s.SettleUsage(ctx, []store.UsageVerdict{v}, hour(8)), error(nil))
			},
			"revive": func(rt *rapid.T) {
				instance := fmt.Sprint("i", rapid.IntRange(0, 1).Draw(rt, "instance"))
				now, until := hour(float64(rapid.IntRange(6, 30).Draw(rt, "now"))), time.Time{}
				if rapid.Bool().Draw(rt, "force") {
					until = now.Add(time.Hour)
				}
				var want store.UsageRevived
				for _, r := range m.records {
					switch old := !r.RefuseAt.After(now); {
					case r.InstanceID != instance || r.State != store.UsageRefused:
					case old && until.IsZero():
						want.Past++
					default:
						if r.State, want.Records = store.UsageSending, want.Records+1; old {
							r.RefuseAt = until
						}
					}
				}
				got, err := s.ReviveUsage(ctx, m.seller, instance, now, until)
				same("ReviveUsage", []any{got, err}, []any{want, error(nil)})
			},
			"": func(rt *rapid.T) { m.check(rt, t, s) },
		})
	})
}
