// SPDX-License-Identifier: Apache-2.0

package server

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/koogate/koogate/server/config"
)

var opsLimits = limits{header: 5 * time.Second, read: 5 * time.Second, write: 30 * time.Second, body: 1 << 10}

// opsListener serves health and metrics. /healthz says that the process lives, /readyz that it can do its work: a load
// balancer asks the second, a supervisor that restarts asks the first.
func (s *Server) opsListener() *listener {
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
	return httpListener(config.ListenerOps, s.cfg.Listen.Ops, s.parting(plainHeaders(mux)), opsLimits, s.certificates[config.ListenerOps], s.deps.Log)
}
