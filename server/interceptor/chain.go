// SPDX-License-Identifier: Apache-2.0

package interceptor

import (
	"context"

	"google.golang.org/grpc"
)

// Pair is one interceptor in both shapes.
type Pair struct {
	Unary  grpc.UnaryServerInterceptor
	Stream grpc.StreamServerInterceptor
}

// ServerOptions returns the options that put the pair into a grpc.Server.
func (p Pair) ServerOptions() []grpc.ServerOption {
	return []grpc.ServerOption{grpc.UnaryInterceptor(p.Unary), grpc.StreamInterceptor(p.Stream)}
}

// Chain composes pairs into one; the first is the outermost. It needs at least one.
func Chain(first Pair, rest ...Pair) Pair {
	if len(rest) == 0 {
		return first
	}
	inner := Chain(rest[0], rest[1:]...)
	return Pair{
		Unary: func(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
			return first.Unary(ctx, req, info, func(ctx context.Context, req any) (any, error) {
				return inner.Unary(ctx, req, info, next)
			})
		},
		Stream: func(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
			return first.Stream(srv, ss, info, func(srv any, ss grpc.ServerStream) error {
				return inner.Stream(srv, ss, info, next)
			})
		},
	}
}

// StreamUnder is a stream under another context.
type StreamUnder struct {
	grpc.ServerStream
	Under context.Context
}

// Context implements grpc.ServerStream.
func (s StreamUnder) Context() context.Context { return s.Under }
