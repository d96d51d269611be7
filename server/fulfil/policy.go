// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/store"
)

// The activities of V2, as Endpoint.OnCompletion names them and as an empty Activity is read.
const (
	activityRefresh = "refreshInstance"
	activityStatus  = "updateInstanceStatus"
	activityRelease = "releaseInstance"
	activityUpgrade = "upgradeInstance"
	activityQuery   = "queryInstance"
	activityCheck   = "changeInstanceCheck"
	activityLicence = "getLicenseAsync"
)

// CompletionActivities are the activities, by their wire names, that can be answered when their tasks are done. Creating
// activities follow other rules: the product's sync budget, and HoldBudget in the families without asynchronous answers.
func CompletionActivities() []string { return slices.Sorted(maps.Keys(activitySteps)) }

// pending names the tasks that an accepted activity is answered by: those that the claim of line queued, or the newest
// of kind.
type pending struct {
	ep         *Endpoint
	activity   string
	hold       bool
	arrived    time.Time
	instanceID string
	line       *store.LineKey
	kind       store.TaskKind
}

// accepted answers an activity whose decision is committed: at once, or, where the endpoint is configured so, when its tasks
// have ended. Only a success is final: the marketplace calls again after any other code, and that call waits for the same
// tasks.
func (s *Service) accepted(ctx context.Context, p pending) (Answer, error) {
	success := Answer{Code: resultcode.Success}
	if !p.ep.OnCompletion[p.activity] {
		return success, nil
	}
	ctx, span := s.Tracer.Start(ctx, "await completion")
	defer span.End()
	answer, ok, err := s.waitFor(ctx, p.ep.Seller, p.instanceID, p.until(s.now()), func() (Answer, bool, error) {
		tasks, err := s.pendingTasks(ctx, p)
		if err != nil {
			return Answer{}, false, s.storeError(ctx, err, errs.TaskNotFound, "")
		}
		waiting := false
		for _, t := range tasks {
			if t.State == store.TaskFailed {
				return Answer{Code: resultcode.Internal, Message: string(t.Kind) + " failed: " + class(t)}, true, nil
			}
			waiting = waiting || open(t.State)
		}
		return success, !waiting, nil // a task that the release has cancelled is not waited for either
	})
	if err != nil || ok {
		return answer, err
	}
	return Answer{Code: resultcode.Processing, Message: "accepted, but not carried out yet; call again"}, nil
}

// until is when the marketplace must have its answer.
func (p pending) until(now time.Time) time.Time {
	if p.arrived.IsZero() {
		p.arrived = now
	}
	if p.hold {
		return p.arrived.Add(p.ep.HoldBudget)
	}
	return p.arrived.Add(maxWait)
}

// pendingTasks reads the tasks of p in any state. A line and the tasks that its claim queues carry the same creation time.
func (s *Service) pendingTasks(ctx context.Context, p pending) ([]store.Task, error) {
	q := store.ListQuery{Seller: p.ep.Seller, Filter: []store.Term{{Field: "instance_id", Value: p.instanceID}}}
	if p.line == nil {
		q.Filter = append(q.Filter, store.Term{Field: "kind", Value: string(p.kind)})
		q.Desc, q.Limit = true, 1
		return s.Store.ListTasks(ctx, q)
	}
	l, err := s.Store.Line(ctx, *p.line)
	if err != nil {
		return nil, err
	}
	return s.tasksOf(ctx, l)
}

// tasksOf reads the tasks that the claim of a line queued, in any state.
func (s *Service) tasksOf(ctx context.Context, l store.Line) ([]store.Task, error) {
	all, err := s.Store.ListTasks(ctx, store.ListQuery{
		Seller: l.Seller, Filter: []store.Term{{Field: "instance_id", Value: l.InstanceID}},
		After: &store.Cursor{CreatedAt: l.CreatedAt}, Limit: 10,
	})
	if err != nil {
		return nil, err
	}
	tasks := all[:0]
	for _, t := range all {
		if t.CreatedAt.Equal(l.CreatedAt) && t.LineOrderID == l.OrderID && t.LineID == l.OrderLineID {
			tasks = append(tasks, t)
		}
	}
	return tasks, nil
}

// touch wakes those who wait at the instance for a task's end.
func (d *draft) touch(i *store.Instance) {
	if i == nil {
		return
	}
	if ep := d.s.endpoint(i.Endpoint); ep != nil && len(ep.OnCompletion) > 0 {
		d.putInstance(i)
	}
}

// failure is the Result of a task that failed for good.
type failure struct {
	Code     resultcode.Code `json:"failureCode,omitempty"`
	Customer string          `json:"customerMessage,omitempty"`
}

// failureOf returns what the provisioner wants the marketplace to be told; empty when it said nothing.
func failureOf(t store.Task) failure {
	var f failure
	if t.Result == "" || json.Unmarshal([]byte(t.Result), &f) != nil {
		return failure{}
	}
	return f
}

// failureResult renders what the marketplace is told as a task's Result.
func failureResult(code resultcode.Code, customer string) string {
	if code == "" && customer == "" {
		return ""
	}
	text, err := json.Marshal(failure{code, customer})
	if err != nil { // encoding a string cannot fail
		panic(err)
	}
	return string(text)
}

// class tells the marketplace why a task failed: with the provisioner's text for the customer, or with the meaning of its
// code when there is none. The provisioner's text for operators is never sent.
func class(t store.Task) string {
	f := failureOf(t)
	if f.Customer != "" {
		return f.Customer
	}
	code := f.Code
	if !code.Known() {
		code = resultcode.ProductInternal
	}
	return resultcode.Meaning(code)
}
