// SPDX-License-Identifier: Apache-2.0

package fulfil_test

import (
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/store"
)

// patient makes activities wait for their tasks.
func patient(activities ...string) option {
	return func(_ *fulfil.Config, ep *fulfil.Endpoint, _ *fulfil.Deps) {
		ep.OnCompletion = map[string]bool{}
		for _, a := range activities {
			ep.OnCompletion[a] = true
		}
	}
}

// about are the calls that can be answered on completion, each with the task that it queues.
var about = []struct {
	activity string
	kind     store.TaskKind
	event    string
	call     func(r *rig, arrived time.Time) (fulfil.Answer, error)
}{
	{"refreshInstance", store.TaskRefresh, fulfil.EventRefreshed, func(r *rig, arrived time.Time) (fulfil.Answer, error) {
		return r.RefreshInstance(r.t.Context(), fulfil.Refresh{
			Endpoint: r.ep, Scene: fulfil.SceneRenewal, OrderID: "CSr", OrderLineID: "CSr-000001", InstanceID: "biz-CS1",
			ExpireAt: yearly.ExpireAt, Arrived: arrived,
		})
	}},
	{"updateInstanceStatus", store.TaskFreeze, fulfil.EventFrozen, func(r *rig, arrived time.Time) (fulfil.Answer, error) {
		return r.UpdateInstanceStatus(r.t.Context(), fulfil.UpdateStatus{Endpoint: r.ep, InstanceID: "biz-CS1", Freeze: true, Arrived: arrived})
	}},
	{"upgrade", store.TaskUpgrade, fulfil.EventUpgraded, func(r *rig, arrived time.Time) (fulfil.Answer, error) {
		return r.UpgradeInstance(r.t.Context(), fulfil.Upgrade{
			Endpoint: r.ep, InstanceID: "biz-CS1", OrderID: "CSu", Told: &store.Product{ProductID: "OFFI-2"}, Activity: "upgrade",
			Hold: true, Arrived: arrived.Add(4500*time.Millisecond - r.ep.HoldBudget),
		})
	}},
	{"releaseInstance", store.TaskRelease, fulfil.EventReleased, func(r *rig, arrived time.Time) (fulfil.Answer, error) {
		return r.ReleaseInstance(r.t.Context(), fulfil.Release{Endpoint: r.ep, InstanceID: "biz-CS1", Arrived: arrived})
	}},
}

// nearlyOver is an arrival that leaves a call little of the 4.5 s.
func nearlyOver() time.Time { return time.Now().Add(50*time.Millisecond - 4500*time.Millisecond) }

func TestAnswerOnCompletion(t *testing.T) {
	for _, c := range about {
		t.Run(c.activity, func(t *testing.T) {
			r := newRig(t, patient(c.activity))
			r.active("CS1")
			a, err := c.call(r, nearlyOver())
			r.wantCode(a, err, resultcode.Processing)
			answer := make(chan fulfil.Answer, 1)
			go func() { a, _ := c.call(r, time.Now()); answer <- a }()
			task := r.lease("worker")
			if task.Kind != c.kind {
				t.Fatalf("task %s", task.Kind)
			}
			time.Sleep(20 * time.Millisecond)
			start := time.Now()
			r.complete(task)
			if a := <-answer; a.Code != resultcode.Success {
				t.Errorf("answer %+v", a)
			}
			if took := time.Since(start); took > 500*time.Millisecond {
				t.Errorf("told after %s: nobody woke the call", took)
			}
			r.wantCode2(c.call(r, nearlyOver()))
			r.none("worker")
			r.events("CS1", append(created, c.event, fulfil.EventTaskCompleted)...)
		})
	}
}

func TestFailureIsToldOnCompletion(t *testing.T) {
	for _, c := range about {
		t.Run(c.activity, func(t *testing.T) {
			r := newRig(t, patient(c.activity))
			r.active("CS1")
			answer := make(chan fulfil.Answer, 1)
			go func() { a, _ := c.call(r, time.Now()); answer <- a }()
			task := r.lease("worker")
			if _, err := r.FailTask(t.Context(), fulfil.Failure{
				Seller: "demo", TaskID: task.ID, Fence: task.Fence, Permanent: true, Code: resultcode.NoResource, Message: "canary-reason",
			}); err != nil {
				t.Fatal(err)
			}
			a := <-answer
			r.wantCode(a, nil, resultcode.Internal)
			if strings.Contains(a.Message, "canary") || !strings.Contains(a.Message, resultcode.Meaning(resultcode.NoResource)) {
				t.Errorf("message %q", a.Message)
			}
			a, err := c.call(r, time.Now())
			r.wantCode(a, err, resultcode.Internal)
			if _, err := r.RetryTask(t.Context(), fulfil.Retry{Seller: "demo", TaskID: task.ID}); err != nil {
				t.Fatal(err)
			}
			a, err = c.call(r, nearlyOver())
			r.wantCode(a, err, resultcode.Processing)
			r.work(c.kind)
			r.wantCode2(c.call(r, time.Now()))
			r.events("CS1", append(created, c.event, fulfil.EventTaskFailed, fulfil.EventTaskRetried, fulfil.EventTaskCompleted)...)
		})
	}
}

// Every activity has its own policy, under its own name.
func TestAnswerAtOnceByDefault(t *testing.T) {
	r := newRig(t, patient("expireInstance", "upgradeInstance"))
	r.active("CS1")
	id := r.active("CS2")
	for _, c := range about {
		r.wantCode2(c.call(r, time.Now()))
	}
	a, err := r.UpdateInstanceStatus(t.Context(), fulfil.UpdateStatus{
		Endpoint: r.ep, InstanceID: id, Freeze: true, Expired: true, Activity: "expireInstance", Hold: true,
		Arrived: time.Now().Add(50*time.Millisecond - r.ep.HoldBudget),
	})
	r.wantCode(a, err, resultcode.Processing)
}

// An order query in front of the task is part of what is waited for.
func TestOnCompletionWaitsForTheOrderQueryToo(t *testing.T) {
	r := newRig(t, patient("upgradeInstance"))
	r.active("CS1")
	call := func(arrived time.Time) (fulfil.Answer, error) {
		return r.UpgradeInstance(t.Context(), fulfil.Upgrade{
			Endpoint: r.ep, InstanceID: "biz-CS1", OrderID: "CSu", OrderLineID: "CSu-000001", Arrived: arrived,
		})
	}
	a, err := call(nearlyOver())
	r.wantCode(a, err, resultcode.Processing)
	r.market.fail(&fulfil.QueryError{Code: "MKT.0101"})
	r.query()
	a, err = call(time.Now())
	r.wantCode(a, err, resultcode.Internal)
	if _, err := r.RetryTask(t.Context(), fulfil.Retry{Seller: "demo", TaskID: r.order("CS1").Tasks[0].ID}); err != nil {
		t.Fatal(err)
	}
	r.query()
	r.work(store.TaskUpgrade)
	r.wantCode2(call(time.Time{}))
}

// What a renewal thaws is waited for, and what the release overtakes is not.
func TestOnCompletionOfOvertakenTasks(t *testing.T) {
	r := newRig(t, patient("refreshInstance"))
	r.active("CS1")
	r.expire("biz-CS1")
	r.work(store.TaskFreeze)
	call := func(arrived time.Time) (fulfil.Answer, error) {
		return r.RefreshInstance(t.Context(), fulfil.Refresh{
			Endpoint: r.ep, Scene: fulfil.SceneRenewal, OrderID: "CSr", InstanceID: "biz-CS1", ExpireAt: time.Now().Add(24 * time.Hour).Truncate(24 * time.Hour),
			Told: true, Arrived: arrived,
		})
	}
	a, err := call(nearlyOver())
	r.wantCode(a, err, resultcode.Processing)
	r.work(store.TaskUnfreeze)
	a, err = call(nearlyOver())
	r.wantCode(a, err, resultcode.Processing)
	r.wantCode2(r.release())
	r.wantCode2(call(nearlyOver())) // admitted before: the answer of the first call stands
	r.work(store.TaskRelease)
	r.none("worker")
}

func TestEndpointRules(t *testing.T) {
	for name, c := range map[string]struct {
		mod  func(ep *fulfil.Endpoint)
		want string
	}{
		"hold too short":   {func(ep *fulfil.Endpoint) { ep.HoldBudget = 999 * time.Millisecond }, "hold budget"},
		"hold too long":    {func(ep *fulfil.Endpoint) { ep.HoldBudget = 18*time.Second + 1 }, "hold budget"},
		"unknown activity": {func(ep *fulfil.Endpoint) { ep.OnCompletion = map[string]bool{"newInstance": true} }, `"newInstance"`},
		"negative window":  {func(ep *fulfil.Endpoint) { ep.QueryWindow = -1 }, "query window"},
	} {
		ep := fulfil.Endpoint{Name: "demo", Seller: "demo"}
		c.mod(&ep)
		if _, err := fulfil.New(fulfil.Config{}, []fulfil.Endpoint{ep}, fulfil.Deps{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	s, err := fulfil.New(fulfil.Config{}, []fulfil.Endpoint{{Name: "demo", Seller: "demo", OnCompletion: map[string]bool{
		"refreshInstance": true, "updateInstanceStatus": true, "releaseInstance": true, "upgradeInstance": true, "expireInstance": true,
		"instanceStatus": true, "upgrade": true, "refreshLicense": true, "expireLicense": true, "releaseLicense": true,
		"refreshLicenseCode": true, "updateLicenseCodeStatus": true, "releaseLicenseCode": true,
	}}}, fulfil.Deps{})
	if err != nil {
		t.Fatal(err)
	}
	if ep, _ := s.Endpoint("demo"); ep.HoldBudget != 15*time.Second {
		t.Errorf("hold budget %s", ep.HoldBudget)
	}
}
