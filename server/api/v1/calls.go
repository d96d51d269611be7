// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"context"

	"google.golang.org/protobuf/types/known/durationpb"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/api/v1/form"
	"github.com/koogate/koogate/server/call"
	"github.com/koogate/koogate/server/explain"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/journal"
	"github.com/koogate/koogate/server/replay"
	"github.com/koogate/koogate/server/sanction"
	"github.com/koogate/koogate/store"
)

// Calls is what CallService reads; *journal.Journal is one.
type Calls interface {
	Call(ctx context.Context, seller, id string) (store.Call, error)
	Calls(ctx context.Context, q store.ListQuery) ([]store.Call, error)
	Refusals(ctx context.Context, q store.ListQuery) ([]store.CallRefusal, error)
}

var _ Calls = (*journal.Journal)(nil)

// Replays is what lets calls in again; *replay.Service is one.
type Replays interface {
	Replay(ctx context.Context, r replay.Request) (replay.Result, error)
	Said(ctx context.Context, seller, id string) (replay.Said, error)
}

var _ Replays = (*replay.Service)(nil)

// calls serves CallService.
type calls struct {
	koogatev1.UnimplementedCallServiceServer

	calls   Calls
	replays Replays
}

// GetCallBody implements CallService.
func (s *calls) GetCallBody(ctx context.Context, r *koogatev1.GetCallBodyRequest) (*koogatev1.GetCallBodyResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	said, err := s.replays.Said(ctx, seller, r.GetCallId())
	if err != nil {
		return nil, err
	}
	return &koogatev1.GetCallBodyResponse{Request: said.Request, Answer: said.Answer}, nil
}

// ReplayCall implements CallService.
func (s *calls) ReplayCall(ctx context.Context, r *koogatev1.ReplayCallRequest) (*koogatev1.ReplayCallResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	done, err := s.replays.Replay(ctx, replay.Request{
		Seller: seller, CallID: r.GetCallId(), Force: r.GetForce(), Look: r.GetValidateOnly(), Reason: r.GetReason(), Who: callerOf(ctx),
	})
	if err != nil {
		return nil, err
	}
	return &koogatev1.ReplayCallResponse{
		CallId: done.CallID, ResultCode: string(done.Code), ResultMessage: done.Message, Failed: done.Code != "" && !done.Fine, TaskId: done.TaskID,
	}, nil
}

// GetCall implements CallService.
func (s *calls) GetCall(ctx context.Context, r *koogatev1.GetCallRequest) (*koogatev1.GetCallResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	c, err := s.calls.Call(ctx, seller, r.GetCallId())
	if err != nil {
		return nil, err
	}
	return &koogatev1.GetCallResponse{Call: callOf(c)}, nil
}

// ListCalls implements CallService.
func (s *calls) ListCalls(ctx context.Context, r *koogatev1.ListCallsRequest) (*koogatev1.ListCallsResponse, error) {
	l := list[store.Call]{
		name: "calls",
		fields: fields{
			"order_id": nil, "instance_id": nil, "result_code": nil, "activity": nil,
			"verdict": stored(koogatev1.CallVerdict(0), prefixCallVerdict), "direction": stored(koogatev1.CallDirection(0), prefixCallDirection),
			"comparison": stored(koogatev1.CallComparison(0), prefixComparison),
		},
		read:  s.calls.Calls,
		place: func(c store.Call) store.Cursor { return store.Cursor{CreatedAt: c.CreatedAt, ID: c.ID} },
	}
	rows, next, err := l.page(ctx, r)
	if err != nil {
		return nil, err
	}
	return &koogatev1.ListCallsResponse{Calls: each(rows, callOf), NextPageToken: next}, nil
}

// ListRefusals implements CallService.
func (s *calls) ListRefusals(ctx context.Context, r *koogatev1.ListRefusalsRequest) (*koogatev1.ListRefusalsResponse, error) {
	l := list[store.CallRefusal]{
		name: "call_refusals", fields: fields{"endpoint": nil}, read: s.calls.Refusals,
		place: func(c store.CallRefusal) store.Cursor { return store.Cursor{CreatedAt: c.Hour, ID: c.ID()} },
	}
	rows, next, err := l.page(ctx, r)
	if err != nil {
		return nil, err
	}
	return &koogatev1.ListRefusalsResponse{Refusals: each(rows, refusalOf), NextPageToken: next}, nil
}

func callOf(c store.Call) *koogatev1.Call {
	m := &koogatev1.Call{
		CallId: c.ID, Seller: c.Seller, Endpoint: c.Endpoint, Family: c.Family, Activity: c.Activity, OrderId: c.OrderID, InstanceId: c.InstanceID,
		Verdict: callVerdict(c.Verdict), Cause: callCause(c.Cause), ResultCode: c.Code, Reason: c.Reason, HttpStatus: int32(c.HTTPStatus),
		Duration: durationpb.New(c.Took), Attempt: int32(c.Attempt), Times: int32(c.Times), Probe: c.Probe, KeyId: c.KeyID, TraceId: c.TraceID,
		CreateTime: timestamp(c.CreatedAt), LastTime: timestamp(c.LastAt), RequestSize: c.Request, AnswerSize: c.Answer,
		Direction: callDirection(c.Direction), TaskId: c.TaskID, Records: int32(c.Records), TryDeadline: tryDeadlineOf(c), ReplayOf: c.ReplayOf, Side: side(c.Side),
		Comparison: comparison(c.Comparison), OwnResultCode: c.OwnCode, Differences: form.Differences(c.Rules),
	}
	if o, ok := journal.OutlookOf(c); ok {
		m.MarketplaceDeadline, m.NextTime = deadlineOf(fulfil.Deadline{At: o.Until, End: o.End}), timestamp(o.Next)
	}
	return m
}

func refusalOf(r store.CallRefusal) *koogatev1.Refusal {
	return &koogatev1.Refusal{
		Endpoint: r.Endpoint, Cause: callCause(r.Cause), HourTime: timestamp(r.Hour), Calls: r.Calls, FirstTime: timestamp(r.FirstAt),
		LastTime: timestamp(r.LastAt),
	}
}

// tryDeadlineOf tells until when an outbound call is tried again; nil when it is not.
func tryDeadlineOf(c store.Call) *koogatev1.TryDeadline {
	if c.UntilAt.IsZero() {
		return nil
	}
	d := &koogatev1.TryDeadline{
		Time: timestamp(c.UntilAt), End: koogatev1.TryEnd_TRY_END_TASK_FAILS, Text: "the task ends as FAILED, and what waits for it fails with it",
	}
	if c.Activity == string(call.UsagePush) {
		d.End, d.Text = koogatev1.TryEnd_TRY_END_RECORDS_REFUSED, "the marketplace takes the usage records no more, and they are on no bill"
	}
	return d
}

func callDirection(d store.CallDirection) koogatev1.CallDirection {
	return koogatev1.CallDirection(koogatev1.CallDirection_value[prefixCallDirection+string(d)])
}

func callVerdict(v store.CallVerdict) koogatev1.CallVerdict {
	return koogatev1.CallVerdict(koogatev1.CallVerdict_value[prefixCallVerdict+string(v)])
}

func callCause(c store.CallCause) koogatev1.CallCause {
	return koogatev1.CallCause(koogatev1.CallCause_value[prefixCallCause+string(c)])
}

func comparison(c store.CallComparison) koogatev1.CallComparison {
	return koogatev1.CallComparison(koogatev1.CallComparison_value[prefixComparison+string(c)])
}

func side(s store.Side) koogatev1.Side {
	return koogatev1.Side(koogatev1.Side_value[prefixSide+string(s)])
}

// Sanctions is what SanctionService reads; *sanction.Service is one.
type Sanctions interface {
	Read(ctx context.Context, seller string) (*sanction.Report, error)
}

// mostSanctions is how many elements an answer has of each list.
const mostSanctions = 100

// sanctions serves SanctionService.
type sanctions struct {
	koogatev1.UnimplementedSanctionServiceServer

	sanctions Sanctions
}

// GetSanctions implements SanctionService.
func (s *sanctions) GetSanctions(ctx context.Context, _ *koogatev1.GetSanctionsRequest) (*koogatev1.GetSanctionsResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	r, err := s.sanctions.Read(ctx, seller)
	if err != nil {
		return nil, err
	}
	return &koogatev1.GetSanctionsResponse{Sanctions: sanctionsOf(r)}, nil
}

func sanctionsOf(r *sanction.Report) *koogatev1.Sanctions {
	m := &koogatev1.Sanctions{
		Seller: r.Seller, State: sanctionState(r.State()), ReadTime: timestamp(r.At), MonthStartTime: timestamp(r.From), MonthEndTime: timestamp(r.To),
		FailedOrderLimit: sanction.Allowed, ProbeDayLimit: sanction.FreezeAfter, FailedOrders: int32(r.Failed()), OrdersAtRisk: int32(r.Waiting()),
		Truncated: r.Truncated,
	}
	tally := explain.Tally{Month: r.From, Failed: r.Failed(), Waiting: r.Waiting(), Truncated: r.Truncated}
	for i := range r.Products {
		p := &r.Products[i]
		if p.State() == sanction.Due {
			tally.Products++
		}
		if i >= mostSanctions {
			continue
		}
		x := &koogatev1.ProductSanction{
			ProductId: p.ProductID, State: sanctionState(p.State()), FailedOrders: int32(len(p.Failed)), OrdersLeft: int32(max(0, sanction.Allowed-len(p.Failed))),
		}
		counted := func(past bool) func(o sanction.Order) *koogatev1.SanctionedOrder {
			return func(o sanction.Order) *koogatev1.SanctionedOrder { return sanctionedOrder(r, &o, past) }
		}
		x.Failed = each(p.Failed[:min(len(p.Failed), mostSanctions)], counted(true))
		x.AtRisk = each(p.AtRisk[:min(len(p.AtRisk), mostSanctions)], counted(false))
		first := r.At
		if len(p.AtRisk) > 0 {
			first = p.AtRisk[0].Until
		}
		t := explain.ProductSanction(p.ProductID, r.From, len(p.Failed), sanction.Allowed, len(p.AtRisk), first, r.At)
		x.Text, x.TextZh = t.EN, t.ZH
		m.Products = append(m.Products, x)
	}
	for i := range r.Sites {
		e := &r.Sites[i]
		if e.State() == sanction.Due {
			tally.Probing++
		}
		tally.Days = max(tally.Days, len(e.Days))
		if i < mostSanctions {
			m.Endpoints = append(m.Endpoints, endpointSanction(e))
		}
	}
	t := explain.Sanctions(tally, sanction.Allowed)
	m.Text, m.TextZh = t.EN, t.ZH
	return m
}

func sanctionedOrder(r *sanction.Report, o *sanction.Order, past bool) *koogatev1.SanctionedOrder {
	t := explain.OrderCounted(explain.Counted{
		OrderID: o.OrderID, InstanceID: o.InstanceID, Activity: o.Activity, Code: o.Code, Attempts: o.Attempts, Until: o.Until, End: o.End, Next: o.Next,
		Failing: o.Stuck == sanction.CreationFails, Waiting: o.Stuck == sanction.CreationWaits, Released: o.Stuck == sanction.CreationEnded,
	}, r.At, past)
	m := &koogatev1.SanctionedOrder{
		OrderId: o.OrderID, InstanceId: o.InstanceID, Endpoint: o.Endpoint, Activity: o.Activity, ResultCode: o.Code, Attempts: int32(o.Attempts),
		MarketplaceDeadline: deadlineOf(fulfil.Deadline{At: o.Until, End: o.End}), Text: t.EN, TextZh: t.ZH,
	}
	if !past && o.Next.After(r.At) {
		m.NextTime = timestamp(o.Next)
	}
	return m
}

func endpointSanction(e *sanction.Site) *koogatev1.EndpointSanction {
	m := &koogatev1.EndpointSanction{
		Endpoint: e.Endpoint, State: sanctionState(e.State()),
		ProbeDays: each(e.Days, func(d sanction.Day) *koogatev1.ProbeDay {
			return &koogatev1.ProbeDay{Date: d.Date, Failures: int32(d.Failures), Activity: d.Activity, ResultCode: d.Code}
		}),
		Refusals: each(e.Refusals, func(x sanction.Refusal) *koogatev1.MonthRefusal {
			return &koogatev1.MonthRefusal{Cause: callCause(x.Cause), Calls: x.Calls, LastTime: timestamp(x.LastAt)}
		}),
	}
	last, refused := "", int64(0)
	if len(e.Days) > 0 {
		last = e.Days[0].Date
	}
	for _, x := range e.Refusals {
		refused += x.Calls
	}
	t := explain.EndpointSanction(e.Endpoint, len(e.Days), sanction.FreezeAfter, last, refused)
	m.Text, m.TextZh = t.EN, t.ZH
	return m
}

func sanctionState(s sanction.State) koogatev1.SanctionState {
	return koogatev1.SanctionState(koogatev1.SanctionState_value[prefixSanctionState+string(s)])
}
