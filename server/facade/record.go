// SPDX-License-Identifier: Apache-2.0

package facade

import (
	"strings"
	"time"

	"github.com/koogate/koogate/server/facade/family"
	"github.com/koogate/koogate/server/journal"
	"github.com/koogate/koogate/store"
)

// causes are of which kind each reason of a refusal is.
var causes = map[string]store.CallCause{
	rejectedSize: store.CauseSize, rejectedBody: store.CauseEncoding, rejectedTimestamp: store.CauseClock, rejectedStale: store.CauseClock,
	rejectedNonce: store.CauseNonce, rejectedReplay: store.CauseNonce, rejectedSignature: store.CauseKey, rejectedBusy: store.CauseBudget,
	rejectedSlow: store.CauseBudget,
}

// identity names the members that tell one call from another of its activity about the same instance. What the marketplace repeats has the
// same in all of them.
var identity = [...]string{
	"orderId", "orderLineId", "productId", "eventId", "scene", "status", "instanceStatus",
}

// record hands the answered call to the journal and returns the ID of its record, empty for none. A call to an endpoint that is not
// configured is told as nobody's: what it costs is the same, so that no time tells which endpoints exist.
func (x *exchange) record(now time.Time) (id string) {
	if x.f.Calls == nil {
		return ""
	}
	e := journal.Entry{
		Seller: x.endpoint.Seller, Endpoint: x.endpoint.Name, Code: string(x.code), Reason: string(x.reason), Status: x.status, Request: len(x.body),
		Answer: x.wrote, Arrived: x.f.Work.Now().Add(x.arrived.Sub(now)), Took: now.Sub(x.arrived), Cause: causes[x.rejected],
	}
	if x.relay != nil {
		e.Status = x.relay.status
	}
	if e.Status == 0 {
		e.Status = 200
	}
	if x.rejected != "" {
		e.Reason, e.Doubt = x.rejected, x.doubt()
		return x.f.Calls.Take(e)
	}
	e.Side = x.side
	e.KeyID, e.OrderID, e.Probe = x.keyID, x.orderID, x.probe
	if x.span != nil {
		if c := x.span.SpanContext(); c.IsValid() {
			e.TraceID = c.TraceID().String()
		}
	}
	if x.route != nil {
		e.Family, e.Activity, e.InstanceID, e.Identity = x.route.family, x.route.activity, x.about(), x.identity()
	}
	switch {
	case x.poll:
		e.Look = x.subject.Instances
		return x.take(e, now)
	case x.replay != nil:
		e.ReplayOf, e.Identity = x.replay.CallID, "" // it is none of the marketplace's attempts
	}
	e.Body = &journal.Body{Door: x.door.Inner, Request: x.body, Answer: x.out}
	if x.door.Under != "" {
		e.Body.Activity = x.activity
	}
	return x.take(e, now)
}

// take hands the entry to the journal: at once, or when the call was compared.
func (x *exchange) take(e journal.Entry, now time.Time) (id string) {
	if !x.shadowed() {
		return x.f.Calls.Take(e)
	}
	return x.putAside(e, now)
}

// about is the instance that the call is about; of several the first.
func (x *exchange) about() string {
	id := x.newID
	if id == "" {
		id, _, _ = strings.Cut(x.subject.Instances, ",")
		id = strings.TrimSpace(id)
	}
	if !family.IDSized(id) {
		return ""
	}
	return id
}

// identity is what tells the call from another one of its activity.
func (x *exchange) identity() string {
	if x.poll {
		return ""
	}
	var b strings.Builder
	b.WriteString(x.subject.Instances)
	for _, name := range identity {
		b.WriteByte(0)
		b.WriteString(x.object.Text(name))
	}
	return b.String()
}
