// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"context"

	"google.golang.org/protobuf/types/known/durationpb"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/call"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/journal"
	"github.com/koogate/koogate/store"
)

// Calls is what CallService reads; *journal.Journal is one.
type Calls interface {
	Call(ctx context.Context, seller, id string) (store.Call, error)
	Calls(ctx context.Context, q store.ListQuery) ([]store.Call, error)
	Refusals(ctx context.Context, q store.ListQuery) ([]store.CallRefusal, error)
}

var _ Calls = (*journal.Journal)(nil)

// calls serves CallService.
type calls struct {
	koogatev1.UnimplementedCallServiceServer

	calls Calls
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
		Direction: callDirection(c.Direction), TaskId: c.TaskID, Records: int32(c.Records), TryDeadline: tryDeadlineOf(c),
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
