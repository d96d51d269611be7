// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"cmp"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/store"
)

// maxLines is how many lines an order shows.
const maxLines = 1000

// timestamp leaves a zero time out.
func timestamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

func each[A, B any](list []A, convert func(A) B) []B {
	out := make([]B, len(list))
	for i := range list {
		out[i] = convert(list[i])
	}
	return out
}

// taskOf shows a task without its fencing token, which only the holder of the lease is told.
func taskOf(t store.Task) *koogatev1.Task {
	p := fulfil.PayloadOf(t)
	m := &koogatev1.Task{
		TaskId: t.ID, Seller: t.Seller, Queue: t.Queue, Kind: taskKind(t.Kind), State: taskState(t.State),
		InstanceId: t.InstanceID, OrderId: t.OrderID, CauseOrderId: t.LineOrderID, OrderLineId: t.LineID,
		ProductId: p.ProductID, SkuCode: p.SKUCode, ChargingMode: p.ChargingMode, LinearValue: p.LinearValue,
		Trial: p.Trial, ExpireTime: timestamp(p.ExpireAt),
		Attempt: t.Attempt, Reason: t.Reason, Traceparent: t.Traceparent, WorkerId: t.Worker,
		CreateTime: timestamp(t.CreatedAt), UpdateTime: timestamp(t.UpdatedAt), MarketplaceDeadline: deadlineOf(p.Until),
		RetryUntilTime: timestamp(t.RetryUntil), Cause: p.Cause,
	}
	if q := p.Question; q != nil {
		m.Question = &koogatev1.Question{Activity: q.Activity, Endpoint: q.Endpoint, Family: q.Family, Scene: q.Scene}
	}
	switch t.State {
	case store.TaskLeased:
		m.LeaseExpireTime = timestamp(t.DueAt)
	case store.TaskReady:
		m.NotBeforeTime = timestamp(t.DueAt)
	}
	return m
}

// leaseOf shows a task to the worker that holds it.
func leaseOf(t store.Task) *koogatev1.Task {
	m := taskOf(t)
	m.FencingToken = t.Fence
	return m
}

func orderOf(o store.Order) *koogatev1.Order {
	return &koogatev1.Order{
		OrderId: o.OrderID, Seller: o.Seller, Endpoint: o.Endpoint, OrderType: o.OrderType,
		QueryState: queryState(o.QueryState), QueryReason: o.QueryReason,
		TraceId: telemetry.TraceID(o.Seller, o.OrderID).String(), EventCount: o.Head.Seq, EventHash: o.Head.Hash,
		CreateTime: timestamp(o.CreatedAt), UpdateTime: timestamp(o.UpdatedAt),
	}
}

// deadlineOf leaves out the deadline of what the marketplace does not wait for.
func deadlineOf(l fulfil.Deadline) *koogatev1.MarketplaceDeadline {
	if l.At.IsZero() {
		return nil
	}
	return &koogatev1.MarketplaceDeadline{
		Time: timestamp(l.At), Text: l.End.Text(), TextZh: l.End.Chinese(),
		End: koogatev1.DeadlineEnd(koogatev1.DeadlineEnd_value["DEADLINE_END_"+string(l.End)]),
	}
}

// wholeOrder shows an order with its lines, the creating ones first, and until when the marketplace waits for them.
func wholeOrder(a *store.Aggregate, waiting map[store.LineKey]fulfil.Deadline) *koogatev1.Order {
	m := orderOf(a.Order)
	for _, l := range byRank(a.Lines, maxLines) {
		line := lineOf(l)
		line.MarketplaceDeadline = deadlineOf(waiting[l.LineKey])
		m.Lines = append(m.Lines, line)
	}
	m.MarketplaceDeadline = earliest(waiting)
	return m
}

// maxListedLines is how many lines an order in a list has.
const maxListedLines = 20

// listedOrder shows an order with those of its lines for which the marketplace waits.
func listedOrder(a *store.Aggregate, waiting map[store.LineKey]fulfil.Deadline) *koogatev1.Order {
	lines := slices.DeleteFunc(slices.Clone(a.Lines), func(l store.Line) bool {
		_, waits := waiting[l.LineKey]
		return !waits
	})
	slices.SortStableFunc(lines, func(x, y store.Line) int { return waiting[x.LineKey].At.Compare(waiting[y.LineKey].At) })
	m := orderOf(a.Order)
	for _, l := range lines[:min(len(lines), maxListedLines)] {
		line := lineOf(l)
		line.MarketplaceDeadline = deadlineOf(waiting[l.LineKey])
		m.Lines = append(m.Lines, line)
	}
	m.MarketplaceDeadline = earliest(waiting)
	return m
}

// earliest is the deadline that comes first.
func earliest(waiting map[store.LineKey]fulfil.Deadline) *koogatev1.MarketplaceDeadline {
	var first fulfil.Deadline
	for _, d := range waiting {
		if first.At.IsZero() || d.At.Before(first.At) {
			first = d
		}
	}
	return deadlineOf(first)
}

// byRank are the lines, the creating ones first.
func byRank(lines []store.Line, most int) []store.Line {
	lines = slices.Clone(lines)
	slices.SortStableFunc(lines, func(x, y store.Line) int { return rank(x) - rank(y) })
	return lines[:min(len(lines), most)]
}

func rank(l store.Line) int {
	if l.Action == fulfil.ActionNew {
		return 0
	}
	return 1
}

func lineOf(l store.Line) *koogatev1.OrderLine {
	return &koogatev1.OrderLine{
		OrderId: l.OrderID, OrderLineId: l.OrderLineID, Action: l.Action, InstanceId: l.InstanceID,
		ProductId: l.Product.ProductID, SkuCode: l.Product.SKUCode, ChargingMode: l.Product.ChargingMode,
		AnswerCode: l.AnswerCode, CreateTime: timestamp(l.CreatedAt),
	}
}

func eventOf(e store.Event) *koogatev1.OrderEvent {
	return &koogatev1.OrderEvent{
		Seq: e.Seq, Kind: e.Kind, InstanceId: e.InstanceID, Time: timestamp(e.At), DataJson: e.Data, PrevHash: e.PrevHash,
		Hash: e.Hash, Claims: e.Claims, Signature: e.Signature,
	}
}

// instanceOf shows an instance; url is what its customer opens.
func instanceOf(i store.Instance, url string) *koogatev1.Instance {
	return &koogatev1.Instance{
		InstanceId: i.InstanceID, Seller: i.Seller, Endpoint: i.Endpoint, OrderId: i.OrderID, OrderLineId: i.OrderLineID,
		State: instanceState(i.State), Reason: i.Reason, ProductId: i.Product.ProductID, SkuCode: i.Product.SKUCode,
		ChargingMode: i.Product.ChargingMode, LinearValue: i.Product.LinearValue, Trial: i.Trial,
		ExpireTime: timestamp(i.ExpireAt), FrontEndUrl: url, TraceId: telemetry.TraceID(i.Seller, i.OrderID).String(),
		CreateTime: timestamp(i.CreatedAt), UpdateTime: timestamp(i.UpdatedAt), Family: cmp.Or(i.Family, fulfil.FamilySaasV2),
		AccessEtag: fulfil.AccessEtag(&i),
	}
}

// purchaseOf shows a purchase; nil when the task is about none.
func purchaseOf(p fulfil.Purchase) *koogatev1.Purchase {
	if p == (fulfil.Purchase{}) {
		return nil
	}
	return &koogatev1.Purchase{
		OrderId: p.OrderID, OrderLineId: p.OrderLineID, OrderType: p.OrderType, ChargingMode: p.Product.ChargingMode,
		PeriodType: p.PeriodType, PeriodNumber: p.PeriodNumber, ProductId: p.Product.ProductID, SkuCode: p.Product.SKUCode,
		ProductName: p.Product.Name, LinearValue: p.Product.LinearValue, Trial: p.Trial, ExpireTime: timestamp(p.ExpireAt),
		Amount: p.Amount, DealAmount: p.DealAmount, OrderTime: timestamp(p.OrderedAt),
		Scene: p.Scene,
	}
}
