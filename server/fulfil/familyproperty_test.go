// SPDX-License-Identifier: Apache-2.0

package fulfil_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/work"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
)

// elsewhere is what the world outside remembers of one order of the families beside SaaS V2.
type elsewhere struct {
	n        int
	order    string
	instance string         // the instance ID of the first answer
	shown    *fulfil.Answer // the first success, with its access information
	licences map[string]resultcode.Code
	acked    map[string]bool // calls that were acknowledged
	released bool
}

// What TestAnyHistoryLeavesOneInstance holds for SaaS V2 holds for the other families: held creations, acceptances,
// notifications, licences with their uploads, licence codes and renewals have one effect each.
func TestAnyHistoryOfTheOtherFamilies(t *testing.T) {
	var faulty *storetest.FaultyStore
	r := newRig(t, func(_ *fulfil.Config, _ *fulfil.Endpoint, d *fulfil.Deps) {
		faulty = storetest.Faulty(d.Store.(store.Store), 2)
		d.Store = faulty
	})
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		faulty.Rates(0.05, 0.05)
		o := &elsewhere{n: n, order: fmt.Sprintf("CS%d", n), licences: map[string]resultcode.Code{}, acked: map[string]bool{}}
		for i, s := range rapid.SliceOfN(rapid.IntRange(0, 10), 5, 40).Draw(rt, "steps") {
			o.step(rt, r, i, s)
		}
		faulty.Rates(0, 0)
		o.settle(rt, r)
	})
	if faulty.Count(storetest.FaultAfter) == 0 || faulty.Count(storetest.FaultBefore) == 0 {
		t.Error("no fault was injected")
	}
}

func (o *elsewhere) code() string { return "PL-" + o.order }

// spent makes a call whose hold budget is over.
func spent(c *fulfil.NewInstance) { c.Arrived = time.Now().Add(-c.Endpoint.HoldBudget) }

func (o *elsewhere) step(rt *rapid.T, r *rig, i, s int) {
	at := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	switch s {
	case 0, 1:
		a, err := r.told(o.order, fmt.Sprintf("%s-biz-%d", o.order, i), spent)
		o.told(rt, a, err)
	case 2:
		a, err := r.told(o.order, fmt.Sprintf("%s-biz-%d", o.order, i), spent, acceptedAt(at))
		o.told(rt, a, err)
		o.ack(rt, "accept", err)
	case 3:
		_, err := r.notify(o.order, fmt.Sprintf("%s-%06d", o.order, i%2))
		o.ack(rt, fmt.Sprintf("notify %d", i%2), err)
	case 4:
		event := fmt.Sprintf("%s-E%d", o.order, i%2)
		a, err := r.getLicence(event, func(c *fulfil.IssueLicence) { c.InstanceID = o.instance })
		o.licence(rt, event, a, err)
	case 5:
		id, err := r.LicenceCode(r.t.Context(), r.ep, o.code(), "", time.Now())
		o.ack(rt, "code", err)
		if err == nil && id != fulfil.LicenceInstanceID("demo", o.code()) {
			rt.Fatalf("code became %s", id)
		}
	case 6:
		_, err := r.renew(o.instance, fmt.Sprintf("%s-r%d", o.order, i%2), time.Date(2030+i%2, 1, 1, 0, 0, 0, 0, time.UTC), fulfil.SceneRenewal)
		o.refusable(rt, err)
	case 7:
		_, err := r.UpdateInstanceStatus(r.t.Context(), fulfil.UpdateStatus{Endpoint: r.ep, InstanceID: o.instance, Freeze: i%3 != 0, Expired: i%2 == 0})
		o.refusable(rt, err)
	case 8:
		if i%3 == 0 {
			_, err := r.ReleaseInstance(r.t.Context(), fulfil.Release{Endpoint: r.ep, InstanceID: o.instance})
			o.refusable(rt, err)
			o.released = o.released || err == nil
		} else if i%3 == 1 {
			r.market.fail(&fulfil.QueryError{Retryable: true, Code: "0999"})
		}
	default:
		o.work(r, i%5 == 0)
	}
}

// refusable allows the errors that a call about an unknown, released or failed instance may meet, and those of the store.
func (o *elsewhere) refusable(rt *rapid.T, err error) {
	if err == nil {
		return
	}
	switch errs.As(err).Reason {
	case errs.InstanceNotFound, errs.StateConflict, errs.StoreUnavailable:
	default:
		rt.Fatalf("%v", err)
	}
}

// ack remembers that a call which is never refused was acknowledged.
func (o *elsewhere) ack(rt *rapid.T, call string, err error) {
	if err != nil && errs.As(err).Reason != errs.StoreUnavailable {
		rt.Fatalf("%s: %v", call, err)
	}
	o.acked[call] = o.acked[call] || err == nil
}

// told checks an answer of newInstance against everything that was told before.
func (o *elsewhere) told(rt *rapid.T, a fulfil.Answer, err error) {
	if err != nil {
		if errs.As(err).Reason != errs.StoreUnavailable {
			rt.Fatalf("newInstance: %v", err)
		}
		return
	}
	if o.instance == "" {
		o.instance = a.InstanceID
	}
	switch {
	case a.InstanceID != o.instance:
		rt.Fatalf("two instances: %s and %s", o.instance, a.InstanceID)
	case o.shown != nil && a != *o.shown:
		rt.Fatalf("first %s, now %s: not the same answer", o.shown.Code, a.Code)
	case a.Code == resultcode.Success && a.Access.FrontEndURL == "":
		rt.Fatal("a success without access information")
	case a.Code == resultcode.Success:
		o.shown = &a
	}
}

func (o *elsewhere) licence(rt *rapid.T, event string, a fulfil.Answer, err error) {
	o.refusable(rt, err)
	if err != nil || a.Code == resultcode.LicenseOutsideOrder {
		return
	}
	if was, ok := o.licences[event]; ok && was != a.Code || a.Code != resultcode.Processing {
		rt.Fatalf("%s: first %s, now %s", event, was, a.Code)
	}
	o.licences[event] = a.Code
}

// work does one task of any queue; with giveUp it fails what is a worker's. It returns whether there was one.
func (o *elsewhere) work(r *rig, giveUp bool) bool {
	ts, err := r.Work.Lease(r.t.Context(), work.Ask{
		Seller: "demo", Queues: []string{"worker", fulfil.QueueOrderQuery, fulfil.QueueLicenceUpload}, Worker: "w", Max: 1,
		Wait: 20 * time.Millisecond, For: 20 * time.Millisecond,
	})
	if err != nil || len(ts) == 0 {
		return err != nil
	}
	t := ts[0]
	c := fulfil.Completion{Seller: "demo", TaskID: t.ID, Fence: t.Fence}
	switch {
	case t.Kind == store.TaskOrderQuery:
		r.RunOrderQuery(r.t.Context(), t)
		return true
	case t.Kind == store.TaskLicenceUpload:
		r.RunLicenceUpload(r.t.Context(), t)
		return true
	case giveUp:
		_, _ = r.FailTask(r.t.Context(), fulfil.Failure{Seller: "demo", TaskID: t.ID, Fence: t.Fence, Message: "busy"})
		return true
	case t.Kind == store.TaskCreate:
		c.Access = &fulfil.Access{FrontEndURL: fmt.Sprintf("https://x.example.com/%d", t.Fence)}
	case t.Kind == store.TaskIssueLicence:
		c.Licence = &fulfil.Licence{Text: fmt.Sprintf("licence %d", t.Fence)}
	}
	_, _ = r.CompleteTask(r.t.Context(), c) // a lost answer shows when the lease is over
	return true
}

// settle lets everything finish and checks what must hold then.
func (o *elsewhere) settle(rt *rapid.T, r *rig) {
	a, err := r.told(o.order, o.order+"-last", spent) // the marketplace calls until it is told
	o.told(rt, a, err)
	if _, err := r.LicenceCode(r.t.Context(), r.ep, o.code(), "", time.Now()); err != nil {
		rt.Fatal(err)
	}
	for range 300 {
		if agg := r.order(o.order); len(agg.Tasks) == 0 {
			break
		}
		o.work(r, false)
	}
	agg := r.order(o.order)
	if len(agg.Tasks) != 0 || len(agg.Instances) != 1 {
		rt.Fatalf("%d instances, unfinished tasks %s", len(agg.Instances), kinds(agg.Tasks))
	}
	a, err = r.told(o.order, o.order+"-after", spent)
	o.told(rt, a, err)
	i := agg.Instances[0]
	switch {
	case o.released && i.State != store.InstanceReleased:
		rt.Fatalf("released, yet %s", i.State)
	case i.State == store.InstanceReleased:
	case a.Code != resultcode.Success:
		rt.Fatalf("in use, yet answered %s", a.Code)
	case i.Frozen != (i.State == store.InstanceFrozen):
		rt.Fatalf("frozen=%v, yet %s", i.Frozen, i.State)
	}
	o.checkEvents(rt, r)
	o.checkUploads(rt, r, i.State == store.InstanceReleased)
	for _, order := range []string{o.order, fulfil.LicenceInstanceID("demo", o.code())} {
		if c, err := r.VerifyOrder(r.t.Context(), "demo", order); err != nil || c.Broken != nil {
			rt.Fatalf("chain of %s: %v %v", order, c.Broken, err)
		}
	}
}

// checkEvents checks that every effect is on the chain once, and every acknowledged one is there.
func (o *elsewhere) checkEvents(rt *rapid.T, r *rig) {
	count := map[string]int{}
	for _, order := range []string{o.order, fulfil.LicenceInstanceID("demo", o.code())} {
		es, err := r.Events(r.t.Context(), "demo", order, 0, 1000)
		if err != nil {
			rt.Fatal(err)
		}
		for _, e := range es {
			key := e.Kind
			if e.Kind == fulfil.EventNotified || e.Kind == fulfil.EventRequested || e.Kind == fulfil.EventIssued {
				var data struct{ OrderLineID, EventID string }
				if err := json.Unmarshal([]byte(e.Data), &data); err != nil {
					rt.Fatal(err)
				}
				key += " " + data.OrderLineID + data.EventID
			}
			count[key]++
		}
	}
	for _, k := range []string{fulfil.EventAdmitted, fulfil.EventAdopted} {
		if count[k] != 1 {
			rt.Fatalf("%d events %s", count[k], k)
		}
	}
	for k, n := range count {
		once := k == fulfil.EventAccepted || strings.HasPrefix(k, fulfil.EventNotified) || strings.HasPrefix(k, fulfil.EventIssued) ||
			strings.HasPrefix(k, fulfil.EventRequested) || k == fulfil.EventReleased
		if once && n != 1 || k == fulfil.EventConflict {
			rt.Fatalf("%d events %s", n, k)
		}
	}
	if o.acked["accept"] && count[fulfil.EventAccepted] == 0 && count[fulfil.EventReleased] == 0 {
		rt.Fatal("an acknowledged acceptance is gone")
	}
	for line := range 2 {
		lines := r.order(o.order).Lines
		if o.acked[fmt.Sprintf("notify %d", line)] && !slices.ContainsFunc(lines, func(l store.Line) bool {
			return l.Action == "orderNotify" && l.OrderLineID == fmt.Sprintf("%s-%06d", o.order, line)
		}) {
			rt.Fatal("an acknowledged notification is gone")
		}
	}
}

// checkUploads checks that an event's licence was always the same, and was delivered unless the release came first.
func (o *elsewhere) checkUploads(rt *rapid.T, r *rig, released bool) {
	texts := map[string]string{}
	r.market.mu.Lock()
	defer r.market.mu.Unlock()
	for _, u := range r.market.uploads {
		if was, ok := texts[u.event]; ok && was != u.licence.Text {
			rt.Fatalf("two licences for %s", u.event)
		}
		texts[u.event] = u.licence.Text
	}
	for event := range o.licences {
		if texts[event] == "" && !released {
			rt.Fatalf("the licence of %s was acknowledged and never delivered", event)
		}
	}
}
