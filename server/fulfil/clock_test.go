// SPDX-License-Identifier: Apache-2.0

package fulfil_test

import (
	"testing"
	"time"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/backendtest"
)

// wrong is the clock of a machine whose clock is wrong.
type wrong struct {
	clock.System
	by time.Duration
}

// Now implements clock.Clock.
func (w wrong) Now() time.Time { return w.System.Now().Add(w.by) }

// replica is another process over a store, on a machine whose clock is wrong. One that follows has heard of the store's.
func replica(t *testing.T, st store.Store, by time.Duration, follows bool) *rig {
	t.Helper()
	f := clock.Follow(wrong{by: by})
	if follows {
		began := wrong{by: by}.Now()
		now, err := st.Now(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		f.Heard(now, began, wrong{by: by}.Now())
	}
	return over(t, st, func(_ *fulfil.Config, _ *fulfil.Endpoint, d *fulfil.Deps) { d.Clock = f })
}

// near checks a time of the store's against its clock.
func (r *rig) near(what string, got time.Time, fromNow time.Duration) {
	r.t.Helper()
	now, err := r.store.Now(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	if d := got.Sub(now.Add(fromNow)); d.Abs() > 30*time.Second {
		r.t.Errorf("%s is %s off", what, d)
	}
}

// Two replicas an hour apart do the same work: a lease is neither stolen nor put away, and what is given back is due when it
// should be, for both.
func TestReplicasWhoseClocksDifferOnBoth(t *testing.T) {
	t.Parallel()
	for name, by := range map[string]time.Duration{"ahead": time.Hour, "behind": -time.Hour} {
		t.Run(name, func(t *testing.T) {
			backendtest.Each(t, func(t *testing.T, st store.Store) {
				right, off := replica(t, st, 0, true), replica(t, st, by, true)
				off.mustCall("CS1", "b1")
				right.RunOrderQuery(t.Context(), right.now(fulfil.QueueOrderQuery))
				task := off.now("worker")
				off.near("the order", must(st.Aggregate(t.Context(), "demo", "CS1")).Order.CreatedAt, 0)
				off.near("the lease's end", task.DueAt, time.Minute)
				right.none("worker")
				if _, err := off.Work.Heartbeat(t.Context(), "demo", task.ID, task.Fence, time.Hour); err != nil {
					t.Error(err)
				}
				right.none("worker")
				off.fail(task, false)
				again := right.lease("worker") // after a pause of milliseconds
				if again.ID != task.ID || again.Attempt != 2 {
					t.Errorf("leased %+v", again)
				}
				right.complete(again)
			})
		})
	}
}

// A replica that has never heard of the store's clock holds its leases by it all the same.
func TestALeaseNeedsNoClockOnBoth(t *testing.T) {
	t.Parallel()
	backendtest.Each(t, func(t *testing.T, st store.Store) {
		right, off := replica(t, st, 0, true), replica(t, st, time.Hour, false)
		right.mustCall("CS1", "b1")
		task := off.now(fulfil.QueueOrderQuery)
		off.near("the lease's end", task.DueAt, time.Minute)
		right.none(fulfil.QueueOrderQuery)
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
