// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/store"
)

// Adoption is an instance that the marketplace has and the database lacks, as its operator knows it.
type Adoption struct {
	Endpoint    *Endpoint
	OrderID     string
	OrderLineID string // empty in the V1 families, which have none
	// ProductID is what the first call named: always in the V1 families, and in those of V2 only when newInstance carried one.
	ProductID    string
	ChargingMode string // PERIOD, ON_DEMAND, …; of the V1 families, where nobody can be asked
	InstanceID   string // empty means the one that follows from the order line
	Family       string // empty means what newInstance of V2 creates at the endpoint
	// Create hands the create task to the provisioner again, who knows the instance ID and brings the access information.
	// Otherwise the instance counts as provisioned, and its access information is told by UpdateInstanceAccess.
	Create bool
	Who    string // names the caller in the event
	// AskedBy is the task by which the provisioner was asked whose the instance is; empty when nobody was asked.
	AskedBy string
	Why     string // for the order's events; no secrets, no personal data
}

// key is the line that newInstance of the same order has. In V1 the product is part of it for pay-per-use (saas-v1 §1.2).
func (a Adoption) key() store.LineKey {
	k := store.LineKey{Seller: a.Endpoint.Seller, OrderID: a.OrderID, OrderLineID: a.OrderLineID, ProductID: a.ProductID, Action: ActionNew}
	if a.classic() && (a.Family == FamilyLicenseV1 || a.ChargingMode != modeOnDemand) {
		k.ProductID = ""
	}
	return k
}

// modeOnDemand is the charging mode of pay-per-use.
const modeOnDemand = "ON_DEMAND"

func (a Adoption) classic() bool { return a.Family == FamilySaasV1 || a.Family == FamilyLicenseV1 }

// check refuses what no newInstance can have created. The error names the field.
func (a Adoption) check() error {
	creating := []string{FamilySaasV2, FamilyLicenseOnline, FamilySaasV1, FamilyLicenseV1}
	switch {
	case !slices.Contains(creating, a.Family):
		return errs.BadField("family", "%q creates no instances that can be adopted; use one of %s", a.Family, strings.Join(creating, ", "))
	case a.OrderID == "":
		return errs.BadField("order", "required")
	case a.classic() && a.OrderLineID != "":
		return errs.BadField("line", "the family %s has no order lines", a.Family)
	case !a.classic() && a.OrderLineID == "":
		return errs.BadField("line", "required; only saas_v1 and license_v1 have no order lines")
	case a.classic() && a.ProductID == "":
		return errs.BadField("product", "required with %s, as the marketplace cannot be asked", a.Family)
	case a.InstanceID != "" && (len(a.InstanceID) > 64 || !store.Sound(a.InstanceID)):
		return errs.BadField("instance", "at most 64 characters")
	case strings.TrimSpace(a.Why) == "":
		return errs.BadField("why", "say why the instance is adopted")
	}
	return nil
}

// Adopt admits the order line that created an instance, with the instance ID that the marketplace has. From then on a repeat of newInstance is a
// success with that instance, and the calls about it are served; what was bought is asked of the marketplace where it can be.
// Adopting the same again changes nothing. Errors: INVALID_FIELD, STATE_CONFLICT when the line has another instance or the ID
// another line, STORE_UNAVAILABLE.
func (s *Service) Adopt(ctx context.Context, a Adoption) (i store.Instance, err error) {
	if a.Family == "" {
		a.Family = a.Endpoint.NewFamily
	}
	if err := a.check(); err != nil {
		return i, err
	}
	if a.InstanceID == "" {
		if a.InstanceID, err = s.DerivedID(a.key()); err != nil {
			return i, err
		}
	}
	created, err := s.lostSince(ctx, a.Endpoint.Seller)
	if err != nil {
		return i, err
	}
	draftIt := func(d *draft) error {
		if l := d.line(a.key()); l != nil {
			if l.InstanceID != a.InstanceID {
				return errs.New(errs.Precondition, errs.StateConflict, "order %s has instance %s already, not %s", a.OrderID, l.InstanceID, a.InstanceID)
			}
			i = *d.instance(l.InstanceID)
			return nil
		}
		i = d.adopt(ctx, a, created)
		return nil
	}
	err = s.begin(ctx, a.Endpoint, a.OrderID, s.now(), draftIt)
	if errors.Is(err, store.ErrOrderExists) {
		err = s.decideOnce(ctx, a, draftIt)
	}
	if errors.Is(err, store.ErrInstanceExists) {
		return i, errs.New(errs.Precondition, errs.StateConflict, "instance %s belongs to another order line already", a.InstanceID)
	}
	if err != nil {
		return i, s.storeError(ctx, err, errs.OrderNotFound, "no order %s", a.OrderID)
	}
	return i, nil
}

// lostSince is the earliest time at which an instance that is adopted now can have been created: usage since then counts. It is
// the begin of the open gap; zero when none is open.
func (s *Service) lostSince(ctx context.Context, seller string) (time.Time, error) {
	g, err := s.Store.OpenedGap(ctx, seller)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return time.Time{}, nil
	case err != nil:
		return time.Time{}, s.storeError(ctx, err, errs.InternalFault, "")
	}
	return g.Since, nil
}

// decideOnce is decide for an adoption into an order that exists, where an instance ID that is taken must not be tried again.
func (s *Service) decideOnce(ctx context.Context, a Adoption, f func(d *draft) error) error {
	taken, err := s.Store.Instances(ctx, a.Endpoint.Seller, []string{a.InstanceID})
	if err != nil {
		return err
	}
	return s.decide(ctx, a.Endpoint.Seller, a.OrderID, func(d *draft) error {
		if len(taken) > 0 && d.line(a.key()) == nil {
			return store.ErrInstanceExists
		}
		return f(d)
	})
}

// adopted says that an instance counts as provisioned and that nobody has told yet how its customer gets in, which happens only
// to adopted ones.
func adopted(i *store.Instance) bool {
	return len(i.Access) == 0 && (i.State == store.InstanceActive || i.State == store.InstanceFrozen) &&
		(i.Family == FamilySaasV2 || i.Family == FamilySaasV1)
}

// place drafts the instance of a purchase that was fulfilled elsewhere, in use, and returns it with the line that newInstance would have
// claimed. Both still lack what else is known, the line has to be added, and the next event is the one that admits it.
func (d *draft) place(a Adoption, created time.Time) (*store.Instance, store.Line) {
	k := a.key()
	d.change.Takes = append(d.change.Takes, store.Taken{Seller: k.Seller, OrderID: d.agg.Order.OrderID, InstanceID: a.InstanceID}) // an operator takes it over
	if created.IsZero() {
		created = d.now
	}
	if len(d.agg.Instances) == 0 { // the order is known from a notification only, perhaps at another endpoint
		d.agg.Order.Endpoint = a.Endpoint.Name
	}
	d.change.NewInstances = append(d.change.NewInstances, store.Instance{
		Seller: k.Seller, InstanceID: a.InstanceID, Endpoint: a.Endpoint.Name, Family: a.Family, OrderID: a.OrderID, OrderLineID: a.OrderLineID,
		State: store.InstanceActive, Product: store.Product{ProductID: a.ProductID, ChargingMode: a.ChargingMode}, CreatedAt: created, UpdatedAt: d.now,
	})
	d.agg.Instances = append(d.agg.Instances, d.change.NewInstances[len(d.change.NewInstances)-1])
	i := &d.agg.Instances[len(d.agg.Instances)-1]
	return i, d.newLine(i, k, nil)
}

// adopt drafts the line, its instance, and what still has to be found out.
func (d *draft) adopt(ctx context.Context, a Adoption, created time.Time) store.Instance {
	i, l := d.place(a, created)
	if a.Create {
		i.State = store.InstanceProvisioning
	} else {
		l.AnswerCode = string(resultcode.Success)
	}
	d.addLine(l)
	data := fields{"endpoint": a.Endpoint.Name, "orderLineId": a.OrderLineID, "productId": a.ProductID, "why": a.Why, "create": a.Create}
	data.given("who", a.Who)
	d.event(EventInstanceAdopted, a.InstanceID, data)
	if a.classic() {
		d.agg.Order.QueryState = store.QueryDone // the marketplace answers no query about these
	} else {
		d.queue(ctx, i, queryOf(&l))
	}
	if a.Create {
		create := store.Task{Kind: store.TaskCreate, LineOrderID: a.OrderID, LineID: a.OrderLineID}
		if a.Family == FamilyLicenseV1 {
			create.Kind = store.TaskIssueLicence
		}
		d.queue(ctx, i, create)
	}
	d.putInstance(i)
	return *i
}
