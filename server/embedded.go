// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"net/http"
	"slices"

	"github.com/koogate/koogate/server/config"
)

// Embedded are the doors of a server that is driven by whoever embeds it instead of being run: it does not listen, and nothing
// happens in it but what is called here.
type Embedded struct{ s *Server }

// Embedded returns the doors of a server that is not run. Its deps stay the caller's.
func (s *Server) Embedded() Embedded { return Embedded{s} }

// Facade answers the marketplace's calls.
func (e Embedded) Facade() http.Handler { return e.handler(config.ListenerFacade) }

// API answers the internal calls.
func (e Embedded) API() http.Handler { return e.handler(config.ListenerAPI) }

// Begin does what a process does before it serves a seller: it reads the store's clock and arms the standing jobs. Whoever moves the
// machine's clock calls it again. Errors: STORE_UNAVAILABLE.
func (e Embedded) Begin(ctx context.Context, seller string) error {
	if err := e.s.readClock(ctx); err != nil {
		return err
	}
	return e.s.work.ArmAll(ctx, seller)
}

// Work does Koogate's own jobs of a seller that are due now, one after the other, and tells how many there were. Errors:
// STORE_UNAVAILABLE.
func (e Embedded) Work(ctx context.Context, seller string) (int, error) {
	_ = e.s.calls.Flush(ctx) // what is not written waits
	done, err := e.s.work.Step(ctx, seller)
	if err != nil {
		return done, err
	}
	sent, err := e.s.handover.Step(ctx, seller)
	return done + sent, err
}

func (e Embedded) handler(name string) http.Handler {
	i := slices.IndexFunc(e.s.listeners, func(l *listener) bool { return l.name == name })
	return e.s.listeners[i].handler
}
