// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/koogate/koogate/client"
	"github.com/koogate/koogate/cmd/koogate/internal/remote/contexts"
	"github.com/koogate/koogate/cmd/koogate/internal/remote/show"
	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/clock"
)

// busy is a service that refuses the first calls for want of a turn, pages its tokens one by one and never begins a stream.
type busy struct {
	koogatev1.UnimplementedTokenServiceServer
	koogatev1.UnimplementedEventServiceServer
	koogatev1.UnimplementedUsageServiceServer
	refuse, asked atomic.Int64
	wait          time.Duration
}

func (b *busy) ListTokens(_ context.Context, r *koogatev1.ListTokensRequest) (*koogatev1.ListTokensResponse, error) {
	b.asked.Add(1)
	if b.refuse.Add(-1) >= 0 {
		s, err := status.New(codes.ResourceExhausted, "wait").WithDetails(
			&errdetails.ErrorInfo{Domain: "koogate", Reason: "LIST_BUSY", Metadata: map[string]string{"retryable": "true"}}, &errdetails.RetryInfo{RetryDelay: durationpb.New(b.wait)})
		if err != nil {
			return nil, err
		}
		return nil, s.Err()
	}
	next := r.GetPageToken() + "x"
	if len(next) == 4 {
		next = ""
	}
	return &koogatev1.ListTokensResponse{Tokens: []*koogatev1.Token{{TokenId: "t" + r.GetPageToken()}}, NextPageToken: next}, nil
}

func (b *busy) WatchEvents(_ *koogatev1.WatchEventsRequest, stream grpc.ServerStreamingServer[koogatev1.WatchEventsResponse]) error {
	<-stream.Context().Done()
	return stream.Context().Err()
}

// ReportUsage refuses the last record of each batch.
func (b *busy) ReportUsage(_ context.Context, r *koogatev1.ReportUsageRequest) (*koogatev1.ReportUsageResponse, error) {
	b.asked.Add(1)
	last := len(r.GetRecords()) - 1
	return &koogatev1.ReportUsageResponse{Added: int32(last), Results: []*koogatev1.ReportedUsage{
		{Key: r.GetRecords()[last].GetKey(), Index: int64(last), Outcome: koogatev1.UsageOutcome_USAGE_OUTCOME_INVALID},
	}}, nil
}

// serve starts it, and returns flags that name it.
func (b *busy) serve(t *testing.T) contexts.Choice {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer()
	koogatev1.RegisterTokenServiceServer(s, b)
	koogatev1.RegisterEventServiceServer(s, b)
	koogatev1.RegisterUsageServiceServer(s, b)
	go func() { _ = s.Serve(l) }()
	t.Cleanup(s.Stop)
	return contexts.Choice{Address: l.Addr().String(), Token: "t", Timeout: 2 * time.Second}
}

// A list of many pages waits where the service asks for it, and gives up where that would take too long.
func TestAListIsPatient(t *testing.T) {
	e := env("")
	e.Clock = clock.System{}
	b := &busy{wait: time.Millisecond}
	b.refuse.Store(3)
	choice := b.serve(t)
	ids := func() (got []string, err error) {
		err = with(choice, e, "table", func(s *service) error {
			_, err := s.list(t.Context(), &koogatev1.ListTokensRequest{}, 0, func(m proto.Message) error {
				got = append(got, m.(*koogatev1.Token).GetTokenId())
				return nil
			}, func() error { return nil })
			return err
		})
		return got, err
	}
	if got, err := ids(); err != nil || strings.Join(got, " ") != "t tx txx txxx" || b.asked.Load() != 7 {
		t.Errorf("%v %v after %d calls", got, err, b.asked.Load())
	}
	b.refuse.Store(1000)
	b.asked.Store(0)
	if _, err := ids(); !errors.Is(err, ErrReported) || b.asked.Load() != mostWaits+1 {
		t.Errorf("%v after %d calls", err, b.asked.Load())
	}
	b.wait = time.Hour
	b.asked.Store(0)
	if _, err := ids(); !errors.Is(err, ErrReported) || b.asked.Load() != 1 {
		t.Errorf("%v after %d calls", err, b.asked.Load())
	}
}

// A stream that does not begin is given up after --timeout.
func TestAStreamThatDoesNotBegin(t *testing.T) {
	e := env("")
	e.Clock = clock.System{}
	choice := (&busy{}).serve(t)
	choice.Timeout = 50 * time.Millisecond
	err := with(choice, e, "table", func(s *service) error {
		err := (&follower{env: e}).stream(t.Context(), s, &koogatev1.WatchEventsRequest{})
		var late *client.Error
		if !errors.As(err, &late) || late.Code != codes.DeadlineExceeded || !late.Retryable {
			t.Errorf("%v", err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// A long report goes out in batches, and a record's place is its place in the file.
func TestAReportOfSeveralBatches(t *testing.T) {
	var records, out, errs bytes.Buffer
	for i := range 2500 {
		fmt.Fprintf(&records, `{"key":"k-%d","instanceId":"i","value":"1","endTime":"2026-11-20T08:00:00Z"}`+"\n", i)
	}
	e := &Env{Out: terminal.New(&out, &errs), In: &records, Clock: clock.System{}, Language: "en"}
	b := &busy{}
	c := &usageReport{File: "-", Form: show.Form{Output: "table"}, Choice: b.serve(t)}
	if err := c.Run(t.Context(), e); !errors.Is(err, ErrReported) || b.asked.Load() != 3 {
		t.Errorf("%v after %d calls", err, b.asked.Load())
	}
	if want := "2497 added, 0 there before, 3 refused\n"; errs.String() != want {
		t.Errorf("%s", errs.String())
	}
	for _, row := range []string{"999 k-999 INVALID", "1999 k-1999 INVALID", "2499 k-2499 INVALID"} {
		if !strings.Contains(strings.Join(strings.Fields(out.String()), " "), row) {
			t.Errorf("%q is missing in\n%s", row, out.String())
		}
	}
}
