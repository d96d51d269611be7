// SPDX-License-Identifier: Apache-2.0

package interceptor

import (
	"context"
	"strings"

	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/telemetry"
)

// workers starts the methods that workers call.
var workers = "/" + koogatev1.TaskService_ServiceDesc.ServiceName + "/"

// Trace gives each call a server span named by its method, below the span that the caller's traceparent names. Health
// checks and reflection get none. Only codes that mean a fault of the server mark the span as failed.
func Trace(tracer trace.Tracer) Pair {
	begin := func(ctx context.Context, method string) (context.Context, trace.Span) {
		if v := metadata.ValueFromIncomingContext(ctx, "traceparent"); len(v) == 1 {
			ctx = telemetry.FromTraceparent(ctx, v[0])
		}
		role := telemetry.RoleAPI
		if strings.HasPrefix(method, workers) {
			role = telemetry.RoleWorker
		}
		return telemetry.Start(telemetry.As(ctx, role), tracer, trace.SpanKindServer, strings.TrimPrefix(method, "/"))
	}
	return Pair{
		Unary: func(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
			if Public(info.FullMethod) {
				return next(ctx, req)
			}
			ctx, span := begin(ctx, info.FullMethod)
			defer span.End()
			resp, err := next(ctx, req)
			judge(span, err)
			return resp, err
		},
		Stream: func(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
			if Public(info.FullMethod) {
				return next(srv, ss)
			}
			ctx, span := begin(ss.Context(), info.FullMethod)
			defer span.End()
			err := next(srv, StreamUnder{ss, ctx})
			judge(span, err)
			return err
		},
	}
}

// judge marks the span of a call that failed.
func judge(span trace.Span, err error) {
	if err == nil || !span.IsRecording() {
		return
	}
	code := status.Code(err)
	telemetry.Set(span, telemetry.Outcome(code.String()))
	switch code { //nolint:exhaustive // the others are the caller's
	case codes.Unknown, codes.DeadlineExceeded, codes.Unimplemented, codes.Internal, codes.Unavailable, codes.DataLoss:
		telemetry.Fail(span, code.String())
	}
}
