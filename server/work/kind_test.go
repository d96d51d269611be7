// SPDX-License-Identifier: Apache-2.0

package work_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/koogate/koogate/server/work"
	"github.com/koogate/koogate/store"
)

// delivery is a kind as a domain of tomorrow may register it: one call, and nothing else in the program knows of it.
func delivery(do work.Handler, change ...func(*work.Kind)) work.Kind {
	k := work.Kind{
		Name: "WEBHOOK_DELIVERY", Queue: "koogate-webhook", Do: do,
		Retry:  work.Retry{Base: 10 * time.Millisecond, Max: 40 * time.Millisecond, Window: time.Hour},
		Within: time.Hour,
	}
	for _, c := range change {
		c(&k)
	}
	return k
}

// A job of a seller, of nobody and of a seller's order goes each way that a job can go, and every end has its reason.
func TestAKindIsOneRegisterCallOnBoth(t *testing.T) {
	each(t, func(t *testing.T, st store.Store) {
		always := func(o work.Outcome) work.Handler {
			return func(context.Context, store.Task) work.Outcome { return o }
		}
		thrice := func(_ context.Context, t store.Task) work.Outcome {
			if t.Attempt < 3 {
				return work.Again("the receiver is away")
			}
			return work.Done(`{"status":204}`)
		}
		for _, c := range []struct {
			name   string
			do     work.Handler
			change func(*work.Kind)
			want   store.Task
		}{
			{"done", always(work.Done(`{"status":200}`)), nil, store.Task{State: store.TaskDone, Attempt: 1, Fence: 1, Result: `{"status":200}`}},
			{"done at the third attempt", thrice, nil, store.Task{State: store.TaskDone, Attempt: 3, Fence: 3, Result: `{"status":204}`}},
			{"failed", always(work.Failed("the receiver is gone")), nil, store.Task{State: store.TaskFailed, Attempt: 1, Fence: 1, Reason: "the receiver is gone"}},
			{
				"given up", always(work.Again("the receiver is away").After(time.Millisecond)), func(k *work.Kind) { k.Retry.Window = time.Nanosecond },
				store.Task{State: store.TaskFailed, Attempt: 1, Fence: 1, Reason: "retry window over: the receiver is away"},
			},
			{
				"too late", always(work.Done("")), func(k *work.Kind) { k.Within = time.Nanosecond },
				store.Task{State: store.TaskCancelled, Attempt: 1, Fence: 1, Reason: "its deadline passed before it was leased"},
			},
		} {
			for owner, job := range map[string]work.Job{
				"a seller's":   {Seller: seller},
				"nobody's":     {},
				"of an order":  {Seller: seller, OrderID: "CS1"},
				"at a machine": {Seller: seller, OrderID: "CS1", InstanceID: "i-1"},
			} {
				t.Run(c.name+" "+owner, func(t *testing.T) {
					k := delivery(c.do, func(k *work.Kind) { k.Nobody = job.Seller == "" })
					if c.change != nil {
						c.change(&k)
					}
					r := over(t, st, k)
					job.Kind, job.Payload = k.Name, `{"event":7}`
					added := r.add(job)
					stop := r.run(job.Seller)
					got := r.ends(added.ID, c.want.State)
					stop()
					if got.Attempt != c.want.Attempt || got.Fence != c.want.Fence || got.Result != c.want.Result || got.Reason != c.want.Reason {
						t.Errorf("%+v, want %+v", got, c.want)
					}
					if got.Seller != job.Seller || got.OrderID != job.OrderID || got.InstanceID != job.InstanceID || got.Payload != job.Payload {
						t.Errorf("%+v", got)
					}
					if n := r.metric(k.Name, string(c.want.State)); n != 1 {
						t.Errorf("%v attempts counted as %s", n, c.want.State)
					}
				})
			}
		}
	})
}

// A holder that dies loses its lease. The next does the job under a higher fence, and what the first writes later counts for
// nothing.
func TestALostLeaseIsDoneAgainOnBoth(t *testing.T) {
	each(t, func(t *testing.T, st store.Store) {
		r := over(t, st, delivery(func(context.Context, store.Task) work.Outcome { return work.Done(`"second"`) }))
		id := r.add(work.Job{Kind: "WEBHOOK_DELIVERY", Seller: seller}).ID
		dead, err := r.Lease(t.Context(), work.Ask{Seller: seller, Queues: []string{"koogate-webhook"}, Worker: "dead", Max: 1, For: lease})
		if err != nil || len(dead) != 1 {
			t.Fatalf("%v %v", dead, err)
		}
		r.run(seller)
		done := r.ends(id, store.TaskDone)
		if done.Fence <= dead[0].Fence || done.Attempt != 2 || done.Result != `"second"` {
			t.Errorf("%+v after %+v", done, dead[0])
		}
		if err := r.Settle(t.Context(), dead[0], work.Failed("too late")); err == nil || !strings.Contains(err.Error(), "lease") {
			t.Errorf("the dead holder's word: %v", err)
		}
		if again := r.read(id); again != done {
			t.Errorf("%+v, want %+v", again, done)
		}
	})
}

// An attempt that may take longer than a lease keeps it, and ends when another has taken it.
func TestALongAttemptKeepsItsLeaseOnBoth(t *testing.T) {
	each(t, func(t *testing.T, st store.Store) {
		var began atomic.Int32
		let, lost := make(chan struct{}), make(chan struct{}, 1)
		r := over(t, st, delivery(func(ctx context.Context, job store.Task) work.Outcome {
			began.Add(1)
			select {
			case <-let:
				return work.Done(job.Payload)
			case <-ctx.Done():
				lost <- struct{}{}
				return work.Done(`"of a lost lease"`)
			}
		}, func(k *work.Kind) { k.Limit = time.Minute }))
		kept := r.add(work.Job{Kind: "WEBHOOK_DELIVERY", Seller: seller, Payload: `"kept"`})
		stop := r.run(seller)
		for end := time.Now().Add(2*lease + lease/2); time.Now().Before(end); time.Sleep(lease / 10) {
			if began.Load() > 1 {
				t.Fatal("the job was handed out twice")
			}
		}
		let <- struct{}{}
		if got := r.ends(kept.ID, store.TaskDone); got.Attempt != 1 || got.Result != `"kept"` {
			t.Errorf("%+v", got)
		}

		taken := r.add(work.Job{Kind: "WEBHOOK_DELIVERY", Seller: seller})
		held := r.ends(taken.ID, store.TaskLeased)
		other := held
		other.Fence, other.Worker, other.DueAt = held.Fence+1, "another", held.DueAt.Add(time.Hour)
		put := store.TaskPut{Task: other, ExpectState: held.State, ExpectFence: held.Fence}
		if err := st.Apply(t.Context(), &store.Change{PutTasks: []store.TaskPut{put}}); err != nil {
			t.Fatal(err)
		}
		select {
		case <-lost:
		case <-time.After(soon):
			t.Fatal("the attempt goes on without its lease")
		}
		stop()
		if got := r.read(taken.ID); got.State != store.TaskLeased || got.Fence != other.Fence || got.Result != "" {
			t.Errorf("%+v", got)
		}
	})
}
