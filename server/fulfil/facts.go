// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/koogate/koogate/store"
)

// Only this file writes what an instance is: its product, trial, expiry and buyer. Answers come in any order (an order query
// may take hours, an operator restarts an old renewal), so every fact knows the call that set it, and what a call says
// counts as of the call's own admission, whenever it is heard.

// The facts of an instance, as Instance.Facts and the events name them.
const (
	factExpiry       = "expiry"
	factProductID    = "productId"
	factSKUCode      = "skuCode"
	factProductName  = "productName"
	factChargingMode = "chargingMode"
	factQuantity     = "linearValue"
	factTrial        = "trial"
	factBuyer        = "buyer" // kept on the order
)

// Source is the call that set a fact.
type Source struct {
	// Admitted orders the calls about one instance: the seq of the event that admitted the call in the order's chain. 0 stands
	// for a call of an earlier release, which is older than every call that has a number.
	Admitted int64     `json:"n,omitempty"`
	OrderID  string    `json:"order,omitempty"`
	LineID   string    `json:"line,omitempty"`
	Action   string    `json:"by,omitempty"`    // the line's action, e.g. refreshInstance/RENEWAL
	Asked    bool      `json:"asked,omitempty"` // the marketplace told it when asked, rather than by the call itself
	At       time.Time `json:"at,omitzero"`     // when it was heard
}

// sourceOf is the source of what a line tells.
func sourceOf(l *store.Line, now time.Time) Source {
	return Source{Admitted: l.Admitted, OrderID: l.OrderID, LineID: l.OrderLineID, Action: l.Action, At: now}
}

// FactsOf returns which call set which fact of an instance, by the fact's name. A fact without an entry has the value that
// the instance's creation or an earlier release of Koogate gave it.
func FactsOf(i *store.Instance) map[string]Source {
	facts := map[string]Source{}
	if i.Facts != "" {
		if err := json.Unmarshal([]byte(i.Facts), &facts); err != nil {
			return map[string]Source{} // a later release wrote the row in another form: every fact may be set again
		}
	}
	return facts
}

// statement is what one call tells of an instance. A nil field means that the call says nothing about it.
type statement struct {
	expiry                                 *time.Time
	productID, skuCode, name, chargingMode *string
	quantity                               *int64
	trial                                  *bool
	buyer                                  []byte
	customerID                             string // of the buyer; who bought an instance does not change
}

// product adds what is known of a product. A call that names a product names all of it, so its quantity counts even when it
// is 0. A text that is missing is not changed.
func (s statement) product(p store.Product) statement {
	s = s.named(p)
	s.quantity = &p.LinearValue
	return s
}

// named adds the texts of a product.
func (s statement) named(p store.Product) statement {
	given := func(text string) *string {
		if text == "" {
			return nil
		}
		return &text
	}
	s.productID, s.skuCode, s.name, s.chargingMode = given(p.ProductID), given(p.SKUCode), given(p.Name), given(p.ChargingMode)
	return s
}

// merge puts what a call tells into the instance: each fact unless a call that was admitted later has set it. It drafts the
// row and returns the names of the facts that a later call kept as they are although this one says otherwise.
func (d *draft) merge(i *store.Instance, from Source, st statement) (kept []string, err error) {
	facts := FactsOf(i)
	set := func(name string, same bool, assign func()) {
		if from.Admitted < facts[name].Admitted {
			if !same {
				kept = append(kept, name)
			}
			return
		}
		assign()
		facts[name] = from
	}
	text := func(name string, told, has *string) {
		if told != nil {
			set(name, *told == *has, func() { *has = *told })
		}
	}
	p := &i.Product
	if st.expiry != nil {
		expiry := st.expiry.UTC().Truncate(time.Microsecond)
		set(factExpiry, expiry.Equal(i.ExpireAt), func() { i.ExpireAt = expiry })
	}
	text(factProductID, st.productID, &p.ProductID)
	text(factSKUCode, st.skuCode, &p.SKUCode)
	text(factProductName, st.name, &p.Name)
	text(factChargingMode, st.chargingMode, &p.ChargingMode)
	if st.quantity != nil {
		set(factQuantity, *st.quantity == p.LinearValue, func() { p.LinearValue = *st.quantity })
	}
	if st.trial != nil {
		set(factTrial, *st.trial == i.Trial, func() { i.Trial = *st.trial })
	}
	if i.BuyerKey == "" {
		i.BuyerKey = BuyerKey(i.Seller, st.customerID)
	}
	if len(st.buyer) > 0 {
		set(factBuyer, false, func() { err = d.keepBuyer(st.buyer) })
	}
	if err != nil {
		return nil, err
	}
	row, err := json.Marshal(facts)
	if err != nil { // encoding plain values cannot fail
		panic(err)
	}
	i.Facts = string(row)
	slices.Sort(kept)
	if len(kept) > 0 {
		d.s.Metrics.FactsKept(len(kept))
	}
	d.putInstance(i)
	return kept, nil
}

// keepBuyer keeps the buyer's data, sealed, with the order.
func (d *draft) keepBuyer(buyer []byte) (err error) {
	o := &d.agg.Order
	o.Buyer, err = d.s.seal(buyer, buyerContext(o))
	return err
}

func buyerContext(o *store.Order) string { return "buyer/" + o.Seller + "/" + o.OrderID }

// renewed is what a refreshInstance call tells, as far as it counts: of an older renewal that an operator of the marketplace
// restarted after a newer one, and of one that was refunded before it came, nothing does. why says so for the event.
func (d *draft) renewed(i *store.Instance, c Refresh, refunded bool) (st statement, why string) {
	current, by := i.ExpireAt, FactsOf(i)[factExpiry]
	told := by.Action != ActionNew && by.Action != "" // a call of its own told it; it was not estimated when the order was placed
	switch c.Scene {
	case SceneRenewal, SceneRenewalChange:
		switch {
		case refunded:
			return statement{}, "refunded before it came"
		case told && c.ExpireAt.Before(current):
			return statement{}, "a later call has set a later expiry"
		}
	case SceneTrialToFormal:
		formal := false
		st.trial = &formal
		// A trial cannot be renewed: the instance was converted before its renewal, so this call is late.
		if renewal(by.Action) && c.ExpireAt.Before(current) {
			return st, "a later call has set a later expiry"
		}
	}
	expiry := c.ExpireAt
	st.expiry = &expiry
	if c.ProductID != "" {
		st.productID = &c.ProductID
	}
	return st, ""
}

// renewal says whether an action is a renewal.
func renewal(action string) bool {
	scene, ok := strings.CutPrefix(action, actionRefresh+"/")
	scene, _, _ = strings.Cut(scene, "/")
	return ok && (scene == SceneRenewal || scene == SceneRenewalChange)
}
