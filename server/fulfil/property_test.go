// SPDX-License-Identifier: Apache-2.0

package fulfil_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/evidence"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/work"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
)

// outside is what the world outside remembers of one order: what it was told, and what it did.
type outside struct {
	order     string
	instance  string               // the first instance ID it was told
	answer    resultcode.Code      // the last answer it was told: a success is final
	refreshed map[string]time.Time // acknowledged renewals
	released  bool                 // a release was acknowledged
	frozen    bool                 // the last acknowledged status
	held      store.Task           // in the hands of the slow worker
	unsure    bool                 // a status call failed: either state may hold
}

// House rules 1 to 4, 9 and 15: any history of calls, repeats, lost answers, lost leases and failing stores leaves one
// instance for an order, one answer, tasks in order, a chain that holds, and nothing moves backward.
func TestAnyHistoryLeavesOneInstance(t *testing.T) {
	var faulty *storetest.FaultyStore
	r := newRig(t, withBudget(time.Millisecond), func(_ *fulfil.Config, _ *fulfil.Endpoint, d *fulfil.Deps) {
		faulty = storetest.Faulty(d.Store.(store.Store), 1)
		d.Store = faulty
	})
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		faulty.Rates(0.05, 0.05)
		o := &outside{order: fmt.Sprintf("CS%d", n), refreshed: map[string]time.Time{}}
		steps := rapid.SliceOfN(rapid.IntRange(0, 9), 5, 40).Draw(rt, "steps")
		for i, s := range steps {
			o.step(rt, r, i, s)
		}
		faulty.Rates(0, 0)
		o.settle(rt, r)
	})
	if faulty.Count(storetest.FaultAfter) == 0 || faulty.Count(storetest.FaultBefore) == 0 {
		t.Error("no fault was injected")
	}
}

func (o *outside) step(rt *rapid.T, r *rig, i, s int) {
	switch s {
	case 0, 1: // newInstance, new or repeated, always with a new business ID
		a, err := r.call(o.order, fmt.Sprintf("%s-biz-%d", o.order, i))
		o.told(rt, a, err)
	case 2: // renewal number i mod 3: often a repeat
		k := i % 3
		at := time.Date(2030+k, 1, 1, 0, 0, 0, 0, time.UTC)
		name := fmt.Sprintf("%sr%d", o.order, k)
		_, err := r.RefreshInstance(r.t.Context(), fulfil.Refresh{
			Endpoint: r.ep, Scene: fulfil.SceneRenewal, OrderID: name, OrderLineID: "1", InstanceID: o.instance, ExpireAt: at,
		})
		if err == nil {
			o.refreshed[name] = at
		}
	case 3, 4:
		_, err := r.UpdateInstanceStatus(r.t.Context(), fulfil.UpdateStatus{Endpoint: r.ep, InstanceID: o.instance, Freeze: s == 3})
		if err == nil {
			o.frozen, o.unsure = s == 3, false
		} else if errs.As(err).Kind == errs.Unavailable {
			o.unsure = true
		}
	case 5:
		if i%2 == 0 { // releases are rarer, or every history would be short
			_, err := r.ReleaseInstance(r.t.Context(), fulfil.Release{Endpoint: r.ep, InstanceID: o.instance})
			o.released = o.released || err == nil
		}
	case 6: // a worker that holds a task over the next steps, and perhaps longer than its lease
		if o.held.ID != "" {
			o.complete(r, o.held)
			o.held = store.Task{}
			return
		}
		ts, err := r.Work.Lease(r.t.Context(), work.Ask{Seller: "demo", Queues: []string{"worker"}, Worker: "slow", Max: 1, For: 15 * time.Millisecond})
		if err == nil && len(ts) > 0 {
			o.held = ts[0]
		}
	case 7:
		if i%3 == 0 {
			r.market.fail(&fulfil.QueryError{Retryable: true, Code: "0999"})
		}
	default:
		o.work(r, i%5 == 0)
	}
}

// told checks an answer against everything that was told before.
func (o *outside) told(rt *rapid.T, a fulfil.Answer, err error) {
	if err != nil {
		if errs.As(err).Kind != errs.Unavailable {
			rt.Fatalf("newInstance: %v", err)
		}
		return
	}
	if o.instance == "" {
		o.instance = a.InstanceID
	}
	if a.InstanceID != o.instance {
		rt.Fatalf("two instances for one line: %s and %s", o.instance, a.InstanceID)
	}
	if a.Code != resultcode.Success && a.Code != resultcode.Processing {
		rt.Fatalf("answer %+v", a)
	}
	if o.answer == resultcode.Success && a.Code != resultcode.Success {
		rt.Fatalf("first %s, now %s", o.answer, a.Code)
	}
	o.answer = a.Code
}

// work does one task of any queue; with giveUp it fails it instead. It returns whether there was one.
func (o *outside) work(r *rig, giveUp bool) bool {
	ts, err := r.Work.Lease(r.t.Context(), work.Ask{
		Seller: "demo", Queues: []string{"worker", fulfil.QueueOrderQuery}, Worker: "w", Max: 1, Wait: 20 * time.Millisecond, For: 20 * time.Millisecond,
	})
	if err != nil || len(ts) == 0 {
		return err != nil
	}
	t := ts[0]
	if t.Kind == store.TaskOrderQuery {
		r.RunOrderQuery(r.t.Context(), t)
		return true
	}
	if giveUp {
		_, _ = r.FailTask(r.t.Context(), fulfil.Failure{Seller: "demo", TaskID: t.ID, Fence: t.Fence, Message: "busy"})
		return true
	}
	o.complete(r, t)
	return true
}

func (o *outside) complete(r *rig, t store.Task) {
	c := fulfil.Completion{Seller: "demo", TaskID: t.ID, Fence: t.Fence}
	if t.Kind == store.TaskCreate {
		c.Access = &fulfil.Access{FrontEndURL: "https://x.example.com"}
	}
	_, _ = r.CompleteTask(r.t.Context(), c) // a lost answer shows when the lease is over
}

// settle lets everything finish and checks what must hold then.
func (o *outside) settle(rt *rapid.T, r *rig) {
	ctx := r.t.Context()
	for k := 0; o.instance == ""; k++ { // the marketplace retries until it is told
		a, err := r.call(o.order, fmt.Sprintf("%s-last-%d", o.order, k))
		o.told(rt, a, err)
	}
	for range 300 {
		agg, err := r.Order(ctx, "demo", o.order)
		if err != nil {
			rt.Fatal(err)
		}
		if !slices.ContainsFunc(agg.Tasks, func(t store.Task) bool { return t.State != store.TaskFailed }) {
			break
		}
		o.work(r, false)
	}
	agg, err := r.Order(ctx, "demo", o.order)
	if err != nil || len(agg.Instances) != 1 {
		rt.Fatalf("%d instances, %v", len(agg.Instances), err)
	}
	if len(agg.Tasks) != 0 {
		rt.Fatalf("unfinished tasks: %s", kinds(agg.Tasks))
	}
	i := agg.Instances[0]
	switch {
	case o.released && i.State != store.InstanceReleased:
		rt.Fatalf("released, yet %s", i.State)
	case i.State == store.InstanceReleased, o.unsure:
	case o.frozen && i.State != store.InstanceFrozen, !o.frozen && i.State != store.InstanceActive:
		rt.Fatalf("told frozen=%v, is %s", o.frozen, i.State)
	}
	if i.State != store.InstanceReleased && len(i.Access) == 0 {
		rt.Fatal("in use without access information")
	}
	for name := range o.refreshed {
		if !slices.ContainsFunc(agg.Lines, func(l store.Line) bool { return l.OrderID == name }) {
			rt.Fatalf("acknowledged renewal %s is gone", name)
		}
	}
	a, err := r.call(o.order, o.order+"-after")
	o.told(rt, a, err)
	o.checkTasks(rt, r)
	c, err := r.VerifyOrder(ctx, "demo", o.order)
	if err != nil || c.Broken != nil {
		rt.Fatalf("chain: %v %v", c.Broken, err)
	}
}

// checkTasks checks all tasks that the order ever had: one create, done in the order of their seq.
func (o *outside) checkTasks(rt *rapid.T, r *rig) {
	all, err := r.Tasks(r.t.Context(), store.ListQuery{Seller: "demo", Filter: []store.Term{{Field: "order_id", Value: o.order}}, Limit: 500})
	if err != nil {
		rt.Fatal(err)
	}
	creates := 0
	for _, t := range all {
		if t.Kind == store.TaskCreate {
			creates++
		}
		if t.State != store.TaskDone && t.State != store.TaskCancelled {
			rt.Fatalf("task %s ends as %s", t.Kind, t.State)
		}
	}
	if creates != 1 {
		rt.Fatalf("%d create tasks", creates)
	}
	slices.SortFunc(all, func(a, b store.Task) int { return int(a.Seq - b.Seq) })
	var last time.Time
	for _, t := range all {
		if t.State != store.TaskDone {
			continue
		}
		if t.UpdatedAt.Before(last) {
			rt.Fatalf("task %d (%s) was done before the task in front of it", t.Seq, t.Kind)
		}
		last = t.UpdatedAt
	}
}

// A chain that was tampered with does not verify, wherever it was.
func TestTamperedChainIsFound(t *testing.T) {
	r := newRig(t)
	r.active("CS1")
	es := r.events("CS1", created...)
	for name, tamper := range map[string]func(es []store.Event) []store.Event{
		"data":    func(es []store.Event) []store.Event { es[1].Data = `{}`; return es },
		"missing": func(es []store.Event) []store.Event { return append(es[:1], es[2:]...) },
		"swapped": func(es []store.Event) []store.Event { es[0], es[1] = es[1], es[0]; return es },
		"rehashed": func(es []store.Event) []store.Event {
			es[1].Data = `{}`
			es[1].Hash = evidence.Hash(es[1])
			return es
		},
	} {
		if _, err := evidence.VerifyLinks(store.Head{}, tamper(slices.Clone(es))); err == nil {
			t.Errorf("%s: not found", name)
		}
	}
	if _, err := evidence.VerifyLinks(store.Head{}, es); err != nil {
		t.Error(err)
	}
}
