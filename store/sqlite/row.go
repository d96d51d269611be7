// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/sqlite/dbsqlc"
)

// micros is how a time is kept; the zero time is 0.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func timeOf(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

func truth(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// blob keeps empty bytes as NULL, so that they read back as nil.
func blob(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return b
}

func orderRow(o *store.Order) dbsqlc.Order {
	return dbsqlc.Order{
		Seller: o.Seller, OrderID: o.OrderID, Endpoint: o.Endpoint, OrderType: o.OrderType,
		QueryState: string(o.QueryState), QueryReason: o.QueryReason, Buyer: blob(o.Buyer),
		HeadSeq: o.Head.Seq, HeadHash: o.Head.Hash, CreatedAt: micros(o.CreatedAt), UpdatedAt: micros(o.UpdatedAt),
		AnchoredSeq: o.AnchoredSeq,
	}
}

func orderUpdate(o dbsqlc.Order) dbsqlc.OrderUpdateParams {
	return dbsqlc.OrderUpdateParams{
		Endpoint: o.Endpoint, OrderType: o.OrderType, QueryState: o.QueryState, QueryReason: o.QueryReason, Buyer: o.Buyer,
		HeadSeq: o.HeadSeq, HeadHash: o.HeadHash, UpdatedAt: o.UpdatedAt, Seller: o.Seller, OrderID: o.OrderID,
	}
}

func orderOf(r dbsqlc.Order) store.Order {
	return store.Order{
		Seller: r.Seller, OrderID: r.OrderID, Endpoint: r.Endpoint, OrderType: r.OrderType,
		QueryState: store.QueryState(r.QueryState), QueryReason: r.QueryReason, Buyer: blob(r.Buyer),
		Head: store.Head{Seq: r.HeadSeq, Hash: r.HeadHash}, CreatedAt: timeOf(r.CreatedAt), UpdatedAt: timeOf(r.UpdatedAt),
		AnchoredSeq: r.AnchoredSeq,
	}
}

func lineRow(l *store.Line) dbsqlc.OrderLine {
	return dbsqlc.OrderLine{
		Seller: l.Seller, OrderID: l.OrderID, OrderLineID: l.OrderLineID, ProductID: l.ProductID, Action: l.Action,
		RootOrderID: l.RootOrderID, InstanceID: l.InstanceID, Params: l.Params, Extra: blob(l.Extra),
		BoughtProductID: l.Product.ProductID, SkuCode: l.Product.SKUCode, ProductName: l.Product.Name,
		ChargingMode: l.Product.ChargingMode, LinearValue: l.Product.LinearValue,
		AnswerCode: l.AnswerCode, CreatedAt: micros(l.CreatedAt), Input: blob(l.Input), Result: blob(l.Result),
		Admitted: l.Admitted, Differs: l.Differs, Purchase: l.Purchase,
	}
}

func lineUpdate(l dbsqlc.OrderLine) dbsqlc.LineUpdateParams {
	return dbsqlc.LineUpdateParams{
		RootOrderID: l.RootOrderID, InstanceID: l.InstanceID, Params: l.Params, Extra: l.Extra,
		BoughtProductID: l.BoughtProductID, SkuCode: l.SkuCode, ProductName: l.ProductName, ChargingMode: l.ChargingMode, LinearValue: l.LinearValue,
		AnswerCode: l.AnswerCode, Input: l.Input, Result: l.Result, Admitted: l.Admitted, Differs: l.Differs, Purchase: l.Purchase,
		Seller: l.Seller, OrderID: l.OrderID, OrderLineID: l.OrderLineID, ProductID: l.ProductID, Action: l.Action,
	}
}

func lineOf(r dbsqlc.OrderLine) store.Line {
	return store.Line{
		LineKey: store.LineKey{
			Seller: r.Seller, OrderID: r.OrderID, OrderLineID: r.OrderLineID, ProductID: r.ProductID, Action: r.Action,
		},
		RootOrderID: r.RootOrderID, InstanceID: r.InstanceID, Params: r.Params, Extra: blob(r.Extra),
		Product: store.Product{
			ProductID: r.BoughtProductID, SKUCode: r.SkuCode, Name: r.ProductName, ChargingMode: r.ChargingMode, LinearValue: r.LinearValue,
		},
		Input: blob(r.Input), Result: blob(r.Result), AnswerCode: r.AnswerCode, Admitted: r.Admitted, Differs: r.Differs, Purchase: r.Purchase,
		CreatedAt: timeOf(r.CreatedAt),
	}
}

func instanceRow(i *store.Instance) dbsqlc.Instance {
	return dbsqlc.Instance{
		Seller: i.Seller, InstanceID: i.InstanceID, Endpoint: i.Endpoint, OrderID: i.OrderID, OrderLineID: i.OrderLineID,
		State: string(i.State), Frozen: truth(i.Frozen), Reason: i.Reason, FailureCode: i.FailureCode,
		ProductID: i.Product.ProductID, SkuCode: i.Product.SKUCode, ProductName: i.Product.Name,
		ChargingMode: i.Product.ChargingMode, LinearValue: i.Product.LinearValue,
		Trial: truth(i.Trial), ExpireAt: micros(i.ExpireAt), Access: blob(i.Access), TaskSeq: i.TaskSeq,
		CreatedAt: micros(i.CreatedAt), UpdatedAt: micros(i.UpdatedAt), Family: i.Family,
		Facts: i.Facts, AccessVersion: i.AccessVersion, FailureText: i.FailureText, BuyerKey: i.BuyerKey,
	}
}

func instanceUpdate(i dbsqlc.Instance) dbsqlc.InstanceUpdateParams {
	return dbsqlc.InstanceUpdateParams{
		Endpoint: i.Endpoint, OrderID: i.OrderID, OrderLineID: i.OrderLineID, State: i.State, Frozen: i.Frozen,
		Reason: i.Reason, FailureCode: i.FailureCode, ProductID: i.ProductID, SkuCode: i.SkuCode, ProductName: i.ProductName,
		ChargingMode: i.ChargingMode, LinearValue: i.LinearValue, Trial: i.Trial, ExpireAt: i.ExpireAt, Access: i.Access,
		TaskSeq: i.TaskSeq, UpdatedAt: i.UpdatedAt, Family: i.Family, Facts: i.Facts, AccessVersion: i.AccessVersion,
		FailureText: i.FailureText, BuyerKey: i.BuyerKey, Seller: i.Seller, InstanceID: i.InstanceID,
	}
}

func instanceOf(r dbsqlc.Instance) store.Instance {
	return store.Instance{
		Seller: r.Seller, InstanceID: r.InstanceID, Endpoint: r.Endpoint, Family: r.Family, OrderID: r.OrderID, OrderLineID: r.OrderLineID,
		Facts: r.Facts, AccessVersion: r.AccessVersion, FailureText: r.FailureText, BuyerKey: r.BuyerKey,
		State: store.InstanceState(r.State), Frozen: r.Frozen != 0, Reason: r.Reason, FailureCode: r.FailureCode,
		Product: store.Product{
			ProductID: r.ProductID, SKUCode: r.SkuCode, Name: r.ProductName, ChargingMode: r.ChargingMode, LinearValue: r.LinearValue,
		},
		Trial: r.Trial != 0, ExpireAt: timeOf(r.ExpireAt), Access: blob(r.Access), TaskSeq: r.TaskSeq,
		CreatedAt: timeOf(r.CreatedAt), UpdatedAt: timeOf(r.UpdatedAt),
	}
}

func taskRow(t *store.Task) dbsqlc.Task {
	return dbsqlc.Task{
		ID: t.ID, Seller: t.Seller, Queue: t.Queue, Kind: string(t.Kind), State: string(t.State),
		OrderID: t.OrderID, InstanceID: t.InstanceID, LineOrderID: t.LineOrderID, LineID: t.LineID, Seq: t.Seq,
		DueAt: micros(t.DueAt), Deadline: micros(t.Deadline), RetryUntil: micros(t.RetryUntil),
		Attempt: int64(t.Attempt), Worker: t.Worker, Fence: t.Fence,
		Payload: t.Payload, Result: t.Result, Reason: t.Reason, Traceparent: t.Traceparent,
		CreatedAt: micros(t.CreatedAt), UpdatedAt: micros(t.UpdatedAt),
	}
}

func taskUpdate(p *store.TaskPut) dbsqlc.TaskUpdateParams {
	t := taskRow(&p.Task)
	return dbsqlc.TaskUpdateParams{
		Seller: t.Seller, Queue: t.Queue, Kind: t.Kind, State: t.State, OrderID: t.OrderID, InstanceID: t.InstanceID,
		LineOrderID: t.LineOrderID, LineID: t.LineID, Seq: t.Seq, DueAt: t.DueAt, Deadline: t.Deadline,
		RetryUntil: t.RetryUntil, Attempt: t.Attempt, Worker: t.Worker, Fence: t.Fence, Payload: t.Payload, Result: t.Result, Reason: t.Reason, Traceparent: t.Traceparent,
		UpdatedAt: t.UpdatedAt, ID: t.ID, ExpectState: string(p.ExpectState), ExpectFence: p.ExpectFence,
	}
}

func taskOf(r dbsqlc.Task) store.Task {
	return store.Task{
		ID: r.ID, Seller: r.Seller, Queue: r.Queue, Kind: store.TaskKind(r.Kind), State: store.TaskState(r.State),
		OrderID: r.OrderID, InstanceID: r.InstanceID, LineOrderID: r.LineOrderID, LineID: r.LineID, Seq: r.Seq,
		DueAt: timeOf(r.DueAt), Deadline: timeOf(r.Deadline), RetryUntil: timeOf(r.RetryUntil),
		Attempt: int32(r.Attempt), Worker: r.Worker, Fence: r.Fence,
		Payload: r.Payload, Result: r.Result, Reason: r.Reason, Traceparent: r.Traceparent,
		CreatedAt: timeOf(r.CreatedAt), UpdatedAt: timeOf(r.UpdatedAt),
	}
}

func eventRow(e *store.Event) dbsqlc.Event {
	return dbsqlc.Event{
		Seller: e.Seller, OrderID: e.OrderID, Seq: e.Seq, Kind: e.Kind, InstanceID: e.InstanceID, At: micros(e.At),
		Data: e.Data, PrevHash: e.PrevHash, Hash: e.Hash, Claims: e.Claims, Signature: e.Signature, Sealed: blob(e.Sealed),
	}
}

func eventOf(r dbsqlc.Event) store.Event {
	return store.Event{
		Seller: r.Seller, OrderID: r.OrderID, Seq: r.Seq, Kind: r.Kind, InstanceID: r.InstanceID, At: timeOf(r.At),
		Data: r.Data, PrevHash: r.PrevHash, Hash: r.Hash, Claims: r.Claims, Signature: r.Signature, Sealed: blob(r.Sealed),
	}
}

// each converts a list of rows; no rows give nil.
func each[R, T any](rows []R, convert func(R) T) []T {
	if len(rows) == 0 {
		return nil
	}
	out := make([]T, len(rows))
	for i, r := range rows {
		out[i] = convert(r)
	}
	return out
}

func anchorOf(r dbsqlc.Anchor) store.Anchor {
	return store.Anchor{
		Seller: r.Seller, Seq: r.Seq, At: timeOf(r.At), Heads: r.Heads, PrevHash: r.PrevHash, Hash: r.Hash, Signature: r.Signature,
	}
}
