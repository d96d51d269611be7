// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/tap"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/interceptor"
)

// What strangers, who have no token, may hold of the gRPC listener. A connection and a call of theirs take about 100 KB and 12 KB.
const (
	maxStrangers = 128             // connections; one more ends the oldest
	maxRefusals  = 100             // of calls on one connection, which then ends
	maxChecks    = 256             // unary calls to public services at a time
	maxWatches   = 64              // streams of public services at a time
	checkLimit   = 5 * time.Second // deadline of a unary call to a public service
)

// What the holder of a token may hold.
const (
	maxStreams = 1000            // calls at a time on one connection; leases that wait are among them
	maxIdle    = 5 * time.Minute // of a connection without calls
)

// gate stands before the gRPC listener. It decides on a call by its headers, before a message is read and decoded, and bounds what
// callers without a token hold. The interceptors authenticate every call once more: they know what its bearer may do.
type gate struct {
	admit           func(ctx context.Context, method string) error
	unary           map[string]bool // methods; to be filled before the listener opens
	checks, watches chan struct{}

	mu     sync.Mutex
	guests map[string]*guest // by remote address
	oldest []*guest          // strangers, in the order of their arrival; some may have left or shown a token
}

// guest is a connection.
type guest struct {
	conn     net.Conn
	known    atomic.Bool // has shown a token
	refused  atomic.Int32
	stranger bool // has neither left nor shown a token; under gate.mu
}

func newGate(admit func(ctx context.Context, method string) error) *gate {
	return &gate{
		admit: admit, unary: make(map[string]bool), checks: make(chan struct{}, maxChecks), watches: make(chan struct{}, maxWatches),
		guests: make(map[string]*guest),
	}
}

// options make a server use the gate.
func (g *gate) options() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.InTapHandle(g.tap),
		grpc.StatsHandler(connections{g}),
		grpc.MaxRecvMsgSize(maxMessage),
		grpc.MaxHeaderListSize(maxHeader),
		grpc.MaxConcurrentStreams(maxStreams),
		grpc.ConnectionTimeout(10 * time.Second),
		grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionIdle: maxIdle, Time: time.Minute, Timeout: 20 * time.Second}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 20 * time.Second, PermitWithoutStream: true}),
	}
}

// learn tells the gate which methods a server has.
func (g *gate) learn(srv *grpc.Server) {
	for service, info := range srv.GetServiceInfo() {
		for _, m := range info.Methods {
			g.unary["/"+service+"/"+m.Name] = !m.IsClientStream && !m.IsServerStream
		}
	}
}

// tap implements tap.ServerInHandle. A connection reads nothing while it runs. A unary call that it lets in has a deadline from
// here on, also when its message never comes.
func (g *gate) tap(ctx context.Context, info *tap.Info) (context.Context, error) {
	who, ok := ctx.Value(connectionKey{}).(connection)
	if !ok {
		return nil, status.Error(codes.Unavailable, "the connection is closed")
	}
	limit := callLimit
	if interceptor.Public(info.FullMethodName) {
		slots := g.watches
		if g.unary[info.FullMethodName] {
			slots, limit = g.checks, checkLimit
		}
		select {
		case slots <- struct{}{}:
			context.AfterFunc(ctx, func() { <-slots })
		default:
			who.refuse()
			return nil, status.Error(codes.ResourceExhausted, "too many such calls at once")
		}
	} else if err := g.admit(ctx, info.FullMethodName); err != nil {
		who.refuse()
		return nil, errs.Guided(errs.ToStatus(err)).Err()
	} else {
		g.welcome(who.guest)
	}
	unary, served := g.unary[info.FullMethodName]
	switch {
	case !served:
		e := errs.New(errs.Unserved, errs.PathNotFound, "no such service or method")
		return nil, errs.Guided(errs.ToStatus(e)).Err()
	case !unary:
		return ctx, nil
	}
	bounded, cancel := context.WithTimeout(ctx, limit)
	context.AfterFunc(ctx, cancel) // which the end of the call ends
	return bounded, nil
}

// refuse counts a refused call. Its remains stay in memory until the connection ends, so that ends after many.
func (who *guest) refuse() {
	if who.refused.Add(1) == maxRefusals {
		_ = who.conn.Close()
	}
}

// welcome notes that the connection's caller has a token.
func (g *gate) welcome(who *guest) {
	if who.known.Swap(true) {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	who.stranger = false
}

// leave forgets a connection.
func (g *gate) leave(who *guest) {
	g.mu.Lock()
	defer g.mu.Unlock()
	who.stranger = false
	if addr := who.conn.RemoteAddr().String(); g.guests[addr] == who {
		delete(g.guests, addr)
	}
}

// listen lets connections in by the gate. They are handed on as they are: grpc-go reads from a TCP connection, and from nothing
// that wraps one, without a buffer while it waits.
func (g *gate) listen(l net.Listener) net.Listener { return gated{l, g} }

type gated struct {
	net.Listener
	gate *gate
}

// Accept implements net.Listener. When there are too many strangers the one goes that has been here longest without a token:
// whoever has one shows it at once.
func (l gated) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if leaves := l.gate.arrive(&guest{conn: conn, stranger: true}); leaves != nil {
		l.gate.leave(leaves)
		_ = leaves.conn.Close()
	}
	return conn, nil
}

// arrive adds a stranger and returns the one that has to go, nil when there is room. One whose connection failed before it was
// served is among them until it is the oldest.
func (g *gate) arrive(who *guest) (leaves *guest) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.guests[who.conn.RemoteAddr().String()] = who
	g.oldest = append(slices.DeleteFunc(g.oldest, func(o *guest) bool { return !o.stranger }), who)
	if len(g.oldest) > maxStrangers {
		return g.oldest[0]
	}
	return nil
}

// connections gives every connection a context that ends with it. grpc-go leaves the context of a call that the tap refuses to
// itself; it would stay until the deadline that the caller chose.
type connections struct{ gate *gate }

var _ stats.Handler = connections{}

// connection is what the contexts of its calls hold.
type connection struct {
	*guest
	end context.CancelFunc
}

type connectionKey struct{}

// TagConn implements stats.Handler.
func (c connections) TagConn(ctx context.Context, info *stats.ConnTagInfo) context.Context {
	c.gate.mu.Lock()
	who := c.gate.guests[info.RemoteAddr.String()]
	c.gate.mu.Unlock()
	if who == nil { // it has been closed
		return ctx
	}
	ctx, end := context.WithCancel(ctx)
	return context.WithValue(ctx, connectionKey{}, connection{who, end})
}

// HandleConn implements stats.Handler.
func (c connections) HandleConn(ctx context.Context, s stats.ConnStats) {
	if _, over := s.(*stats.ConnEnd); !over {
		return
	}
	if conn, ok := ctx.Value(connectionKey{}).(connection); ok {
		conn.end()
		c.gate.leave(conn.guest)
	}
}

// TagRPC implements stats.Handler.
func (connections) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }

// HandleRPC implements stats.Handler.
func (connections) HandleRPC(context.Context, stats.RPCStats) {}
