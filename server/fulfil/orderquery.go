// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/call"
	"github.com/koogate/koogate/server/errs/storefault"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/server/work"
	"github.com/koogate/koogate/store"
)

// The marketplace's order types that Koogate acts on (open-apis §2.4).
const (
	orderNew           = "NEW"
	orderTrial         = "TRIAL"
	orderTrialToFormal = "TRIAL_TO_FORMAL"
)

// RunOrderQuery does one leased order query: asks the marketplace and either releases the task that waits for the answer
// or gives the query back.
func (s *Service) RunOrderQuery(ctx context.Context, t store.Task) work.Outcome {
	ctx = s.Work.Under(ctx, t)
	facts, err := s.queryOrder(ctx, t)
	if err == nil {
		_, err = s.finish(ctx, t, t.Fence, "complete", store.TaskDone, func(d *draft, t *store.Task) error {
			return d.queried(t, facts)
		})
		if err == nil || storefault.Outage(err) {
			s.logJob(ctx, t, err)
			return work.Settled()
		}
		err = &QueryError{Code: codeDataRefused, Cause: err} // a database would refuse the texts every time
	}
	q := queryError(err)
	s.Log.WarnContext(ctx, "order query failed", "order_id", t.LineOrderID, "code", q.Code, "retryable", q.Retryable,
		"attempt", t.Attempt, "error", q.Cause)
	_, err = s.finish(ctx, t, t.Fence, "fail", store.TaskReady, func(d *draft, t *store.Task) error {
		d.queryFailed(t, q)
		return nil
	})
	s.logJob(ctx, t, err)
	return work.Settled()
}

// codeDataRefused is the code of an answer whose texts no database takes.
const codeDataRefused = "DATA_REFUSED"

// queryError returns the *QueryError in err. Any other error is treated as an internal fault, and the query is tried again.
func queryError(err error) *QueryError {
	var q *QueryError
	if !errors.As(err, &q) {
		q = &QueryError{Retryable: true, Code: "INTERNAL", Cause: err}
	}
	return q
}

func (s *Service) logJob(ctx context.Context, t store.Task, err error) {
	if err != nil {
		s.Log.WarnContext(ctx, "the outcome of a job was not recorded; the job runs again when its lease ends", "task_id", t.ID, "error", err)
	}
}

func (s *Service) queryOrder(ctx context.Context, t store.Task) (OrderFacts, error) {
	ctx, span := s.Tracer.Start(ctx, "order query")
	defer span.End()
	telemetry.Set(span, telemetry.OrderID(t.LineOrderID), telemetry.OrderLineID(t.LineID), telemetry.Attempt(int(t.Attempt)))
	began := s.Clock.Now()
	asked, heard := call.Listen(ctx)
	facts, err := s.Marketplace.QueryOrder(asked, t.Seller, t.LineOrderID, t.LineID)
	s.sent(ctx, t, call.OrderQuery, began, *heard, err)
	if err != nil {
		q := queryError(err)
		telemetry.Set(span, telemetry.Reason(q.Code))
		telemetry.Fail(span, q.Code)
		s.Metrics.OrderQuery("failed")
		return facts, err
	}
	telemetry.Set(span, telemetry.ProductID(facts.Product.ProductID), telemetry.ChargingMode(facts.Product.ChargingMode))
	s.Metrics.OrderQuery("ok")
	return facts, nil
}

// queried records what was bought on the line, and on the order or the instance as far as no later call has said otherwise,
// and readies the dependent task. The query does not set the expiry for later lines: their own calls did.
func (d *draft) queried(t *store.Task, f OrderFacts) error {
	l := d.asked(t)
	if l != nil && l.InstanceID == t.InstanceID {
		l.Product = f.Product
		if err := d.tell(l, f); err != nil {
			return err
		}
		d.putLine(l)
	}
	first := t.LineOrderID == d.agg.Order.OrderID
	if first {
		d.bought(f)
	}
	data := fields{
		"orderId": t.LineOrderID, "orderLineId": t.LineID, "orderType": f.OrderType, "productId": f.Product.ProductID,
		"skuCode": f.Product.SKUCode, "chargingMode": f.Product.ChargingMode, "linearValue": f.Product.LinearValue,
	}
	if len(f.Unread) > 0 {
		data["unread"] = f.Unread[:min(len(f.Unread), maxRepairs)]
	}
	switch i := d.instance(t.InstanceID); {
	case i != nil && l != nil:
		st := statement{}.product(f.Product)
		if l.Action == ActionNew {
			st = purchased(f)
		}
		if first {
			st.buyer = f.Buyer
		}
		from := sourceOf(l, d.now)
		from.Asked = true
		kept, err := d.merge(i, from, st)
		if err != nil {
			return err
		}
		if len(kept) > 0 {
			data["kept"] = kept
		}
	case first && len(f.Buyer) > 0: // the line belongs to an order that is known from a notification
		if err := d.keepBuyer(f.Buyer); err != nil {
			return err
		}
	}
	d.event(EventOrderQueried, t.InstanceID, data)
	d.promoteAfter(t, func() { d.putTask(t, func(t *store.Task) { t.State, t.Reason = store.TaskDone, "" }) })
	return nil
}

// asked is the line that an order query is about; nil when there is none. A query that an earlier release queued names no
// action: it is about the first call that named the order line.
func (d *draft) asked(t *store.Task) *store.Line {
	action := PayloadOf(*t).Action
	for k := range d.agg.Lines {
		l := &d.agg.Lines[k]
		if l.InstanceID == t.InstanceID && l.OrderID == t.LineOrderID && l.OrderLineID == t.LineID && (action == "" || l.Action == action) {
			return l
		}
	}
	return nil
}

// assign gives a task its provisioner and its payload. The task fails when the product has no provisioner, and so does the
// instance while it is being created. An operator corrects the configuration and retries the task.
func (d *draft) assign(t *store.Task) bool {
	i := d.instance(t.InstanceID)
	rule, ok := d.rule(i)
	if !ok {
		reason := fmt.Sprintf("no provisioner is configured for product %q at endpoint %q", i.Product.ProductID, i.Endpoint)
		d.event(EventTaskFailed, t.InstanceID, fields{
			"task": t.ID, "kind": string(t.Kind), "attempt": t.Attempt, "permanent": true, "reason": reason,
		})
		d.failFinally(t, i, reason, resultcode.NoResource, "")
		return false
	}
	was := PayloadOf(*t)
	p := Payload{Action: was.Action, Until: was.Until, Cause: was.Cause}
	l := lineOf(d.agg, *t, p.Action)
	p.Input = l != nil && len(l.Input) > 0 || i.Family == FamilyLicenseCode
	d.putTask(t, func(t *store.Task) { t.Queue, t.Payload = rule.Provisioner, p.of(i, i.Product) })
	return true
}

// Payload is what a provisioner is told about the product; it rides on the task as JSON.
type Payload struct {
	ProductID    string    `json:"productId,omitempty"`
	SKUCode      string    `json:"skuCode,omitempty"`
	ChargingMode string    `json:"chargingMode,omitempty"`
	LinearValue  int64     `json:"linearValue,omitempty"`
	Trial        bool      `json:"trial,omitempty"`
	ExpireAt     time.Time `json:"expireAt,omitzero"`

	Until Deadline `json:"until,omitzero"` // of the marketplace, as it was when the task was queued

	Cause string `json:"cause,omitempty"` // CauseOperator for what an operator asked for by hand; else empty

	Action string `json:"action,omitempty"` // of the line, for tasks whose order and line ID do not identify it; internal to Koogate
	Input  bool   `json:"input,omitempty"`  // the call told an Input; an earlier release that hands the task out needs it

	// Reduces says of a check that the target is fewer than the present quantity, which only a worker that compared it with the
	// use may allow. The field is internal to Koogate.
	Reduces bool `json:"reduces,omitempty"`

	Question *Question `json:"question,omitempty"` // of an IDENTIFY task
}

// of returns p as JSON, filled with what was told about the product.
func (p Payload) of(i *store.Instance, product store.Product) string {
	p.ProductID, p.SKUCode, p.ChargingMode, p.LinearValue = product.ProductID, product.SKUCode, product.ChargingMode, product.LinearValue
	p.Trial, p.ExpireAt = i.Trial, i.ExpireAt
	return p.text()
}

func (p Payload) text() string {
	text, err := json.Marshal(p)
	if err != nil { // encoding plain values cannot fail
		panic(err)
	}
	return string(text)
}

// PayloadOf decodes a task's payload; a task without one has the zero payload.
func PayloadOf(t store.Task) Payload {
	var p Payload
	if t.Payload != "" {
		if err := json.Unmarshal([]byte(t.Payload), &p); err != nil {
			return Payload{}
		}
	}
	return p
}

// queryFailed gives an order query back, or ends it when the marketplace refused for good or the window is over. The failed
// query of a notification does not concern an order that has instances, because these have queries of their own.
func (d *draft) queryFailed(t *store.Task, q *QueryError) {
	d.failTask(t, Failure{Permanent: !q.Retryable, Code: resultcode.Internal, Message: q.Code})
	if t.State == store.TaskFailed && d.own(t) {
		d.agg.Order.QueryState, d.agg.Order.QueryReason = store.QueryFailed, t.Reason
	}
}

// own tells whether an order query is the order's own.
func (d *draft) own(t *store.Task) bool {
	return t.Kind == store.TaskOrderQuery && t.LineOrderID == d.agg.Order.OrderID && (t.InstanceID != "" || len(d.agg.Instances) == 0)
}

// unasked records that the order's own query was cancelled, so that there will be no answer.
func (d *draft) unasked(t *store.Task) {
	others := slices.ContainsFunc(d.agg.Tasks, func(o store.Task) bool { return o.ID != t.ID && d.own(&o) && o.State != store.TaskCancelled })
	if o := d.agg.Order; d.own(t) && o.QueryState == store.QueryPending && !others {
		d.agg.Order.QueryState, d.agg.Order.QueryReason = store.QueryFailed, t.Reason
	}
}
