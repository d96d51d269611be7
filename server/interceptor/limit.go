// SPDX-License-Identifier: Apache-2.0

package interceptor

import (
	"context"
	"sync"
	"time"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/access"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/limit"
)

// Limit refuses the calls of a caller that calls more often than it may. It stands behind Auth and before everything else, so that such a
// call costs nothing more. A stream counts when it begins; one of requests counts with each of them and is slowed down instead of ended,
// since what was sent in it would have to be sent again. Errors: RATE_LIMITED, with the time to wait.
func Limit(l *limit.Limiter, c clock.Clock) Pair {
	var known sync.Map // the classes by full method
	class := func(method string) limit.Class {
		v, ok := known.Load(method)
		if !ok {
			v, _ = known.LoadOrStore(method, ClassOf(method))
		}
		found, _ := v.(limit.Class)
		return found
	}
	spend := func(ctx context.Context, method string) error {
		p, ok := access.From(ctx)
		if !ok { // a public service
			return nil
		}
		class := class(method)
		if wait := l.Spend(ctx, p, class); wait > 0 {
			return limited(wait, "the caller has used up its %s for the moment", class)
		}
		return nil
	}
	return Pair{
		Unary: func(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
			if err := spend(ctx, info.FullMethod); err != nil {
				return nil, err
			}
			return next(ctx, req)
		},
		Stream: func(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
			if err := spend(ss.Context(), info.FullMethod); err != nil {
				return err
			}
			if p, ok := access.From(ss.Context()); ok && info.IsClientStream {
				ctx := ss.Context()
				ss = &slowed{ServerStream: ss, spend: func() time.Duration { return l.Spend(ctx, p, class(info.FullMethod)) }, clock: c}
			}
			return next(srv, ss)
		},
	}
}

func limited(wait time.Duration, format string, args ...any) error {
	e := errs.New(errs.Exhausted, errs.RateLimited, format, args...)
	e.Retry = wait
	return e
}

// slowed is a stream whose requests are read as often as its caller may send them. The first one was counted when the stream began.
type slowed struct {
	grpc.ServerStream
	spend func() time.Duration
	clock clock.Clock
	begun bool
}

// RecvMsg implements grpc.ServerStream. One goroutine reads.
func (s *slowed) RecvMsg(m any) error {
	for s.begun {
		wait := s.spend()
		if wait == 0 {
			break
		}
		if err := clock.Sleep(s.Context(), s.clock, wait); err != nil {
			return err
		}
	}
	s.begun = true
	return s.ServerStream.RecvMsg(m)
}

// ClassOf returns the class of a method, /package.Service/Method. A method reads when REST has it as GET.
func ClassOf(method string) limit.Class {
	d := methodOf(method)
	switch {
	case method == koogatev1.TaskService_LeaseTasks_FullMethodName:
		return limit.Leases
	case d == nil:
		return limit.Writes
	case d.IsStreamingServer():
		return limit.Exports
	}
	if rule, _ := proto.GetExtension(d.Options(), annotations.E_Http).(*annotations.HttpRule); rule.GetGet() != "" {
		return limit.Reads
	}
	return limit.Writes
}
