// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/evidence"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/store"
)

// ActionNew is the action of a creating line.
const ActionNew = "newInstance"

// Answer is the outcome of an activity, for the marketplace.
type Answer struct {
	Code       resultcode.Code
	Message    string // why, when it is not a success; may be empty
	InstanceID string // newInstance, getLicense
	Access     Access // newInstance of a family that shows it at once, getLicense; zero otherwise
}

// NewInstance is one newInstance call (saas-v2 §5.1). The caller has validated the lengths.
type NewInstance struct {
	Endpoint    *Endpoint
	OrderID     string
	OrderLineID string
	BusinessID  string
	ProductID   string    // part of the key when it is not empty
	Extra       string    // unknown members of the body as JSON; empty when none
	Arrived     time.Time // when the call's first byte was read
	Lock        store.Entry

	// Family is the protocol that bought the instance; empty means FamilySaasV2.
	Family string
	// Told is what the call itself told of the purchase; nil means that the marketplace is asked for it.
	Told *OrderFacts
	// Input is what only the provisioner may see.
	Input Input
	// Match are parameters that a repeat should bring again; no secrets and no personal data. The customer of Input is compared too.
	Match map[string]string
	// Hold keeps the call until the creation ends or the endpoint's HoldBudget is used up, and then answers 000004 without
	// committing it: the families that know no asynchronous answer call again. Their answers carry the access information.
	Hold bool
	// AcceptedAt is when the buyer accepted; zero in calls that are not about the acceptance.
	AcceptedAt time.Time
}

func (c NewInstance) key() store.LineKey {
	return store.LineKey{
		Seller: c.Endpoint.Seller, OrderID: c.OrderID, OrderLineID: c.OrderLineID, ProductID: c.ProductID, Action: ActionNew,
	}
}

// LockKey is the guard's name for an order line. No invariant rests on it.
func LockKey(seller, orderID, orderLineID, productID string) string {
	return "line\x1f" + seller + "\x1f" + orderID + "\x1f" + orderLineID + "\x1f" + productID
}

// NewInstance admits the line, or finds the admission of an earlier call, and answers. The same line always gets the same
// instance ID. Errors: STORE_UNAVAILABLE.
func (s *Service) NewInstance(ctx context.Context, c NewInstance) (Answer, error) {
	line, first, err := s.admit(ctx, c)
	if err == nil && !first {
		err = s.reachLine(ctx, c.Endpoint, line)
	}
	if err == nil {
		err = s.repeated(ctx, c, line)
	}
	if c.Lock.Lock == store.LockHeld {
		s.leave(ctx, c, err == nil)
	}
	if err != nil {
		return Answer{}, err
	}
	addInstance(ctx, line.InstanceID)
	if c.Hold {
		return s.hold(ctx, c, line)
	}
	if first && line.AnswerCode != "" {
		return committed(line), nil // as this call has just committed it
	}
	return s.settle(ctx, c, line)
}

// params are what a repeat should bring again.
func (c NewInstance) params() string {
	return params(c.Match)
}

// productID returns the product that the call names; empty when it names none.
func (c NewInstance) productID() string {
	if c.Told != nil && c.Told.Product.ProductID != "" {
		return c.Told.Product.ProductID
	}
	return c.ProductID
}

// repeated records what a call brings beyond the admission of its line, which an earlier call may have made: the parameters
// that differ, and the acceptance.
func (s *Service) repeated(ctx context.Context, c NewInstance, line store.Line) error {
	customer := c.Match != nil && s.otherCustomer(line, c.Input.CustomerID)
	if customer || c.Match != nil && line.Params != c.params() {
		err := s.decide(ctx, line.Seller, line.RootOrderID, func(d *draft) error {
			if l := d.line(c.key()); l != nil {
				d.differs(ctx, l, c.Match, customer)
			}
			return nil
		})
		if errors.Is(err, store.ErrReadOnly) { // the answer stands, and can be given without the record
			s.Log.WarnContext(ctx, "a repeat that differs is not recorded: the database takes no writes", "order_id", line.OrderID)
			err = nil
		}
		if err != nil {
			return err
		}
	}
	if c.AcceptedAt.IsZero() {
		return nil
	}
	return s.accept(ctx, c, line)
}

// leave gives the lock up without holding the answer back.
func (s *Service) leave(ctx context.Context, c NewInstance, done bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	go func() {
		defer cancel()
		if err := s.Guard.Leave(ctx, LockKey(c.Endpoint.Seller, c.OrderID, c.OrderLineID, c.ProductID), c.Lock.Fence, done); err != nil {
			s.Log.DebugContext(ctx, "the lock could not be released; it expires by itself", "error", err)
		}
	}()
}

// admit returns the line's row, new or old. first says that this call has just admitted it, so that the answer in the row is
// the one of this call.
func (s *Service) admit(ctx context.Context, c NewInstance) (line store.Line, first bool, err error) {
	if c.Lock.Lock == store.LockDone || c.Lock.Lock == store.LockBusy {
		if line, ok := s.awaitLine(ctx, c); ok {
			return line, false, nil
		}
	}
	line, err = s.admitFirst(ctx, c)
	if err == nil {
		return line, true, nil
	}
	// Mostly the line is there: the call is a repeat whose mark is gone, or the commit happened although its answer was lost. One row
	// tells it; what the database says now decides.
	if line, lerr := s.Store.Line(ctx, c.key()); lerr == nil {
		return line, false, nil
	}
	if !errors.Is(err, store.ErrOrderExists) && !retryable(err) {
		return store.Line{}, false, s.storeError(ctx, err, errs.OrderNotFound, "")
	}
	return s.admitInto(ctx, c)
}

// awaitLine looks for the line that another call is admitting, for a moment. When it is not found, the caller goes on as if
// nobody had admitted it.
func (s *Service) awaitLine(ctx context.Context, c NewInstance) (store.Line, bool) {
	const ms = time.Millisecond
	waits := []time.Duration{2 * ms, 4 * ms, 8 * ms, 16 * ms, 32 * ms, 64 * ms, 64 * ms}
	if c.Lock.Lock == store.LockDone {
		waits = nil // the mark says that the work is committed: the row exists, unless the database was replaced
	}
	for i := 0; ; i++ {
		if line, err := s.Store.Line(ctx, c.key()); err == nil {
			return line, true
		}
		if i >= len(waits) || clock.Sleep(ctx, s.Clock, waits[i]) != nil {
			return store.Line{}, false
		}
	}
}

// admitFirst admits the line together with its order, without reading anything before.
func (s *Service) admitFirst(ctx context.Context, c NewInstance) (store.Line, error) {
	var line store.Line
	id, err := s.firstID(c)
	if err != nil {
		return line, err
	}
	err = s.begin(ctx, c.Endpoint, c.OrderID, c.Arrived, func(d *draft) error {
		var err error
		line, err = s.draftAdmission(ctx, d, c, id)
		id = s.NewID() // should the ID be taken
		return err
	})
	return line, err
}

// begin commits the first decision about an order together with its row, without reading anything before. It tries once more
// when an instance ID was taken. The order's trace begins here: the call that commits first emits the root span.
func (s *Service) begin(ctx context.Context, ep *Endpoint, orderID string, arrived time.Time, f func(d *draft) error) error {
	now := s.now()
	order := store.Order{
		Seller: ep.Seller, OrderID: orderID, Endpoint: ep.Name, QueryState: store.QueryPending, CreatedAt: now, UpdatedAt: now,
	}
	_, root := telemetry.StartRoot(ctx, s.Tracer, order.Seller, order.OrderID, arrived)
	attempt := func() error {
		d := s.newDraft(ctx, now, &store.Aggregate{Order: order})
		d.change.NewOrder = &d.agg.Order
		if err := f(d); err != nil {
			return err
		}
		if err := d.commit(ctx); err != nil {
			return err
		}
		d.describe(root)
		return nil
	}
	err := attempt()
	if errors.Is(err, store.ErrInstanceExists) {
		err = attempt()
	}
	if err == nil {
		root.End()
	}
	return err
}

// admitInto admits the line into an order that exists, or finds it there. first says that it admitted it.
func (s *Service) admitInto(ctx context.Context, c NewInstance) (line store.Line, first bool, err error) {
	id, err := s.firstID(c)
	if err != nil {
		return line, false, err
	}
	err = s.decide(ctx, c.Endpoint.Seller, c.OrderID, func(d *draft) error {
		l := d.line(c.key())
		if first = l == nil; !first {
			line = *l
			return nil
		}
		if len(d.agg.Instances) == 0 { // the order is known from a notification only, perhaps at another endpoint
			d.agg.Order.Endpoint = c.Endpoint.Name
		}
		var err error
		line, err = s.draftAdmission(ctx, d, c, id)
		id = s.NewID() // should the ID be taken
		return err
	})
	return line, first, err
}

// draftAdmission drafts the line, its instance and the create task; it drafts the order query in front of that task, unless
// the call has told what was bought.
func (s *Service) draftAdmission(ctx context.Context, d *draft, c NewInstance, instanceID string) (store.Line, error) {
	if s.Given == nil && !usableID(instanceID) {
		instanceID = s.NewID()
	}
	seller, endpoint := c.Endpoint.Seller, c.Endpoint.Name
	i := &store.Instance{
		Seller: seller, InstanceID: instanceID, Endpoint: endpoint, Family: c.Family, OrderID: c.OrderID, OrderLineID: c.OrderLineID,
		State: store.InstanceProvisioning, Product: store.Product{ProductID: c.ProductID}, CreatedAt: d.now, UpdatedAt: d.now,
	}
	if i.Family == "" {
		i.Family = FamilySaasV2
	}
	facts := fields{"endpoint": endpoint, "orderLineId": c.OrderLineID, "businessId": c.BusinessID}
	line := d.newLine(i, c.key(), nil)
	line.Params = c.params()
	d.agg.Instances = append(d.agg.Instances, *i)
	i = &d.agg.Instances[len(d.agg.Instances)-1]
	d.change.NewInstances = append(d.change.NewInstances, *i)
	if c.Told != nil {
		if err := d.told(i, &line, c.Told, facts); err != nil {
			return store.Line{}, err
		}
		line.Product, line.Purchase = i.Product, agreed(*c.Told)
	}
	if !c.Hold && c.Endpoint.budget(c.productID()) == 0 {
		line.AnswerCode = string(resultcode.Processing)
	}
	if err := s.sealExtra(&line, c.Extra); err != nil {
		return line, err
	}
	if err := s.sealInput(&line, c.Input); err != nil {
		return line, err
	}
	d.addLine(line)
	facts["answer"] = line.AnswerCode
	d.event(EventAdmitted, instanceID, facts)
	if !c.AcceptedAt.IsZero() {
		d.accepted(i, c)
	}
	if c.Told == nil {
		d.queue(ctx, i, queryOf(&line))
	}
	create := store.Task{Kind: store.TaskCreate, LineOrderID: c.OrderID, LineID: c.OrderLineID}
	if c.Family == FamilyLicenseV1 {
		create.Kind = store.TaskIssueLicence
	}
	d.queue(ctx, i, create) // its queue becomes known together with the product
	return line, nil
}

// told records what the call itself told of the purchase on the order and the instance, and adds it to the event.
func (d *draft) told(i *store.Instance, l *store.Line, f *OrderFacts, facts fields) error {
	d.bought(*f)
	st := purchased(*f)
	st.buyer = f.Buyer
	if _, err := d.merge(i, sourceOf(l, d.now), st); err != nil {
		return err
	}
	facts["orderType"], facts["productId"], facts["skuCode"] = f.OrderType, i.Product.ProductID, f.Product.SKUCode
	facts["chargingMode"], facts["linearValue"] = f.Product.ChargingMode, f.Product.LinearValue
	return nil
}

// purchased is what is known of a purchase except its buyer.
func purchased(f OrderFacts) statement {
	trial := f.OrderType == orderTrial
	return statement{expiry: &f.ExpireAt, trial: &trial, customerID: buyerOf(f.Buyer).CustomerID}.product(f.Product)
}

// bought records on the order that the purchase is known.
func (d *draft) bought(f OrderFacts) {
	o := &d.agg.Order
	o.OrderType, o.QueryState, o.QueryReason = f.OrderType, store.QueryDone, ""
}

// sealExtra keeps the members that the contract does not know. They may hold personal data, so they are sealed.
func (s *Service) sealExtra(l *store.Line, extra string) error {
	if extra == "" {
		return nil
	}
	var err error
	l.Extra, err = s.seal([]byte(extra), "line/"+l.Seller+"/"+l.OrderID+"/"+l.OrderLineID+"/"+l.Action)
	return err
}

// withExtra adds the members that the contract does not know to an event, for calls that claim no line. They are sealed beside the
// event, as they may hold personal data, and bound to the order.
func (d *draft) withExtra(data fields, extra string) (fields, error) {
	if extra == "" {
		return data, nil
	}
	o := d.agg.Order
	sealed, err := evidence.Seal(d.s.Sealer, []byte(extra), evidence.OrderContext(o.Seller, o.OrderID))
	if err != nil {
		return nil, errs.Wrap(err, errs.Internal, errs.InternalFault, "internal error")
	}
	if data == nil {
		data = fields{}
	}
	data[evidence.FieldExtra] = sealed
	return data, nil
}

// usableID says whether a business ID, which comes from outside, can serve as an instance ID (ADR 14): 1 to 64 letters, digits,
// hyphens and underscores, of which the first and the last are letters or digits. No such character means something in a list, a
// path, a query or a host name.
func usableID(id string) bool {
	if id == "" || len(id) > 64 {
		return false
	}
	for k := range len(id) {
		c := id[k]
		inner := k > 0 && k < len(id)-1 && (c == '-' || c == '_')
		if !inner && !('0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z') {
			return false
		}
	}
	return true
}

// params renders parameters, for repeats to be compared with.
func params(m map[string]string) string {
	if m == nil {
		return "{}"
	}
	text, err := json.Marshal(m)
	if err != nil { // encoding a map of strings cannot fail
		panic(err)
	}
	return string(text)
}

// addInstance marks the current span with the instance.
func addInstance(ctx context.Context, id string) {
	telemetry.Set(trace.SpanFromContext(ctx), telemetry.InstanceID(id))
}
