// SPDX-License-Identifier: Apache-2.0

package fulfil_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/deadline"
	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/clock/clocktest"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/work"
	"github.com/koogate/koogate/store"
)

// fakeClock makes a rig whose time stands still until it is told.
func fakeClock(t *testing.T, opts ...option) (*rig, *clocktest.Clock) {
	t.Helper()
	c := clocktest.New(time.Date(2026, 11, 28, 8, 0, 0, 0, time.UTC))
	return newRig(t, append([]option{func(_ *fulfil.Config, _ *fulfil.Endpoint, d *fulfil.Deps) { d.Clock = c }}, opts...)...), c
}

// now leases the task that must be there now.
func (r *rig) now(queue string) store.Task {
	r.t.Helper()
	ts := r.leaseAll(queue, 0)
	if len(ts) != 1 {
		r.t.Fatalf("%d tasks in queue %q", len(ts), queue)
	}
	return ts[0]
}

func (r *rig) fail(t store.Task, permanent bool) {
	r.t.Helper()
	_, err := r.FailTask(r.t.Context(), fulfil.Failure{Seller: "demo", TaskID: t.ID, Fence: t.Fence, Permanent: permanent, Message: "no room"})
	if err != nil {
		r.t.Fatal(err)
	}
}

// The marketplace refunds an order after three hours. What an operator makes of it later is given away, so it takes force and a
// reason, and is recorded.
func TestRetryBeyondTheDeadlineNeedsForce(t *testing.T) {
	r, c := fakeClock(t)
	a, err := r.call("CS1", "biz-CS1")
	r.wantCode(a, err, resultcode.Processing)
	r.RunOrderQuery(t.Context(), r.now(fulfil.QueueOrderQuery))
	task := r.now("worker")
	want := c.Now().Add(3 * time.Hour)
	if u := fulfil.PayloadOf(task).Until; !u.At.Equal(want) || u.End != deadline.Refund {
		t.Errorf("the task says %+v, want %s", u, want)
	}
	r.fail(task, true)
	retry := func(mod func(*fulfil.Retry)) error {
		q := fulfil.Retry{Seller: "demo", TaskID: task.ID}
		mod(&q)
		_, err := r.RetryTask(t.Context(), q)
		return err
	}
	c.Advance(3*time.Hour - time.Second)
	if err := retry(func(*fulfil.Retry) {}); err != nil { // in time
		t.Fatal(err)
	}
	again := r.now("worker")
	c.Advance(2 * time.Second)
	r.fail(again, false) // "try again", but the window is over
	r.state("biz-CS1", store.InstanceFailed)
	err = retry(func(*fulfil.Retry) {})
	if e := errs.As(err); e.Reason != errs.DeadlinePassed || !strings.Contains(e.Msg, want.Format(time.RFC3339)) || !strings.Contains(e.Msg, "refunds the order") {
		t.Errorf("error %v", err)
	}
	r.state("biz-CS1", store.InstanceFailed)
	r.none("worker")
	if err := retry(func(q *fulfil.Retry) { q.Force = true }); errs.As(err).Reason != errs.InvalidField {
		t.Errorf("force without a reason: %v", err)
	}
	if err := retry(func(q *fulfil.Retry) { q.Force, q.Reason = true, "the buyer has paid by invoice" }); err != nil {
		t.Fatal(err)
	}
	r.complete(r.now("worker"))
	r.state("biz-CS1", store.InstanceActive)
	es := r.events("CS1", fulfil.EventAdmitted, fulfil.EventOrderQueried, fulfil.EventTaskFailed, fulfil.EventTaskRetried,
		fulfil.EventTaskFailed, fulfil.EventTaskRetried, fulfil.EventTaskCompleted)
	for _, part := range []string{`"forced":true`, `"reason":"the buyer has paid by invoice"`, `"end":"REFUND"`, want.Format(time.RFC3339)} {
		if !strings.Contains(es[5].Data, part) {
			t.Errorf("event %s has no %s", es[5].Data, part)
		}
	}
	if strings.Contains(es[3].Data, "forced") {
		t.Errorf("event %s", es[3].Data)
	}
}

// What was answered with success is over for the marketplace, unless the endpoint answers on completion.
func TestDeadlinesOfTasksAndLines(t *testing.T) {
	for name, c := range map[string]struct {
		opt  option
		want deadline.End
		wait time.Duration
	}{
		"accepted":      {withBudget(0), "", 0},
		"on completion": {patient("refreshInstance", "updateInstanceStatus", "releaseInstance"), deadline.Restart, 2 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, c.opt)
			r.active("CS1")
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond) // who waits for the task gives up
			defer cancel()
			_, _ = r.RefreshInstance(ctx, fulfil.Refresh{
				Endpoint: r.ep, Scene: fulfil.SceneRenewal, OrderID: "CSr", OrderLineID: "1", InstanceID: "biz-CS1", ExpireAt: yearly.ExpireAt,
			})
			agg := r.order("CS1")
			l := agg.Lines[len(agg.Lines)-1]
			got := r.LineDeadline(&agg.Instances[0], &l)
			if got.End != c.want || c.want != "" && !got.At.Equal(l.CreatedAt.Add(c.wait)) {
				t.Errorf("line: %+v", got)
			}
			if task := fulfil.PayloadOf(r.lease("worker")); task.Until != got {
				t.Errorf("task: %+v, line %+v", task.Until, got)
			}
		})
	}
}

// What a provisioner tells operators reaches no answer, in whatever family and call; what it tells the customer does.
func TestOperatorsTextStaysInside(t *testing.T) {
	const inside, outside = "canary-operator 10.0.0.7 refused", "Please choose another name"
	for _, customer := range []string{"", outside} {
		t.Run("customer "+customer, func(t *testing.T) {
			r := newRig(t)
			giveUp := func(task store.Task) {
				t.Helper()
				if _, err := r.FailTask(t.Context(), fulfil.Failure{
					Seller: "demo", TaskID: task.ID, Fence: task.Fence, Permanent: true, Code: resultcode.MobileInvalid, Message: inside, Customer: customer,
				}); err != nil {
					t.Fatal(err)
				}
			}
			check := func(call string, tells bool, a fulfil.Answer, err error) {
				t.Helper()
				text := a.Message
				if err != nil {
					text += errs.As(err).Msg
				}
				if strings.Contains(text, "canary") || tells && customer != "" && !strings.Contains(text, customer) {
					t.Errorf("%s says %q", call, text)
				}
			}
			r.mustCall("CS1", "biz-CS1")
			r.query()
			giveUp(r.lease("worker"))
			a, err := r.call("CS1", "again")
			check("newInstance", true, a, err)
			a, _, err = r.QueryInstance(t.Context(), fulfil.Query{Endpoint: r.ep, InstanceIDs: "biz-CS1"})
			check("queryInstance", true, a, err)
			a, err = r.refresh(fulfil.SceneRenewal, "CSr", yearly.ExpireAt)
			check("refreshInstance", false, a, err)
			a, err = r.status(true)
			check("updateInstanceStatus", false, a, err)
			a, err = r.ChangeInstanceCheck(t.Context(), fulfil.CheckChange{Endpoint: r.ep, InstanceID: "biz-CS1"})
			check("changeInstanceCheck", false, a, err)
			a, err = r.told("CS2", "biz-CS2", late)
			check("V1 newInstance, going on", false, a, err)
			giveUp(r.lease("worker"))
			a, err = r.told("CS2", "biz-CS2", late)
			check("V1 newInstance", true, a, err)
			r.market.fail(&fulfil.QueryError{Code: "canary-code"})
			r.mustCall("CS3", "biz-CS3")
			r.query()
			a, err = r.call("CS3", "again")
			check("newInstance without an order query", false, a, err)
		})
	}
	t.Run("not printable ASCII", func(t *testing.T) {
		r := newRig(t)
		r.mustCall("CS1", "biz-CS1")
		r.query()
		task := r.lease("worker")
		for _, text := range []string{"重复", "a\nb", strings.Repeat("a", 201)} {
			_, err := r.FailTask(t.Context(), fulfil.Failure{Seller: "demo", TaskID: task.ID, Fence: task.Fence, Permanent: true, Customer: text})
			if errs.As(err).Reason != errs.InvalidField {
				t.Errorf("%q: %v", text, err)
			}
		}
	})
}

// An activity that is answered on completion repeats the provisioner's words for the customer only.
func TestOperatorsTextStaysInsideOnCompletion(t *testing.T) {
	r := newRig(t, patient("updateInstanceStatus"))
	r.active("CS1")
	done := make(chan struct{})
	go func() {
		defer close(done)
		task := r.lease("worker")
		_, _ = r.FailTask(t.Context(), fulfil.Failure{
			Seller: "demo", TaskID: task.ID, Fence: task.Fence, Permanent: true, Message: "canary-operator", Customer: "Try again tomorrow",
		})
	}()
	a, err := r.status(true)
	<-done
	r.wantCode(a, err, resultcode.Internal)
	if strings.Contains(a.Message, "canary") || !strings.Contains(a.Message, "Try again tomorrow") {
		t.Errorf("message %q", a.Message)
	}
}

// A check is a question of the marketplace that has been answered when its time was over: nobody waits for another answer, and no
// force makes one of use.
func TestACheckIsNotRetried(t *testing.T) {
	r := newRig(t)
	id := r.active("CS1")
	asked := make(chan error, 1)
	go func() {
		_, err := r.ChangeInstanceCheck(t.Context(), fulfil.CheckChange{Endpoint: r.ep, InstanceID: id})
		asked <- err
	}()
	task := r.lease("worker")
	r.fail(task, true)
	if err := <-asked; err != nil {
		t.Fatal(err)
	}
	for _, force := range []bool{false, true} {
		_, err := r.RetryTask(t.Context(), fulfil.Retry{Seller: "demo", TaskID: task.ID, Force: force, Reason: "once more"})
		if errs.As(err).Reason != errs.StateConflict {
			t.Errorf("force %v: %v", force, err)
		}
	}
	r.none("worker")
}

// A line is waited for until it is told as a success, or where the endpoint answers on completion, until its task is done.
func TestWaitingLines(t *testing.T) {
	r, c := fakeClock(t, patient("refreshInstance"))
	r.mustCall("CS1", "biz-CS1")
	waiting := func() (actions []string) {
		a := r.order("CS1")
		for k, until := range r.WaitingLines(a) {
			actions = append(actions, k.Action+" "+string(until.End))
		}
		slices.Sort(actions)
		return actions
	}
	want := func(when string, want ...string) {
		t.Helper()
		if got := waiting(); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", when, got, want)
		}
	}
	want("admitted", "newInstance REFUND")
	r.RunOrderQuery(t.Context(), r.now(fulfil.QueueOrderQuery))
	task := r.now("worker")
	r.fail(task, true)
	c.Advance(4 * time.Hour)
	want("failed, and refunded", "newInstance REFUND")
	if _, err := r.RetryTask(t.Context(), fulfil.Retry{Seller: "demo", TaskID: task.ID, Force: true, Reason: "paid by invoice", Who: "support"}); err != nil {
		t.Fatal(err)
	}
	r.complete(r.now("worker"))
	want("created by force")
	es := r.order("CS1").Order.Head.Seq
	if events, err := r.Events(t.Context(), "demo", "CS1", es-2, 1); err != nil || !strings.Contains(events[0].Data, `"who":"support"`) {
		t.Errorf("who: %v %v", events, err)
	}
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		_, _ = r.RefreshInstance(t.Context(), fulfil.Refresh{
			Endpoint: r.ep, Scene: fulfil.SceneRenewal, OrderID: "CSr", OrderLineID: "1", InstanceID: "biz-CS1", ExpireAt: yearly.ExpireAt,
		})
	}()
	renewal := r.lease("worker")
	want("renewed, going on", "refreshInstance/RENEWAL RESTART")
	r.complete(renewal)
	<-asked
	want("renewed")
}

// A creation that was answered with 000004 is not waited for any more once the marketplace acts on the instance: it knows of it.
func TestWhatTheMarketplaceActsOnIsNotWaitedFor(t *testing.T) {
	for name, act := range map[string]func(r *rig) error{
		"released": func(r *rig) error {
			_, err := r.ReleaseInstance(t.Context(), fulfil.Release{Endpoint: r.ep, InstanceID: "biz-CS1", OrderID: "CSx", OrderLineID: "1"})
			return err
		},
		"frozen": func(r *rig) error {
			_, err := r.UpdateInstanceStatus(t.Context(), fulfil.UpdateStatus{Endpoint: r.ep, InstanceID: "biz-CS1", Freeze: true})
			return err
		},
		"renewed": func(r *rig) error {
			_, err := r.RefreshInstance(t.Context(), fulfil.Refresh{
				Endpoint: r.ep, Scene: fulfil.SceneRenewal, OrderID: "CSr", OrderLineID: "1", InstanceID: "biz-CS1", ExpireAt: yearly.ExpireAt,
			})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, _ := fakeClock(t)
			r.mustCall("CS1", "biz-CS1")
			r.RunOrderQuery(t.Context(), r.now(fulfil.QueueOrderQuery))
			r.complete(r.now("worker"))
			if got := r.WaitingLines(r.order("CS1")); len(got) != 1 {
				t.Fatalf("nobody has asked since 000004, and %v is waited for", got)
			}
			if err := act(r); err != nil {
				t.Fatal(err)
			}
			if got := r.WaitingLines(r.order("CS1")); len(got) != 0 {
				t.Errorf("%v is waited for", got)
			}
		})
	}
}

// A failed job that belongs to no order is retried by the same call as an order's task.
func TestAJobOfNoOrderIsRetried(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.Work.Register(work.Kind{Name: "IMPORT", Queue: "koogate-import", Do: func(context.Context, store.Task) work.Outcome { return work.Failed("the file is gone") }})
	added, err := r.Work.Add(t.Context(), work.Job{Kind: "IMPORT", Seller: "demo"})
	if err != nil {
		t.Fatal(err)
	}
	r.Work.Do(t.Context(), r.lease("koogate-import"))
	if got, err := r.Task(t.Context(), "demo", added.ID); err != nil || got.State != store.TaskFailed || got.Reason != "the file is gone" {
		t.Fatalf("%+v %v", got, err)
	}
	if _, err := r.RetryTask(t.Context(), fulfil.Retry{Seller: "other", TaskID: added.ID}); errs.As(err).Reason != errs.TaskNotFound {
		t.Errorf("another seller's: %v", err)
	}
	if _, err := r.CompleteTask(t.Context(), fulfil.Completion{Seller: "demo", TaskID: added.ID}); errs.As(err).Reason != errs.TaskNotFound {
		t.Errorf("by a worker: %v", err)
	}
	if got, err := r.RetryTask(t.Context(), fulfil.Retry{Seller: "demo", TaskID: added.ID}); err != nil || got.State != store.TaskReady {
		t.Errorf("%+v %v", got, err)
	}
	if _, err := r.RetryTask(t.Context(), fulfil.Retry{Seller: "demo", TaskID: added.ID}); errs.As(err).Reason != errs.StateConflict {
		t.Errorf("twice: %v", err)
	}
}
