// SPDX-License-Identifier: Apache-2.0

package server

import (
	"time"

	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/facade"
	"github.com/koogate/koogate/server/facade/family"
	"github.com/koogate/koogate/server/forward"
	"github.com/koogate/koogate/server/inproc"
)

// facadeLimits: the marketplace gives up after 5 s, with the V1.0 generation after 20 s, so nobody waits for the answer to a
// longer call. The facade bounds bodies itself, by family; this bound is above all of them. HTTP/2 writes header names in
// lower case, and the marketplace looks for Body-Sign with its capitals (saas-v1 §2.3).
var facadeLimits = limits{header: 5 * time.Second, read: 15 * time.Second, write: 25 * time.Second, body: 65 << 20, http1: true}

// facadeListener serves the marketplace. Its calls reach the production service through an in-process channel of their own,
// without the tokens of the private listeners: the facade has verified the signature.
func (s *Server) facadeListener(svc services) (*listener, error) {
	channel := inproc.New(svc.verified().Unary)
	family.Serve(channel, svc.production)
	cfg := facade.Config{MaxBody: s.cfg.Limits.Body, MaxKitBody: s.cfg.Limits.KitBody, MaxUnverified: s.cfg.Limits.Unverified}
	f, err := facade.New(cfg, facade.Deps{
		Table: s.views.table.Get, Core: s.core, Conn: channel, Guard: s.deps.Guard, Clock: s.deps.Clock, Work: s.clocks.store, Heard: s.clocks.calls.Saw, Calls: s.calls, Sides: s.moving, Forward: forward.New(s.forward), Tracer: s.deps.Telemetry.Tracer(),
		Metrics: s.deps.Metrics, Log: s.deps.Log,
	})
	if err != nil {
		return nil, err
	}
	s.facade = f
	return httpListener(config.ListenerFacade, s.cfg.Listen.Facade, s.parting(s.proxies.Resolve(f)), facadeLimits, s.certificates[config.ListenerFacade], s.deps.Log), nil
}
