// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/store"
)

// watch opens a health watch, which stays open until the server ends it.
func watch(t *testing.T, r *rig) {
	t.Helper()
	stream, err := healthpb.NewHealthClient(r.dial("")).Watch(t.Context(), &healthpb.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if m, err := stream.Recv(); err != nil || m.GetStatus() != healthpb.HealthCheckResponse_SERVING {
		t.Fatalf("got %v, %v", m, err)
	}
}

// awayStore and awayGuard do not answer probes.
type awayStore struct{ store.Store }

func (awayStore) Ping(context.Context) error { return errors.New("canary-dsn is away") }

type awayGuard struct{ store.Guard }

func (awayGuard) Ping(context.Context) error { return errors.New("away") }

func TestReadiness(t *testing.T) {
	for name, c := range map[string]struct {
		option option
		code   int
		want   string
	}{
		"all well":   {func(*config.Config, *server.Deps) {}, 200, "database=ok jobs=ok redis=ok server=ok → ok"},
		"no jobs":    {withoutJobs, 200, "database=ok jobs=off redis=ok server=ok → ok"},
		"redis away": {func(_ *config.Config, d *server.Deps) { d.Guard = awayGuard{d.Guard} }, 200, "database=ok jobs=ok redis=degraded server=ok → degraded"},
		"database away": {func(_ *config.Config, d *server.Deps) {
			d.Store, d.Guard = awayStore{d.Store}, awayGuard{d.Guard}
		}, 503, "database=failing jobs=ok redis=degraded server=ok → failing"},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, c.option)
			if code, _, _ := r.http(config.ListenerOps, http.MethodGet, "/healthz", "", ""); code != 200 {
				t.Errorf("/healthz answers %d", code)
			}
			code, body, _ := r.http(config.ListenerOps, http.MethodGet, "/readyz", "", "")
			if got := readyWords(t, body); code != c.code || got != c.want {
				t.Fatalf("got %d %s, want %d %s", code, got, c.code, c.want)
			}
			if strings.Contains(body, "canary") {
				t.Error("a driver's text in the answer")
			}
		})
	}
}

func readyWords(t *testing.T, body string) string {
	t.Helper()
	var a struct {
		Status string
		Checks map[string]struct{ Status string }
	}
	if err := json.Unmarshal([]byte(body), &a); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	var b strings.Builder
	for _, name := range []string{"database", "jobs", "redis", "server"} {
		b.WriteString(name + "=" + a.Checks[name].Status + " ")
	}
	return b.String() + "→ " + a.Status
}

func TestMetrics(t *testing.T) {
	r := start(t)
	r.mustCall("linked", newInstance("CS1"))
	code, body, _ := r.http(config.ListenerOps, http.MethodGet, "/metrics", "", "")
	if code != 200 || !strings.Contains(body, "koogate_tasks_total") || !strings.Contains(body, "koogate_facade_calls_total") {
		t.Fatalf("got %d %s", code, body)
	}
	if code, _, _ := r.http(config.ListenerOps, http.MethodGet, "/debug/pprof/", "", ""); code != 404 {
		t.Errorf("pprof answers %d", code)
	}
}
