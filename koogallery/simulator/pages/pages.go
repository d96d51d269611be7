// SPDX-License-Identifier: Apache-2.0

package pages

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"

	"github.com/koogate/koogate/koogallery/clock"
	"github.com/koogate/koogate/koogallery/simulator/market"
)

// Config configures Pages.
type Config struct {
	Clock  clock.Clock
	Facade string // the seller's production address, as it is shown
	Log    *slog.Logger
}

// Pages serves the seller centre of a market.
type Pages struct {
	cfg    Config
	market *market.Market

	ctx     context.Context // ends with Close; for work that outlives its request
	cancel  context.CancelFunc
	slots   chan struct{}
	closing sync.Mutex
	closed  bool
	running sync.WaitGroup
}

// maxBackground bounds the calls that the pages start without waiting for them.
const maxBackground = 64

// ErrClosed says that the pages were closed or are too busy for work in the
// background.
var ErrClosed = errors.New("simulator: closed or too busy")

// New returns the pages of a market.
func New(cfg Config, market *market.Market) *Pages {
	s := &Pages{cfg: cfg, market: market, slots: make(chan struct{}, maxBackground)}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// Routes adds the seller-centre page and the same data as JSON:
//
//	GET  /                     orders, standing, 生产接口消息, 话单管理, bills
//	POST /restart              form: message; the button 重新启动
//	POST /place                form: kind, family
//	GET  /sim/orders           newest first; limit
//	POST /sim/orders           {"kind":"period"}, optionally "family": place and open one
//	GET  /sim/orders/{id}      one order with its calls
//	GET  /sim/calls            newest first; order, limit
//	GET  /sim/requests         calls of the seller to the open APIs, newest first; limit
//	GET  /sim/usage            usage records, totals and packages; instance, limit
//	GET  /sim/bills            newest first; instance, limit
func (s *Pages) Routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /{$}", s.page)
	mux.HandleFunc("POST /restart", s.postRestart)
	mux.HandleFunc("POST /place", s.postPlace)
	mux.HandleFunc("GET /sim/orders", s.getOrders)
	mux.HandleFunc("POST /sim/orders", s.postOrders)
	mux.HandleFunc("GET /sim/orders/{id}", s.getOrder)
	mux.HandleFunc("GET /sim/calls", s.getCalls)
	mux.HandleFunc("GET /sim/requests", s.getRequests)
	mux.HandleFunc("GET /sim/usage", s.getUsage)
	mux.HandleFunc("GET /sim/bills", s.getBills)
}

// Close stops what the pages started in the background and waits for it.
func (s *Pages) Close() {
	s.closing.Lock()
	s.closed = true
	s.closing.Unlock()
	s.cancel()
	s.running.Wait()
}

// background runs work that outlives its request. The channel is closed when it is
// done. Errors: ErrClosed.
func (s *Pages) background(work func(context.Context)) (<-chan struct{}, error) {
	s.closing.Lock()
	defer s.closing.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	select {
	case s.slots <- struct{}{}:
	default:
		return nil, ErrClosed
	}
	done := make(chan struct{})
	s.running.Go(func() {
		defer close(done)
		defer func() { <-s.slots }()
		work(s.ctx)
	})
	return done, nil
}
