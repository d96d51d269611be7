// SPDX-License-Identifier: Apache-2.0

package inproc_test

import (
	"context"
	"errors"
	"io"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/inproc"
)

// adder counts the records of a stream.
type adder struct {
	koogatev1.UnimplementedUsageServiceServer
	last *koogatev1.StreamUsageResponse
}

func (a *adder) StreamUsage(s grpc.ClientStreamingServer[koogatev1.StreamUsageRequest, koogatev1.StreamUsageResponse]) error {
	a.last = &koogatev1.StreamUsageResponse{}
	md, _ := metadata.FromIncomingContext(s.Context())
	_ = s.SetHeader(metadata.Pairs("echo", md.Get("word")[0]))
	for {
		r, err := s.Recv()
		if errors.Is(err, io.EOF) {
			return s.SendAndClose(a.last)
		}
		if err != nil {
			return err
		}
		if len(r.GetRecords()) == 0 {
			return status.Error(codes.InvalidArgument, "empty")
		}
		a.last.Added += int64(len(r.GetRecords()))
		r.Records = nil // the caller's is another
	}
}

func uploads(t *testing.T, seen *[]string) (koogatev1.UsageServiceClient, *adder, context.Context) {
	t.Helper()
	c := inproc.NewStreaming(nil, func(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
		*seen = append(*seen, info.FullMethod)
		return next(srv, ss)
	})
	a := &adder{}
	koogatev1.RegisterUsageServiceServer(c, a)
	return koogatev1.NewUsageServiceClient(c), a, metadata.AppendToOutgoingContext(t.Context(), "word", "hello")
}

func TestUpload(t *testing.T) {
	t.Parallel()
	var seen []string
	client, a, ctx := uploads(t, &seen)
	up, err := client.StreamUsage(ctx)
	if err != nil {
		t.Fatal(err)
	}
	batch := &koogatev1.StreamUsageRequest{Records: make([]*koogatev1.RawUsage, 2)}
	for i := range batch.Records {
		batch.Records[i] = &koogatev1.RawUsage{Key: "k"}
	}
	for range 3 {
		if err := up.Send(batch); err != nil {
			t.Fatal(err)
		}
	}
	got, err := up.CloseAndRecv()
	if err != nil || got.GetAdded() != 6 || got == a.last || len(batch.GetRecords()) != 2 {
		t.Errorf("%v, %v", got, err)
	}
	if h, err := up.Header(); err != nil || h.Get("echo")[0] != "hello" {
		t.Errorf("%v, %v", h, err)
	}
	if len(seen) != 1 || seen[0] != koogatev1.UsageService_StreamUsage_FullMethodName {
		t.Errorf("%v", seen)
	}
}

func TestUploadEnds(t *testing.T) {
	t.Parallel()
	var seen []string
	client, _, ctx := uploads(t, &seen)
	// The handler gives up first.
	up, err := client.StreamUsage(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		err = up.Send(&koogatev1.StreamUsageRequest{})
	}
	if _, got := up.CloseAndRecv(); !errors.Is(err, io.EOF) || status.Code(got) != codes.InvalidArgument {
		t.Errorf("%v, %v", err, got)
	}
	// The caller goes away: the handler does not stay (goleak would see it).
	gone, cancel := context.WithCancel(ctx)
	up, err = client.StreamUsage(gone)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := up.CloseAndRecv(); status.Code(err) != codes.Canceled && err != nil {
		t.Errorf("%v", err)
	}
	if _, err := client.StreamUsage(gone); status.Code(err) != codes.Canceled {
		t.Errorf("%v", err)
	}
}
