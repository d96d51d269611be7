// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"time"

	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/facade"
	"github.com/koogate/koogate/server/facade/family"
	"github.com/koogate/koogate/server/forward"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/inproc"
	"github.com/koogate/koogate/server/seller"
	"github.com/koogate/koogate/server/shadow"
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
	var err error
	if s.shadow, err = s.shadowing(svc, cfg); err != nil {
		return nil, err
	}
	var aside facade.Shadow
	if s.shadow != nil {
		aside = s.shadow
	}
	f, err := facade.New(cfg, facade.Deps{
		Table: s.views.table.Get, Core: s.core, Conn: channel, Guard: s.deps.Guard, Clock: s.deps.Clock, Work: s.clocks.store, Heard: s.clocks.calls.Saw, Calls: s.calls, Sides: s.moving, Forward: forward.New(s.forward), Shadow: aside, Tracer: s.deps.Telemetry.Tracer(),
		Metrics: s.deps.Metrics, Log: s.deps.Log,
	})
	if err != nil {
		return nil, err
	}
	s.facade = f
	return httpListener(config.ListenerFacade, s.cfg.Listen.Facade, s.parting(s.proxies.Resolve(f)), facadeLimits, s.certificates[config.ListenerFacade], s.deps.Log), nil
}

// shadowWait is how long newInstance waits for the provisioner there, which is always done at once.
const shadowWait = 2 * time.Second

// shadowRules are the endpoints' rules where the answers of old servers are computed: one provisioner has every product, and what was never seen is taken
// as the old server has it.
func shadowRules(s *seller.Snapshot) (*fulfil.Rules, error) {
	rules := coreRules(s)
	for i := range rules {
		e := &rules[i]
		e.RefuseCodes, e.AskUnknown = false, false
		if e.Products["*"].Provisioner == "" {
			e.Products["*"] = fulfil.ProductRule{}
		}
		for id, p := range e.Products {
			p.Provisioner, p.SyncBudget = shadow.Provisioner, shadowWait
			e.Products[id] = p
		}
	}
	return fulfil.NewRules(rules)
}

// shadowAddresses are the endpoints without their old servers.
func shadowAddresses(s *seller.Snapshot) (*facade.Table, error) {
	list := addresses(s)
	for i := range list {
		e := &list[i]
		e.Old, e.Route, e.Routes, e.Used = nil, facade.RouteOwn, nil, nil
	}
	return facade.NewTable(list)
}

// shadowing returns what compares the answers of old servers; nil when there is no database in memory to do it with.
func (s *Server) shadowing(svc services, limits facade.Config) (*shadow.Service, error) {
	if s.deps.Scratch == nil {
		return nil, nil
	}
	rules, err := seller.Project(s.deps.Sellers, shadowRules)
	if err != nil {
		return nil, err
	}
	table, err := seller.Project(s.deps.Sellers, shadowAddresses)
	if err != nil {
		return nil, err
	}
	return shadow.New(shadow.Deps{
		Open: s.deps.Scratch, Rules: rules.Get, Settings: s.views.settings.Get, Table: table.Get,
		Sellers: func() []string { return owners(s.deps.Sellers.Snapshot()) }, Chain: svc.verified().Unary, Limits: limits, Sealer: s.deps.Sealer,
		Old: shadow.OldServers{
			Shows: func(ctx context.Context, k facade.Kept, id string) (bool, error) { return s.facade.Shows(ctx, k, id) },
			Ended: s.deps.Store.Ended,
		},
		Clock: s.deps.Clock, NewID: s.deps.NewID, Metrics: s.deps.Metrics, Log: s.deps.Log,
	}), nil
}

// compareShadows compares the answers of old servers until ctx ends.
func (s *Server) compareShadows(ctx context.Context) {
	if s.shadow != nil {
		s.shadow.Run(ctx)
	}
}
