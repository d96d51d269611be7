// SPDX-License-Identifier: Apache-2.0

package interceptor

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"

	"google.golang.org/grpc"

	"github.com/koogate/koogate/server/errs"
)

// Recover turns a panic into INTERNAL and logs where it happened. The panic's value is logged by its type only: it may
// hold anything that was in memory.
func Recover(log *slog.Logger) Pair {
	rescue := func(ctx context.Context, method string, err *error) {
		v := recover()
		if v == nil {
			return
		}
		log.ErrorContext(ctx, "panic in a handler", "method", method, "type", fmt.Sprintf("%T", v), "stack", string(debug.Stack()))
		*err = errs.ToStatus(errs.New(errs.Internal, errs.InternalFault, "internal error")).Err()
	}
	return Pair{
		Unary: func(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (_ any, err error) {
			defer rescue(ctx, info.FullMethod, &err)
			return next(ctx, req)
		},
		Stream: func(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) (err error) {
			defer rescue(ss.Context(), info.FullMethod, &err)
			return next(srv, ss)
		},
	}
}
