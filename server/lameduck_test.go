// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"net/http"
	"testing"
	"time"

	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/config"
)

// TestALameDuckServesOn: a stop is told by readiness and by gRPC's health first. For the delay every listener serves on and asks
// its clients to come by a new connection; only then the listeners close.
func TestALameDuckServesOn(t *testing.T) {
	const delay = 1500 * time.Millisecond
	r := start(t, func(cfg *config.Config, _ *server.Deps) { cfg.ShutdownDelay = delay })
	health := healthpb.NewHealthClient(r.dial(""))
	keeps := &http.Client{Transport: &http.Transport{}}
	defer keeps.CloseIdleConnections()
	closes := func(listener, path string) bool {
		resp, err := keeps.Get("http://" + r.Addr(listener) + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp.Close
	}
	for _, listener := range []string{config.ListenerFacade, config.ListenerAPI, config.ListenerOps} {
		if closes(listener, "/healthz") {
			t.Errorf("%s closes connections while it is ready", listener)
		}
	}
	began := time.Now()
	stopped := make(chan error, 1)
	go func() { stopped <- r.stop() }()
	eventually(t, "not ready", func() bool {
		code, body, _ := r.http(config.ListenerOps, http.MethodGet, "/readyz", "", "")
		return code == 503 && readyWords(t, body) == "database=ok jobs=ok redis=ok server=stopping → stopping"
	})
	if m, err := health.Check(t.Context(), &healthpb.HealthCheckRequest{Service: "koogate.v1.TaskService"}); err != nil || m.GetStatus() != healthpb.HealthCheckResponse_NOT_SERVING {
		t.Errorf("gRPC health: %v %v", m, err)
	}
	for _, listener := range []string{config.ListenerFacade, config.ListenerAPI, config.ListenerOps} {
		if !closes(listener, "/healthz") {
			t.Errorf("%s keeps connections while it stops", listener)
		}
	}
	if a := r.mustCall("linked", newInstance("CS1")); a.ResultCode != "000000" {
		t.Errorf("a call meanwhile: %+v", a)
	}
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < delay || took > delay+5*time.Second {
		t.Errorf("stopped after %s", took)
	}
}
