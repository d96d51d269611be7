// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"context"
	"strconv"
	"strings"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/explain"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/pagetoken"
	"github.com/koogate/koogate/store"
)

const defaultEvents = 200

// orders serves OrderService.
type orders struct {
	koogatev1.UnimplementedOrderServiceServer

	core   *fulfil.Service
	jaeger string // base URL of the Jaeger that shows traces; empty for none
}

// GetOrder implements OrderService.
func (s *orders) GetOrder(ctx context.Context, r *koogatev1.GetOrderRequest) (*koogatev1.GetOrderResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	a, err := s.core.Order(ctx, seller, r.GetOrderId())
	if err != nil {
		return nil, err
	}
	return &koogatev1.GetOrderResponse{Order: wholeOrder(a, s.core.WaitingLines(a))}, nil
}

// ListOrders implements OrderService.
func (s *orders) ListOrders(ctx context.Context, r *koogatev1.ListOrdersRequest) (*koogatev1.ListOrdersResponse, error) {
	l := list[store.Order]{
		name: "orders",
		fields: fields{
			"endpoint": nil, "order_type": nil, "query_state": stored(koogatev1.QueryState(0), prefixQueryState),
		},
		read:  s.core.Orders,
		place: func(o store.Order) store.Cursor { return store.Cursor{CreatedAt: o.CreatedAt, ID: o.OrderID} },
	}
	rows, next, err := l.page(ctx, r)
	if err != nil {
		return nil, err
	}
	resp := &koogatev1.ListOrdersResponse{NextPageToken: next}
	for _, o := range rows {
		a, err := s.core.Order(ctx, o.Seller, o.OrderID)
		if err != nil {
			return nil, err
		}
		resp.Orders = append(resp.Orders, listedOrder(a, s.core.WaitingLines(a)))
	}
	return resp, nil
}

// ListOrderEvents implements OrderService. Its pages are continued by seq, so events that are appended meanwhile follow.
func (s *orders) ListOrderEvents(ctx context.Context, r *koogatev1.ListOrderEventsRequest) (*koogatev1.ListOrderEventsResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	bound := pagetoken.Bind("events", seller, r.GetOrderId())
	after, err := afterSeq(bound, r.GetPageToken())
	if err != nil {
		return nil, err
	}
	size := pageSize(r.GetPageSize(), defaultEvents)
	events, err := s.core.Events(ctx, seller, r.GetOrderId(), after, size+1)
	if err != nil {
		return nil, err
	}
	var next string
	if len(events) > size {
		events = events[:size]
		next = pagetoken.Encode(bound, store.Cursor{ID: strconv.FormatInt(events[size-1].Seq, 10)})
	}
	return &koogatev1.ListOrderEventsResponse{Events: each(events, eventOf), NextPageToken: next}, nil
}

// afterSeq is the seq behind which a page of events begins.
func afterSeq(bound pagetoken.Binding, token string) (int64, error) {
	c, err := pagetoken.Decode(bound, token)
	if err != nil || c == nil {
		return 0, err
	}
	seq, err := strconv.ParseInt(c.ID, 10, 64)
	if err != nil || seq < 0 {
		return 0, errs.BadFieldOf(errs.PageTokenInvalid, "page_token", "not a token of this list")
	}
	return seq, nil
}

// ExplainOrder implements OrderService.
func (s *orders) ExplainOrder(ctx context.Context, r *koogatev1.ExplainOrderRequest) (*koogatev1.ExplainOrderResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	situation, err := s.core.Situation(ctx, seller, r.GetOrderId())
	if err != nil {
		return nil, err
	}
	if s.jaeger != "" {
		situation.TraceURL = strings.TrimRight(s.jaeger, "/") + "/trace/" + situation.TraceID
	}
	a := explain.Of(situation)
	return &koogatev1.ExplainOrderResponse{Account: &koogatev1.Account{
		Standing: standing(a.Standing), Summary: a.Summary.EN, SummaryZh: a.Summary.ZH, Text: a.Whole.EN, TextZh: a.Whole.ZH,
		Arrived: each(a.Arrived, statementOf), Answered: each(a.Answered, statementOf), Done: each(a.Done, statementOf),
		Pending: each(a.Pending, statementOf), Next: each(a.Next, statementOf), YouCan: each(a.YouCan, statementOf),
		TraceId: situation.TraceID, TraceUrl: situation.TraceURL,
	}}, nil
}

func statementOf(l explain.Line) *koogatev1.Statement {
	return &koogatev1.Statement{
		Text: l.Text.EN, TextZh: l.Text.ZH, Time: timestamp(l.At), EventSeq: l.Seq, TaskId: l.TaskID, Owner: owner(l.Owner),
		UntilTime: timestamp(l.Until),
	}
}

// VerifyOrder implements OrderService.
func (s *orders) VerifyOrder(ctx context.Context, r *koogatev1.VerifyOrderRequest) (*koogatev1.VerifyOrderResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	chain, err := s.core.VerifyOrder(ctx, seller, r.GetOrderId())
	if err != nil {
		return nil, err
	}
	m := &koogatev1.VerifyOrderResponse{Valid: chain.Broken == nil, EventCount: chain.Count}
	if b := chain.Broken; b != nil {
		m.BrokenSeq, m.Detail = b.Seq, b.Error()
	}
	return m, nil
}
