// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"cmp"
	"encoding/json"
	"time"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/koogallery/wiretime"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/store"
)

// imported decides over one row: it drafts the line and its instance, or compares the row with what is there.
func (d *draft) imported(r *Import, a Adoption, created time.Time) (Imported, error) {
	if i := d.instance(r.InstanceID); i != nil {
		l := d.creation(r.InstanceID)
		if l == nil || l.LineKey != a.key() {
			return invalidRow(errs.BadField("instance_id", "belongs to another line of the order, or to one whose key has another product")), nil
		}
		different, err := d.differing(i, l, r, a)
		switch {
		case err != nil:
			return Imported{}, err
		case len(different) > 0:
			return Imported{Verdict: ImportDiffers, Fields: different, Message: "it is there already, and differs; nothing was changed"}, nil
		}
		return Imported{Verdict: ImportUnchanged}, nil
	}
	if l := d.line(a.key()); l != nil {
		return invalidRow(errs.BadField("instance_id", "the order line has instance %s already", l.InstanceID)), nil
	}
	customer, err := d.customer()
	switch {
	case err != nil:
		return Imported{}, err
	case customer != "" && r.CustomerID != "" && customer != r.CustomerID:
		return invalidRow(errs.BadField("customer_id", "the order belongs to another customer")), nil
	}
	return Imported{Verdict: ImportCreated}, d.admitImport(r, a, created, customer == "")
}

// customer is the customer of the order, as far as it is known.
func (d *draft) customer() (string, error) {
	o := &d.agg.Order
	if len(o.Buyer) == 0 {
		return "", nil
	}
	var text json.RawMessage
	if err := d.s.unseal(o.Buyer, buyerContext(o), &text); err != nil {
		return "", err
	}
	return buyerOf(text).CustomerID, nil
}

// admitImport drafts the admission of a row. buyer says that nobody has told yet who has bought the order.
func (d *draft) admitImport(r *Import, a Adoption, created time.Time, buyer bool) error {
	if !r.CreatedAt.IsZero() {
		created = r.CreatedAt.UTC().Truncate(time.Microsecond)
	}
	facts := OrderFacts{OrderType: orderNew, Product: r.Product, ExpireAt: r.ExpireAt.UTC().Truncate(time.Microsecond)}
	if r.Trial {
		facts.OrderType = orderTrial
	}
	if len(d.agg.Instances) == 0 {
		d.bought(facts)
	}
	i, l := d.place(a, created)
	st := statement{trial: &r.Trial, customerID: r.CustomerID}.product(r.Product)
	if !r.ExpireAt.IsZero() {
		st.expiry = &facts.ExpireAt
	}
	if buyer && r.CustomerID != "" {
		text, err := json.Marshal(Input{CustomerID: r.CustomerID})
		if err != nil {
			return errs.Wrap(err, errs.Internal, errs.InternalFault, "internal error")
		}
		st.buyer = text
	}
	from := sourceOf(&l, d.now)
	from.Action = actionImport
	if _, err := d.merge(i, from, st); err != nil {
		return err
	}
	switch r.State {
	case ImportFrozen:
		d.freeze(i, false, CauseMarketplace)
	case ImportExpired:
		d.freeze(i, false, reasonExpired)
	case ImportReleased:
		i.State, i.Reason = store.InstanceReleased, releasedBefore
	case ImportActive:
	}
	if (r.Access != Access{}) {
		if err := d.sealAccess(i, r.Access); err != nil {
			return err
		}
	}
	l.Product, l.Purchase, l.AnswerCode = i.Product, agreed(facts), string(resultcode.Success)
	if err := d.s.sealInput(&l, Input{CustomerID: r.CustomerID}); err != nil {
		return err
	}
	d.addLine(l)
	data := fields{
		"endpoint": a.Endpoint.Name, "orderLineId": a.OrderLineID, "family": a.Family, "orderType": facts.OrderType, "productId": r.Product.ProductID,
		"skuCode": r.Product.SKUCode, "chargingMode": r.Product.ChargingMode, "linearValue": r.Product.LinearValue, "state": string(r.State), "why": a.Why,
	}
	data.given("who", a.Who)
	if !r.ExpireAt.IsZero() {
		data["expireTime"] = wiretime.Format17(r.ExpireAt)
	}
	kind := EventImported
	if a.AskedBy != "" {
		kind, data["task"] = EventInstanceAdopted, a.AskedBy
	}
	d.event(kind, i.InstanceID, data)
	d.putInstance(i)
	return nil
}

// differing are the fields in which an instance differs from what a row says of it, by their names in the internal API. What the row
// leaves empty it does not say, except its state and whether it is a trial.
func (d *draft) differing(i *store.Instance, l *store.Line, r *Import, a Adoption) (names []string, err error) {
	add := func(name string, differs bool) {
		if differs {
			names = append(names, name)
		}
	}
	text := func(name, told, has string) { add(name, told != "" && told != has) }
	p := &i.Product
	add("endpoint", i.Endpoint != r.Endpoint)
	add("family", cmp.Or(i.Family, FamilySaasV2) != a.Family)
	text("product_id", r.Product.ProductID, p.ProductID)
	text("sku_code", r.Product.SKUCode, p.SKUCode)
	text("charging_mode", r.Product.ChargingMode, p.ChargingMode)
	add("quantity", r.Product.LinearValue != 0 && r.Product.LinearValue != p.LinearValue)
	add("state", stateOf(i) != r.State)
	add("trial", i.Trial != r.Trial)
	moment := func(name string, told, has time.Time) {
		add(name, !told.IsZero() && !told.Truncate(time.Microsecond).Equal(has))
	}
	moment("expire_time", r.ExpireAt, i.ExpireAt)
	moment("create_time", r.CreatedAt, i.CreatedAt)
	if r.CustomerID != "" {
		var in Input
		if len(l.Input) > 0 {
			if err := d.s.unseal(l.Input, lineContext("input", l.LineKey), &in); err != nil {
				return nil, err
			}
		}
		if in.CustomerID == "" { // a line of an earlier release keeps none
			if in.CustomerID, err = d.customer(); err != nil {
				return nil, err
			}
		}
		add("customer_id", in.CustomerID != r.CustomerID)
	}
	var has Access
	if len(i.Access) > 0 {
		if has, err = d.s.openAccess(i); err != nil {
			return nil, errs.Wrap(err, errs.Internal, errs.InternalFault, "internal error")
		}
	}
	told := r.Access.wire()
	text("access.front_end_url", told.FrontEndURL, has.FrontEndURL)
	text("access.admin_url", told.AdminURL, has.AdminURL)
	text("access.user_name", told.UserName, has.UserName)
	text("access.password", told.Password, has.Password)
	text("access.memo", told.Memo, has.Memo)
	text("licence", told.Licence, has.Licence)
	return names, nil
}

// stateOf is where an instance stands, as an import names it; empty for one that is not created.
func stateOf(i *store.Instance) ImportState {
	switch _, other := FrozenBy(i); {
	case i.State == store.InstanceReleased:
		return ImportReleased
	case i.State == store.InstanceFrozen && other == reasonExpired:
		return ImportExpired
	case i.State == store.InstanceFrozen:
		return ImportFrozen
	case i.State == store.InstanceActive:
		return ImportActive
	}
	return ""
}
