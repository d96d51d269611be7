// SPDX-License-Identifier: Apache-2.0

package interceptor

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	"github.com/koogate/koogate/server/errs"
)

// Guide adds to each error what its caller can do ([errs.Guided]). It stands before everything else that may refuse a call.
func Guide() Pair {
	return Pair{
		Unary: func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
			resp, err := next(ctx, req)
			if err != nil {
				return nil, errs.Guided(status.Convert(err)).Err()
			}
			return resp, nil
		},
		Stream: func(srv any, ss grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
			if err := next(srv, ss); err != nil {
				return errs.Guided(status.Convert(err)).Err()
			}
			return nil
		},
	}
}
