// SPDX-License-Identifier: Apache-2.0

package fulfil_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/work"
	"github.com/koogate/koogate/store"
)

func TestPaidOrderBecomesOneInstance(t *testing.T) {
	r := newRig(t)
	first := r.mustCall("CS1", "biz-1")
	if first.Code != resultcode.Processing || first.InstanceID != "biz-1" {
		t.Fatalf("first answer %+v", first)
	}
	r.none("worker") // nothing to provide before the marketplace said what was bought
	r.query()
	task := r.lease("worker")
	if p := fulfil.PayloadOf(task); task.Kind != store.TaskCreate || p.ProductID != "OFFI-1" || p.LinearValue != 10 || !p.ExpireAt.Equal(yearly.ExpireAt) {
		t.Fatalf("task %s with payload %+v", task.Kind, p)
	}
	r.complete(task)
	i := r.state("biz-1", store.InstanceActive)
	if i.Product != yearly.Product {
		t.Errorf("product %+v", i.Product)
	}
	r.events("CS1", fulfil.EventAdmitted, fulfil.EventOrderQueried, fulfil.EventTaskCompleted)
	a, shown, err := r.QueryInstance(t.Context(), fulfil.Query{Endpoint: r.ep, InstanceIDs: "biz-1"})
	if err != nil || a.Code != resultcode.Success || len(shown) != 1 || shown[0].Access.Password != "canary-password" {
		t.Errorf("query: %+v %v %v", a, shown, err)
	}
}

// House rule 3: the first committed verdict wins for ever, also after the instance has gone through all its states. That the
// creation goes on is no verdict: once the instance is there a repeat says so (third-reading T10).
func TestFirstCommittedAnswerWinsForEver(t *testing.T) {
	for _, c := range []struct {
		name   string
		budget time.Duration
		want   resultcode.Code
	}{{"asynchronous", 0, resultcode.Processing}, {"synchronous", 3 * time.Second, resultcode.Success}} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, withBudget(c.budget))
			r.background("worker")
			first := r.mustCall("CS1", "biz-1")
			if first.Code != c.want {
				t.Fatalf("code %s, want %s", first.Code, c.want)
			}
			for range 400 {
				if i, err := r.Instance(t.Context(), "demo", "biz-1"); err == nil && i.State == store.InstanceActive {
					break
				}
				time.Sleep(5 * time.Millisecond)
			}
			first.Code = resultcode.Success
			again := func(when string) {
				t.Helper()
				if a := r.mustCall("CS1", "biz-"+when); a != first {
					t.Errorf("%s: %+v, first was %+v", when, a, first)
				}
			}
			again("active")
			r.wantCode2(r.UpdateInstanceStatus(t.Context(), fulfil.UpdateStatus{Endpoint: r.ep, InstanceID: "biz-1", Freeze: true}))
			again("frozen")
			r.wantCode2(r.ReleaseInstance(t.Context(), fulfil.Release{Endpoint: r.ep, InstanceID: "biz-1"}))
			again("released")
			r.state("biz-1", store.InstanceReleased)
		})
	}
}

func (r *rig) wantCode2(a fulfil.Answer, err error) {
	r.t.Helper()
	r.wantCode(a, err, resultcode.Success)
}

func TestBudgetOverCommitsProcessing(t *testing.T) {
	r := newRig(t, withBudget(50*time.Millisecond))
	if a := r.mustCall("CS1", "biz-1"); a.Code != resultcode.Processing {
		t.Fatalf("answer %+v", a)
	}
	r.query()
	r.work(store.TaskCreate)
	if a := r.mustCall("CS1", "biz-2"); a.Code != resultcode.Success || a.InstanceID != "biz-1" {
		t.Errorf("replay %+v", a)
	}
	r.events("CS1", fulfil.EventAdmitted, fulfil.EventAnswered, fulfil.EventOrderQueried, fulfil.EventTaskCompleted)
}

func TestThousandDuplicatesOneInstance(t *testing.T) {
	r := newRig(t)
	var wg sync.WaitGroup
	ids := make([]string, 1000)
	for i := range ids {
		wg.Go(func() {
			a, err := r.call("CS1", fmt.Sprintf("biz-%d", i))
			if err != nil {
				t.Error(err)
			}
			ids[i] = a.InstanceID
		})
	}
	wg.Wait()
	for _, id := range ids {
		if id != ids[0] || id == "" {
			t.Fatalf("two instance ids: %q and %q", ids[0], id)
		}
	}
	agg, err := r.Order(t.Context(), "demo", "CS1")
	if err != nil {
		t.Fatal(err)
	}
	if len(agg.Instances) != 1 || len(agg.Lines) != 1 || kinds(agg.Tasks) != "[ORDER_QUERY:READY CREATE:WAITING]" {
		t.Errorf("%d instances, %d lines, tasks %s", len(agg.Instances), len(agg.Lines), kinds(agg.Tasks))
	}
	r.events("CS1", fulfil.EventAdmitted)
}

func TestLinesOfOneOrderInParallel(t *testing.T) {
	r := newRig(t)
	var wg sync.WaitGroup
	for i := range 30 {
		for range 3 {
			wg.Go(func() {
				_, err := r.NewInstance(t.Context(), fulfil.NewInstance{
					Endpoint: r.ep, OrderID: "CS1", OrderLineID: fmt.Sprintf("CS1-%06d", i), BusinessID: fmt.Sprintf("b%d", i), Arrived: time.Now(),
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	agg, err := r.Order(t.Context(), "demo", "CS1")
	if err != nil || len(agg.Instances) != 30 || len(agg.Lines) != 30 || len(agg.Tasks) != 60 {
		t.Errorf("%d instances, %d lines, %d tasks, %v", len(agg.Instances), len(agg.Lines), len(agg.Tasks), err)
	}
	r.verify("CS1")
}

func TestBusinessIDTaken(t *testing.T) {
	r := newRig(t)
	a, b := r.mustCall("CS1", "same"), r.mustCall("CS2", "same")
	if a.InstanceID != "same" || b.InstanceID == "same" || len(b.InstanceID) != 36 {
		t.Errorf("ids %q and %q", a.InstanceID, b.InstanceID)
	}
	if c := r.mustCall("CS3", "with,comma"); strings.Contains(c.InstanceID, ",") {
		t.Errorf("id %q would break queryInstance", c.InstanceID)
	}
}

func TestProductIDIsPartOfTheKey(t *testing.T) {
	r := newRig(t)
	call := func(product string) fulfil.Answer {
		a, err := r.NewInstance(t.Context(), fulfil.NewInstance{
			Endpoint: r.ep, OrderID: "CS1", OrderLineID: "CS1-000001", BusinessID: "b-" + product, ProductID: product, Arrived: time.Now(),
		})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	sms, mms := call("sms"), call("mms")
	if sms.InstanceID == mms.InstanceID || call("sms") != sms {
		t.Errorf("sms %+v, mms %+v", sms, mms)
	}
}

func TestOrderQueryIsRetried(t *testing.T) {
	r := newRig(t)
	r.market.fail(&fulfil.QueryError{Retryable: true, Code: "0999"}, errors.New("canary-cause"))
	r.mustCall("CS1", "biz-1")
	r.query()
	r.query()
	r.query()
	r.work(store.TaskCreate)
	r.state("biz-1", store.InstanceActive)
	es := r.events("CS1", fulfil.EventAdmitted, fulfil.EventQueryFailed, fulfil.EventQueryFailed, fulfil.EventOrderQueried, fulfil.EventTaskCompleted)
	for _, e := range es {
		if strings.Contains(e.Data, "canary") {
			t.Errorf("event %d holds a private cause: %s", e.Seq, e.Data)
		}
	}
}

func TestOrderQueryRefusedThenRedriven(t *testing.T) {
	r := newRig(t, withBudget(time.Second))
	r.market.fail(&fulfil.QueryError{Code: "0150"})
	answer := make(chan fulfil.Answer, 1)
	go func() { a, _ := r.call("CS1", "biz-1"); answer <- a }()
	r.query()
	if a := <-answer; a.Code != resultcode.Internal || a.InstanceID != "biz-1" {
		t.Fatalf("answer %+v", a)
	}
	i := r.state("biz-1", store.InstanceFailed)
	if i.Reason != "0150" {
		t.Errorf("reason %q", i.Reason)
	}
	agg, err := r.Order(t.Context(), "demo", "CS1")
	if err != nil || agg.Order.QueryState != store.QueryFailed || kinds(agg.Tasks) != "[ORDER_QUERY:FAILED CREATE:FAILED]" {
		t.Fatalf("%s %s %v", agg.Order.QueryState, kinds(agg.Tasks), err)
	}
	if _, err := r.RetryTask(t.Context(), fulfil.Retry{Seller: "demo", TaskID: agg.Tasks[1].ID}); err != nil { // retrying the create leads to its query
		t.Fatal(err)
	}
	r.state("biz-1", store.InstanceProvisioning)
	go func() { a, _ := r.call("CS1", "biz-2"); answer <- a }()
	r.query()
	r.work(store.TaskCreate)
	if a := <-answer; a.Code != resultcode.Success || a.InstanceID != "biz-1" {
		t.Errorf("answer after the retry %+v", a)
	}
	r.events("CS1", fulfil.EventAdmitted, fulfil.EventQueryFailed, fulfil.EventTaskFailed, fulfil.EventTaskRetried,
		fulfil.EventOrderQueried, fulfil.EventTaskCompleted)
}

func TestOrderQueryWindowOver(t *testing.T) {
	r := newRig(t, func(c *fulfil.Config, _ *fulfil.Endpoint, _ *fulfil.Deps) { c.QueryWindow = time.Nanosecond })
	r.market.fail(&fulfil.QueryError{Retryable: true, Code: "NETWORK"})
	r.mustCall("CS1", "biz-1")
	r.query()
	if i := r.state("biz-1", store.InstanceFailed); i.Reason != "retry window over: NETWORK" {
		t.Errorf("reason %q", i.Reason)
	}
}

func TestNoProvisionerForProduct(t *testing.T) {
	r := newRig(t, func(_ *fulfil.Config, ep *fulfil.Endpoint, _ *fulfil.Deps) {
		ep.Products = map[string]fulfil.ProductRule{"other": {Provisioner: "worker"}}
	})
	r.mustCall("CS1", "biz-1")
	r.query()
	i := r.state("biz-1", store.InstanceFailed)
	if !strings.Contains(i.Reason, `"OFFI-1"`) || i.FailureCode != string(resultcode.NoResource) {
		t.Errorf("%q %s", i.Reason, i.FailureCode)
	}
	a, _, err := r.QueryInstance(t.Context(), fulfil.Query{Endpoint: r.ep, InstanceIDs: "biz-1"})
	r.wantCode(a, err, resultcode.NoResource)
	r.events("CS1", fulfil.EventAdmitted, fulfil.EventOrderQueried, fulfil.EventTaskFailed)
}

func TestLostLeaseCannotComplete(t *testing.T) {
	r := newRig(t)
	r.mustCall("CS1", "biz-1")
	r.query()
	lost, err := r.Work.Lease(t.Context(), work.Ask{Seller: "demo", Queues: []string{"worker"}, Worker: "dead", Max: 1, For: 20 * time.Millisecond})
	if err != nil || len(lost) != 1 {
		t.Fatal(lost, err)
	}
	second := r.lease("worker") // waits until the lease is over
	if second.ID != lost[0].ID || second.Fence <= lost[0].Fence || second.Attempt != 2 {
		t.Fatalf("second lease %+v", second)
	}
	late := fulfil.Completion{Seller: "demo", TaskID: lost[0].ID, Fence: lost[0].Fence, Access: &fulfil.Access{FrontEndURL: "https://late.example.com"}}
	if _, err := r.CompleteTask(t.Context(), late); errs.As(err).Reason != errs.FencingTokenStale {
		t.Errorf("late completion: %v", err)
	}
	if _, err := r.FailTask(t.Context(), fulfil.Failure{Seller: "demo", TaskID: late.TaskID, Fence: late.Fence}); errs.As(err).Reason != errs.FencingTokenStale {
		t.Errorf("late failure: %v", err)
	}
	if _, err := r.Work.Heartbeat(t.Context(), "demo", late.TaskID, late.Fence, time.Minute); errs.As(err).Reason != errs.FencingTokenStale {
		t.Errorf("late heartbeat: %v", err)
	}
	if _, err := r.Work.Heartbeat(t.Context(), "other", second.ID, second.Fence, time.Minute); errs.As(err).Reason != errs.TaskNotFound {
		t.Errorf("another seller's heartbeat: %v", err)
	}
	r.complete(second)
	r.complete(second) // the same completion again is no error and no event
	if url := r.FrontEnd(r.state("biz-1", store.InstanceActive)); url != "https://biz-1.example.com" {
		t.Errorf("front end %q", url)
	}
	r.events("CS1", fulfil.EventAdmitted, fulfil.EventOrderQueried, fulfil.EventTaskCompleted)
}

// What the contract says of a lease that is over (TaskService): it cannot be prolonged, and work that is done counts as long as
// nobody else has the task.
func TestALeaseThatIsOverCompletesWhileNobodyElseHasTheTask(t *testing.T) {
	r := newRig(t)
	r.mustCall("CS1", "biz-1")
	r.query()
	tasks, err := r.Work.Lease(t.Context(), work.Ask{Seller: "demo", Queues: []string{"worker"}, Worker: "slow", Max: 1, For: time.Millisecond})
	if err != nil || len(tasks) != 1 {
		t.Fatal(tasks, err)
	}
	time.Sleep(20 * time.Millisecond)
	if _, err := r.Work.Heartbeat(t.Context(), "demo", tasks[0].ID, tasks[0].Fence, time.Minute); errs.As(err).Reason != errs.FencingTokenStale {
		t.Errorf("heartbeat of a lease that is over: %v", err)
	}
	r.complete(tasks[0])
	r.state("biz-1", store.InstanceActive)
	r.none("worker")
	r.events("CS1", fulfil.EventAdmitted, fulfil.EventOrderQueried, fulfil.EventTaskCompleted)
}

func TestFailTask(t *testing.T) {
	r := newRig(t)
	r.mustCall("CS1", "biz-1")
	r.query()
	task := r.lease("worker")
	got, err := r.FailTask(t.Context(), fulfil.Failure{Seller: "demo", TaskID: task.ID, Fence: task.Fence, Message: "busy", RetryAfter: 300 * time.Millisecond})
	if err != nil || got.State != store.TaskReady || got.Reason != "busy" {
		t.Fatalf("%+v %v", got, err)
	}
	r.none("worker")
	task = r.lease("worker")
	got, err = r.FailTask(t.Context(), fulfil.Failure{
		Seller: "demo", TaskID: task.ID, Fence: task.Fence, Permanent: true, Code: resultcode.SoldOut, Message: "sold out", Customer: "come back tomorrow",
	})
	if err != nil || got.State != store.TaskFailed {
		t.Fatalf("%+v %v", got, err)
	}
	a, _, err := r.QueryInstance(t.Context(), fulfil.Query{Endpoint: r.ep, InstanceIDs: "biz-1"})
	r.wantCode(a, err, resultcode.SoldOut)
	told := func(want string) {
		t.Helper()
		if i, err := r.Instance(t.Context(), "demo", "biz-1"); err != nil || i.FailureText != want {
			t.Errorf("the customer is told %q, %v; want %q", i.FailureText, err, want)
		}
	}
	told("come back tomorrow")
	r.none("worker")
	if _, err := r.RetryTask(t.Context(), fulfil.Retry{Seller: "demo", TaskID: task.ID}); err != nil {
		t.Fatal(err)
	}
	told("")
	r.work(store.TaskCreate)
	r.state("biz-1", store.InstanceActive)
	if _, err := r.RetryTask(t.Context(), fulfil.Retry{Seller: "demo", TaskID: task.ID}); errs.As(err).Reason != errs.StateConflict {
		t.Errorf("retry of a done task: %v", err)
	}
	r.events("CS1", fulfil.EventAdmitted, fulfil.EventOrderQueried, fulfil.EventTaskFailed, fulfil.EventTaskFailed,
		fulfil.EventTaskRetried, fulfil.EventTaskCompleted)
}

func TestResultMustFitTheKind(t *testing.T) {
	r := newRig(t)
	r.mustCall("CS1", "biz-1")
	r.query()
	task := r.lease("worker")
	for name, c := range map[string]fulfil.Completion{
		"no access": {},
		"empty URL": {Access: &fulfil.Access{}},
		"a verdict": {Access: &fulfil.Access{FrontEndURL: "https://x"}, Verdict: &fulfil.Verdict{}},
	} {
		c.Seller, c.TaskID, c.Fence = "demo", task.ID, task.Fence
		if _, err := r.CompleteTask(t.Context(), c); errs.As(err).Reason != errs.ResultInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	r.complete(task)
}

// Secrets stay out of events, logs and spans, and are sealed in the rows.
func TestNoSecretsOutside(t *testing.T) {
	r := newRig(t)
	_, err := r.NewInstance(t.Context(), fulfil.NewInstance{
		Endpoint: r.ep, OrderID: "CS1", OrderLineID: "CS1-000001", BusinessID: "biz-1", Arrived: time.Now(),
		Extra: `{"buyerInfo":{"email":"canary-mail"}}`,
	})
	if err != nil {
		t.Fatal(err)
	}
	r.query()
	r.work(store.TaskCreate)
	agg, err := r.Order(t.Context(), "demo", "CS1")
	if err != nil {
		t.Fatal(err)
	}
	if len(agg.Lines[0].Extra) == 0 || len(agg.Order.Buyer) == 0 || len(agg.Instances[0].Access) == 0 {
		t.Error("unknown members, buyer or access information were not kept")
	}
	es, err := r.Events(context.Background(), "demo", "CS1", 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"rows": fmt.Sprintf("%+v %s %s %s", agg, agg.Lines[0].Extra, agg.Order.Buyer, agg.Instances[0].Access), "events": fmt.Sprintf("%+v", es),
		"log": r.log.String(), "spans": fmt.Sprintf("%+v", r.spans.GetSpans()),
	} {
		if strings.Contains(text, "canary") {
			t.Errorf("a canary is in the %s", name)
		}
	}
}
