// SPDX-License-Identifier: Apache-2.0

package inproc

import (
	"context"
	"io"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// upload is one call that streams requests and has one response. It is the client's side; the handler's is [uploadServer].
type upload struct {
	*run
	ctx  context.Context
	in   chan proto.Message
	once sync.Once     // closes in
	done chan struct{} // closed when the handler has returned

	// Written before done is closed.
	answer proto.Message
	err    error
}

var _ grpc.ClientStream = (*upload)(nil)

// startUpload runs the handler of a method that streams requests. It ends with ctx at the latest.
func (c *Channel) startUpload(ctx context.Context, name string, s stream) *upload {
	u := &upload{run: &run{name: name}, ctx: ctx, in: make(chan proto.Message), done: make(chan struct{})}
	server := &uploadServer{upload: u, ctx: u.serverSide(ctx)}
	go func() {
		defer close(u.done)
		u.err = c.stream(s.impl, server, &grpc.StreamServerInfo{FullMethod: name, IsClientStream: true}, s.handler)
	}()
	return u
}

// Context implements grpc.ClientStream.
func (u *upload) Context() context.Context { return u.ctx }

// SendMsg implements grpc.ClientStream. After the handler has returned it is io.EOF, and RecvMsg tells why.
func (u *upload) SendMsg(m any) error {
	msg, err := messageOf(m)
	if err != nil {
		return err
	}
	select {
	case u.in <- proto.Clone(msg):
		return nil
	case <-u.done:
		return io.EOF
	case <-u.ctx.Done():
		return status.FromContextError(u.ctx.Err()).Err()
	}
}

// CloseSend implements grpc.ClientStream.
func (u *upload) CloseSend() error {
	u.once.Do(func() { close(u.in) })
	return nil
}

// RecvMsg implements grpc.ClientStream.
func (u *upload) RecvMsg(m any) error {
	<-u.done
	if u.err != nil {
		return statusOf(u.err)
	}
	out, ok := m.(proto.Message)
	if !ok || u.answer == nil {
		return status.Errorf(codes.Internal, "%s ended without an answer", u.name)
	}
	fill(out, u.answer)
	return nil
}

// Header implements grpc.ClientStream.
func (u *upload) Header() (metadata.MD, error) {
	<-u.done
	header, _ := u.told()
	return header, nil
}

// Trailer implements grpc.ClientStream.
func (u *upload) Trailer() metadata.MD {
	<-u.done
	_, trailer := u.told()
	return trailer
}

// uploadServer is what the handler sees of an upload.
type uploadServer struct {
	*upload
	ctx context.Context
}

var _ grpc.ServerStream = (*uploadServer)(nil)

// Context implements grpc.ServerStream.
func (u *uploadServer) Context() context.Context { return u.ctx }

// SetTrailer implements grpc.ServerStream.
func (u *uploadServer) SetTrailer(md metadata.MD) { _ = u.run.SetTrailer(md) }

// RecvMsg implements grpc.ServerStream.
func (u *uploadServer) RecvMsg(m any) error {
	select {
	case msg, ok := <-u.in:
		if !ok {
			return io.EOF
		}
		return decode(m, msg)
	case <-u.ctx.Done():
		return status.FromContextError(u.ctx.Err()).Err()
	}
}

// SendMsg implements grpc.ServerStream.
func (u *uploadServer) SendMsg(m any) error {
	msg, err := messageOf(m)
	if err != nil {
		return err
	}
	u.answer = proto.Clone(msg)
	return nil
}
