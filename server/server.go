package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"slices"
	"sync"
	"sync/atomic"

	"buf.build/go/protovalidate"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/koogate/koogate/server/api/production"
	v1 "github.com/koogate/koogate/server/api/v1"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/directory"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/gap"
	"github.com/koogate/koogate/server/licence"
	"github.com/koogate/koogate/server/quota"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/server/usage"
	"github.com/koogate/koogate/store"
)

// Deps are what the server works with; all are required. Run releases Store, Guard and Telemetry at its end.
type Deps struct {
	Store       store.Store
	Ledger      store.UsageStore // over the same database as Store
	Guard       store.Guard
	Sealer      fulfil.Sealer
	Marketplace fulfil.Marketplace
	Pusher      usage.Pusher
	Codes       licence.Codes
	Clock       clock.Clock
	NewID       func() string // time-ordered unique IDs (UUIDv7)
	Password    func() string // a fresh random password for template provisioners
	Telemetry   *telemetry.Provider
	Metrics     *telemetry.Metrics
	Gatherer    prometheus.Gatherer // what /metrics shows
	Log         *slog.Logger
}

// Server is a configured Koogate. It runs once.
type Server struct {
	cfg  Config
	deps Deps

	core      *fulfil.Service
	gaps      *gap.Service
	usage     *usage.Service
	quotas    *quota.Service
	licences  *licence.Service
	doors     []*door
	started   chan struct{} // closed when every door listens
	draining  chan struct{} // closed when the stop begins
	drainOnce sync.Once
	working   atomic.Int64 // sellers whose jobs run
}

// New wires a server. The configuration must be valid as far as it concerns the doors and the core; backends come as
// deps. Errors: Faults. After an error the deps are still the caller's.
func New(cfg Config, d Deps) (*Server, error) {
	if problems := cfg.checkServing(); len(problems) > 0 {
		return nil, Faults(problems)
	}
	s := &Server{cfg: cfg, deps: d, started: make(chan struct{}), draining: make(chan struct{})}
	s.gaps = gap.New(gap.Deps{Store: d.Store, Clock: d.Clock, Metrics: d.Metrics, Log: d.Log})
	var err error
	s.core, err = cfg.CoreService(fulfil.Deps{
		Store: d.Store, Guard: d.Guard, Sealer: d.Sealer, Marketplace: d.Marketplace, Clock: d.Clock, NewID: d.NewID,
		Password: d.Password, Gaps: s.gaps, Tracer: d.Telemetry.Tracer(), Metrics: d.Metrics, Log: d.Log,
	})
	if err != nil {
		return nil, err
	}
	validator, err := protovalidate.New()
	if err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	settings, err := cfg.settings()
	if err != nil {
		return nil, err
	}
	s.usage = cfg.UsageService(usage.Deps{
		Store: d.Store, Ledger: d.Ledger, Pusher: d.Pusher, Recorder: s.core, Gaps: s.gaps, Clock: d.Clock, Tracer: d.Telemetry.Tracer(),
		Metrics: d.Metrics, Log: d.Log,
	})
	s.quotas = quota.New(quota.Deps{
		Ledger: d.Ledger, Instances: d.Store, Stopper: s.core, Windows: s.usage, Contents: cfg.contents(), Gaps: s.gaps, Clock: d.Clock,
	})
	s.licences = licence.New(licence.Deps{Store: d.Ledger, Codes: d.Codes, Sealer: d.Sealer, Clock: d.Clock})
	entries := directory.New(directory.Deps{Store: d.Store, Recorder: s.core, Sealer: d.Sealer, Clock: d.Clock})
	services := services{
		internal: v1.New(v1.Options{
			Core: s.core, Directory: entries, Usage: s.usage, Quotas: s.quotas, Licences: s.licences, Validator: validator, Log: d.Log,
			Draining: s.draining,
		}),
		production: production.Deps{
			Core: s.core, Directory: entries, Usage: filledUsage{s.usage, s.quotas}, Endpoints: settings, Guard: d.Guard, Clock: d.Clock, Metrics: d.Metrics, Log: d.Log,
		},
		chains: newChains(d, validator),
	}
	if services.tokens, err = cfg.auth(); err != nil {
		return nil, err
	}
	facade, err := s.facadeDoor(services)
	if err != nil {
		return nil, err
	}
	api, err := s.apiDoor(services)
	if err != nil {
		return nil, err
	}
	s.doors = []*door{facade, api, s.grpcDoor(services), s.opsDoor()}
	return s, nil
}

// Core is the service behind the doors, for commands that run in the same process.
func (s *Server) Core() *fulfil.Service { return s.core }

// Started is closed once every door listens.
func (s *Server) Started() <-chan struct{} { return s.started }

// The names of the doors.
const (
	DoorFacade = "facade"
	DoorAPI    = "api"
	DoorGRPC   = "grpc"
	DoorOps    = "ops"
)

// Addr returns the address at which a door listens, after Started; empty before. With port 0 it tells the port.
func (s *Server) Addr(name string) string {
	select {
	case <-s.started:
	default:
		return ""
	}
	for _, d := range s.doors {
		if d.name == name {
			return d.listener.Addr().String()
		}
	}
	return ""
}

// Run listens, serves and works until ctx ends or a door fails, then stops in order: not ready, HTTP doors, gRPC, jobs, ops,
// and last the deps. Run returns nil after a stop that ctx asked for.
func (s *Server) Run(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, s.release(ctx)) }()
	if err := s.listen(ctx); err != nil {
		return err
	}
	close(s.started)
	for _, d := range s.doors {
		s.deps.Log.InfoContext(ctx, "listening", "door", d.name, "addr", d.listener.Addr().String(), "tls", d.tls)
	}
	group, running := errgroup.WithContext(ctx)
	jobs, stopJobs := context.WithCancel(context.WithoutCancel(ctx))
	defer stopJobs()
	var workers errgroup.Group
	for _, j := range s.jobs() {
		s.working.Add(1)
		workers.Go(func() error {
			defer s.working.Add(-1)
			if _, push := j.Handlers[fulfil.QueueUsagePush]; push {
				workers.Go(func() error {
					s.usage.KeepArmed(jobs, j.Seller)
					return nil
				})
			}
			return s.core.RunJobs(jobs, j)
		})
	}
	for _, r := range s.rounds() {
		workers.Go(func() error {
			r.run(jobs, s.deps.Clock, s.deps.Log)
			return nil
		})
	}
	for _, d := range s.doors {
		group.Go(func() error {
			if err := d.serve(d.listener); err != nil {
				return fmt.Errorf("server: door %s: %w", d.name, err)
			}
			return nil
		})
	}
	group.Go(func() error {
		<-running.Done()
		s.stop(ctx, func() error {
			stopJobs()
			return workers.Wait()
		})
		return nil
	})
	return group.Wait()
}

// listen opens every door or none.
func (s *Server) listen(ctx context.Context) error {
	var lc net.ListenConfig
	for i, d := range s.doors {
		l, err := lc.Listen(ctx, "tcp", d.addr)
		if err != nil {
			for _, open := range s.doors[:i] {
				_ = open.listener.Close()
			}
			return fmt.Errorf("server: door %s: %w", d.name, err)
		}
		d.listener = l
	}
	return nil
}

// drain makes the server not ready and ends waiting leases.
func (s *Server) drain() { s.drainOnce.Do(func() { close(s.draining) }) }

func (s *Server) isDraining() bool {
	select {
	case <-s.draining:
		return true
	default:
		return false
	}
}

// stop closes the doors in order, each within what is left of the grace period. Jobs come after the doors that wait for
// them, and ops last, so that a probe can see the stop.
func (s *Server) stop(ctx context.Context, jobs func() error) {
	s.deps.Log.InfoContext(ctx, "stopping", "grace", s.cfg.ShutdownGrace)
	s.drain()
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.ShutdownGrace)
	defer cancel()
	for _, d := range s.doors {
		if d.name == DoorOps {
			if err := jobs(); err != nil {
				s.deps.Log.WarnContext(ctx, "jobs did not end cleanly", "error", err)
			}
		}
		if err := d.stop(grace); err != nil {
			s.deps.Log.WarnContext(ctx, "a door was closed while calls were running; their answers are lost, their effects remain",
				"door", d.name, "error", err)
		}
	}
}

// release gives the deps back: store, guard, telemetry.
func (s *Server) release(ctx context.Context) error {
	flush, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.ShutdownGrace)
	defer cancel()
	return errors.Join(s.deps.Store.Close(), s.deps.Guard.Close(), s.deps.Telemetry.Shutdown(flush))
}

// jobs are this process's own work, by seller: the order queries, the licence uploads, the usage pushes and the template
// provisioners.
func (s *Server) jobs() []fulfil.Jobs {
	if !s.cfg.Jobs.Enabled {
		return nil
	}
	handlers := map[string]fulfil.Handler{
		fulfil.QueueOrderQuery: s.core.RunOrderQuery, fulfil.QueueLicenceUpload: s.core.RunLicenceUpload,
		fulfil.QueueUsagePush: s.usage.RunPush,
	}
	for _, p := range s.cfg.Provisioners {
		if p.Type == ProvisionerTemplate {
			handlers[p.Name] = s.core.RunTemplate(fulfil.Template(p.Template))
		}
	}
	worker := "koogate/" + s.deps.NewID()
	var list []fulfil.Jobs
	for _, seller := range s.cfg.Sellers {
		list = append(list, fulfil.Jobs{
			Seller: seller.Name, Handlers: maps.Clone(handlers), Worker: worker, Concurrency: s.cfg.Jobs.Concurrency,
		})
	}
	return slices.Clip(list)
}
