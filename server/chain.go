// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"

	"buf.build/go/protovalidate"
	"google.golang.org/grpc"

	"github.com/koogate/koogate/server/api/production"
	v1 "github.com/koogate/koogate/server/api/v1"
	"github.com/koogate/koogate/server/callers"
	"github.com/koogate/koogate/server/interceptor"
	"github.com/koogate/koogate/server/limit"
)

// services are the handlers and what stands in front of them.
type services struct {
	internal   *v1.API
	production production.Deps
	chains
	known interceptor.Callers
	admit func(ctx context.Context, method string) error // what known decides, before a message is read
}

// chains are the parts of the interceptor chains, from the outside in.
type chains struct {
	recover, trace, status, demand, validate, audit interceptor.Pair
	refusal                                         interceptor.Pair // tells who was refused by the tokens' interceptor
	limit                                           interceptor.Pair // of callers that are known
}

func newChains(d Deps, v protovalidate.Validator, p callers.Proxies, l *limit.Limiter) chains {
	return chains{
		recover: interceptor.Recover(d.Log), trace: interceptor.Trace(d.Telemetry.Tracer()), status: interceptor.Status(d.Log),
		demand: interceptor.Demand(d.Log), validate: interceptor.Validate(v), refusal: interceptor.Refusal(d.Log, p),
		audit: interceptor.Audit(d.NewID), limit: interceptor.Limit(l, d.Clock),
	}
}

// authenticated is the chain of a private listener. Unary calls end by callLimit, streams when the server drains. A call has a
// span, and the trace that it names counts, only once its token is known.
func (s services) authenticated(listener string, draining <-chan struct{}) interceptor.Pair {
	return interceptor.Chain(interceptor.Guide(), s.recover, bounded(draining), s.refusal, interceptor.Auth(s.known, listener), s.limit, s.trace, s.status, s.demand, s.validate, s.audit)
}

// verified is the chain behind the facade, which verifies the marketplace's signature, starts the call's span and sets its
// deadline itself, and says that the marketplace calls.
func (s services) verified() interceptor.Pair {
	return interceptor.Chain(s.recover, s.status, s.demand, s.validate)
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
			return next(srv, interceptor.StreamUnder{ServerStream: ss, Under: ctx})
		},
	}
}
