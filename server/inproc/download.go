// SPDX-License-Identifier: Apache-2.0

package inproc

import (
	"context"
	"io"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// download is one call that has one request and streams responses. It is the client's side; the handler's is [downloadServer]. Nothing is
// kept between the two: the handler waits until each response is taken.
type download struct {
	*run
	ctx   context.Context
	begin func(request proto.Message)
	once  sync.Once
	out   chan proto.Message
	done  chan struct{} // closed when the handler has returned

	err error // written before done is closed
}

var _ grpc.ClientStream = (*download)(nil)

// startDownload prepares a call, whose handler runs once the request is there. It ends with ctx at the latest.
func (c *Channel) startDownload(ctx context.Context, name string, s stream) *download {
	d := &download{run: &run{name: name}, ctx: ctx, out: make(chan proto.Message), done: make(chan struct{})}
	d.begin = func(request proto.Message) {
		server := &downloadServer{download: d, ctx: d.serverSide(ctx), request: request}
		go func() {
			defer close(d.done)
			d.err = c.stream(s.impl, server, &grpc.StreamServerInfo{FullMethod: name, IsServerStream: true}, s.handler)
		}()
	}
	return d
}

// Context implements grpc.ClientStream.
func (d *download) Context() context.Context { return d.ctx }

// SendMsg implements grpc.ClientStream: it begins the call.
func (d *download) SendMsg(m any) error {
	msg, err := messageOf(m)
	if err != nil {
		return err
	}
	d.once.Do(func() { d.begin(proto.Clone(msg)) })
	return nil
}

// CloseSend implements grpc.ClientStream.
func (d *download) CloseSend() error { return nil }

// RecvMsg implements grpc.ClientStream. After the last response it is io.EOF, or the handler's error.
func (d *download) RecvMsg(m any) error {
	out, err := messageOf(m)
	if err != nil {
		return err
	}
	select {
	case msg := <-d.out:
		fill(out, msg)
		return nil
	case <-d.done:
		if d.err != nil {
			return statusOf(d.err)
		}
		return io.EOF
	}
}

// Header implements grpc.ClientStream: what is there of it, since it is not sent before the responses.
func (d *download) Header() (metadata.MD, error) {
	header, _ := d.told()
	return header, nil
}

// Trailer implements grpc.ClientStream.
func (d *download) Trailer() metadata.MD {
	<-d.done
	_, trailer := d.told()
	return trailer
}

// downloadServer is what the handler sees of a download.
type downloadServer struct {
	*download
	ctx     context.Context
	request proto.Message // nil once it is read
}

var _ grpc.ServerStream = (*downloadServer)(nil)

// Context implements grpc.ServerStream.
func (d *downloadServer) Context() context.Context { return d.ctx }

// SetTrailer implements grpc.ServerStream.
func (d *downloadServer) SetTrailer(md metadata.MD) { _ = d.run.SetTrailer(md) }

// RecvMsg implements grpc.ServerStream.
func (d *downloadServer) RecvMsg(m any) error {
	if d.request == nil {
		return io.EOF
	}
	request := d.request
	d.request = nil
	return decode(m, request)
}

// SendMsg implements grpc.ServerStream.
func (d *downloadServer) SendMsg(m any) error {
	msg, err := messageOf(m)
	if err != nil {
		return err
	}
	select {
	case d.out <- proto.Clone(msg):
		return nil
	case <-d.ctx.Done():
		return status.FromContextError(d.ctx.Err()).Err()
	}
}
