// SPDX-License-Identifier: Apache-2.0

package inproc

import (
	"context"
	"errors"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// errHeaderSent is what a header gets after the first SendHeader.
var errHeaderSent = errors.New("inproc: the header was already sent")

// run is one call: what a handler sends besides its answer. It is the grpc.ServerTransportStream that grpc.SetHeader and
// its relatives find in the handler's context.
type run struct {
	name string

	mu              sync.Mutex
	header, trailer metadata.MD
	sent            bool
}

var _ grpc.ServerTransportStream = (*run)(nil)

// serverSide returns the handler's context.
func (r *run) serverSide(ctx context.Context) context.Context {
	md, ok := metadata.FromOutgoingContext(ctx)
	if ok { // calls that the handler makes are not to carry the caller's metadata on
		ctx = metadata.NewOutgoingContext(ctx, nil)
	}
	if _, in := metadata.FromIncomingContext(ctx); ok || in {
		ctx = metadata.NewIncomingContext(ctx, md)
	}
	return grpc.NewContextWithServerTransportStream(ctx, r)
}

// Method implements grpc.ServerTransportStream.
func (r *run) Method() string { return r.name }

// SetHeader implements grpc.ServerTransportStream.
func (r *run) SetHeader(md metadata.MD) error { return r.putHeader(md, false) }

// SendHeader implements grpc.ServerTransportStream.
func (r *run) SendHeader(md metadata.MD) error { return r.putHeader(md, true) }

// SetTrailer implements grpc.ServerTransportStream.
func (r *run) SetTrailer(md metadata.MD) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.trailer = metadata.Join(r.trailer, md)
	return nil
}

func (r *run) putHeader(md metadata.MD, last bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sent {
		return errHeaderSent
	}
	r.header, r.sent = metadata.Join(r.header, md), last
	return nil
}

// told is what the handler has sent so far.
func (r *run) told() (header, trailer metadata.MD) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.header, r.trailer
}

// report fills the targets of the call options.
func (r *run) report(opts []grpc.CallOption) {
	header, trailer := r.told()
	for _, o := range opts {
		switch o := o.(type) {
		case grpc.HeaderCallOption:
			*o.HeaderAddr = header
		case grpc.TrailerCallOption:
			*o.TrailerAddr = trailer
		}
	}
}
