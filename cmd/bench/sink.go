// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
)

// sink is an OTLP endpoint that counts and drops what it gets, so that tracing costs the server what it costs in production.
type sink struct {
	addr    string
	bytes   atomic.Int64
	server  *grpc.Server
	stopped chan error
}

func startSink() (*sink, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &sink{addr: l.Addr().String(), stopped: make(chan error, 1)}
	s.server = grpc.NewServer(grpc.ForceServerCodecV2(rawCodec{}), grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
		var m raw
		if err := stream.RecvMsg(&m); err != nil {
			return err
		}
		s.bytes.Add(int64(m.size))
		return stream.SendMsg(&raw{})
	}))
	go func() { s.stopped <- s.server.Serve(l) }()
	return s, nil
}

func (s *sink) stop(context.Context) error {
	s.server.Stop()
	if err := <-s.stopped; err != nil && !errors.Is(err, grpc.ErrServerStopped) {
		return fmt.Errorf("sink: %w", err)
	}
	return nil
}

type raw struct{ size int }

// rawCodec leaves messages undecoded; an empty one is a valid ExportTraceServiceResponse.
type rawCodec struct{}

var _ encoding.CodecV2 = rawCodec{}

func (rawCodec) Marshal(any) (mem.BufferSlice, error) { return nil, nil }
func (rawCodec) Unmarshal(data mem.BufferSlice, v any) error {
	v.(*raw).size = data.Len() //nolint:forcetypeassert // the handler above is the only user
	return nil
}
func (rawCodec) Name() string { return "proto" }
