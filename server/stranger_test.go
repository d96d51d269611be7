// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"net/http"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.yaml.in/yaml/v3"
	"google.golang.org/grpc/metadata"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/config"
)

// strangersTrace is a trace context that somebody outside names.
const (
	strangersTrace       = "0af7651916cd43dd8448eb211c80319c"
	strangersTraceparent = "00-" + strangersTrace + "-b7ad6b7169203331-01"
)

// A caller without a token of the file starts no span and continues no trace, by gRPC and by REST; one with a token continues
// its own. The marketplace's calls belong to their order's trace, whatever headers they carry.
func TestAStrangersTraceparentIsIgnored(t *testing.T) {
	exported := kept{tracetest.NewInMemoryExporter()}
	r := start(t, tracedBy(t, exported), withoutJobs)
	list := func(token string) {
		ctx := metadata.AppendToOutgoingContext(t.Context(), "traceparent", strangersTraceparent)
		_, err := koogatev1.NewOrderServiceClient(r.dial(token)).ListOrders(ctx, &koogatev1.ListOrdersRequest{})
		if (err == nil) != (token == acmeToken) {
			t.Errorf("token %q: %v", token, err)
		}
		if code := r.traced(http.MethodGet, config.ListenerAPI, "/v1/orders", token, ""); (code == http.StatusOK) != (token == acmeToken) {
			t.Errorf("token %q: HTTP %d", token, code)
		}
	}
	list("")
	list("not-a-token-0123456789abcdef0123456789")
	const ask = `{"activity":"queryInstance","instanceId":"none"}`
	signed, err := sign.SignURL("https://any.example/produce/linked", acmeKey, "nonce", r.deps.Clock.Now(), []byte(ask))
	if err != nil {
		t.Fatal(err)
	}
	r.traced(http.MethodPost, config.ListenerFacade, strings.TrimPrefix(signed, "https://any.example"), "", ask)
	r.traced(http.MethodPost, config.ListenerFacade, "/produce/linked?signature=x&timestamp=1&nonce=2", "", ask)
	flush := func() tracetest.SpanStubs {
		t.Helper()
		if err := r.deps.Telemetry.ForceFlush(t.Context()); err != nil {
			t.Fatal(err)
		}
		return exported.GetSpans()
	}
	called := false
	for _, s := range flush() {
		called = called || s.Name == "callback queryInstance"
		if s.SpanContext.TraceID().String() == strangersTrace || s.Parent.TraceID().String() == strangersTrace {
			t.Errorf("%s continues the stranger's trace", s.Name)
		}
		if s.Name == "koogate.v1.OrderService/ListOrders" {
			t.Error("a call without a token has a span")
		}
	}
	if !called {
		t.Error("the marketplace's call has no span")
	}
	list(acmeToken)
	continued := 0
	for _, s := range flush() {
		if s.SpanContext.TraceID().String() == strangersTrace && s.Name == "koogate.v1.OrderService/ListOrders" {
			continued++
		}
	}
	if continued != 2 {
		t.Errorf("%d calls with a token continue their trace, want one by gRPC and one by REST", continued)
	}
}

// traced sends a request with a trace context and returns the status.
func (r *rig) traced(method, listener, path, token, body string) int {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, "http://"+r.Addr(listener)+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("traceparent", strangersTraceparent)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		r.t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// The address in the log of a refused call is that of the caller: what a trusted proxy says, and what anybody else says not.
func TestARefusedCallIsLoggedWithItsCaller(t *testing.T) {
	for _, trusted := range []bool{true, false} {
		want := "127.0.0.1"
		r := start(t, withoutJobs, func(cfg *config.Config, _ *server.Deps) {
			if trusted {
				cfg.TrustedProxies, want = []string{"127.0.0.1", "10.0.0.0/8"}, "198.51.100.1"
			}
		})
		for _, path := range []string{config.ListenerFacade + "/produce/linked?signature=x&timestamp=1&nonce=2", config.ListenerAPI + "/v1/orders"} {
			listener, path, _ := strings.Cut(path, "/")
			method := http.MethodGet
			if listener == config.ListenerFacade {
				method = http.MethodPost
			}
			req, err := http.NewRequestWithContext(t.Context(), method, "http://"+r.Addr(listener)+"/"+path, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("X-Forwarded-For", "6.6.6.6, 198.51.100.1, 10.7.7.7")
			transport := &http.Transport{DisableKeepAlives: true}
			resp, err := transport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			transport.CloseIdleConnections()
		}
		ctx := metadata.AppendToOutgoingContext(t.Context(), "x-forwarded-for", "6.6.6.6, 198.51.100.1, 10.7.7.7")
		if _, err := koogatev1.NewOrderServiceClient(r.dial("wrong")).ListOrders(ctx, &koogatev1.ListOrdersRequest{}); err == nil {
			t.Fatal("somebody got in")
		}
		if log := r.log.String(); strings.Count(log, "client="+want+"\n")+strings.Count(log, "client="+want+" ") != 3 || strings.Contains(log, "6.6.6.6") {
			t.Errorf("trusted %t: want three refusals of %s in\n%s", trusted, want, log)
		}
	}
}

// The API's description names the address under which callers reach the listener.
func TestTheDescriptionNamesThePublicAddress(t *testing.T) {
	r := start(t, withoutJobs, func(cfg *config.Config, _ *server.Deps) {
		cfg.Listeners.API.PublicURL = "https://api.example.com/koogate/"
	})
	_, text, _ := r.http(config.ListenerAPI, http.MethodGet, "/openapi.yaml", "", "")
	var d struct{ Servers []struct{ URL string } }
	if err := yaml.Unmarshal([]byte(text), &d); err != nil || len(d.Servers) != 1 || d.Servers[0].URL != "https://api.example.com/koogate" {
		t.Errorf("%+v, %v", d, err)
	}
}
