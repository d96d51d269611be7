// SPDX-License-Identifier: Apache-2.0

package fulfil_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/store"
)

func byHand(why string) fulfil.ByHand {
	return fulfil.ByHand{Seller: "demo", InstanceID: "biz-CS1", Reason: why, Who: "token ops"}
}

// frozen checks why the instance is frozen, and that it is in use only when there is no cause.
func (r *rig) frozen(hand bool, other string) {
	r.t.Helper()
	want := store.InstanceActive
	if hand || other != "" {
		want = store.InstanceFrozen
	}
	i := r.state("biz-CS1", want)
	if h, o := fulfil.FrozenBy(&i); h != hand || o != other {
		r.t.Errorf("frozen by hand %v and by %q, want %v and %q", h, o, hand, other)
	}
}

// A freeze by hand and another one do not lift each other, in whatever order they come and go; a provisioner has something to do
// only with the first that comes and the last that goes.
func TestAFreezeByHandIsLiftedByHandOnly(t *testing.T) {
	mark := func(freeze, expired bool) func(*rig) error {
		return func(r *rig) error {
			_, err := r.UpdateInstanceStatus(t.Context(), fulfil.UpdateStatus{Endpoint: r.ep, InstanceID: "biz-CS1", Freeze: freeze, Expired: expired})
			return err
		}
	}
	hand := func(freeze bool) func(*rig) error {
		return func(r *rig) error {
			act := r.UnfreezeByHand
			if freeze {
				act = r.FreezeByHand
			}
			_, err := act(t.Context(), byHand("fraud"))
			return err
		}
	}
	quota := func(freeze bool) func(*rig) error {
		return func(r *rig) error {
			if freeze {
				return r.FreezeInstance(t.Context(), "demo", "biz-CS1", fulfil.CauseQuota)
			}
			return r.ThawInstance(t.Context(), "demo", "biz-CS1", fulfil.CauseQuota)
		}
	}
	renew := func(r *rig) error {
		_, err := r.RefreshInstance(t.Context(), fulfil.Refresh{
			Endpoint: r.ep, Scene: fulfil.SceneRenewal, OrderID: "CSr", OrderLineID: "1", InstanceID: "biz-CS1", ExpireAt: yearly.ExpireAt.AddDate(1, 0, 0),
		})
		return err
	}
	type step struct {
		act   func(*rig) error
		hand  bool
		other string
	}
	for name, c := range map[string]struct {
		steps []step
		tasks string
	}{
		"alone, repeated": {[]step{{hand(true), true, ""}, {hand(true), true, ""}, {hand(false), false, ""}, {hand(false), false, ""}}, "FREEZE UNFREEZE"},
		"the marketplace thaws what it has not frozen": {[]step{{hand(true), true, ""}, {mark(false, false), true, ""}}, "FREEZE"},
		"the marketplace within": {[]step{
			{hand(true), true, ""}, {mark(true, false), true, fulfil.CauseMarketplace}, {mark(true, false), true, fulfil.CauseMarketplace},
			{mark(false, false), true, ""}, {hand(false), false, ""},
		}, "FREEZE UNFREEZE"},
		"the marketplace without": {[]step{
			{mark(true, false), false, fulfil.CauseMarketplace}, {hand(true), true, fulfil.CauseMarketplace},
			{hand(false), false, fulfil.CauseMarketplace}, {mark(false, false), false, ""},
		}, "FREEZE UNFREEZE"},
		"a package": {[]step{
			{hand(true), true, ""}, {quota(true), true, fulfil.CauseQuota}, {mark(true, false), true, fulfil.CauseMarketplace},
			{quota(false), true, fulfil.CauseMarketplace}, {hand(false), false, fulfil.CauseMarketplace},
		}, "FREEZE"},
		"a package comes": {[]step{{quota(true), false, fulfil.CauseQuota}, {hand(true), true, fulfil.CauseQuota}, {quota(false), true, ""}}, "FREEZE"},
		"a renewal":       {[]step{{mark(true, true), false, "expired"}, {hand(true), true, "expired"}, {renew, true, ""}}, "FREEZE REFRESH"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, withBudget(0))
			r.active("CS1")
			for k, s := range c.steps {
				if err := s.act(r); err != nil {
					t.Fatalf("step %d: %v", k, err)
				}
				r.frozen(s.hand, s.other)
			}
			var got []string
			for {
				ts := r.leaseAll("worker", 0)
				if len(ts) == 0 {
					break
				}
				got = append(got, string(ts[0].Kind))
				r.complete(ts[0])
			}
			if strings.Join(got, " ") != c.tasks {
				t.Errorf("tasks %v, want %s", got, c.tasks)
			}
			r.verify("CS1")
		})
	}
}

func TestWhatIsDoneByHandSaysWhoAndWhy(t *testing.T) {
	r := newRig(t, patient("updateInstanceStatus", "releaseInstance"))
	r.active("CS1")
	seen := len(r.order("CS1").Lines)
	if _, err := r.FreezeByHand(t.Context(), byHand("fraud, case 7")); err != nil {
		t.Fatal(err)
	}
	task := r.lease("worker")
	if p := fulfil.PayloadOf(task); task.Kind != store.TaskFreeze || p.Cause != fulfil.CauseOperator || !p.Until.At.IsZero() {
		t.Errorf("task %s %+v", task.Kind, p)
	}
	r.complete(task)
	if _, err := r.ReleaseByHand(t.Context(), byHand("case 7")); errs.As(err).Reason != errs.StateConflict || !strings.Contains(errs.As(err).Msg, "paid until") {
		t.Errorf("a paid instance is released: %v", err)
	}
	h := byHand("case 7, refunded")
	h.Force = true
	for range 2 {
		if _, err := r.ReleaseByHand(t.Context(), h); err != nil {
			t.Fatal(err)
		}
	}
	r.complete(r.lease("worker"))
	i := r.state("biz-CS1", store.InstanceReleased)
	if i.Reason != "released by hand" || len(r.order("CS1").Lines) != seen {
		t.Errorf("%q", i.Reason)
	}
	if _, err := r.FreezeByHand(t.Context(), byHand("again")); errs.As(err).Reason != errs.StateConflict {
		t.Errorf("a released instance is frozen: %v", err)
	}
	es := r.events("CS1", fulfil.EventAdmitted, fulfil.EventOrderQueried, fulfil.EventTaskCompleted, fulfil.EventFrozen, fulfil.EventTaskCompleted,
		fulfil.EventReleased, fulfil.EventTaskCompleted)
	for _, e := range []store.Event{es[3], es[5]} {
		for _, part := range []string{`"reason":"operator"`, `"who":"token ops"`, `"why":"`} {
			if !strings.Contains(e.Data, part) {
				t.Errorf("event %s has no %s", e.Data, part)
			}
		}
	}
	if !strings.Contains(es[5].Data, `"forced":true`) {
		t.Errorf("event %s", es[5].Data)
	}
}

func TestOnlyWhatIsProvisionedIsFrozenByHand(t *testing.T) {
	r := newRig(t, withBudget(0))
	r.mustCall("CS1", "biz-CS1")
	for name, act := range map[string]func() (store.Instance, error){
		"freeze":   func() (store.Instance, error) { return r.FreezeByHand(t.Context(), byHand("x")) },
		"unfreeze": func() (store.Instance, error) { return r.UnfreezeByHand(t.Context(), byHand("x")) },
		"release":  func() (store.Instance, error) { return r.ReleaseByHand(t.Context(), byHand("x")) },
	} {
		if _, err := act(); errs.As(err).Reason != errs.StateConflict {
			t.Errorf("%s: %v", name, err)
		}
	}
	h := byHand("x")
	h.InstanceID = "biz-CS9"
	if _, err := r.FreezeByHand(t.Context(), h); errs.As(err).Reason != errs.InstanceNotFound {
		t.Errorf("an unknown instance: %v", err)
	}
}

// An operator may have a task tried for longer, but for nothing for longer than the marketplace waits for it.
func TestExtendTask(t *testing.T) {
	r, c := fakeClock(t, withBudget(0))
	r.active("CS1")
	if _, err := r.FreezeByHand(t.Context(), byHand("x")); err != nil { // a task that the marketplace does not wait for
		t.Fatal(err)
	}
	task := r.now("worker")
	extend := func(id string, until time.Time) error {
		_, err := r.ExtendTask(t.Context(), fulfil.Extension{Seller: "demo", TaskID: id, Until: until, Reason: "the CRM is being moved", Who: "token ops"})
		return err
	}
	want := func(what string, err error, reason errs.Reason, text string) {
		t.Helper()
		if e := errs.As(err); err == nil || e.Reason != reason || !strings.Contains(e.Msg, text) {
			t.Errorf("%s: %v, want %s", what, err, reason)
		}
	}
	later := task.RetryUntil.Add(24 * time.Hour)
	for range 2 {
		if err := extend(task.ID, later); err != nil {
			t.Fatal(err)
		}
	}
	want("earlier", extend(task.ID, later.Add(-time.Second)), errs.InvalidField, "is later")
	want("too far", extend(task.ID, c.Now().Add(91*24*time.Hour)), errs.InvalidField, "90 days")
	c.Advance(later.Sub(c.Now()) - time.Hour)
	r.fail(task, false) // within the new end, past the old one
	task = r.soonNow(c.Advance)
	c.Advance(2 * time.Hour)
	r.fail(task, false)
	want("failed", extend(task.ID, later.Add(time.Hour)), errs.StateConflict, "not open")
	want("unknown", extend("0", later), errs.TaskNotFound, "")
	es, err := r.Events(t.Context(), "demo", "CS1", 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, e := range es {
		if e.Kind == fulfil.EventTaskExtended {
			n++
			if !strings.Contains(e.Data, `"reason":"the CRM is being moved"`) || !strings.Contains(e.Data, later.Format(time.RFC3339)) {
				t.Errorf("event %s", e.Data)
			}
		}
	}
	if n != 1 {
		t.Errorf("%d events", n)
	}
	r.mustCall("CS2", "biz-CS2")
	query := r.now(fulfil.QueueOrderQuery)
	bound := c.Now().Add(3 * time.Hour)
	want("beyond the marketplace", extend(query.ID, bound.Add(time.Minute)), errs.InvalidField, bound.Format(time.RFC3339))
}

// soonNow goes on to the next attempt of the worker's task.
func (r *rig) soonNow(advance func(time.Duration)) store.Task {
	r.t.Helper()
	advance(10 * time.Minute)
	return r.now("worker")
}

// A look at a retry changes nothing, and says what the retry would.
func TestALookAtARetryChangesNothing(t *testing.T) {
	r, c := fakeClock(t, withBudget(0))
	r.mustCall("CS1", "biz-CS1")
	r.RunOrderQuery(t.Context(), r.now(fulfil.QueueOrderQuery))
	task := r.now("worker")
	look := func(force bool) error {
		_, err := r.RetryTask(t.Context(), fulfil.Retry{Seller: "demo", TaskID: task.ID, Look: true, Force: force, Reason: "x"})
		return err
	}
	if err := look(false); errs.As(err).Reason != errs.StateConflict {
		t.Errorf("an open task: %v", err)
	}
	r.fail(task, true)
	before := r.order("CS1")
	if err := look(false); err != nil {
		t.Error(err)
	}
	c.Advance(4 * time.Hour)
	if err := look(false); errs.As(err).Reason != errs.DeadlinePassed {
		t.Errorf("a refunded order: %v", err)
	}
	if err := look(true); err != nil {
		t.Error(err)
	}
	if after := r.order("CS1"); after.Order.Head != before.Order.Head || !slices.Equal(kindsOf(after), kindsOf(before)) {
		t.Error("a look changed the order")
	}
	r.state("biz-CS1", store.InstanceFailed)
}

func kindsOf(a *store.Aggregate) (all []string) {
	for _, t := range a.Tasks {
		all = append(all, string(t.Kind)+" "+string(t.State))
	}
	return all
}
