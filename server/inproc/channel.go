// SPDX-License-Identifier: Apache-2.0

package inproc

import (
	"context"
	"fmt"
	"reflect"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// Channel carries calls to the services registered with it, unary ones and those that stream requests or responses. Register everything before the
// first call; after that it is safe for concurrent use.
type Channel struct {
	unary    grpc.UnaryServerInterceptor
	stream   grpc.StreamServerInterceptor
	services map[string]struct{}
	methods  map[string]method
	streams  map[string]stream
}

// stream is one registered method that streams.
type stream struct {
	impl     any
	handler  grpc.StreamHandler
	upload   bool // of requests alone
	download bool // of responses alone
}

// method is one registered unary method.
type method struct {
	impl    any
	handler grpc.MethodHandler
}

var (
	_ grpc.ClientConnInterface = (*Channel)(nil)
	_ grpc.ServiceRegistrar    = (*Channel)(nil)
)

// New returns a channel without services whose calls pass through unary; nil for none. Streams are not served.
func New(unary grpc.UnaryServerInterceptor) *Channel {
	return &Channel{
		unary: unary, services: make(map[string]struct{}), methods: make(map[string]method), streams: make(map[string]stream),
	}
}

// NewStreaming is New with streams, which pass through streams.
func NewStreaming(unary grpc.UnaryServerInterceptor, streams grpc.StreamServerInterceptor) *Channel {
	c := New(unary)
	c.stream = streams
	return c
}

// RegisterService implements grpc.ServiceRegistrar. Like a grpc.Server it takes each service once and only from an
// implementation of its interface; anything else is a mistake in the program and panics.
func (c *Channel) RegisterService(desc *grpc.ServiceDesc, impl any) {
	if want := reflect.TypeOf(desc.HandlerType).Elem(); !reflect.TypeOf(impl).Implements(want) {
		panic(fmt.Sprintf("inproc: %T does not implement %v", impl, want))
	}
	if _, dup := c.services[desc.ServiceName]; dup {
		panic("inproc: service " + desc.ServiceName + " is registered twice")
	}
	c.services[desc.ServiceName] = struct{}{}
	for _, m := range desc.Methods {
		c.methods["/"+desc.ServiceName+"/"+m.MethodName] = method{impl: impl, handler: m.Handler}
	}
	for _, s := range desc.Streams {
		c.streams["/"+desc.ServiceName+"/"+s.StreamName] = stream{impl: impl, handler: s.Handler, upload: s.ClientStreams && !s.ServerStreams, download: s.ServerStreams && !s.ClientStreams}
	}
}

// Invoke implements grpc.ClientConnInterface. Errors are gRPC statuses. Of the call options only grpc.Header and
// grpc.Trailer mean something here.
func (c *Channel) Invoke(ctx context.Context, name string, args, reply any, opts ...grpc.CallOption) error {
	m, ok := c.methods[name]
	if !ok {
		return c.unknown(name)
	}
	in, err := messageOf(args)
	if err != nil {
		return err
	}
	out, err := messageOf(reply)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return status.FromContextError(err).Err()
	}
	r := &run{name: name}
	answer, err := m.handler(m.impl, r.serverSide(ctx), func(into any) error { return decode(into, in) }, c.unary)
	r.report(opts)
	if err != nil {
		return statusOf(err)
	}
	sent, ok := answer.(proto.Message)
	if !ok {
		return status.Errorf(codes.Internal, "%s answered with %T, not a protobuf message", name, answer)
	}
	fill(out, sent)
	return nil
}

// NewStream implements grpc.ClientConnInterface for methods that stream requests or responses. Those that stream both fail: no gateway carries them.
// The call ends when its context does, which the caller has to see to, as with any connection.
func (c *Channel) NewStream(ctx context.Context, _ *grpc.StreamDesc, name string, _ ...grpc.CallOption) (grpc.ClientStream, error) {
	s, ok := c.streams[name]
	if !ok || !s.upload && !s.download || c.stream == nil {
		return nil, c.unknown(name)
	}
	if err := ctx.Err(); err != nil {
		return nil, status.FromContextError(err).Err()
	}
	if s.download {
		return c.startDownload(ctx, name, s), nil
	}
	return c.startUpload(ctx, name, s), nil
}

func (c *Channel) unknown(name string) error {
	if _, ok := c.streams[name]; ok {
		return status.Errorf(codes.Unimplemented, "method %s is a stream; streams are not served in process, dial the gRPC port", name)
	}
	return status.Errorf(codes.Unimplemented, "unknown method %s", name)
}

// decode fills the handler's request with a copy of the caller's.
func decode(into any, from proto.Message) error {
	m, err := messageOf(into)
	if err != nil {
		return err
	}
	proto.Merge(m, from)
	return nil
}

// messageOf is what gRPC hands over as anything.
func messageOf(m any) (proto.Message, error) {
	msg, ok := m.(proto.Message)
	if !ok {
		return nil, status.Errorf(codes.Internal, "%T is not a protobuf message", m)
	}
	return msg, nil
}

// fill makes a client's response a copy of the handler's, which the handler may keep and hand out again.
func fill(out, sent proto.Message) {
	proto.Reset(out)
	proto.Merge(out, sent)
}

// statusOf gives an error that is not yet a status the code a grpc.Server would give it.
func statusOf(err error) error {
	if s, ok := status.FromError(err); ok {
		return s.Err()
	}
	return status.FromContextError(err).Err()
}
