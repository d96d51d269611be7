// SPDX-License-Identifier: Apache-2.0

package webhook_test

import (
	"slices"
	"testing"
	"time"

	"github.com/koogate/koogate/server/webhook"
	"github.com/koogate/koogate/store/storetest"
)

// TestAnyCrashLosesAndReordersNothingOnBoth: a process that dies of any of its calls that write, before the call has an effect or after that is committed, is
// followed by another; each event comes, each order's in order, and each delivery ends.
func TestAnyCrashLosesAndReordersNothingOnBoth(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		w, _ := r.create("a")
		n := 0
		for _, fault := range []storetest.Fault{storetest.FaultBefore, storetest.FaultAfter} {
			for at := range 10 { // the calls that write of one life: a page, leases, ends
				r.happen("A", "B", "A")
				f := storetest.FaultyHooks(r.store, 1)
				f.Rates(0, 0)
				script := make([]storetest.Fault, at+1)
				script[at] = fault
				f.Script(script...)
				d := r.deps
				d.Store = f
				_, _ = webhook.New(d).Step(t.Context(), seller) // may fail, as it is to
				n += f.Count(fault)
				r.clock.Advance(time.Minute) // the leases of what it had in hand end
				r.step()
				r.clock.Advance(time.Minute)
				r.step()
			}
		}
		if n < 12 {
			t.Errorf("only %d lives ended early", n)
		}
		got := r.target.take()
		last := map[string]int64{}
		for _, m := range got { // at least once, and never an earlier one after a later one
			if m.seq < last[m.order] || m.seq > last[m.order]+1 {
				t.Errorf("%s/%d came after %d", m.order, m.seq, last[m.order])
			}
			last[m.order] = m.seq
		}
		if last["A"] != r.seqs["A"] || last["B"] != r.seqs["B"] {
			t.Errorf("the last are %v of %v", last, r.seqs)
		}
		for _, d := range r.deliveries() {
			if d.State.Open() {
				t.Errorf("%+v has not ended", d)
			}
		}
		if b := r.read(w.ID).Backlog; b != 0 {
			t.Errorf("the backlog is %d", b)
		}
		if by := seen(got); len(by) != 2 || !slices.IsSorted(by["A"]) || !slices.IsSorted(by["B"]) {
			t.Error(by)
		}
	})
}
