// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"slices"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection"

	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/facade/family"
)

const (
	// maxMessage bounds what a client of the private listeners may send, in bytes.
	maxMessage = 1 << 20
	// callLimit is the deadline of a call that has none of its own. A lease may wait 60 s of it.
	callLimit = 75 * time.Second
)

// grpcListener serves the internal API by bearer token, and for tests the production interface.
func (s *Server) grpcListener(svc services) *listener {
	transport, encrypted := s.grpcTransport()
	gate := newGate(svc.admit)
	srv := grpc.NewServer(slices.Concat(svc.authenticated(config.ListenerGRPC, s.draining).ServerOptions(), transport, gate.options())...)
	svc.internal.Register(srv)
	if s.cfg.GRPC.Production {
		family.Serve(srv, svc.production)
	}
	state := health.NewServer()
	for name := range srv.GetServiceInfo() {
		state.SetServingStatus(name, healthpb.HealthCheckResponse_SERVING)
	}
	healthpb.RegisterHealthServer(srv, state)
	if s.cfg.GRPC.Reflection {
		reflection.Register(srv)
	}
	gate.learn(srv)
	return &listener{
		name: config.ListenerGRPC, addr: s.cfg.Listen.GRPC, tls: encrypted,
		serve: func(l net.Listener) error {
			if err := srv.Serve(gate.listen(l)); !errors.Is(err, grpc.ErrServerStopped) { // a stop may come before the start
				return err
			}
			return nil
		},
		leave: state.Shutdown,
		stop: func(ctx context.Context) error {
			return stopGRPC(ctx, srv, s.deps.Log)
		},
	}
}

// stopGRPC lets running calls end, until ctx does.
func stopGRPC(ctx context.Context, srv *grpc.Server, log *slog.Logger) error {
	done := make(chan struct{})
	go func() {
		srv.GracefulStop()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		log.WarnContext(ctx, "gRPC calls did not end in time")
		srv.Stop()
		<-done
		return ctx.Err()
	}
}
