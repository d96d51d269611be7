// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"encoding/json"
	"net/url"

	"github.com/koogate/koogate/store"
)

// Claims says what a change wrote. They stand on its last event.
type Claims struct {
	Of   int               `json:"of"`             // how many events the change appended
	Rows map[string]string `json:"rows,omitempty"` // by the row's name: the digest of its facts
}

// ClaimsOf returns the claims for a change.
func ClaimsOf(c *store.Change) Claims {
	claims := Claims{Of: len(c.Events), Rows: map[string]string{}}
	for _, lines := range [][]store.Line{c.NewLines, c.PutLines} {
		for i := range lines {
			claims.add(LineOf(&lines[i]))
		}
	}
	for _, instances := range [][]store.Instance{c.NewInstances, c.PutInstances} {
		for i := range instances {
			claims.add(InstanceOf(&instances[i]))
		}
	}
	return claims
}

func (c *Claims) add(r row) { c.Rows[r.Name()] = digestOf(r) }

// Text is the claims as an event keeps them.
func (c Claims) Text() string { return string(c.append(make([]byte, 0, 512))) }

// claimed reads the claims of an event; ok is false when it has none.
func claimed(e *store.Event) (c Claims, ok bool) {
	return c, e.Claims != "" && json.Unmarshal([]byte(e.Claims), &c) == nil
}

// row is what the chain claims of a row. Its JSON is what is digested, so the order of its fields never changes.
type row interface {
	Name() string
	kind() string
	append(dst []byte) []byte // its JSON
}

func digestOf(r row) string {
	d := newDigester(r.kind())
	d.row(r)
	return d.hex()
}

// Line is what the chain claims of an order line: whose it is, what was bought and the answer. Parameters and sealed values are not
// in it, so that they can be sealed anew and erased.
type Line struct {
	Seller      string  `json:"seller"`
	OrderID     string  `json:"orderId"`
	OrderLineID string  `json:"orderLineId"`
	ProductID   string  `json:"productId"`
	Action      string  `json:"action"`
	RootOrderID string  `json:"rootOrderId"`
	InstanceID  string  `json:"instanceId"`
	Admitted    int64   `json:"admitted"`
	Answer      string  `json:"answer"`
	Product     Product `json:"product"`
	Purchase    string  `json:"purchase"`
}

// Product is what was bought.
type Product struct {
	ProductID    string `json:"productId"`
	SKUCode      string `json:"skuCode"`
	Name         string `json:"name"`
	ChargingMode string `json:"chargingMode"`
	LinearValue  int64  `json:"linearValue"`
}

// LineOf is what is claimed of a line.
func LineOf(l *store.Line) Line {
	return Line{
		Seller: l.Seller, OrderID: l.OrderID, OrderLineID: l.OrderLineID, ProductID: l.ProductID, Action: l.Action,
		RootOrderID: l.RootOrderID, InstanceID: l.InstanceID, Admitted: l.Admitted, Answer: l.AnswerCode,
		Product: Product(l.Product), Purchase: l.Purchase,
	}
}

// Name names the line in claims.
func (l Line) Name() string {
	return "line/" + url.PathEscape(l.OrderID) + "/" + url.PathEscape(l.OrderLineID) + "/" + url.PathEscape(l.ProductID) + "/" + l.Action
}

func (Line) kind() string { return "koogate/line/1" }

// Instance is what the chain claims of an instance: its state and its facts with where they come from. Access information and texts
// are not in it, so that they can be sealed anew and erased.
type Instance struct {
	Seller      string  `json:"seller"`
	InstanceID  string  `json:"instanceId"`
	Endpoint    string  `json:"endpoint"`
	Family      string  `json:"family"`
	OrderID     string  `json:"orderId"`
	OrderLineID string  `json:"orderLineId"`
	State       string  `json:"state"`
	Frozen      bool    `json:"frozen"`
	FailureCode string  `json:"failureCode"`
	Product     Product `json:"product"`
	Trial       bool    `json:"trial"`
	ExpireAt    int64   `json:"expireAt"` // microseconds since the epoch; 0 for none
	Facts       string  `json:"facts"`
}

// InstanceOf is what is claimed of an instance.
func InstanceOf(i *store.Instance) Instance {
	c := Instance{
		Seller: i.Seller, InstanceID: i.InstanceID, Endpoint: i.Endpoint, Family: i.Family, OrderID: i.OrderID, OrderLineID: i.OrderLineID,
		State: string(i.State), Frozen: i.Frozen, FailureCode: i.FailureCode, Product: Product(i.Product), Trial: i.Trial, Facts: i.Facts,
	}
	if !i.ExpireAt.IsZero() {
		c.ExpireAt = i.ExpireAt.UnixMicro()
	}
	return c
}

// Name names the instance in claims.
func (i Instance) Name() string { return "instance/" + i.InstanceID }

func (Instance) kind() string { return "koogate/instance/1" }
