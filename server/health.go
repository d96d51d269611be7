// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/koogate/koogate/store"
)

// pingLimit is how long a dependency may take to answer a readiness probe.
const pingLimit = 2 * time.Second

// probeLife is how long an answer of the database serves later probes.
const probeLife = 2 * time.Second

// Below these bounds of free space the disk of the database is low, or as good as full: SQLite's log takes up to 64 MiB.
const (
	diskLow  = 256 << 20
	diskFull = 16 << 20
)

// The words of /readyz.
const (
	stateOK       = "ok"
	stateDegraded = "degraded" // slower or less thrifty, but right; still ready
	stateFailing  = "failing"  // not ready
	stateOff      = "off"      // not wanted in this process
	stateStopping = "stopping" // not ready
)

// readiness is the answer of /readyz.
type readiness struct {
	Status string           `json:"status"`
	Checks map[string]check `json:"checks"`
}

type check struct {
	Status string `json:"status"`
	Detail string `json:"detail,omitempty"`
}

// readiness asks every dependency. The database decides, and is asked to write; without Redis the service goes on. A database
// that only reads still answers queries and repeats, here as at every other replica, so the process stays ready.
func (s *Server) readiness(ctx context.Context) (answer readiness, ready bool) {
	ctx, cancel := context.WithTimeout(ctx, pingLimit)
	defer cancel()
	checks := map[string]check{
		"database": s.ping(ctx, "database", s.write, check{stateFailing, "does not take a write; the log has the cause"}),
		"redis":    s.ping(ctx, "redis", s.deps.Guard.Ping, check{stateDegraded, "does not answer; calls go on without it"}),
		"jobs":     s.jobsCheck(),
		"clock":    s.clockCheck(),
		"server":   {Status: stateOK},
	}
	if jobs := checks["jobs"]; jobs.Status == stateFailing && checks["database"].Status == stateDegraded {
		checks["jobs"] = check{stateDegraded, jobs.Detail} // nobody's jobs can lease
	}
	if disk, ok := s.deps.Store.(store.Disk); ok {
		checks["disk"] = s.diskCheck(ctx, disk)
	}
	if over(s.leaving) {
		checks["server"] = check{stateStopping, "takes no new work"}
	}
	answer = readiness{Status: stateOK, Checks: checks}
	ready = true
	for _, c := range checks {
		switch c.Status {
		case stateFailing, stateStopping:
			answer.Status, ready = c.Status, false
		case stateDegraded:
			if ready {
				answer.Status = stateDegraded
			}
		}
	}
	return answer, ready
}

func (s *Server) ping(ctx context.Context, name string, ping func(context.Context) error, away check) check {
	if err := ping(ctx); err != nil {
		if errors.Is(err, store.ErrReadOnly) {
			away = check{stateDegraded, "takes no writes; queries and repeats are answered"}
		}
		s.deps.Log.WarnContext(ctx, "dependency does not answer", "dependency", name, "error", err)
		return away
	}
	return check{Status: stateOK}
}

func (s *Server) jobsCheck() check {
	if !s.cfg.Jobs.Enabled {
		return check{stateOff, "order queries are left to other replicas"}
	}
	return s.progress.check()
}

// diskCheck says whether there is room where the database is. A change that finds none fails whole, so nothing is lost; what
// helps is more room.
func (s *Server) diskCheck(ctx context.Context, disk store.Disk) check {
	free, err := disk.Free()
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		return check{stateOff, "the free space cannot be read on this system"}
	case err != nil:
		s.deps.Log.WarnContext(ctx, "the free space of the database's disk cannot be read", "error", err)
		return check{stateDegraded, "the free space cannot be read"}
	case free < diskFull:
		return check{stateFailing, fmt.Sprintf("%d MiB free where the database is", free>>20)}
	case free < diskLow:
		return check{stateDegraded, fmt.Sprintf("%d MiB free where the database is", free>>20)}
	}
	return check{Status: stateOK}
}

// write asks the database to write.
func (s *Server) write(ctx context.Context) error { return s.probe.fresh(ctx, s.deps.Clock.Now) }

// probe asks the database to write, for all probes that come within a moment together: they cost the disk one write.
type probe struct {
	ask func(context.Context) error

	turn sync.Mutex
	at   time.Time // when the answer was fetched
	err  error
}

// fresh returns an answer that is no older than probeLife.
func (p *probe) fresh(ctx context.Context, now func() time.Time) error {
	p.turn.Lock()
	defer p.turn.Unlock()
	if age := now().Sub(p.at); age >= 0 && age < probeLife {
		return p.err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), pingLimit) // others rely on the answer, too
	defer cancel()
	p.err = p.ask(ctx)
	p.at = now()
	return p.err
}

func writeJSON(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(v)
}
