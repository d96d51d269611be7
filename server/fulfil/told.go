// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"context"
	"encoding/json"
	"maps"
	"strings"
	"time"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/store"
)

// Terms are what was agreed beside the product, as the marketplace told it; a field is empty or zero where it told nothing.
// It holds no personal data.
type Terms struct {
	OrderType    string    `json:"orderType,omitempty"`  // NEW, TRIAL, RENEW, …
	Scene        string    `json:"scene,omitempty"`      // of a refreshInstance call
	PeriodType   string    `json:"periodType,omitempty"` // year, month, day
	PeriodNumber int64     `json:"periodNumber,omitempty"`
	Amount       string    `json:"amount,omitempty"`     // list price, as received
	DealAmount   string    `json:"dealAmount,omitempty"` // price after discount, as received; negative for a refund
	ExpireAt     time.Time `json:"expireAt,omitzero"`    // the order's own; for reference
	OrderedAt    time.Time `json:"orderedAt,omitzero"`
}

func (t Terms) text() string {
	text, err := json.Marshal(t)
	if err != nil { // encoding fails only for a time after the year 9999
		return ""
	}
	if string(text) == "{}" {
		return ""
	}
	return string(text)
}

// termsOf reads the terms that a line keeps. A row that a later release wrote in another form yields none.
func termsOf(l *store.Line) Terms {
	var t Terms
	if l.Purchase != "" && json.Unmarshal([]byte(l.Purchase), &t) != nil {
		return Terms{}
	}
	return t
}

// agreed is what the line keeps of an order's facts.
func agreed(f OrderFacts) string {
	t := f.Terms
	t.OrderType, t.ExpireAt = f.OrderType, f.ExpireAt
	return t.text()
}

// terms are the call's, with the order type that its scene stands for.
func (c Refresh) terms() Terms {
	t := c.Terms
	t.Scene, t.ExpireAt = c.Scene, c.ExpireAt.UTC()
	if t.OrderType != "" {
		return t
	}
	switch c.Scene {
	case SceneRenewal, SceneRenewalChange:
		t.OrderType = "RENEW"
	case SceneTrialToFormal:
		t.OrderType = orderTrialToFormal
	case SceneUnsubscribe:
		t.OrderType = "UNSUBSCRIBE"
	}
	return t
}

func (c Upgrade) terms() Terms {
	t := c.Terms
	if t.OrderType == "" {
		t.OrderType = "CHANGE"
	}
	return t
}

// Purchase is what a task is about: the order that caused it, or for a task that no order caused the one that bought the
// instance. It holds no personal data.
type Purchase struct {
	Terms

	OrderID, OrderLineID string
	Product              store.Product
	Trial                bool
}

// told is what is kept sealed of the buyer, in the form in which the order query and V1's calls write it.
type told struct {
	Input

	Params []struct {
		Key   string `json:"key"`
		Value string `json:"value"`
	} `json:"extendParams"`
}

// buyerOf reads the buyer's JSON. JSON that cannot be read yields an empty buyer.
func buyerOf(text []byte) Input {
	var b told
	if len(text) == 0 || json.Unmarshal(text, &b) != nil {
		return Input{}
	}
	in := Input{
		CustomerID: b.CustomerID, CustomerName: b.CustomerName, UserID: b.UserID, UserName: b.UserName, MobilePhone: b.MobilePhone,
		Email: b.Email,
	}
	for _, p := range b.Params {
		if in.ExtendParams == nil {
			in.ExtendParams = make(map[string]string, len(b.Params))
		}
		in.ExtendParams[p.Key] = p.Value
	}
	return in
}

// tell stores on a line what the order query told: the terms, and the buyer for the worker that leases its task. Fields that
// the call itself has told stay.
func (d *draft) tell(l *store.Line, f OrderFacts) error {
	f.Terms.Scene = termsOf(l).Scene
	l.Purchase = agreed(f)
	if len(l.Input) > 0 {
		return nil
	}
	return d.s.sealInput(l, buyerOf(f.Buyer))
}

// Told returns what a task is about and who bought it. ok is false when nothing is known of the buyer. The input is for the
// worker that has leased the task, and otherwise for callers that may read personal data. A buyer that cannot be unsealed is
// an error; the purchase is returned all the same. Errors: ORDER_NOT_FOUND, STORE_UNAVAILABLE, INTERNAL.
func (s *Service) Told(ctx context.Context, t store.Task) (p Purchase, in Input, ok bool, err error) {
	if t.Kind == store.TaskIdentify {
		return questioned(t), Input{}, false, nil
	}
	if t.OrderID == "" || s.own(t.Kind) {
		return Purchase{}, Input{}, false, nil
	}
	agg, err := s.Store.Aggregate(ctx, t.Seller, t.OrderID)
	if err != nil {
		return Purchase{}, Input{}, false, s.storeError(ctx, err, errs.OrderNotFound, "no order %s", t.OrderID)
	}
	cause := causeOf(agg, t)
	bought := boughtBy(agg, t.InstanceID)
	p = purchaseOf(t, cause, bought)
	in, ok, err = s.inputOf(agg, t, cause, bought)
	return p, in, ok, err
}

// questioned is what a call told that a question is about.
func questioned(t store.Task) Purchase {
	p := PayloadOf(t)
	told := Purchase{OrderID: t.LineOrderID, OrderLineID: t.LineID, Product: store.Product{ProductID: p.ProductID}}
	told.ExpireAt = p.ExpireAt
	if p.Question != nil {
		told.Scene = p.Question.Scene
	}
	return told
}

// causeOf returns the line that caused a task; nil when no line caused it.
func causeOf(agg *store.Aggregate, t store.Task) *store.Line {
	if t.LineOrderID == "" {
		return nil
	}
	return lineOf(agg, t, PayloadOf(t).Action)
}

// boughtBy is the line that created an instance.
func boughtBy(agg *store.Aggregate, instanceID string) *store.Line {
	for k := range agg.Lines {
		if l := &agg.Lines[k]; l.InstanceID == instanceID && l.Action == ActionNew {
			return l
		}
	}
	return nil
}

func purchaseOf(t store.Task, cause, bought *store.Line) Purchase {
	of := cause
	if of == nil || strings.HasPrefix(of.Action, actionLicence+"/") { // a request for a licence has no order of its own
		of = bought
	}
	w := PayloadOf(t)
	p := Purchase{
		OrderID: t.LineOrderID, OrderLineID: t.LineID, Trial: w.Trial,
		Product: store.Product{ProductID: w.ProductID, SKUCode: w.SKUCode, ChargingMode: w.ChargingMode, LinearValue: w.LinearValue},
	}
	if of != nil {
		p.OrderID, p.OrderLineID, p.Product.Name = of.OrderID, of.OrderLineID, of.Product.Name
		p.Terms = termsOf(of)
	}
	if !w.ExpireAt.IsZero() { // the instance's present expiry, not the estimate of the order
		p.ExpireAt = w.ExpireAt
	}
	return p
}

// inputOf joins the buyer of the purchase with what the line behind the task told, which is newer.
func (s *Service) inputOf(agg *store.Aggregate, t store.Task, cause, bought *store.Line) (in Input, ok bool, err error) {
	switch {
	case bought != nil && len(bought.Input) > 0:
		ok, err = true, s.unseal(bought.Input, lineContext("input", bought.LineKey), &in)
	case len(agg.Order.Buyer) > 0: // the line was admitted by a release whose lines kept no buyer
		var text json.RawMessage
		err = s.unseal(agg.Order.Buyer, "buyer/"+agg.Order.Seller+"/"+agg.Order.OrderID, &text)
		in = buyerOf(text)
		ok = err == nil
	}
	if err != nil {
		return Input{}, false, err
	}
	if cause != nil && cause != bought && len(cause.Input) > 0 {
		params := in.ExtendParams
		in.ExtendParams = nil
		if err := s.unseal(cause.Input, lineContext("input", cause.LineKey), &in); err != nil {
			return Input{}, false, err
		}
		ok = true
		if params != nil {
			maps.Copy(params, in.ExtendParams)
			in.ExtendParams = params
		}
	}
	code, err := s.codeOf(agg, t.InstanceID)
	if err != nil {
		return Input{}, false, err
	}
	if code != "" {
		in.LicenceCode, ok = code, true
	}
	return in, ok, nil
}

// codeOf returns the licence code that an instance stands for; empty for other instances.
func (s *Service) codeOf(agg *store.Aggregate, instanceID string) (string, error) {
	for k := range agg.Instances {
		i := &agg.Instances[k]
		if i.InstanceID != instanceID || i.Family != FamilyLicenseCode {
			continue
		}
		a, err := s.openAccess(i)
		if err != nil {
			return "", errs.Wrap(err, errs.Internal, errs.InternalFault, "internal error")
		}
		return a.Licence, nil
	}
	return "", nil
}

// InputOf is [Service.Told] without the purchase.
func (s *Service) InputOf(ctx context.Context, t store.Task) (in Input, ok bool, err error) {
	_, in, ok, err = s.Told(ctx, t)
	return in, ok, err
}

// ReadInput opens a task's input for a caller that may read personal data, and leaves an event on the order: who read which
// kind of data of which task, and when, without values. It returns the input only after that event is committed. Errors:
// TASK_NOT_FOUND, STORE_UNAVAILABLE, INTERNAL.
func (s *Service) ReadInput(ctx context.Context, seller, taskID, actor string) (Input, error) {
	t, err := s.Work.Task(ctx, seller, taskID)
	if err == nil {
		err = s.Work.CheckForWorkers(t)
	}
	if err != nil {
		return Input{}, err
	}
	if t.OrderID == "" { // a question, which says nothing of a buyer
		return Input{}, nil
	}
	in, _, err := s.InputOf(ctx, t)
	if err != nil {
		return Input{}, err
	}
	err = s.decide(ctx, seller, t.OrderID, func(d *draft) error {
		d.event(EventPersonal, t.InstanceID, fields{"what": "task input", "task": t.ID, "who": actor})
		return nil
	})
	if err != nil {
		return Input{}, err
	}
	s.Metrics.PersonalRead("task_input")
	return in, nil
}
