// SPDX-License-Identifier: Apache-2.0

package interceptor

import (
	"context"
	"log/slog"

	"google.golang.org/grpc"

	"github.com/koogate/koogate/server/errs"
)

// Status turns the errors of everything inside it into gRPC statuses. An error whose cause the caller does not learn is
// logged with it, here and nowhere else; a nil log drops it.
func Status(log *slog.Logger) Pair {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	convert := func(ctx context.Context, method string, err error) error {
		if err == nil {
			return nil
		}
		if !errs.Expected(err) {
			e := errs.As(err)
			log.ErrorContext(ctx, "call failed", "method", method, "reason", e.Reason, "error", err, "cause", e.Cause)
		}
		return errs.ToStatus(err).Err()
	}
	return Pair{
		Unary: func(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
			resp, err := next(ctx, req)
			if err != nil {
				return nil, convert(ctx, info.FullMethod, err)
			}
			return resp, nil
		},
		Stream: func(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
			return convert(ss.Context(), info.FullMethod, next(srv, ss))
		},
	}
}
