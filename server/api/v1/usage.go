// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/usage"
	"github.com/koogate/koogate/store"
)

// maxRejected is how many rejected records the answer to a stream names.
const maxRejected = 1000

// Usage is what UsageService does; *usage.Service is one.
type Usage interface {
	Report(ctx context.Context, seller string, records []usage.Record) ([]usage.Outcome, error)
	Correct(ctx context.Context, seller, key, corrects, value string) (usage.Result, error)
	Retry(ctx context.Context, r usage.Retry) (usage.Retried, error)
	Prove(ctx context.Context, seller string) (usage.Proof, error)
	Windows(ctx context.Context, q store.ListQuery) ([]store.UsageWindow, error)
	Records(ctx context.Context, q store.ListQuery) ([]store.UsageRecord, error)
}

// ledger serves UsageService.
type ledger struct {
	koogatev1.UnimplementedUsageServiceServer

	usage Usage
}

// newLedger returns nil when there is no usage.
func newLedger(u Usage) *ledger {
	if u == nil {
		return nil
	}
	return &ledger{usage: u}
}

// service answers UNIMPLEMENTED when there is no usage.
func (s *ledger) service() koogatev1.UsageServiceServer {
	if s == nil {
		return koogatev1.UnimplementedUsageServiceServer{}
	}
	return s
}

// ReportUsage implements UsageService.
func (s *ledger) ReportUsage(ctx context.Context, r *koogatev1.ReportUsageRequest) (*koogatev1.ReportUsageResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	outcomes, err := s.usage.Report(ctx, seller, each(r.GetRecords(), recordOf))
	if err != nil {
		return nil, err
	}
	resp := &koogatev1.ReportUsageResponse{}
	for i, o := range outcomes {
		if o.Result == usage.Added {
			resp.Added++
		} else {
			resp.Results = append(resp.Results, reportedOf(o, i))
		}
	}
	return resp, nil
}

// StreamUsage implements UsageService. Each batch is durable before the next is read, so a caller repeats a broken stream
// from its beginning or from any batch before the break.
func (s *ledger) StreamUsage(stream grpc.ClientStreamingServer[koogatev1.StreamUsageRequest, koogatev1.StreamUsageResponse]) error {
	ctx := stream.Context()
	seller, err := sellerOf(ctx)
	if err != nil {
		return err
	}
	resp := &koogatev1.StreamUsageResponse{}
	for seen := 0; ; {
		r, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return stream.SendAndClose(resp)
		}
		if err != nil {
			return err
		}
		outcomes, err := s.usage.Report(ctx, seller, each(r.GetRecords(), recordOf))
		if err != nil {
			return err
		}
		for i, o := range outcomes {
			switch o.Result {
			case usage.Added:
				resp.Added++
			case usage.Duplicate:
				resp.Duplicates++
			default:
				if resp.RejectedCount++; len(resp.Rejected) < maxRejected {
					resp.Rejected = append(resp.Rejected, reportedOf(o, seen+i))
				}
			}
		}
		seen += len(outcomes)
	}
}

// CorrectUsage implements UsageService.
func (s *ledger) CorrectUsage(ctx context.Context, r *koogatev1.CorrectUsageRequest) (*koogatev1.CorrectUsageResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	result, err := s.usage.Correct(ctx, seller, r.GetKey(), r.GetCorrects(), r.GetValue())
	if err != nil {
		return nil, err
	}
	return &koogatev1.CorrectUsageResponse{Outcome: usageOutcome(result)}, nil
}

// RetryUsage implements UsageService.
func (s *ledger) RetryUsage(ctx context.Context, r *koogatev1.RetryUsageRequest) (*koogatev1.RetryUsageResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	got, err := s.usage.Retry(ctx, usage.Retry{
		Seller: seller, InstanceID: r.GetInstanceId(), Force: r.GetForce(), Reason: r.GetReason(), Who: callerOf(ctx),
	})
	if err != nil {
		return nil, err
	}
	return &koogatev1.RetryUsageResponse{Records: int32(got.Records), PastRecords: int32(got.Past)}, nil
}

// ProveUsage implements UsageService.
func (s *ledger) ProveUsage(ctx context.Context, _ *koogatev1.ProveUsageRequest) (*koogatev1.ProveUsageResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	p, err := s.usage.Prove(ctx, seller)
	if err != nil {
		return nil, err
	}
	resp := &koogatev1.ProveUsageResponse{
		Windows: p.Windows, Raw: usage.FormatAmount(p.Raw), Pending: usage.FormatAmount(p.Pending), Sending: usage.FormatAmount(p.Sending),
		Pushed: usage.FormatAmount(p.Pushed), Refused: make(map[string]string, len(p.Refused)), Difference: usage.FormatAmount(p.Difference),
		Broken: each(p.Broken, func(b store.UsageProof) *koogatev1.UsageWindow { return windowOf(b.UsageWindow) }),
	}
	for code, v := range p.Refused {
		resp.Refused[code] = usage.FormatAmount(v)
	}
	return resp, nil
}

// ListUsageWindows implements UsageService.
func (s *ledger) ListUsageWindows(ctx context.Context, r *koogatev1.ListUsageWindowsRequest) (*koogatev1.ListUsageWindowsResponse, error) {
	l := list[store.UsageWindow]{
		name: "usage_windows", fields: fields{"instance_id": nil, "package_id": nil}, read: s.usage.Windows,
		place: func(w store.UsageWindow) store.Cursor { return store.Cursor{CreatedAt: w.CreatedAt, ID: w.ID()} },
	}
	rows, next, err := l.page(ctx, r)
	if err != nil {
		return nil, err
	}
	return &koogatev1.ListUsageWindowsResponse{Windows: each(rows, windowOf), NextPageToken: next}, nil
}

// ListUsageRecords implements UsageService.
func (s *ledger) ListUsageRecords(ctx context.Context, r *koogatev1.ListUsageRecordsRequest) (*koogatev1.ListUsageRecordsResponse, error) {
	l := list[store.UsageRecord]{
		name: "usage_records",
		fields: fields{
			"instance_id": nil, "package_id": nil, "state": stored(koogatev1.UsageRecordState(0), prefixUsageState),
		},
		read:  s.usage.Records,
		place: func(u store.UsageRecord) store.Cursor { return store.Cursor{CreatedAt: u.CreatedAt, ID: u.ID} },
	}
	rows, next, err := l.page(ctx, r)
	if err != nil {
		return nil, err
	}
	return &koogatev1.ListUsageRecordsResponse{Records: each(rows, usageRecordOf), NextPageToken: next}, nil
}

func recordOf(r *koogatev1.RawUsage) usage.Record {
	u := usage.Record{Key: r.GetKey(), InstanceID: r.GetInstanceId(), Value: r.GetValue(), PackageID: r.GetPackageId(), Unreadable: r.GetUnreadable()}
	if r.GetBeginTime() != nil {
		u.BeginAt = r.GetBeginTime().AsTime()
	}
	if r.GetEndTime() != nil {
		u.EndAt = r.GetEndTime().AsTime()
	}
	return u
}

func reportedOf(o usage.Outcome, index int) *koogatev1.ReportedUsage {
	return &koogatev1.ReportedUsage{Key: o.Key, Outcome: usageOutcome(o.Result), Message: o.Message, Index: int64(index)}
}

func usageOutcome(r usage.Result) koogatev1.UsageOutcome {
	return koogatev1.UsageOutcome(koogatev1.UsageOutcome_value[prefixUsageOutcome+string(r)])
}

func windowOf(w store.UsageWindow) *koogatev1.UsageWindow {
	return &koogatev1.UsageWindow{
		InstanceId: w.InstanceID, PackageId: w.PackageID, Meter: w.Meter, StartTime: timestamp(w.StartAt), EndTime: timestamp(w.EndAt),
		Total: usage.FormatAmount(w.Total), Settled: usage.FormatAmount(w.Settled), Records: w.Records, DueTime: timestamp(w.DueAt),
		DeadlineTime: timestamp(w.DeadlineAt),
	}
}

func usageRecordOf(u store.UsageRecord) *koogatev1.UsageRecord {
	return &koogatev1.UsageRecord{
		MeteringSn: u.ID, InstanceId: u.InstanceID, PackageId: u.PackageID, Meter: u.Meter, BeginTime: timestamp(u.Told()),
		EndTime: timestamp(u.EndAt), Value: usage.FormatAmount(u.Value), State: usageState(u.State), Code: u.Code, Attempt: u.Attempt,
		DueTime: timestamp(u.DueAt), DeadlineTime: timestamp(u.DeadlineAt), CreateTime: timestamp(u.CreatedAt), UpdateTime: timestamp(u.UpdatedAt),
	}
}

func usageState(s store.UsageState) koogatev1.UsageRecordState {
	return koogatev1.UsageRecordState(koogatev1.UsageRecordState_value[prefixUsageState+string(s)])
}
