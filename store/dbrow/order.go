// SPDX-License-Identifier: Apache-2.0

package dbrow

import "github.com/koogate/koogate/store"

// FromOrder makes the row of an order.
func FromOrder(o *store.Order) Order {
	return Order{
		Seller: o.Seller, OrderID: o.OrderID, Endpoint: o.Endpoint, OrderType: o.OrderType,
		QueryState: string(o.QueryState), QueryReason: o.QueryReason, Buyer: Blob(o.Buyer),
		HeadSeq: o.Head.Seq, HeadHash: o.Head.Hash, CreatedAt: Micros(o.CreatedAt), UpdatedAt: Micros(o.UpdatedAt),
		AnchoredSeq: o.AnchoredSeq,
	}
}

// OrderUpdate makes what replaces the row of an order.
func OrderUpdate(o Order) OrderUpdateParams {
	return OrderUpdateParams{
		Endpoint: o.Endpoint, OrderType: o.OrderType, QueryState: o.QueryState, QueryReason: o.QueryReason, Buyer: o.Buyer,
		HeadSeq: o.HeadSeq, HeadHash: o.HeadHash, UpdatedAt: o.UpdatedAt, Seller: o.Seller, OrderID: o.OrderID,
	}
}

// ToOrder makes an order of its row.
func ToOrder(r Order) store.Order {
	return store.Order{
		Seller: r.Seller, OrderID: r.OrderID, Endpoint: r.Endpoint, OrderType: r.OrderType,
		QueryState: store.QueryState(r.QueryState), QueryReason: r.QueryReason, Buyer: Blob(r.Buyer),
		Head: store.Head{Seq: r.HeadSeq, Hash: r.HeadHash}, CreatedAt: Time(r.CreatedAt), UpdatedAt: Time(r.UpdatedAt),
		AnchoredSeq: r.AnchoredSeq,
	}
}

// FromLine makes the row of an order line.
func FromLine(l *store.Line) OrderLine {
	return OrderLine{
		Seller: l.Seller, OrderID: l.OrderID, OrderLineID: l.OrderLineID, ProductID: l.ProductID, Action: l.Action,
		RootOrderID: l.RootOrderID, InstanceID: l.InstanceID, Params: l.Params, Extra: Blob(l.Extra),
		BoughtProductID: l.Product.ProductID, SkuCode: l.Product.SKUCode, ProductName: l.Product.Name,
		ChargingMode: l.Product.ChargingMode, LinearValue: l.Product.LinearValue,
		AnswerCode: l.AnswerCode, CreatedAt: Micros(l.CreatedAt), Input: Blob(l.Input), Result: Blob(l.Result),
		Admitted: l.Admitted, Differs: l.Differs, Purchase: l.Purchase,
	}
}

// LineUpdate makes what replaces the row of an order line.
func LineUpdate(l OrderLine) LineUpdateParams {
	return LineUpdateParams{
		RootOrderID: l.RootOrderID, InstanceID: l.InstanceID, Params: l.Params, Extra: l.Extra,
		BoughtProductID: l.BoughtProductID, SkuCode: l.SkuCode, ProductName: l.ProductName, ChargingMode: l.ChargingMode, LinearValue: l.LinearValue,
		AnswerCode: l.AnswerCode, Input: l.Input, Result: l.Result, Admitted: l.Admitted, Differs: l.Differs, Purchase: l.Purchase,
		Seller: l.Seller, OrderID: l.OrderID, OrderLineID: l.OrderLineID, ProductID: l.ProductID, Action: l.Action,
	}
}

// ToLine makes an order line of its row.
func ToLine(r OrderLine) store.Line {
	return store.Line{
		LineKey: store.LineKey{
			Seller: r.Seller, OrderID: r.OrderID, OrderLineID: r.OrderLineID, ProductID: r.ProductID, Action: r.Action,
		},
		RootOrderID: r.RootOrderID, InstanceID: r.InstanceID, Params: r.Params, Extra: Blob(r.Extra),
		Product: store.Product{
			ProductID: r.BoughtProductID, SKUCode: r.SkuCode, Name: r.ProductName, ChargingMode: r.ChargingMode, LinearValue: r.LinearValue,
		},
		Input: Blob(r.Input), Result: Blob(r.Result), AnswerCode: r.AnswerCode, Admitted: r.Admitted, Differs: r.Differs, Purchase: r.Purchase,
		CreatedAt: Time(r.CreatedAt),
	}
}

// FromEvent makes the row of an event.
func FromEvent(e *store.Event) Event {
	return Event{
		Seller: e.Seller, OrderID: e.OrderID, Seq: e.Seq, Kind: e.Kind, InstanceID: e.InstanceID, At: Micros(e.At),
		Data: e.Data, PrevHash: e.PrevHash, Hash: e.Hash, Claims: e.Claims, Signature: e.Signature, Sealed: Blob(e.Sealed),
	}
}

// ToEvent makes an event of its row.
func ToEvent(r Event) store.Event {
	return store.Event{
		Seller: r.Seller, OrderID: r.OrderID, Seq: r.Seq, Kind: r.Kind, InstanceID: r.InstanceID, At: Time(r.At),
		Data: r.Data, PrevHash: r.PrevHash, Hash: r.Hash, Claims: r.Claims, Signature: r.Signature, Sealed: Blob(r.Sealed),
	}
}
