// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"crypto/tls"
	"io"
	"net/http"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/access"
	"github.com/koogate/koogate/server/config"
)

// TestACertificateIsAPrincipal: a client whose certificate a seller names needs no token, may do what its scopes say by gRPC and by
// REST, and nothing else; a token that it shows as well decides, and must be of the same seller.
func TestACertificateIsAPrincipal(t *testing.T) {
	ca := newAuthority(t)
	r := start(t, withoutJobs, func(cfg *config.Config, _ *server.Deps) {
		cfg.Listeners.API.TLS, cfg.Listeners.GRPC.TLS = ca.demanding(t, "api"), ca.demanding(t, "grpc")
		cfg.Sellers[0].Certificates = []config.Certificate{
			{Name: "crm-worker", Subject: "CN=worker", Scopes: []string{"worker"}, Queues: []string{"crm"}},
			{Name: "viewer", Subject: "CN=viewer", Scopes: []string{"read"}},
		}
	})
	shows := func(name string) *tls.Config {
		return &tls.Config{RootCAs: ca.pool(), Certificates: []tls.Certificate{ca.client(name)}, MinVersion: tls.VersionTLS12}
	}
	for name, has := range map[string][]access.Scope{"worker": {access.Worker}, "viewer": {access.Read}, "stranger": nil} {
		walk(t, func() *grpc.ClientConn { return r.dialTLS(shows(name)) }, name, has)
	}
	for _, c := range []struct {
		name, token, path string
		status            int
	}{
		{"viewer", "", "/v1/orders", 200}, {"worker", "", "/v1/orders", 403}, {"stranger", "", "/v1/orders", 401}, {"stranger", acmeToken, "/v1/orders", 200},
		{"worker", acmeToken, "/v1/orders", 200}, {"viewer", directoryToken, "/v1/orders", 403}, {"viewer", otherToken, "/v1/orders", 401}, {"viewer", "no-such-token", "/v1/orders", 401},
	} {
		if status, text := r.byREST(t, shows(c.name), c.token, c.path); status != c.status {
			t.Errorf("%s with the token %q: %d %s, want %d", c.name, c.token, status, text, c.status)
		}
	}
	conn := r.dialTLS(shows("worker"))
	defer func() { _ = conn.Close() }()
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+otherToken)
	if _, err := koogatev1.NewTaskServiceClient(conn).LeaseTasks(ctx, &koogatev1.LeaseTasksRequest{Queue: "crm", WorkerId: "w"}); err == nil {
		t.Error("a certificate lets a token of another seller pass")
	}
	r.completeBy(t, koogatev1.NewTaskServiceClient(conn))
	if row := r.auditRows(t)[0]; row.Actor != "certificate crm-worker" || row.Kind != "certificate" || row.Action != "koogate.v1.TaskService/CompleteTask" {
		t.Errorf("%+v", row)
	}
}

// completeBy has a worker lease the create task of an order and complete it.
func (r *rig) completeBy(t *testing.T, tasks koogatev1.TaskServiceClient) {
	t.Helper()
	r.admit(t, "CS1")
	leased, err := tasks.LeaseTasks(t.Context(), &koogatev1.LeaseTasksRequest{Queue: "crm", WorkerId: "w"})
	if err != nil || len(leased.GetTasks()) != 1 {
		t.Fatalf("%v, %v", leased, err)
	}
	if _, err := tasks.CompleteTask(t.Context(), completion(leased.GetTasks()[0])); err != nil {
		t.Fatal(err)
	}
}

// byREST fetches a page over TLS, with a token or without.
func (r *rig) byREST(t *testing.T, c *tls.Config, token, path string) (status int, text string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+r.Addr(config.ListenerAPI)+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := (&http.Client{Transport: &http.Transport{TLSClientConfig: c, DisableKeepAlives: true}}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}
