// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"

	"github.com/koogate/koogate/server/access"
	"github.com/koogate/koogate/server/api/production"
	v1 "github.com/koogate/koogate/server/api/v1"
	"github.com/koogate/koogate/server/audit"
	"github.com/koogate/koogate/server/callers"
	"github.com/koogate/koogate/server/certificate"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/directory"
	"github.com/koogate/koogate/server/evidence"
	"github.com/koogate/koogate/server/facade"
	"github.com/koogate/koogate/server/feed"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/gap"
	"github.com/koogate/koogate/server/handover"
	"github.com/koogate/koogate/server/interceptor"
	"github.com/koogate/koogate/server/journal"
	"github.com/koogate/koogate/server/licence"
	"github.com/koogate/koogate/server/limit"
	"github.com/koogate/koogate/server/login/door"
	"github.com/koogate/koogate/server/moving"
	"github.com/koogate/koogate/server/oidc"
	"github.com/koogate/koogate/server/outbound"
	"github.com/koogate/koogate/server/quota"
	"github.com/koogate/koogate/server/replay"
	"github.com/koogate/koogate/server/sanction"
	"github.com/koogate/koogate/server/seller"
	"github.com/koogate/koogate/server/shadow"
	"github.com/koogate/koogate/server/taskanswer"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/server/usage"
	"github.com/koogate/koogate/server/webhook"
	"github.com/koogate/koogate/server/work"
	"github.com/koogate/koogate/store"
)

// Deps are what the server works with; all but Scratch, Keys and Limiter are required. Run releases Store, Guard and Telemetry at its end.
type Deps struct {
	Store store.Store
	// Scratch opens an empty database in memory, over which the answers of old servers are compared (ADR 56); nil leaves them uncompared.
	Scratch     func(ctx context.Context) (shadow.Store, error)
	Sellers     *seller.Keeper // over Store; Run runs it
	Keys        *evidence.Keys // sign what is recorded; nil leaves it unsigned
	Guard       store.Guard
	Limiter     store.Limiter // the budgets of callers, of all processes; nil where each has its own
	Sealer      fulfil.Sealer
	Marketplace fulfil.Marketplace
	Pusher      usage.Pusher
	Codes       licence.Codes
	Clock       clock.Clock      // this machine's
	Market      *clock.Witnessed // the marketplace's, as its answers show it
	NewID       func() string    // time-ordered unique IDs (UUIDv7)
	Password    func() string    // a fresh random password for template provisioners
	Telemetry   *telemetry.Provider
	Metrics     *telemetry.Metrics
	Gatherer    prometheus.Gatherer // what /metrics shows
	Log         *slog.Logger
}

// Server is a configured Koogate. It runs once.
type Server struct {
	cfg  config.Config
	deps Deps

	views     views
	clocks    clocks
	gauges    queueGauges
	work      *work.Service
	core      *fulfil.Service
	gaps      *gap.Service
	calls     *journal.Journal
	sanctions *sanction.Service
	jwts      *oidc.Callers // nil where no issuer is configured
	outbound  *outbound.Guard
	forward   *outbound.Guard // to old servers, with more connections
	logins    *outbound.Guard // to authentication centres, at domains that tenants choose
	moving    *moving.Service
	shadow    *shadow.Service // nil compares nothing
	webhooks  *webhook.Service
	login     *door.Door
	handover  *handover.Service
	usage     *usage.Service
	quotas    *quota.Service
	licences  *licence.Service
	anchorer  *evidence.Anchorer
	facade    *facade.Facade
	listeners []*listener
	started   chan struct{} // closed when every listener listens
	leaving   chan struct{} // closed when the stop begins: not ready, still serving
	draining  chan struct{} // closed when the listeners begin to close
	drainOnce sync.Once
	progress  progress
	probe     probe

	certificates map[string]*certificate.Keeper // by listener, of those that end TLS
	look         map[string]chan struct{}       // asks for a look at the files of a listener's certificate now
	proxies      callers.Proxies
}

// oldServerConnections is how many connections to one old server are kept.
const oldServerConnections = 64

// New wires a server. The configuration must be valid as far as it concerns the listeners and the core; backends come as
// deps. Errors: [config.Faults]. After an error the deps are still the caller's.
func New(cfg config.Config, d Deps) (*Server, error) {
	if problems := cfg.ValidateServing(); len(problems) > 0 {
		return nil, config.Faults(problems)
	}
	s := &Server{
		cfg: cfg, deps: d, started: make(chan struct{}), leaving: make(chan struct{}), draining: make(chan struct{}),
		progress: progress{clock: d.Clock},
	}
	s.clocks = clocks{store: clock.Follow(d.Clock), answers: d.Market, calls: clock.Witness(d.Clock)}
	s.probe.ask = d.Store.Ping
	d.Metrics.Rounds(s.progress.ages)
	if disk, ok := d.Store.(store.Disk); ok {
		d.Metrics.DatabaseFree(disk.Free)
	}
	s.gaps = gap.New(gap.Deps{Store: d.Store, Clock: s.clocks.store, Metrics: d.Metrics, Log: d.Log})
	s.work = work.New(work.Deps{
		Store: d.Store, Clock: s.clocks.store, NewID: d.NewID, Tracer: d.Telemetry.Tracer(), Metrics: d.Metrics, Log: d.Log,
	})
	s.calls = journal.New(journal.Deps{
		Store: d.Store, Sealer: d.Sealer, Bodies: cfg.Calls.Bodies > 0, Clock: s.clocks.store, NewID: d.NewID, Metrics: d.Metrics, Log: d.Log,
	})
	s.calls.Register(s.work, cfg.Calls.Keep, cfg.Calls.BodiesLive())
	s.outbound = outbound.New(cfg.Webhooks.Networks(), nil, nil)
	s.forward = outbound.NewPool(cfg.Webhooks.Networks(), nil, nil, oldServerConnections)
	s.moving = moving.New(moving.Deps{Store: d.Store, Gaps: s.gaps, Clock: s.clocks.store, Log: d.Log})
	s.webhooks = webhook.New(webhook.Deps{
		Store: d.Store, Caller: s.outbound, Sealer: d.Sealer, Show: v1.EventJSON, Clock: s.clocks.store, NewID: d.NewID, Tracer: d.Telemetry.Tracer(),
		Metrics: d.Metrics, Log: d.Log,
	})
	s.webhooks.Register(s.work, cfg.Webhooks.Keep)
	s.logins = outbound.New(cfg.Login.Networks(), nil, nil)
	var err error
	if s.login, err = door.New(loginConfig(cfg), door.Deps{Store: d.Store, Caller: s.logins, Told: s.outbound, Sealer: d.Sealer, Clock: s.clocks.store, NewID: d.NewID, Tracer: d.Telemetry.Tracer(), Metrics: d.Metrics, Log: d.Log}); err != nil {
		return nil, err
	}
	audit.Register(audit.Deps{Rows: d.Store, Work: s.work, Keep: cfg.Audit.Keep, Clock: s.clocks.store, Log: d.Log})
	var jwts interceptor.JWTs
	if len(cfg.Access.OIDC) > 0 {
		s.jwts = oidc.New(cfg.Access.OIDC, oidc.Deps{Clock: d.Clock, Sellers: func(name string) bool { return d.Sellers.Snapshot().Seller(name) != nil }, Others: s.outbound, Metrics: d.Metrics, Log: d.Log})
		d.Metrics.OIDCKeys(s.jwts.Ages)
		jwts = s.jwts
	}
	if s.views, err = project(d.Sellers, d.Clock, jwts); err != nil {
		return nil, err
	}
	s.core, err = fulfil.New(fulfil.Config{}, nil, fulfil.Deps{
		Rules: s.views.core.Get,
		Store: d.Store, Work: s.work, Keys: d.Keys, Guard: d.Guard, Sealer: d.Sealer, Marketplace: d.Marketplace, Clock: s.clocks.store, NewID: d.NewID,
		Password: d.Password, Gaps: s.gaps, Calls: s.calls, Tracer: d.Telemetry.Tracer(), Metrics: d.Metrics, Log: d.Log,
	})
	if err != nil {
		return nil, err
	}
	if s.proxies, err = callers.Parse(cfg.TrustedProxies); err != nil {
		return nil, err
	}
	validator, err := taskanswer.Validator()
	if err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	queues, err := seller.Project(d.Sellers, func(c *seller.Snapshot) (map[string]work.Queue, error) { return work.Named(queues(c, s.core)...), nil })
	if err != nil {
		return nil, err
	}
	s.work.ProvideFrom(queues.Get)
	s.usage = usage.New(usage.Config{}, usage.Deps{
		Rules: s.views.usage.Get,
		Store: d.Store, Work: s.work, Pusher: d.Pusher, Recorder: s.core, Gaps: s.gaps, Calls: s.calls, Clock: s.clocks.store, Tracer: d.Telemetry.Tracer(),
		Metrics: d.Metrics, Log: d.Log,
	})
	s.quotas = quota.New(quota.Deps{
		Quotas: d.Store, Instances: d.Store, Stopper: s.core, Windows: s.usage, Contents: s.views.contents.Get, Gaps: s.gaps, Clock: s.clocks.store,
	})
	s.licences = licence.New(licence.Deps{Store: d.Store, Codes: d.Codes, Calls: s.calls, Sealer: d.Sealer, Clock: s.clocks.store})
	s.sanctions = sanction.New(sanction.Deps{
		Calls: d.Store, Instances: d.Store, Orders: d.Store, Waiting: waitingFor(s.core), Endpoints: s.sanctionable, Clock: s.clocks.store, Metrics: d.Metrics,
	})
	s.anchorer = &evidence.Anchorer{Store: d.Store, Keys: d.Keys, Clock: s.clocks.store, Log: d.Log}
	d.Metrics.Queues(s.queueGauges)
	entries := directory.New(directory.Deps{Store: d.Store, Recorder: s.core, Sealer: d.Sealer, Clock: s.clocks.store})
	internal := v1.New(v1.Options{
		Core: s.core, Work: s.work, Directory: entries, Usage: s.usage, Quotas: s.quotas, Licences: s.licences, Calls: s.calls, Sanctions: s.sanctions,
		Replays: replay.New(replay.Deps{Calls: s.calls, Door: s.letIn, Tasks: s.core, Clock: s.clocks.store}), Audit: audit.Reader{Rows: d.Store}, Sellers: d.Sellers, Feed: feed.New(d.Store, d.Clock), Webhooks: s.webhooks, Logins: s.login.Desk, LoginApplications: s.login.Apps, Issuer: cfg.Issuer(), Caller: s.outbound, Moving: s.moving, Keys: d.Keys,
		Jaeger: cfg.Tracing.JaegerURL, Validator: validator, Judge: func(m proto.Message) error { return interceptor.Check(validator, m) }, Log: d.Log,
		Draining: s.draining,
	})
	sent, err := seller.Project(d.Sellers, targets)
	if err != nil {
		return nil, err
	}
	s.handover = handover.New(handover.Deps{
		Queue: s.work, Tasks: handedTasks{internal, validator}, Caller: s.outbound, Targets: sent.Get, Clock: s.clocks.store, Worker: "koogate-webhook/" + d.NewID(),
		Tracer: d.Telemetry.Tracer(), Metrics: d.Metrics, Log: d.Log,
	})
	limiter := limit.New(cfg.Access.Limits, d.Limiter, d.Clock, d.Metrics)
	services := services{
		internal: internal,
		production: production.Deps{
			Core: s.core, Directory: entries, Usage: filledUsage{s.usage, s.quotas}, Settings: s.views.settings.Get, Guard: d.Guard, Clock: s.clocks.store, Metrics: d.Metrics, Log: d.Log,
		},
		chains: newChains(d, validator, s.proxies, limiter),
	}
	services.known = interceptor.Now(s.views.callers.Get)
	services.admit = interceptor.Admission(services.known, limiter, d.Log, s.proxies)
	if err := s.openCertificates(); err != nil {
		return nil, err
	}
	front, err := s.facadeListener(services)
	if err != nil {
		return nil, err
	}
	api, err := s.apiListener(services)
	if err != nil {
		return nil, err
	}
	s.listeners = []*listener{front, api, s.grpcListener(services), s.opsListener()}
	if cfg.Listen.Login != "" {
		s.listeners = slices.Insert(s.listeners, len(s.listeners)-1, s.loginListener()) // ops stops last
	}
	return s, nil
}

// letIn lets a call in again.
func (s *Server) letIn(ctx context.Context, k facade.Kept) (facade.Replayed, error) {
	return s.facade.Replay(ctx, k)
}

// Core is the service behind the listeners, for commands that run in the same process.
func (s *Server) Core() *fulfil.Service { return s.core }

// Started is closed once every listener listens.
func (s *Server) Started() <-chan struct{} { return s.started }

// Addr returns the address at which a listener listens, after Started; empty before. With port 0 it tells the port.
func (s *Server) Addr(name string) string {
	select {
	case <-s.started:
	default:
		return ""
	}
	for _, d := range s.listeners {
		if d.name == name {
			return d.socket.Addr().String()
		}
	}
	return ""
}

// Run listens, serves and works until ctx ends or a listener fails, then stops in order: not ready, and after the shutdown delay
// HTTP listeners, gRPC, jobs, ops, and last the deps. Run returns nil after a stop that ctx asked for.
func (s *Server) Run(ctx context.Context) (err error) {
	grace := sync.OnceValue(func() context.Context { return s.grace(ctx) })
	defer func() { err = errors.Join(err, s.release(grace())) }()
	if err := s.readClock(ctx); err != nil { // before anything is written by it
		s.deps.Log.WarnContext(ctx, "the database's clock was not read; this machine's is taken until it is", "error", err)
	}
	if err := s.listen(ctx); err != nil {
		return err
	}
	close(s.started)
	for _, d := range s.listeners {
		s.deps.Log.InfoContext(ctx, "listening", "listener", d.name, "addr", d.socket.Addr().String(), "tls", d.tls)
	}
	group, running := errgroup.WithContext(ctx)
	jobs, stopJobs := context.WithCancel(telemetry.As(access.Own(context.WithoutCancel(ctx)), telemetry.RoleJobs))
	defer stopJobs()
	var workers errgroup.Group
	looks := s.progress.follow(shown(nobody), "follow the sellers", false, sellersLate)
	workers.Go(func() error {
		s.deps.Sellers.Run(jobs, func() { looks.completed(sellersLate) })
		return nil
	})
	if s.cfg.Jobs.Enabled {
		workers.Go(func() error {
			s.keepTeams(jobs)
			return nil
		})
		if ending := s.login.Ending(); ending != nil {
			ends := s.progress.follow(shown(nobody), "end logins", false, roundLate)
			workers.Go(func() error { return ending.Run(jobs, func() { ends.completed(roundLate) }) })
		}
	}
	workers.Go(func() error {
		s.keepTime(jobs)
		return nil
	})
	compared, over := context.WithCancel(context.WithoutCancel(jobs))
	workers.Go(func() error {
		defer over()
		s.compareShadows(jobs)
		<-jobs.Done()
		return nil
	})
	workers.Go(func() error { // writes what is left when the jobs end, which is after the listeners that take calls and after what hands them on late
		s.calls.Run(compared)
		return nil
	})
	workers.Go(func() error {
		s.missOldServers(jobs)
		return nil
	})
	if s.jwts != nil {
		workers.Go(func() error {
			s.jwts.Run(jobs)
			return nil
		})
	}
	for listener, k := range s.certificates {
		workers.Go(func() error {
			s.keepCertificate(jobs, listener, k)
			return nil
		})
	}
	workers.Go(func() error {
		s.progress.alarm(jobs, s.deps.Log)
		return nil
	})
	for _, d := range s.listeners {
		group.Go(func() error {
			if err := d.serve(d.socket); err != nil {
				return fmt.Errorf("server: listener %s: %w", d.name, err)
			}
			return nil
		})
	}
	group.Go(func() error {
		<-running.Done()
		s.leave(ctx)
		s.stop(grace(), func() error {
			stopJobs()
			return workers.Wait()
		})
		return nil
	})
	return group.Wait()
}

// listen opens every listener or none.
func (s *Server) listen(ctx context.Context) error {
	var lc net.ListenConfig
	for i, d := range s.listeners {
		l, err := lc.Listen(ctx, "tcp", d.addr)
		if err != nil {
			for _, open := range s.listeners[:i] {
				_ = open.socket.Close()
			}
			return fmt.Errorf("server: listener %s: %w", d.name, err)
		}
		d.socket = l
	}
	return nil
}
