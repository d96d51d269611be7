// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"slices"
	"time"

	"buf.build/go/protovalidate"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection"

	"github.com/koogate/koogate/server/access"
	"github.com/koogate/koogate/server/api/production"
	v1 "github.com/koogate/koogate/server/api/v1"
	"github.com/koogate/koogate/server/callers"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/facade"
	"github.com/koogate/koogate/server/interceptor"
)

const (
	// maxMessage bounds what a client of the private doors may send, in bytes.
	maxMessage = 1 << 20
	// callLimit is the deadline of a call that has none of its own. A lease may wait 60 s of it.
	callLimit = 75 * time.Second
)

// services are the handlers and what stands in front of them.
type services struct {
	internal   *v1.API
	production production.Deps
	chains
	tokens interceptor.Tokens
	admit  func(ctx context.Context, method string) error // what tokens decides, before a message is read
}

// chains are the parts of the interceptor chains, from the outside in.
type chains struct {
	recover, trace, status, demand, validate interceptor.Pair
	refusal                                  interceptor.Pair // tells who was refused by the tokens' interceptor
}

func newChains(d Deps, v protovalidate.Validator, p callers.Proxies) chains {
	return chains{
		recover: interceptor.Recover(d.Log), trace: interceptor.Trace(d.Telemetry.Tracer()), status: interceptor.Status(d.Log),
		demand: interceptor.Demand(d.Log), validate: interceptor.Validate(v), refusal: interceptor.Refusal(d.Log, p),
	}
}

// authenticated is the chain of a private door. Unary calls end by callLimit, streams when the server drains. A call has a
// span, and the trace that it names counts, only once its token is known.
func (s services) authenticated(door string, draining <-chan struct{}) interceptor.Pair {
	return interceptor.Chain(s.recover, bounded(draining), s.refusal, interceptor.Auth(s.tokens, door), s.trace, s.status, s.demand, s.validate)
}

// verified is the chain behind the facade, which verifies the marketplace's signature, starts the call's span and sets its
// deadline itself, and says that the marketplace calls.
func (s services) verified() interceptor.Pair {
	return interceptor.Chain(s.recover, s.status, s.demand, s.validate)
}

// authenticate knows the tokens of all sellers.
func (s *services) authenticate(c *config.Config, log *slog.Logger, p callers.Proxies) (err error) {
	var tokens []interceptor.Token
	for _, seller := range c.Sellers {
		for _, secret := range config.Reveal(seller.APITokens) {
			tokens = append(tokens, interceptor.Token{Seller: seller.Name, Secret: secret, Scopes: access.Customary()})
		}
		for _, t := range seller.Tokens {
			tokens = append(tokens, interceptor.Token{
				Seller: seller.Name, Secret: t.Secret.Reveal(), Name: t.Name, Scopes: t.Allows(), Queues: t.Queues,
			})
		}
	}
	if s.tokens, err = interceptor.NewTokens(tokens); err != nil {
		return err
	}
	s.admit = interceptor.Admission(s.tokens, log, p)
	return nil
}

// grpcDoor serves the internal API by bearer token, and for tests the production interface.
func (s *Server) grpcDoor(svc services) *door {
	transport, encrypted := s.grpcTransport()
	gate := newGate(svc.admit)
	srv := grpc.NewServer(slices.Concat(svc.authenticated(config.ListenerGRPC, s.draining).ServerOptions(), transport, gate.options())...)
	svc.internal.Register(srv)
	if s.cfg.GRPC.Production {
		facade.Serve(srv, svc.production)
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
	return &door{
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

// bounded gives unary calls a deadline and ends streams when the server drains: a health watch would otherwise hold a
// graceful stop up to its end.
func bounded(draining <-chan struct{}) interceptor.Pair {
	return interceptor.Pair{
		Unary: func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
			ctx, cancel := context.WithTimeout(ctx, callLimit)
			defer cancel()
			return next(ctx, req)
		},
		Stream: func(srv any, ss grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
			ctx, cancel := context.WithCancel(ss.Context())
			defer cancel()
			go func() {
				select {
				case <-draining:
					cancel()
				case <-ctx.Done():
				}
			}()
			return next(srv, streamUnder{ss, ctx})
		},
	}
}

// streamUnder is a stream under another context.
type streamUnder struct {
	grpc.ServerStream
	ctx context.Context
}

// Context implements grpc.ServerStream.
func (s streamUnder) Context() context.Context { return s.ctx }
