// SPDX-License-Identifier: Apache-2.0

package work_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/server/work"
	"github.com/koogate/koogate/store"
)

// A standing job is made once for each seller, comes again when its handler says so, and is armed anew after somebody has ended it.
func TestAStandingJobComesAgainOnBoth(t *testing.T) {
	each(t, func(t *testing.T, st store.Store) {
		var turns atomic.Int32
		r := over(t, st, work.Kind{Name: "ROUND", Queue: "koogate-round", Standing: true, Trace: work.TraceRun, Do: func(_ context.Context, job store.Task) work.Outcome {
			if job.Attempt != 1 || job.Seller != seller {
				t.Errorf("%+v", job)
			}
			turns.Add(1)
			return work.Rest(time.Now().Add(20 * time.Millisecond))
		}})
		id := work.StandingID("koogate-round", seller)
		first, second := r.run(seller), r.run(seller) // as two replicas do
		for end := time.Now().Add(soon); turns.Load() < 5; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%d turns", turns.Load())
			}
		}
		first()
		second()
		was := r.read(id)
		put := store.TaskPut{Task: was, ExpectState: was.State, ExpectFence: was.Fence}
		put.State = store.TaskCancelled
		if err := st.Apply(t.Context(), &store.Change{PutTasks: []store.TaskPut{put}}); err != nil {
			t.Fatal(err)
		}
		if err := r.Arm(t.Context(), "ROUND", seller); err != nil {
			t.Fatal(err)
		}
		if got := r.read(id); got.State != store.TaskReady || got.Attempt != 0 || got.Traceparent == was.Traceparent {
			t.Errorf("%+v after %+v", got, was)
		}
		tasks, err := st.ListTasks(t.Context(), store.ListQuery{Seller: seller, Limit: 10})
		if err != nil || len(tasks) != 1 {
			t.Errorf("%+v %v", tasks, err)
		}
	})
}

// Two jobs of one kind and seller with the same key are one job, also when they are made at once.
func TestAJobWithAKeyIsOneJobOnBoth(t *testing.T) {
	each(t, func(t *testing.T, st store.Store) {
		r := over(t, st, delivery(func(context.Context, store.Task) work.Outcome { return work.Done("") }))
		add := func(owner, key string) string {
			return r.add(work.Job{Kind: "WEBHOOK_DELIVERY", Seller: owner, Key: key}).ID
		}
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if _, err := r.Add(context.Background(), work.Job{Kind: "WEBHOOK_DELIVERY", Seller: seller, Key: "event 7"}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		ids := []string{add(seller, "event 7"), add(seller, "event 7"), add(seller, "event 8"), add("other", "event 7"), add(seller, ""), add(seller, "")}
		if slices.Sort(ids); len(slices.Compact(ids)) != 5 {
			t.Errorf("%v", ids)
		}
	})
}

// A runner can stop for one seller while others go on, does not cut a job short by it, and takes up queues that come later.
func TestARunnerIsOfOneSellerOnBoth(t *testing.T) {
	each(t, func(t *testing.T, st store.Store) {
		began, let := make(chan string, 10), make(chan struct{})
		r := over(t, st, delivery(func(_ context.Context, job store.Task) work.Outcome {
			began <- job.Seller
			<-let
			return work.Done("")
		}))
		stop := r.run(seller)
		r.run("other")
		held := r.add(work.Job{Kind: "WEBHOOK_DELIVERY", Seller: seller})
		if got := <-began; got != seller {
			t.Fatal(got)
		}
		stopped := make(chan struct{})
		go func() {
			stop()
			close(stopped)
		}()
		others := r.add(work.Job{Kind: "WEBHOOK_DELIVERY", Seller: "other"})
		if got := <-began; got != "other" {
			t.Fatal(got)
		}
		close(let)
		<-stopped
		if got := r.read(held.ID); got.State != store.TaskDone {
			t.Errorf("a stop cut a job short: %+v", got)
		}
		r.ends(others.ID, store.TaskDone)
		left := r.add(work.Job{Kind: "WEBHOOK_DELIVERY", Seller: seller})
		r.ends(r.add(work.Job{Kind: "WEBHOOK_DELIVERY", Seller: "other"}).ID, store.TaskDone)
		if got := r.read(left.ID); got.State != store.TaskReady {
			t.Errorf("the runner of a seller that is gone did %+v", got)
		}
	})
}

// Queues of provisioners come and go while the runner runs.
func TestARunnerFollowsTheQueuesOnBoth(t *testing.T) {
	each(t, func(t *testing.T, st store.Store) {
		r := over(t, st, work.Kind{Name: store.TaskCreate, Workers: true})
		r.run(seller)
		if err := st.Apply(t.Context(), &store.Change{NewTasks: []store.Task{{
			ID: "t-1", Seller: seller, Queue: "links", Kind: store.TaskCreate, State: store.TaskReady, CreatedAt: time.Now(), UpdatedAt: time.Now(),
		}}}); err != nil {
			t.Fatal(err)
		}
		if workers, known := r.Serves("links"); workers || known {
			t.Error("a queue that nobody provides is known")
		}
		r.Provide(work.Queue{Name: "links", Do: func(context.Context, store.Task) work.Outcome { return work.Done("") }}, work.Queue{Name: "crm"})
		if workers, known := r.Serves("crm"); !workers || !known {
			t.Error("a queue of workers is not theirs")
		}
		r.ends("t-1", store.TaskDone)
		r.Provide()
		if _, known := r.Serves("links"); known {
			t.Error("a queue that was taken away is known")
		}
	})
}

// The spans of a job are in the trace of what caused it, or its runs have traces of their own.
func TestTracesOfJobsOnBoth(t *testing.T) {
	each(t, func(t *testing.T, st store.Store) {
		fine := func(context.Context, store.Task) work.Outcome { return work.Done("") }
		r := over(t, st, delivery(fine), work.Kind{Name: "SWEEP", Queue: "koogate-sweep", Do: fine, Trace: work.TraceRun})
		stop := r.run(seller)
		caller, span := r.Tracer.Start(t.Context(), "call")
		called, err := r.Add(caller, work.Job{Kind: "WEBHOOK_DELIVERY", Seller: seller})
		span.End()
		if err != nil {
			t.Fatal(err)
		}
		ordered := r.add(work.Job{Kind: "WEBHOOK_DELIVERY", Seller: seller, OrderID: "CS1"})
		swept := r.add(work.Job{Kind: "SWEEP", Seller: seller})
		for _, id := range []string{called.ID, ordered.ID, swept.ID} {
			r.ends(id, store.TaskDone)
		}
		stop() // a span ends after its job
		of := func(trace string) (names []string) {
			for _, s := range r.spans.GetSpans() {
				if s.SpanContext.TraceID().String() == trace {
					names = append(names, s.Name)
				}
			}
			slices.Sort(names)
			return names
		}
		if got := of(span.SpanContext().TraceID().String()); !slices.Equal(got, []string{"call", "task complete WEBHOOK_DELIVERY", "task lease WEBHOOK_DELIVERY"}) {
			t.Errorf("in the caller's trace: %v", got)
		}
		if got := of(telemetry.TraceID(seller, "CS1").String()); !slices.Equal(got, []string{"task complete WEBHOOK_DELIVERY", "task lease WEBHOOK_DELIVERY"}) {
			t.Errorf("in the order's trace: %v", got)
		}
		if got := of(strings.Split(swept.Traceparent, "-")[1]); !slices.Equal(got, []string{"task complete SWEEP"}) {
			t.Errorf("in the run's trace: %v", got)
		}
	})
}

// A job that belongs to no order is forgotten a month after its end, by a job that belongs to nobody.
func TestEndedJobsAreForgottenOnBoth(t *testing.T) {
	each(t, func(t *testing.T, st store.Store) {
		r := over(t, st, delivery(func(context.Context, store.Task) work.Outcome { return work.Done("") }))
		put := func(orderID string, age time.Duration, state store.TaskState) string {
			job := r.New(t.Context(), work.Job{Kind: "WEBHOOK_DELIVERY", Seller: seller, OrderID: orderID})
			job.State, job.UpdatedAt = state, job.UpdatedAt.Add(-age)
			if err := st.Apply(t.Context(), &store.Change{NewTasks: []store.Task{job}}); err != nil {
				t.Fatal(err)
			}
			return job.ID
		}
		const month = 30 * 24 * time.Hour
		old, ordered, young := put("", month+time.Hour, store.TaskFailed), put("CS1", month+time.Hour, store.TaskDone), put("", month-time.Hour, store.TaskDone)
		r.run("")
		for end := time.Now().Add(soon); ; time.Sleep(5 * time.Millisecond) {
			if _, err := st.Task(t.Context(), old); errors.Is(err, store.ErrNotFound) {
				break
			}
			if time.Now().After(end) {
				t.Fatal("a job is kept for ever")
			}
		}
		r.read(ordered)
		r.read(young)
		next := r.ends(work.StandingID("koogate-forget-jobs", ""), store.TaskReady)
		if rest := time.Until(next.DueAt); rest < 55*time.Minute || rest > time.Hour || next.Owner() != store.OwnerNobody {
			t.Errorf("%+v", next)
		}
	})
}

// An operator has a failed job done again, as a new one: with a window and a time to begin of its own.
func TestAFailedJobIsDoneAgainOnBoth(t *testing.T) {
	each(t, func(t *testing.T, st store.Store) {
		var mended atomic.Bool
		r := over(t, st, delivery(func(context.Context, store.Task) work.Outcome {
			if mended.Load() {
				return work.Done("")
			}
			return work.Failed("no such host")
		}))
		r.run(seller)
		failed := r.ends(r.add(work.Job{Kind: "WEBHOOK_DELIVERY", Seller: seller}).ID, store.TaskFailed)
		mended.Store(true)
		again, err := r.Retry(t.Context(), failed)
		if err != nil || !again.RetryUntil.After(failed.RetryUntil) || !again.Deadline.After(failed.Deadline) {
			t.Fatalf("%+v %v", again, err)
		}
		done := r.ends(failed.ID, store.TaskDone)
		if done.Fence != failed.Fence+1 || done.Reason != "" {
			t.Errorf("%+v", done)
		}
		for what, job := range map[string]store.Task{"a job that is done": done, "one that somebody else has retried": failed} {
			if _, err := r.Retry(t.Context(), job); errs.As(err).Reason != errs.StateConflict {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}
