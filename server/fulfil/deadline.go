// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/koogate/koogate/koogallery/deadline"
	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/store"
)

// Deadline is until when the marketplace waits for something, and what it does then.
type Deadline struct {
	At  time.Time    `json:"at,omitzero"` // zero when the marketplace waits for nothing
	End deadline.End `json:"end,omitempty"`
}

// Passed reports whether the marketplace has acted.
func (l Deadline) Passed(now time.Time) bool { return !l.At.IsZero() && now.After(l.At) }

// stepOf is what a line is about.
func stepOf(action string) deadline.Step {
	activity, _, _ := strings.Cut(action, "/")
	switch activity {
	case ActionNew, actionNotify, actionLicence:
		return deadline.Open
	case actionRefresh:
		return deadline.Refresh
	case "upgradeInstance":
		return deadline.Upgrade
	}
	return ""
}

// stepsOf are the steps of the tasks whose calls name no line.
var stepsOf = map[store.TaskKind]deadline.Step{
	store.TaskFreeze: deadline.Status, store.TaskUnfreeze: deadline.Status, store.TaskRelease: deadline.Release,
	store.TaskCheckChange: deadline.Check,
}

// deadlineOf is until when the marketplace waits for a step of the instance's family, counted from the first call that was heard.
func deadlineOf(family string, step deadline.Step, began time.Time) Deadline {
	r, ok := deadline.Of(deadline.Family(cmp.Or(family, FamilySaasV2)), step)
	if !ok {
		return Deadline{}
	}
	return Deadline{At: began.Add(r.Window), End: r.End}
}

// LineDeadline is until when the marketplace waits for a line of an instance. It waits for a creation until that is told as a
// success, and for other lines only where the endpoint answers when they are done.
func (s *Service) LineDeadline(i *store.Instance, l *store.Line) Deadline {
	step := stepOf(l.Action)
	switch {
	case step == "":
		return Deadline{}
	case l.AnswerCode == string(resultcode.Success) && step == deadline.Open, l.AnswerCode != "" && strings.HasPrefix(l.Action, actionLicence):
		return Deadline{} // the licence of an event that was answered with 000004 follows by upload, for which there is no time
	case step == deadline.Open:
	case !s.onCompletion(i.Endpoint, step):
		return Deadline{}
	}
	return deadlineOf(i.Family, step, l.CreatedAt)
}

// WaitingLines are the lines of an order that the marketplace waits for, or has waited for in vain, with their deadlines. A line
// whose endpoint answers on completion is waited for as long as its task is not done. A creation that is done and was answered
// with 000004 is waited for until the next repeat or query is told so. Nobody records that, so it counts until the marketplace acts
// on the instance, which shows that it knows, or until its time is over.
func (s *Service) WaitingLines(a *store.Aggregate) map[store.LineKey]Deadline {
	instances := make(map[string]*store.Instance, len(a.Instances))
	for k := range a.Instances {
		instances[a.Instances[k].InstanceID] = &a.Instances[k]
	}
	waiting := make(map[store.LineKey]Deadline)
	for k := range a.Lines {
		l := &a.Lines[k]
		i := instances[l.InstanceID]
		if i == nil || stepOf(l.Action) != deadline.Open && !slices.ContainsFunc(a.Tasks, func(t store.Task) bool {
			return t.InstanceID == l.InstanceID && t.LineOrderID == l.OrderID && t.LineID == l.OrderLineID && t.Kind != store.TaskOrderQuery
		}) {
			continue
		}
		until := s.LineDeadline(i, l)
		done := i.State != store.InstanceProvisioning && i.State != store.InstanceFailed && stepOf(l.Action) == deadline.Open
		if !until.At.IsZero() && !(done && (until.Passed(s.now()) || actedOn(a, i))) {
			waiting[l.LineKey] = until
		}
	}
	return waiting
}

// actedOn says whether the marketplace has done something with an instance since its creation: it was frozen, though not by Koogate
// for a package that is used up nor by hand, or released, or another line is about it.
func actedOn(a *store.Aggregate, i *store.Instance) bool {
	_, other := FrozenBy(i)
	return i.State == store.InstanceReleased || other != "" && other != CauseQuota || slices.ContainsFunc(a.Lines, func(l store.Line) bool {
		return l.InstanceID == i.InstanceID && stepOf(l.Action) != deadline.Open
	})
}

// onCompletion says whether an endpoint answers a step when it is done.
func (s *Service) onCompletion(endpoint string, step deadline.Step) bool {
	ep := s.endpoint(endpoint)
	if ep == nil {
		return false
	}
	for activity, on := range ep.OnCompletion {
		if on && activitySteps[activity] == step {
			return true
		}
	}
	return false
}

// activitySteps are the activities of all families that can be answered when their tasks are done, with what each is about.
var activitySteps = map[string]deadline.Step{
	activityRefresh: deadline.Refresh, activityStatus: deadline.Status, activityRelease: deadline.Release, activityUpgrade: deadline.Upgrade,
	"expireInstance": deadline.Status, "instanceStatus": deadline.Status, "upgrade": deadline.Upgrade, // saas-v1 §1
	"refreshLicense": deadline.Refresh, "expireLicense": deadline.Status, "releaseLicense": deadline.Release, // saas-v1 §4
	"refreshLicenseCode": deadline.Refresh, "updateLicenseCodeStatus": deadline.Status, "releaseLicenseCode": deadline.Release, // saas-v1 §5.3
}

// deadline is until when the marketplace waits for what a task does.
func (d *draft) deadline(t *store.Task) Deadline {
	i := d.instance(t.InstanceID)
	if i == nil || PayloadOf(*t).Cause == CauseOperator { // the marketplace does not know of it
		return Deadline{}
	}
	if step, ok := stepsOf[t.Kind]; ok {
		if t.Kind != store.TaskCheckChange && !d.s.onCompletion(i.Endpoint, step) {
			return Deadline{}
		}
		return deadlineOf(i.Family, step, t.CreatedAt)
	}
	l := d.asked(t)
	if creates(*t) || l != nil && l.Action == ActionNew {
		l = d.creation(t.InstanceID)
	}
	if l == nil {
		return Deadline{}
	}
	return d.s.LineDeadline(i, l)
}

// limit writes the marketplace's deadline on a new task. A task that creates an instance is not tried again after the
// deadline: the order is refunded then, and nobody has paid for an instance that comes later.
func (d *draft) limit(t *store.Task) {
	p := PayloadOf(*t)
	if p.Until = d.deadline(t); p.Until == (Deadline{}) {
		return
	}
	t.Payload = p.text()
	if p.Until.End == deadline.Refund && p.Until.At.Before(t.RetryUntil) {
		t.RetryUntil = p.Until.At
	}
}
