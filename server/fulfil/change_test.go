// SPDX-License-Identifier: Apache-2.0

package fulfil_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/evidence"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/store"
)

func (r *rig) refresh(scene, order string, expire time.Time) (fulfil.Answer, error) {
	return r.RefreshInstance(r.t.Context(), fulfil.Refresh{
		Endpoint: r.ep, Scene: scene, OrderID: order, OrderLineID: order + "-000001", InstanceID: "biz-CS1", ExpireAt: expire,
	})
}

func (r *rig) status(freeze bool) (fulfil.Answer, error) {
	return r.UpdateInstanceStatus(r.t.Context(), fulfil.UpdateStatus{Endpoint: r.ep, InstanceID: "biz-CS1", Freeze: freeze})
}

func (r *rig) release() (fulfil.Answer, error) {
	return r.ReleaseInstance(r.t.Context(), fulfil.Release{Endpoint: r.ep, InstanceID: "biz-CS1", OrderID: "CSrefund", OrderLineID: "CSrefund-000001"})
}

var created = []string{fulfil.EventAdmitted, fulfil.EventOrderQueried, fulfil.EventTaskCompleted}

func TestRenewalOnceAndNeverBackward(t *testing.T) {
	r := newRig(t)
	r.active("CS1")
	y1, y2 := time.Date(2028, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2029, 1, 1, 0, 0, 0, 0, time.UTC)
	r.wantCode2(r.refresh(fulfil.SceneRenewal, "CSr1", y1))
	r.work(store.TaskRefresh)
	r.wantCode2(r.refresh(fulfil.SceneRenewal, "CSr2", y2))
	r.work(store.TaskRefresh)
	r.wantCode2(r.refresh(fulfil.SceneRenewal, "CSr1", y1)) // a late duplicate
	r.none("worker")
	if i := r.state("biz-CS1", store.InstanceActive); !i.ExpireAt.Equal(y2) {
		t.Errorf("expiry %s: the late duplicate moved it back", i.ExpireAt)
	}
	r.wantCode2(r.refresh(fulfil.SceneRenewal, "CSr1", y2.AddDate(1, 0, 0))) // a repeat is a success with the first effect
	if i := r.state("biz-CS1", store.InstanceActive); !i.ExpireAt.Equal(y2) {
		t.Errorf("expiry %s: a repeat with another one had an effect", i.ExpireAt)
	}
	r.wantCode2(r.refresh(fulfil.SceneUnsubscribe, "CSr2", y1)) // the cancellation may name the renewal's own order
	r.work(store.TaskRefresh)
	if i := r.state("biz-CS1", store.InstanceActive); !i.ExpireAt.Equal(y1) {
		t.Errorf("expiry %s after the cancellation", i.ExpireAt)
	}
	r.events("CS1", append(created, fulfil.EventRefreshed, fulfil.EventTaskCompleted, fulfil.EventRefreshed, fulfil.EventTaskCompleted,
		fulfil.EventDiffers, fulfil.EventRefreshed, fulfil.EventTaskCompleted)...)
}

func TestLineOfAnotherOrdersInstanceConflicts(t *testing.T) {
	r := newRig(t)
	r.active("CS1")
	r.active("CS2")
	at := time.Date(2028, 1, 1, 0, 0, 0, 0, time.UTC)
	r.wantCode2(r.refresh(fulfil.SceneRenewal, "CSr1", at))
	_, err := r.RefreshInstance(t.Context(), fulfil.Refresh{
		Endpoint: r.ep, Scene: fulfil.SceneRenewal, OrderID: "CSr1", OrderLineID: "CSr1-000001", InstanceID: "biz-CS2", ExpireAt: at,
	})
	if errs.As(err).Reason != errs.ConflictingRepeat {
		t.Errorf("error %v", err)
	}
	r.events("CS2", append(created, fulfil.EventConflict)...)
	if i := r.state("biz-CS2", store.InstanceActive); !i.ExpireAt.Equal(yearly.ExpireAt) {
		t.Errorf("the refused call set the expiry %s", i.ExpireAt)
	}
	if !strings.Contains(r.log.String(), "belongs to another instance") {
		t.Error("no alarm in the log")
	}
}

func TestTrialToFormal(t *testing.T) {
	r := newRig(t)
	trial := yearly
	trial.OrderType = "TRIAL"
	r.market.set("CS1", trial)
	r.active("CS1")
	if !r.state("biz-CS1", store.InstanceActive).Trial {
		t.Error("not a trial")
	}
	formal := yearly
	formal.OrderType, formal.Product.ProductID = "TRIAL_TO_FORMAL", "OFFI-2"
	r.market.set("CSf", formal)
	r.wantCode2(r.refresh(fulfil.SceneTrialToFormal, "CSf", yearly.ExpireAt))
	r.none("worker")
	r.query()
	r.work(store.TaskRefresh)
	if i := r.state("biz-CS1", store.InstanceActive); i.Trial || i.Product.ProductID != "OFFI-2" {
		t.Errorf("trial %v, product %s", i.Trial, i.Product.ProductID)
	}
	r.events("CS1", append(created, fulfil.EventRefreshed, fulfil.EventOrderQueried, fulfil.EventTaskCompleted)...)
}

func TestUpgrade(t *testing.T) {
	r := newRig(t)
	r.active("CS1")
	bigger := yearly
	bigger.OrderType, bigger.Product.LinearValue = "CHANGE", 50
	r.market.set("CSu", bigger)
	call := func() (fulfil.Answer, error) {
		return r.UpgradeInstance(t.Context(), fulfil.Upgrade{Endpoint: r.ep, InstanceID: "biz-CS1", OrderID: "CSu", OrderLineID: "CSu-000001"})
	}
	r.wantCode2(call())
	r.wantCode2(call())
	r.query()
	task := r.lease("worker")
	if p := fulfil.PayloadOf(task); task.Kind != store.TaskUpgrade || p.LinearValue != 50 || task.LineOrderID != "CSu" {
		t.Errorf("task %+v payload %+v", task, p)
	}
	r.complete(task)
	r.wantCode2(call())
	r.none("worker")
	r.events("CS1", append(created, fulfil.EventUpgraded, fulfil.EventOrderQueried, fulfil.EventTaskCompleted)...)
}

func TestFailedUpgradeQueryDoesNotHoldUpTheRest(t *testing.T) {
	r := newRig(t)
	r.active("CS1")
	r.market.fail(&fulfil.QueryError{Code: "0101"})
	r.wantCode2(r.UpgradeInstance(t.Context(), fulfil.Upgrade{Endpoint: r.ep, InstanceID: "biz-CS1", OrderID: "CSu", OrderLineID: "CSu-000001"}))
	r.wantCode2(r.status(true))
	r.none("worker") // in order: the freeze waits for the upgrade
	r.query()
	r.work(store.TaskFreeze)
	r.state("biz-CS1", store.InstanceFrozen)
	agg, err := r.Order(t.Context(), "demo", "CS1")
	if err != nil || kinds(agg.Tasks) != "[ORDER_QUERY:FAILED UPGRADE:FAILED]" {
		t.Fatalf("%s %v", kinds(agg.Tasks), err)
	}
	if _, err := r.RetryTask(t.Context(), fulfil.Retry{Seller: "demo", TaskID: agg.Tasks[0].ID}); err != nil {
		t.Fatal(err)
	}
	r.query()
	r.work(store.TaskUpgrade)
}

func TestFreezeAndUnfreeze(t *testing.T) {
	r := newRig(t)
	r.active("CS1")
	for _, freeze := range []bool{true, true, false, false, true} {
		r.wantCode2(r.status(freeze))
	}
	r.state("biz-CS1", store.InstanceFrozen)
	r.work(store.TaskFreeze)
	r.work(store.TaskUnfreeze)
	r.work(store.TaskFreeze)
	r.none("worker")
	r.events("CS1", append(created, fulfil.EventFrozen, fulfil.EventUnfrozen, fulfil.EventFrozen,
		fulfil.EventTaskCompleted, fulfil.EventTaskCompleted, fulfil.EventTaskCompleted)...)
}

// House rule 10: members that the contract does not know are kept, sealed, also by calls that claim no line.
func TestUnknownMembersAreKeptSealed(t *testing.T) {
	r := newRig(t)
	r.active("CS1")
	const extra = `{"buyer":"canary-extra"}`
	r.wantCode2(r.UpdateInstanceStatus(t.Context(), fulfil.UpdateStatus{Endpoint: r.ep, InstanceID: "biz-CS1", Freeze: true, Extra: extra}))
	r.wantCode2(r.ReleaseInstance(t.Context(), fulfil.Release{Endpoint: r.ep, InstanceID: "biz-CS1", Extra: extra}))
	kept := 0
	es, err := r.Events(t.Context(), "demo", "CS1", 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range es {
		var data struct {
			ExtraDigest string `json:"extraDigest"`
		}
		if strings.Contains(e.Data, "canary") || json.Unmarshal([]byte(e.Data), &data) != nil {
			t.Errorf("event %s: %s", e.Kind, e.Data)
		}
		if data.ExtraDigest == "" {
			continue
		}
		if plain, err := evidence.Unseal(r.Sealer, e.Sealed, data.ExtraDigest, "event/demo/CS1"); err != nil || string(plain) != extra {
			t.Errorf("%s: %q %v", e.Kind, plain, err)
		}
		kept++
	}
	if kept != 2 {
		t.Errorf("%d events keep the unknown members, want 2", kept)
	}
}

func TestFreezeWhileProvisioning(t *testing.T) {
	r := newRig(t)
	r.mustCall("CS1", "biz-CS1")
	r.wantCode2(r.status(true))
	r.state("biz-CS1", store.InstanceProvisioning)
	r.query()
	r.work(store.TaskCreate)
	r.state("biz-CS1", store.InstanceFrozen)
	r.work(store.TaskFreeze)
}

func TestReleaseBeforeAnybodyBegan(t *testing.T) {
	r := newRig(t)
	r.mustCall("CS1", "biz-CS1")
	r.wantCode2(r.release())
	r.none("worker")
	r.none(fulfil.QueueOrderQuery)
	r.state("biz-CS1", store.InstanceReleased)
	r.wantCode2(r.release())
	r.events("CS1", fulfil.EventAdmitted, fulfil.EventReleased, fulfil.EventTaskCancelled, fulfil.EventTaskCancelled)
}

func TestReleaseWaitsForTheCreateInHand(t *testing.T) {
	r := newRig(t)
	r.mustCall("CS1", "biz-CS1")
	r.query()
	create := r.lease("worker")
	r.wantCode2(r.status(true))
	r.wantCode2(r.release())
	r.none("worker")
	r.complete(create)
	r.state("biz-CS1", store.InstanceReleased) // the late creation does not bring it back
	r.work(store.TaskRelease)
	r.none("worker")
	r.events("CS1", fulfil.EventAdmitted, fulfil.EventOrderQueried, fulfil.EventFrozen, fulfil.EventReleased, fulfil.EventTaskCancelled,
		fulfil.EventTaskCompleted, fulfil.EventTaskCompleted)
}

func TestReleaseOvertakesAFailingCreate(t *testing.T) {
	r := newRig(t)
	r.mustCall("CS1", "biz-CS1")
	r.query()
	create := r.lease("worker")
	r.wantCode2(r.release())
	got, err := r.FailTask(t.Context(), fulfil.Failure{Seller: "demo", TaskID: create.ID, Fence: create.Fence, Message: "try later"})
	if err != nil || got.State != store.TaskCancelled {
		t.Fatalf("%s %v", got.State, err)
	}
	r.work(store.TaskRelease)
}

func TestAfterRelease(t *testing.T) {
	r := newRig(t)
	r.active("CS1")
	at := time.Date(2028, 1, 1, 0, 0, 0, 0, time.UTC)
	r.wantCode2(r.refresh(fulfil.SceneRenewal, "CSr1", at))
	r.wantCode2(r.release())
	r.wantCode2(r.release())
	r.wantCode2(r.refresh(fulfil.SceneRenewal, "CSr1", at)) // admitted before: the first answer stands
	for name, call := range map[string]func() (fulfil.Answer, error){
		"refresh": func() (fulfil.Answer, error) { return r.refresh(fulfil.SceneRenewal, "CSr2", at) },
		"freeze":  func() (fulfil.Answer, error) { return r.status(true) },
		"upgrade": func() (fulfil.Answer, error) {
			return r.UpgradeInstance(t.Context(), fulfil.Upgrade{Endpoint: r.ep, InstanceID: "biz-CS1", OrderID: "CSu", OrderLineID: "l"})
		},
		"check": func() (fulfil.Answer, error) {
			return r.ChangeInstanceCheck(t.Context(), fulfil.CheckChange{Endpoint: r.ep, InstanceID: "biz-CS1"})
		},
	} {
		if _, err := call(); errs.As(err).Reason != errs.InstanceNotFound {
			t.Errorf("%s of a released instance: %v", name, err)
		}
	}
	if _, err := r.ReleaseInstance(t.Context(), fulfil.Release{Endpoint: r.ep, InstanceID: "never"}); errs.As(err).Reason != errs.InstanceNotFound {
		t.Errorf("release of an unknown instance: %v", err)
	}
	r.work(store.TaskRelease)
	r.none("worker")
}

func TestChangeCheck(t *testing.T) {
	check := func(r *rig) (fulfil.Answer, error) {
		return r.ChangeInstanceCheck(r.t.Context(), fulfil.CheckChange{
			Endpoint: r.ep, InstanceID: "biz-CS1", Target: store.Product{ProductID: "OFFI-9", LinearValue: 3},
		})
	}
	t.Run("asked", func(t *testing.T) {
		r := newRig(t)
		r.active("CS1")
		for _, v := range []fulfil.Verdict{{Allowed: true}, {Message: "quota exceeded"}} {
			answer := make(chan fulfil.Answer, 1)
			go func() { a, _ := check(r); answer <- a }()
			task := r.lease("worker")
			if p := fulfil.PayloadOf(task); task.Kind != store.TaskCheckChange || p.ProductID != "OFFI-9" || p.LinearValue != 3 {
				t.Fatalf("task %s %+v", task.Kind, p)
			}
			if _, err := r.CompleteTask(t.Context(), fulfil.Completion{Seller: "demo", TaskID: task.ID, Fence: task.Fence, Verdict: &v}); err != nil {
				t.Fatal(err)
			}
			if a := <-answer; (a.Code == resultcode.Success) != v.Allowed || a.Message != v.Message {
				t.Errorf("verdict %+v became %+v", v, a)
			}
		}
		r.events("CS1", append(created, fulfil.EventChecked, fulfil.EventChecked)...)
	})
	for _, allow := range []bool{true, false} {
		t.Run(map[bool]string{true: "policy allows", false: "policy refuses"}[allow], func(t *testing.T) {
			r := newRig(t, func(_ *fulfil.Config, ep *fulfil.Endpoint, _ *fulfil.Deps) { ep.CheckAllow = allow })
			r.active("CS1")
			start := time.Now()
			a, err := check(r)
			if err != nil || (a.Code == resultcode.Success) != allow {
				t.Errorf("%+v %v", a, err)
			}
			if took := time.Since(start); took < r.ep.CheckBudget {
				t.Errorf("gave up after %s, before the budget of %s", took, r.ep.CheckBudget)
			}
			r.none("worker") // nobody is to work on a question that was answered
			r.events("CS1", append(created, fulfil.EventTaskCancelled, fulfil.EventChecked)...)
		})
	}
}

func TestQueryInstance(t *testing.T) {
	q := func(r *rig, ids string) (fulfil.Answer, []fulfil.Shown) {
		r.t.Helper()
		a, shown, err := r.QueryInstance(r.t.Context(), fulfil.Query{Endpoint: r.ep, InstanceIDs: ids})
		if err != nil {
			r.t.Fatal(err)
		}
		return a, shown
	}
	for _, c := range []struct {
		name string
		ids  string
		opt  option
		code resultcode.Code
		n    int
	}{
		{"one", "biz-CS1", nil, resultcode.Success, 1},
		{"twice and blanks", " biz-CS1, biz-CS1,,", nil, resultcode.Success, 1},
		{"unknown", "nope", nil, resultcode.InstanceNotFound, 0},
		{"pending", "pending", nil, resultcode.Processing, 0},
		{"mixed", "nope,biz-CS1,pending", nil, resultcode.Success, 1},
		{"mixed, refused", "nope,biz-CS1", func(_ *fulfil.Config, ep *fulfil.Endpoint, _ *fulfil.Deps) { ep.RefuseUnknown = true }, resultcode.InstanceNotFound, 0},
		{"pending, omitted", "pending", func(_ *fulfil.Config, ep *fulfil.Endpoint, _ *fulfil.Deps) { ep.OmitPending = true }, resultcode.Success, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			opts := []option{}
			if c.opt != nil {
				opts = append(opts, c.opt)
			}
			r := newRig(t, opts...)
			r.active("CS1")
			r.mustCall("CS2", "pending")
			a, shown := q(r, c.ids)
			if a.Code != c.code || len(shown) != c.n {
				t.Errorf("code %s with %d shown, want %s with %d", a.Code, len(shown), c.code, c.n)
			}
		})
	}
}

func TestSplitIDs(t *testing.T) {
	if _, err := fulfil.SplitIDs(" , "); errs.As(err).Reason != errs.InvalidField {
		t.Errorf("blank: %v", err)
	}
	var ids string
	for i := range 101 {
		ids += string(rune('A'+i%26)) + string(rune('a'+i/26)) + ","
		_, err := fulfil.SplitIDs(ids)
		if (err != nil) != (i >= 100) {
			t.Fatalf("%d ids: %v", i+1, err)
		}
	}
}

func TestTwinKeepsNoState(t *testing.T) {
	r := newRig(t)
	twin := fulfil.Twin{Endpoint: r.ep}
	a := twin.NewInstance("CS1", "CS1-000001", "")
	if a.Code != resultcode.Success || len(a.InstanceID) != 36 || a != twin.NewInstance("CS1", "CS1-000001", "") {
		t.Errorf("%+v", a)
	}
	if twin.NewInstance("CS1", "CS1-000002", "") == a {
		t.Error("two lines share an instance")
	}
	_, shown, err := twin.QueryInstance("a,b")
	if err != nil || len(shown) != 2 || shown[1].InstanceID != "b" || shown[1].Access.FrontEndURL == "" {
		t.Errorf("%v %v", shown, err)
	}
	orders, err := r.Orders(t.Context(), store.ListQuery{Seller: "demo", Limit: 10})
	if err != nil || len(orders) != 0 {
		t.Errorf("orders %v %v", orders, err)
	}
}

// lostKey is a sealer that has lost what one instance was sealed with.
type lostKey struct {
	fulfil.Sealer

	instanceID string
}

func (l lostKey) Open(sealed []byte, context string) ([]byte, error) {
	if strings.Contains(context, l.instanceID) {
		return nil, errors.New("no such key")
	}
	return l.Sealer.Open(sealed, context)
}

// An instance whose access information cannot be read costs the others of a query nothing; alone it is told as a fault.
func TestOneUnreadableInstanceCostsNoOther(t *testing.T) {
	r := newRig(t, func(_ *fulfil.Config, _ *fulfil.Endpoint, d *fulfil.Deps) { d.Sealer = lostKey{d.Sealer, "biz-CS2"} })
	r.active("CS1")
	r.active("CS2")
	for ids, want := range map[string]struct {
		code  resultcode.Code
		shown int
	}{"biz-CS2,biz-CS1": {resultcode.Success, 1}, "biz-CS1,biz-CS2": {resultcode.Success, 1}, "biz-CS2": {resultcode.Internal, 0}, "biz-CS2,nope": {resultcode.Internal, 0}} {
		a, shown, err := r.QueryInstance(t.Context(), fulfil.Query{Endpoint: r.ep, InstanceIDs: ids})
		if err != nil || a.Code != want.code || len(shown) != want.shown || want.shown == 1 && shown[0].InstanceID != "biz-CS1" {
			t.Errorf("%s: %+v %v %v", ids, a, shown, err)
		}
	}
}

// A release overtakes the order's own query, also one that is on its way and then fails: the order says so instead of waiting for an
// answer that nobody asks for any more (house rule 5).
func TestAReleaseEndsTheOrderQuery(t *testing.T) {
	for name, onItsWay := range map[string]bool{"waits": false, "is on its way": true} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.mustCall("CS1", "biz-CS1")
			want := "overtaken by the release"
			if onItsWay {
				want = "released: NETWORK"
				query := r.lease(fulfil.QueueOrderQuery)
				r.wantCode2(r.release())
				r.market.fail(&fulfil.QueryError{Retryable: true, Code: "NETWORK"})
				r.RunOrderQuery(t.Context(), query)
			} else {
				r.wantCode2(r.release())
			}
			r.wantQuery(store.QueryFailed, want)
		})
	}
}

func (r *rig) wantQuery(state store.QueryState, reason string) {
	r.t.Helper()
	agg, err := r.Order(r.t.Context(), "demo", "CS1")
	if err != nil || len(agg.Tasks) != 0 {
		r.t.Fatalf("%d open tasks, %v", len(agg.Tasks), err)
	}
	if o := agg.Order; o.QueryState != state || o.QueryReason != reason {
		r.t.Errorf("the order query is %s %q, want %s %q", o.QueryState, o.QueryReason, state, reason)
	}
}
