// SPDX-License-Identifier: Apache-2.0

package floor

import (
	"context"
	"crypto/subtle"
	"errors"
	"io"
	"net"
	"net/http"
	"os/signal"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/usage"
)

// ServeUsage serves the floor of usage by gRPC, to the bearer of a token, until it is told to stop. HTTP at ready only says that it is there.
func ServeUsage(ctx context.Context, ready, addr, path, token string) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM)
	defer stop()
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", ready)
	if err != nil {
		return err
	}
	srv := &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "ready\n")
	})}
	failed := make(chan error, 1)
	go func() { failed <- serveCalls(ctx, addr, path, token); _ = srv.Close() }()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-failed
}

// usageCalls serves the floor by gRPC.
type usageCalls struct {
	koogatev1.UnimplementedUsageServiceServer

	floor *Usage
	token string
}

// ReportUsage implements UsageService.
func (c usageCalls) ReportUsage(ctx context.Context, r *koogatev1.ReportUsageRequest) (*koogatev1.ReportUsageResponse, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	if got := md.Get("authorization"); len(got) != 1 || subtle.ConstantTimeCompare([]byte(got[0]), []byte("Bearer "+c.token)) == 0 {
		return nil, status.Error(codes.Unauthenticated, "token")
	}
	records := make([]usage.Record, len(r.GetRecords()))
	for i, u := range r.GetRecords() {
		records[i] = usage.Record{Key: u.GetKey(), InstanceID: u.GetInstanceId(), Value: u.GetValue(), EndAt: u.GetEndTime().AsTime()}
	}
	added, err := c.floor.Report(ctx, records)
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	return &koogatev1.ReportUsageResponse{Added: added}, nil
}

// serveCalls serves the floor by gRPC until ctx ends.
func serveCalls(ctx context.Context, addr, path, token string) error {
	f, err := OpenUsage(ctx, path)
	if err != nil {
		return err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return errors.Join(err, f.Close())
	}
	srv := grpc.NewServer()
	koogatev1.RegisterUsageServiceServer(srv, usageCalls{floor: f, token: token})
	stop := context.AfterFunc(ctx, srv.Stop)
	defer stop()
	return errors.Join(srv.Serve(l), f.Close())
}
