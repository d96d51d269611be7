package server

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

var opsLimits = limits{header: 5 * time.Second, read: 5 * time.Second, write: 30 * time.Second, body: 1 << 10}

// pingLimit is how long a dependency may take to answer a readiness probe.
const pingLimit = 2 * time.Second

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

// opsDoor serves health and metrics. /healthz says that the process lives, /readyz that it can do its work: a load
// balancer asks the second, a supervisor that restarts asks the first.
func (s *Server) opsDoor() *door {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]string{"status": stateOK})
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		answer, ready := s.readiness(r.Context())
		code := http.StatusOK
		if !ready {
			code = http.StatusServiceUnavailable
		}
		writeJSON(w, code, answer)
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.deps.Gatherer, promhttp.HandlerOpts{}))
	return httpDoor(DoorOps, s.cfg.Listen.Ops, plainHeaders(mux), opsLimits, TLS{}, s.deps.Log)
}

// readiness asks every dependency. The database decides; without Redis the service goes on.
func (s *Server) readiness(ctx context.Context) (answer readiness, ready bool) {
	ctx, cancel := context.WithTimeout(ctx, pingLimit)
	defer cancel()
	checks := map[string]check{
		"database": s.ping(ctx, "database", s.deps.Store.Ping, check{stateFailing, "does not answer; the log has the cause"}),
		"redis":    s.ping(ctx, "redis", s.deps.Guard.Ping, check{stateDegraded, "does not answer; calls go on without it"}),
		"jobs":     s.jobsCheck(),
		"clock":    s.clockCheck(),
		"server":   {Status: stateOK},
	}
	if s.isDraining() {
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
		s.deps.Log.WarnContext(ctx, "dependency does not answer", "dependency", name, "error", err)
		return away
	}
	return check{Status: stateOK}
}

func (s *Server) jobsCheck() check {
	switch want := int64(len(s.cfg.Sellers)); {
	case !s.cfg.Jobs.Enabled:
		return check{stateOff, "order queries are left to other replicas"}
	case s.working.Load() < want:
		return check{stateFailing, "not every seller's jobs run"}
	}
	return check{Status: stateOK}
}

func writeJSON(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(v)
}
