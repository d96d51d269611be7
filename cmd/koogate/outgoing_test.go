// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/koogate/koogate/store/backendtest"
)

// TestASilentMarketplaceConnection: HTTP/2 has one connection for all calls. When it falls silent, calls go on by a new one within
// seconds instead of failing until the kernel gives the old one up.
func TestASilentMarketplaceConnection(t *testing.T) {
	t.Parallel()
	var version string
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { version = r.Proto }))
	srv.EnableHTTP2 = true
	srv.StartTLS()
	t.Cleanup(srv.Close)
	proxy := backendtest.NewProxy(t, srv.Listener.Addr().String())
	transport := outgoing()
	t.Cleanup(transport.CloseIdleConnections)
	transport.TLSClientConfig.RootCAs = srv.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	transport.TLSClientConfig.ServerName = "example.com"
	call := func() error {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+proxy.Addr(), nil)
		if err != nil {
			return err
		}
		resp, err := transport.RoundTrip(r)
		if err == nil {
			_ = resp.Body.Close()
		}
		return err
	}
	if err := call(); err != nil || version != "HTTP/2.0" {
		t.Fatalf("%s: %v", version, err)
	}
	if n := proxy.Silence(); n != 1 {
		t.Fatalf("%d connections", n)
	}
	began := time.Now()
	for call() != nil {
		if time.Since(began) > 30*time.Second {
			t.Fatal("no call is answered 30 s after the connection fell silent")
		}
	}
	t.Logf("answered %s after the silence", time.Since(began))
}
