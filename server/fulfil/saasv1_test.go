// SPDX-License-Identifier: Apache-2.0

package fulfil_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/store"
)

// told is a call of V1: it tells what was bought, and is held until the access information is there.
func (r *rig) told(order, business string, mods ...func(c *fulfil.NewInstance)) (fulfil.Answer, error) {
	facts := yearly
	facts.Product.Name = ""
	c := fulfil.NewInstance{
		Endpoint: r.ep, OrderID: order, BusinessID: business, Arrived: time.Now(), Family: fulfil.FamilySaasV1, Told: &facts, Hold: true,
		Input: fulfil.Input{CustomerID: "canary-customer", MobilePhone: "canary-phone", ExtendParams: map[string]string{"idNum": "canary-id"}},
		Match: map[string]string{"skuCode": "sku-1"},
	}
	for _, m := range mods {
		m(&c)
	}
	return r.NewInstance(r.t.Context(), c)
}

// late makes a call whose hold budget is nearly over.
func late(c *fulfil.NewInstance) {
	c.Arrived = time.Now().Add(50*time.Millisecond - c.Endpoint.HoldBudget)
}

func acceptedAt(at time.Time) func(c *fulfil.NewInstance) {
	return func(c *fulfil.NewInstance) { c.AcceptedAt = at }
}

// fulfilled finishes every task of the worker until the test ends.
func (r *rig) fulfilled() { r.background("worker") }

// wantAccess checks that an answer is a success that shows the instance.
func (r *rig) wantAccess(a fulfil.Answer, err error, id string) {
	r.t.Helper()
	r.wantCode(a, err, resultcode.Success)
	if a.InstanceID != id || a.Access.FrontEndURL == "" || a.Access.Password != "canary-password" {
		r.t.Errorf("answer %s %q %+v", a.InstanceID, a.Access.FrontEndURL, a)
	}
}

var v1Created = []string{fulfil.EventAdmitted, fulfil.EventTaskCompleted}

func TestToldPurchaseGoesStraightToTheProvisioner(t *testing.T) {
	r := newRig(t)
	answer := make(chan fulfil.Answer, 1)
	go func() { a, _ := r.told("CS1", "biz-1"); answer <- a }()
	task := r.lease("worker")
	r.none(fulfil.QueueOrderQuery)
	if p := fulfil.PayloadOf(task); task.Kind != store.TaskCreate || p.ProductID != "OFFI-1" || !p.ExpireAt.Equal(yearly.ExpireAt) {
		t.Errorf("task %s %+v", task.Kind, p)
	}
	in, ok, err := r.InputOf(t.Context(), task)
	if err != nil || !ok || in.CustomerID != "canary-customer" || in.ExtendParams["idNum"] != "canary-id" {
		t.Errorf("input of the task: %v %v", ok, err)
	}
	agg, err := r.Order(t.Context(), "demo", "CS1")
	if err != nil || agg.Order.QueryState != store.QueryDone || agg.Order.OrderType != "NEW" || len(agg.Order.Buyer) == 0 {
		t.Errorf("order %+v %v", agg.Order, err)
	}
	r.complete(task)
	r.wantAccess(<-answer, nil, "biz-1")
	if i := r.state("biz-1", store.InstanceActive); i.Family != fulfil.FamilySaasV1 || i.Product.SKUCode != "sku-1" {
		t.Errorf("instance %+v", i)
	}
	es := r.events("CS1", v1Created...)
	for name, text := range map[string]string{
		"events": fmt.Sprintf("%+v", es), "log": r.log.String(), "spans": fmt.Sprintf("%+v", r.spans.GetSpans()),
		"rows": fmt.Sprintf("%+v %s", agg, agg.Lines[0].Input), "answer": fmt.Sprintf("%+v %#v %v", in, in, in),
	} {
		if strings.Contains(text, "canary") {
			t.Errorf("a canary is in the %s", name)
		}
	}
}

// The documented answer to a repeat is the same instance ID and the same app data, for the life of the order.
func TestHeldAnswerIsTheSameForEver(t *testing.T) {
	r := newRig(t)
	r.fulfilled()
	first, err := r.told("CS1", "biz-1")
	r.wantAccess(first, err, "biz-1")
	again := func(when string) {
		t.Helper()
		if a, err := r.told("CS1", "biz-"+when); err != nil || a != first {
			t.Errorf("%s: %+v %v", when, a, err)
		}
	}
	again("active")
	r.wantCode2(r.UpdateInstanceStatus(t.Context(), fulfil.UpdateStatus{Endpoint: r.ep, InstanceID: "biz-1", Freeze: true, Expired: true}))
	again("frozen")
	r.wantCode2(r.ReleaseInstance(t.Context(), fulfil.Release{Endpoint: r.ep, InstanceID: "biz-1", OrderID: "CS1"}))
	head := r.head("CS1")
	again("released")
	_, err = r.told("CS1", "biz-x", acceptedAt(time.Now())) // an acceptance that comes too late is answered and changes nothing
	if err != nil || r.head("CS1").InstancesAndLines != head.InstancesAndLines {
		t.Errorf("acceptance after the release: %v", err)
	}
	r.state("biz-1", store.InstanceReleased)
}

// look is what must not change when a call is repeated.
type look struct {
	Seq               int64
	InstancesAndLines string
}

func (r *rig) head(order string) look {
	r.t.Helper()
	agg, err := r.Order(r.t.Context(), "demo", order)
	if err != nil {
		r.t.Fatal(err)
	}
	return look{agg.Order.Head.Seq, fmt.Sprintf("%d %v", len(agg.Lines), agg.Instances)}
}

func TestHoldEndsWithoutCommitting(t *testing.T) {
	r := newRig(t)
	a, err := r.told("CS1", "biz-1", late)
	r.wantCode(a, err, resultcode.Processing)
	if a.InstanceID != "biz-1" || a.Message == "" {
		t.Errorf("answer %+v", a)
	}
	if l, err := r.Store.Line(t.Context(), store.LineKey{Seller: "demo", OrderID: "CS1", Action: fulfil.ActionNew}); err != nil || l.AnswerCode != "" {
		t.Errorf("committed %q %v", l.AnswerCode, err)
	}
	r.work(store.TaskCreate)
	a, err = r.told("CS1", "biz-2")
	r.wantAccess(a, err, "biz-1")
	r.events("CS1", v1Created...)
}

func TestHeldCreationFails(t *testing.T) {
	r := newRig(t)
	if a, err := r.told("CS1", "biz-1", late); err != nil || a.Code != resultcode.Processing {
		t.Fatal(a, err)
	}
	task := r.lease("worker")
	if _, err := r.FailTask(t.Context(), fulfil.Failure{
		Seller: "demo", TaskID: task.ID, Fence: task.Fence, Permanent: true, Code: resultcode.MobileInvalid, Message: "taken",
	}); err != nil {
		t.Fatal(err)
	}
	a, err := r.told("CS1", "biz-1")
	r.wantCode(a, err, resultcode.MobileInvalid)
	if _, err := r.RetryTask(t.Context(), fulfil.Retry{Seller: "demo", TaskID: task.ID}); err != nil {
		t.Fatal(err)
	}
	r.work(store.TaskCreate)
	a, err = r.told("CS1", "biz-1")
	r.wantAccess(a, err, "biz-1")
	r.events("CS1", fulfil.EventAdmitted, fulfil.EventTaskFailed, fulfil.EventTaskRetried, fulfil.EventTaskCompleted)
}

func TestHeldReleaseBeforeTheCreation(t *testing.T) {
	r := newRig(t)
	if _, err := r.told("CS1", "biz-1", late); err != nil {
		t.Fatal(err)
	}
	r.wantCode2(r.ReleaseInstance(t.Context(), fulfil.Release{Endpoint: r.ep, InstanceID: "biz-1"}))
	for range 2 {
		a, err := r.told("CS1", "biz-1")
		r.wantCode(a, err, resultcode.Internal)
		if a.Message == "" {
			t.Error("no message")
		}
	}
	r.none("worker")
	r.events("CS1", fulfil.EventAdmitted, fulfil.EventReleased, fulfil.EventTaskCancelled, fulfil.EventAnswered)
}

func TestARepeatThatDiffersIsASuccess(t *testing.T) {
	r := newRig(t)
	r.fulfilled()
	first, err := r.told("CS1", "biz-1", func(c *fulfil.NewInstance) {
		c.Match, c.Input.CustomerID = map[string]string{"skuCode": "sku-1"}, "canary-customer-1"
	})
	r.wantAccess(first, err, "biz-1")
	other := func(c *fulfil.NewInstance) {
		c.Match, c.Input.CustomerID = map[string]string{"skuCode": "sku-2"}, "canary-customer-2"
	}
	for range 60 { // as often as the marketplace calls
		if a, err := r.told("CS1", "biz-1", other); err != nil || a != first {
			t.Errorf("another specification: %+v %v", a, err)
		}
	}
	if a, err := r.told("CS1", "biz-1", func(c *fulfil.NewInstance) { c.Match = nil }); err != nil || a != first {
		t.Errorf("nothing to match: %+v %v", a, err)
	}
	es := r.events("CS1", append(v1Created, fulfil.EventDiffers)...)
	if data := es[2].Data; strings.Contains(data, "canary") || !strings.Contains(data, `"parameters":["customerId","skuCode"]`) || !strings.Contains(data, `"now":{"skuCode":"sku-2"}`) {
		t.Errorf("event %s", data)
	}
	for n := range 100 { // an endless row of different calls leaves a bounded number of events
		other := func(c *fulfil.NewInstance) { c.Match = map[string]string{"skuCode": fmt.Sprint("sku-", n)} }
		if a, err := r.told("CS1", "biz-1", other); err != nil || a != first {
			t.Errorf("%+v %v", a, err)
		}
	}
	if es, err := r.Events(t.Context(), "demo", "CS1", 0, 1000); err != nil || len(es) > 40 {
		t.Errorf("%d events, %v", len(es), err)
	}
	if _, err := r.told("CS1", "biz-1", func(c *fulfil.NewInstance) { c.Match = nil }); err != nil {
		t.Error(err)
	}
}

func TestAcceptance(t *testing.T) {
	at := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	t.Run("after the creation", func(t *testing.T) {
		r := newRig(t)
		r.fulfilled()
		first, err := r.told("CS1", "biz-1")
		r.wantAccess(first, err, "biz-1")
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				if a, err := r.told("CS1", fmt.Sprintf("biz-%d", i), acceptedAt(at)); err != nil || a != first {
					t.Errorf("%+v %v", a, err)
				}
			})
		}
		wg.Wait()
		es := r.events("CS1", append(v1Created, fulfil.EventAccepted)...)
		if want := `"acceptanceTime":"20260501000000000"`; !strings.Contains(es[2].Data, want) {
			t.Errorf("event %s", es[2].Data)
		}
		if a, err := r.told("CS1", "b", acceptedAt(at.Add(time.Hour))); err != nil || a != first {
			t.Errorf("another acceptance: %+v %v", a, err)
		}
		r.events("CS1", append(v1Created, fulfil.EventAccepted, fulfil.EventDiffers)...)
	})
	t.Run("first of all", func(t *testing.T) {
		r := newRig(t)
		r.fulfilled()
		a, err := r.told("CS1", "biz-1", acceptedAt(at))
		r.wantAccess(a, err, "biz-1")
		if again, err := r.told("CS1", "biz-2", acceptedAt(at)); err != nil || again != a {
			t.Errorf("%+v %v", again, err)
		}
		r.events("CS1", fulfil.EventAdmitted, fulfil.EventAccepted, fulfil.EventTaskCompleted)
	})
}

func TestHundredHeldDuplicates(t *testing.T) {
	r := newRig(t)
	r.fulfilled()
	var wg sync.WaitGroup
	answers := make([]fulfil.Answer, 100)
	for i := range answers {
		wg.Go(func() {
			var err error
			if answers[i], err = r.told("CS1", fmt.Sprintf("biz-%d", i)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, a := range answers {
		if a != answers[0] || a.Code != resultcode.Success {
			t.Fatalf("%+v and %+v", a, answers[0])
		}
	}
	r.events("CS1", v1Created...)
}

func TestPayPerUseOfV1HasOneInstanceForEachProduct(t *testing.T) {
	r := newRig(t)
	r.fulfilled()
	ids := map[string]string{}
	for range 2 {
		for _, p := range []string{"sms", "mms"} {
			a, err := r.told("CS1", "biz-"+p, func(c *fulfil.NewInstance) {
				c.ProductID = p
				c.Told.Product = store.Product{ProductID: p, ChargingMode: "ON_DEMAND"}
			})
			r.wantCode(a, err, resultcode.Success)
			if was, ok := ids[p]; ok && was != a.InstanceID {
				t.Errorf("%s: %s, was %s", p, a.InstanceID, was)
			}
			ids[p] = a.InstanceID
		}
	}
	if ids["sms"] == ids["mms"] {
		t.Error("one instance for two products")
	}
	r.events("CS1", fulfil.EventAdmitted, fulfil.EventTaskCompleted, fulfil.EventAdmitted, fulfil.EventTaskCompleted)
}

func TestToldProductWithoutProvisioner(t *testing.T) {
	r := newRig(t, func(_ *fulfil.Config, ep *fulfil.Endpoint, _ *fulfil.Deps) {
		ep.Products = map[string]fulfil.ProductRule{"other": {Provisioner: "worker"}}
	})
	a, err := r.told("CS1", "biz-1")
	r.wantCode(a, err, resultcode.NoResource)
	r.events("CS1", fulfil.EventAdmitted, fulfil.EventTaskFailed)
}

func TestToldTrial(t *testing.T) {
	r := newRig(t)
	r.fulfilled()
	a, err := r.told("CS1", "biz-1", func(c *fulfil.NewInstance) { c.Told.OrderType = "TRIAL" })
	r.wantAccess(a, err, "biz-1")
	if !r.state("biz-1", store.InstanceActive).Trial {
		t.Error("not a trial")
	}
	r.wantCode2(r.RefreshInstance(t.Context(), fulfil.Refresh{
		Endpoint: r.ep, Scene: fulfil.SceneTrialToFormal, OrderID: "CSf", InstanceID: "biz-1", ProductID: "OFFI-2", ExpireAt: yearly.ExpireAt, Told: true,
	}))
	if i := r.state("biz-1", store.InstanceActive); i.Trial || i.Product.ProductID != "OFFI-2" || r.market.queries.Load() != 0 {
		t.Errorf("trial %v product %s queries %d", i.Trial, i.Product.ProductID, r.market.queries.Load())
	}
}

// What V1 encrypts must fit its fields, so it is refused before the task ends.
func TestLongCredentialsOfV1AreRefused(t *testing.T) {
	r := newRig(t)
	if _, err := r.told("CS1", "biz-1", late); err != nil {
		t.Fatal(err)
	}
	task := r.lease("worker")
	complete := func(user, password string) error {
		_, err := r.CompleteTask(t.Context(), fulfil.Completion{
			Seller: "demo", TaskID: task.ID, Fence: task.Fence,
			Access: &fulfil.Access{FrontEndURL: "https://x.example.com", UserName: user, Password: password},
		})
		return err
	}
	long := strings.Repeat("x", 80)
	for _, c := range [][2]string{{long, "p"}, {"u", long}} {
		if err := complete(c[0], c[1]); errs.As(err).Reason != errs.ResultInvalid {
			t.Errorf("%d and %d bytes: %v", len(c[0]), len(c[1]), err)
		}
	}
	if err := complete(long[:79], long[:79]); err != nil {
		t.Error(err)
	}
	r.active("CS2") // another family takes them
	v2 := r.mustCall("CS3", "biz-3")
	r.query()
	task = r.lease("worker")
	if err := complete(long, long); err != nil || v2.InstanceID != "biz-3" {
		t.Error(err)
	}
}

// v1 is an active instance of V1 whose worker is the test.
func (r *rig) v1(order string) string {
	r.t.Helper()
	a, err := r.told(order, "biz-"+order, late)
	r.wantCode(a, err, resultcode.Processing)
	r.work(store.TaskCreate)
	return a.InstanceID
}

func (r *rig) renew(id, order string, expire time.Time, scene string) (fulfil.Answer, error) {
	return r.RefreshInstance(r.t.Context(), fulfil.Refresh{
		Endpoint: r.ep, Scene: scene, OrderID: order, InstanceID: id, ExpireAt: expire, Told: true, Activity: "refreshInstance",
	})
}

// One renewal order of V1 may name several instances, and has no line IDs.
func TestRenewalOfV1NamesSeveralInstances(t *testing.T) {
	r := newRig(t)
	a, b := r.v1("CS1"), r.v1("CS2")
	at := time.Date(2029, 1, 1, 0, 0, 0, 0, time.UTC)
	var wg sync.WaitGroup
	for range 50 {
		for _, id := range []string{a, b} {
			wg.Go(func() {
				if got, err := r.renew(id, "CSr", at, fulfil.SceneRenewal); err != nil || got.Code != resultcode.Success {
					t.Errorf("%+v %v", got, err)
				}
			})
		}
	}
	wg.Wait()
	r.work(store.TaskRefresh)
	r.work(store.TaskRefresh)
	r.none("worker")
	r.wantCode2(r.renew(a, "CSr", at.Add(time.Hour), fulfil.SceneRenewal))
	if i := r.state(a, store.InstanceActive); !i.ExpireAt.Equal(at) {
		t.Errorf("a repeat with another expiry moved it to %s", i.ExpireAt)
	}
	earlier := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	r.wantCode2(r.renew(a, "CSr", earlier, fulfil.SceneUnsubscribe)) // taken as it is
	if i := r.state(a, store.InstanceActive); !i.ExpireAt.Equal(earlier) {
		t.Errorf("expires %s", i.ExpireAt)
	}
	r.work(store.TaskRefresh)
	r.events("CS1", append(v1Created, fulfil.EventRefreshed, fulfil.EventTaskCompleted, fulfil.EventDiffers, fulfil.EventRefreshed,
		fulfil.EventTaskCompleted)...)
	r.events("CS2", append(v1Created, fulfil.EventRefreshed, fulfil.EventTaskCompleted)...)
}

func (r *rig) expire(id string) {
	r.t.Helper()
	r.wantCode2(r.UpdateInstanceStatus(r.t.Context(), fulfil.UpdateStatus{
		Endpoint: r.ep, InstanceID: id, Freeze: true, Expired: true, Activity: "expireInstance",
	}))
}

func TestRenewalThawsWhatExpired(t *testing.T) {
	r := newRig(t)
	id := r.v1("CS1")
	r.expire(id)
	r.expire(id)
	r.work(store.TaskFreeze)
	r.wantCode2(r.renew(id, "CSr0", time.Now().Add(-time.Hour), fulfil.SceneUnsubscribe)) // still expired
	r.state(id, store.InstanceFrozen)
	r.work(store.TaskRefresh)
	r.wantCode2(r.renew(id, "CSr1", time.Now().Add(time.Hour), fulfil.SceneRenewal))
	if i := r.state(id, store.InstanceActive); i.Frozen || i.Reason != "" {
		t.Errorf("frozen %v reason %q", i.Frozen, i.Reason)
	}
	r.work(store.TaskUnfreeze)
	r.work(store.TaskRefresh)
	r.events("CS1", append(v1Created, fulfil.EventFrozen, fulfil.EventTaskCompleted, fulfil.EventRefreshed, fulfil.EventTaskCompleted,
		fulfil.EventRefreshed, fulfil.EventUnfrozen, fulfil.EventTaskCompleted, fulfil.EventTaskCompleted)...)
}

func TestRenewalDoesNotThawWhatIsFrozenOtherwise(t *testing.T) {
	for name, freeze := range map[string][]bool{ // by whether the call says expired
		"violation":                 {false},
		"violation, then expiry":    {false, true},
		"expiry, then a violation":  {true, false},
		"violation between expires": {true, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			id := r.v1("CS1")
			for _, expired := range freeze {
				r.wantCode2(r.UpdateInstanceStatus(t.Context(), fulfil.UpdateStatus{Endpoint: r.ep, InstanceID: id, Freeze: true, Expired: expired}))
			}
			r.work(store.TaskFreeze)
			r.none("worker")
			r.wantCode2(r.renew(id, "CSr1", time.Now().Add(time.Hour), fulfil.SceneRenewal))
			r.work(store.TaskRefresh)
			r.state(id, store.InstanceFrozen)
			r.wantCode2(r.UpdateInstanceStatus(t.Context(), fulfil.UpdateStatus{Endpoint: r.ep, InstanceID: id}))
			r.work(store.TaskUnfreeze)
			r.state(id, store.InstanceActive)
		})
	}
}

// An instance that expires while it is being created still knows why it is frozen when it is there.
func TestExpiryDuringTheCreation(t *testing.T) {
	r := newRig(t)
	if _, err := r.told("CS1", "biz-1", late); err != nil {
		t.Fatal(err)
	}
	r.expire("biz-1")
	r.work(store.TaskCreate)
	if i := r.state("biz-1", store.InstanceFrozen); i.Reason != "expired" {
		t.Errorf("reason %q", i.Reason)
	}
	r.work(store.TaskFreeze)
	r.wantCode2(r.renew("biz-1", "CSr", time.Now().Add(time.Hour), fulfil.SceneRenewal))
	r.state("biz-1", store.InstanceActive)
}

func TestToldUpgrade(t *testing.T) {
	r := newRig(t)
	id := r.v1("CS1")
	call := func(p store.Product) (fulfil.Answer, error) {
		return r.UpgradeInstance(t.Context(), fulfil.Upgrade{
			Endpoint: r.ep, InstanceID: id, OrderID: "CSu", Told: &p, Activity: "upgrade",
			Input: fulfil.Input{ExtendParams: map[string]string{"idNum": "canary-upgrade"}},
		})
	}
	bigger := store.Product{ProductID: "OFFI-9", SKUCode: "sku-9", LinearValue: 50}
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			if a, err := call(bigger); err != nil || a.Code != resultcode.Success {
				t.Errorf("%+v %v", a, err)
			}
		})
	}
	wg.Wait()
	if i := r.state(id, store.InstanceActive); i.Product.ProductID != "OFFI-9" || i.Product.ChargingMode != "PERIOD" || i.Product.LinearValue != 50 {
		t.Errorf("product %+v", i.Product)
	}
	task := r.lease("worker")
	if p := fulfil.PayloadOf(task); task.Kind != store.TaskUpgrade || p.SKUCode != "sku-9" || p.LinearValue != 50 {
		t.Errorf("task %s %+v", task.Kind, p)
	}
	if in, ok, err := r.InputOf(t.Context(), task); err != nil || !ok || in.ExtendParams["idNum"] != "canary-upgrade" {
		t.Errorf("input %v %v", ok, err)
	}
	r.complete(task)
	r.none("worker")
	r.wantCode2(call(store.Product{ProductID: "OFFI-8"}))
	if i := r.state(id, store.InstanceActive); i.Product.ProductID != "OFFI-9" {
		t.Errorf("a repeat with another target had an effect: %+v", i.Product)
	}
	r.wantCode2(r.ReleaseInstance(t.Context(), fulfil.Release{Endpoint: r.ep, InstanceID: id, OrderID: "CS1"}))
	r.wantCode2(call(bigger)) // admitted before: the answer stands
	release := r.lease("worker")
	if in, ok, err := r.InputOf(t.Context(), release); !ok || err != nil || in.CustomerID == "" { // every task tells who bought
		t.Errorf("input of %s: %v %v", release.Kind, ok, err)
	}
	r.events("CS1", append(v1Created, fulfil.EventUpgraded, fulfil.EventTaskCompleted, fulfil.EventDiffers, fulfil.EventReleased)...)
}

func TestHundredExpiriesAndReleases(t *testing.T) {
	r := newRig(t)
	id := r.v1("CS1")
	together := func(call func() (fulfil.Answer, error)) {
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				if a, err := call(); err != nil || a.Code != resultcode.Success {
					t.Errorf("%+v %v", a, err)
				}
			})
		}
		wg.Wait()
	}
	together(func() (fulfil.Answer, error) {
		return r.UpdateInstanceStatus(t.Context(), fulfil.UpdateStatus{
			Endpoint: r.ep, InstanceID: id, Freeze: true, Expired: true, Activity: "expireInstance", Arrived: time.Now(),
		})
	})
	r.work(store.TaskFreeze)
	together(func() (fulfil.Answer, error) {
		return r.ReleaseInstance(t.Context(), fulfil.Release{Endpoint: r.ep, InstanceID: id, OrderID: "CS1", Arrived: time.Now()})
	})
	r.work(store.TaskRelease)
	r.none("worker")
	if _, err := r.UpdateInstanceStatus(t.Context(), fulfil.UpdateStatus{Endpoint: r.ep, InstanceID: id, Freeze: true, Expired: true}); errs.As(err).Reason != errs.InstanceNotFound {
		t.Errorf("expiry after the release: %v", err)
	}
	r.events("CS1", append(v1Created, fulfil.EventFrozen, fulfil.EventTaskCompleted, fulfil.EventReleased, fulfil.EventTaskCompleted)...)
}
