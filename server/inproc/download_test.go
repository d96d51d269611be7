// SPDX-License-Identifier: Apache-2.0

package inproc_test

import (
	"context"
	"errors"
	"io"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/inproc"
)

// teller sends the request's token three times, or until its caller goes away, and ends with an error when it is asked to.
type teller struct {
	koogatev1.UnimplementedEventServiceServer
	ended chan error
}

func (s *teller) WatchEvents(r *koogatev1.WatchEventsRequest, out grpc.ServerStreamingServer[koogatev1.WatchEventsResponse]) (err error) {
	defer func() { s.ended <- err }()
	for n := 0; n < 3 || r.GetFromBeginning(); n++ {
		if err := out.Send(&koogatev1.WatchEventsResponse{ResumeToken: r.GetResumeToken()}); err != nil {
			return err
		}
	}
	if r.GetFilter() != "" {
		return status.Error(codes.Unavailable, "asked to")
	}
	return nil
}

func TestDownload(t *testing.T) {
	t.Parallel()
	c := inproc.NewStreaming(nil, func(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
		if !info.IsServerStream || info.IsClientStream {
			t.Errorf("%+v", info)
		}
		return next(srv, ss)
	})
	s := &teller{ended: make(chan error, 1)}
	koogatev1.RegisterEventServiceServer(c, s)
	client := koogatev1.NewEventServiceClient(c)
	for filter, want := range map[string]codes.Code{"": codes.OK, "x": codes.Unavailable} {
		down, err := client.WatchEvents(t.Context(), &koogatev1.WatchEventsRequest{ResumeToken: "a", Filter: filter})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if m, err := down.Recv(); err != nil || m.GetResumeToken() != "a" {
				t.Fatalf("%v, %v", m, err)
			}
		}
		_, err = down.Recv()
		if want == codes.OK && !errors.Is(err, io.EOF) || want != codes.OK && status.Code(err) != want {
			t.Errorf("%q: %v", filter, err)
		}
		<-s.ended
	}
	// The caller goes away: the handler does not stay.
	ctx, cancel := context.WithCancel(t.Context())
	down, err := client.WatchEvents(ctx, &koogatev1.WatchEventsRequest{FromBeginning: true})
	if err == nil {
		_, err = down.Recv()
	}
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-s.ended; status.Code(err) != codes.Canceled {
		t.Errorf("%v", err)
	}
}
