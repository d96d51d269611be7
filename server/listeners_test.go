// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/clock/clocktest"
	"github.com/koogate/koogate/server/config"
)

// fetch gets a page over TLS, on a connection of its own.
func (r *rig) fetch(listener, path string, c *tls.Config) (int, string, error) {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "https://"+r.Addr(listener)+path, http.NoBody)
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Authorization", "Bearer "+acmeToken)
	transport := &http.Transport{DisableKeepAlives: true, TLSClientConfig: c.Clone(), ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), err
}

// orders lists orders by gRPC over TLS.
func (r *rig) orders(ctx context.Context, conn *grpc.ClientConn) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	_, err := koogatev1.NewOrderServiceClient(conn).ListOrders(
		metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+acmeToken), &koogatev1.ListOrdersRequest{})
	return err
}

func (r *rig) dialTLS(c *tls.Config) *grpc.ClientConn {
	conn, err := grpc.NewClient(r.Addr(config.ListenerGRPC), grpc.WithTransportCredentials(credentials.NewTLS(c)))
	if err != nil {
		r.t.Fatal(err)
	}
	return conn
}

// serial is the serial number of the certificate that a listener shows; 0 when it shows none.
func (r *rig) serial(listener string, c *tls.Config) int64 {
	c = c.Clone()
	c.NextProtos = []string{"h2", "http/1.1"}
	conn, err := tls.Dial("tcp", r.Addr(listener), c)
	if err != nil {
		return 0
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

// Every private listener with a certificate speaks TLS and nothing else; with client_ca_file it answers only those who show a
// certificate of that authority.
func TestPrivateListenersSpeakTLS(t *testing.T) {
	ca, foreign := newAuthority(t), newAuthority(t)
	r := start(t, withoutJobs, func(cfg *config.Config, _ *server.Deps) {
		cfg.Listeners.API.TLS, cfg.Listeners.GRPC.TLS = ca.demanding(t, "api"), ca.demanding(t, "grpc")
		cfg.Listeners.Ops.TLS = ca.files(t, "ops")
	})
	own := &tls.Config{RootCAs: ca.pool(), Certificates: []tls.Certificate{ca.client("worker")}, MinVersion: tls.VersionTLS12}
	none := &tls.Config{RootCAs: ca.pool(), MinVersion: tls.VersionTLS12}
	other := &tls.Config{RootCAs: ca.pool(), Certificates: []tls.Certificate{foreign.client("worker")}, MinVersion: tls.VersionTLS12}
	old := &tls.Config{RootCAs: ca.pool(), Certificates: own.Certificates, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	for name, c := range map[string]*tls.Config{"with a certificate": own, "without one": none, "with a foreign one": other, "with TLS 1.1": old} {
		code, _, err := r.fetch(config.ListenerAPI, "/v1/orders", c)
		if answered := err == nil && code == http.StatusOK; answered != (c == own) {
			t.Errorf("api, %s: %d, %v", name, code, err)
		}
		conn := r.dialTLS(c)
		if err := r.orders(t.Context(), conn); (err == nil) != (c == own) || c != own && status.Code(err) != codes.Unavailable {
			t.Errorf("grpc, %s: %v", name, err)
		}
		_ = conn.Close()
		code, _, err = r.fetch(config.ListenerOps, "/healthz", c)
		if answered := err == nil && code == http.StatusOK; answered != (c != old) {
			t.Errorf("ops, %s: %d, %v", name, code, err)
		}
	}
	for _, listener := range []string{config.ListenerAPI, config.ListenerOps} {
		if code, text, _ := r.http(listener, http.MethodGet, "/healthz", acmeToken, ""); code != http.StatusBadRequest {
			t.Errorf("%s in clear: %d %s", listener, code, text)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, err := koogatev1.NewOrderServiceClient(r.dial(acmeToken)).ListOrders(ctx, &koogatev1.ListOrdersRequest{}); err == nil {
		t.Error("grpc answers in clear")
	}
}

// load calls every listener that has a certificate, again and again, on new connections and on connections that stay.
type load struct {
	calls, failed atomic.Int64
	wait          sync.WaitGroup
	stop          chan struct{}
	last          atomic.Value
}

func (l *load) run(call func() error) {
	l.wait.Go(func() {
		for {
			select {
			case <-l.stop:
				return
			default:
			}
			l.calls.Add(1)
			if err := call(); err != nil {
				l.failed.Add(1)
				l.last.Store(fmt.Sprint(err))
			}
		}
	})
}

// Certificates, keys and the authorities of clients are taken from new files while calls run: new handshakes see them, and no
// call is lost. Files that cannot be used change nothing, are told once, and are seen in the metrics.
func TestCertificatesAreReplacedWithoutALostCall(t *testing.T) {
	ca, next := newAuthority(t), newAuthority(t)
	now := clocktest.New(time.Now())
	facade, api, rpc := ca.files(t, "facade"), ca.demanding(t, "api"), ca.demanding(t, "grpc")
	r := start(t, withoutJobs, func(cfg *config.Config, d *server.Deps) {
		cfg.Listeners.Facade.TLS, cfg.Listeners.API.TLS, cfg.Listeners.GRPC.TLS = facade, api, rpc
		d.Clock = now
	})
	client := &tls.Config{RootCAs: ca.pool(), Certificates: []tls.Certificate{ca.client("worker")}, MinVersion: tls.VersionTLS12}
	listeners := []string{config.ListenerFacade, config.ListenerAPI, config.ListenerGRPC}
	turn := func(what string, done func() bool) {
		t.Helper()
		eventually(t, what, func() bool {
			now.Advance(10 * time.Second)
			for range 20 {
				if done() {
					return true
				}
				time.Sleep(5 * time.Millisecond)
			}
			return false
		})
	}
	shows := func(serial int64) func() bool {
		return func() bool {
			for _, d := range listeners {
				if r.serial(d, client) != serial {
					return false
				}
			}
			return true
		}
	}
	metric := func(line string) bool {
		_, text, _ := r.http(config.ListenerOps, http.MethodGet, "/metrics", "", "")
		return strings.Contains(text, line+"\n")
	}

	l := &load{stop: make(chan struct{})}
	for range 2 {
		l.run(func() error {
			return expect(http.StatusMethodNotAllowed)(r.fetch(config.ListenerFacade, "/produce/linked", client))
		})
		l.run(func() error { return expect(http.StatusOK)(r.fetch(config.ListenerAPI, "/v1/orders", client)) })
		l.run(func() error {
			conn := r.dialTLS(client)
			defer conn.Close()
			return r.orders(context.Background(), conn)
		})
	}
	stays := r.dialTLS(client)
	defer stays.Close()
	l.run(func() error { return r.orders(context.Background(), stays) })

	turn("the first certificates", shows(1))
	for serial := int64(2); serial <= 5; serial++ {
		for i, files := range []config.TLS{facade, api, rpc} {
			ca.replace(files, listeners[i], serial, time.Hour)
		}
		turn(fmt.Sprintf("certificates %d", serial), shows(serial))
		more := l.calls.Load() + 50
		eventually(t, "more calls", func() bool { return l.calls.Load() > more })
	}

	cert, key := ca.sign("api", 6, 30*time.Minute) // the key comes later than the certificate
	put(t, api.CertFile, cert)
	turn("a pair that does not fit", func() bool { return metric(`koogate_certificate_unusable{listener="api"} 1`) })
	turn("another look at it", func() bool { return r.serial(config.ListenerAPI, client) == 5 })
	put(t, api.KeyFile, key)
	turn("the pair", func() bool {
		return r.serial(config.ListenerAPI, client) == 6 && metric(`koogate_certificate_unusable{listener="api"} 0`)
	})
	ca.replace(api, "api", 7, -time.Hour) // has expired
	turn("an expired certificate", func() bool { return metric(`koogate_certificate_unusable{listener="api"} 1`) })
	if err := os.Remove(api.KeyFile); err != nil {
		t.Fatal(err)
	}
	turn("no key at all", func() bool { return strings.Contains(r.log.String(), "no such file") })
	if got := r.serial(config.ListenerAPI, client); got != 6 {
		t.Errorf("the api shows certificate %d", got)
	}

	close(l.stop)
	l.wait.Wait()
	t.Logf("%d calls", l.calls.Load())
	if l.failed.Load() > 0 || l.calls.Load() < 200 {
		t.Errorf("%d of %d calls failed, the last with %v", l.failed.Load(), l.calls.Load(), l.last.Load())
	}
	if n := strings.Count(r.log.String(), "new certificate cannot be used"); n != 3 {
		t.Errorf("%d faults are logged, want one each of a pair that does not fit, an expired certificate and no key", n)
	}

	resuming := client.Clone()
	resuming.ClientSessionCache = tls.NewLRUClientSessionCache(8)
	again := func() error {
		conn := r.dialTLS(resuming)
		defer conn.Close()
		return r.orders(t.Context(), conn)
	}
	if err := again(); err != nil {
		t.Fatal(err)
	}
	put(t, rpc.ClientCAFile, next.pem())
	turn("another authority of clients", func() bool {
		conn := r.dialTLS(client)
		defer conn.Close()
		return r.orders(context.Background(), conn) != nil
	})
	if err := again(); err == nil {
		t.Error("a session of the old authority is resumed")
	}
	if err := r.orders(t.Context(), stays); err != nil {
		t.Errorf("a connection that was open: %v", err)
	}
	conn := r.dialTLS(&tls.Config{RootCAs: ca.pool(), Certificates: []tls.Certificate{next.client("worker")}, MinVersion: tls.VersionTLS12})
	defer conn.Close()
	if err := r.orders(t.Context(), conn); err != nil {
		t.Errorf("a client of the new authority: %v", err)
	}
}

// expect returns a judge of an answer.
func expect(want int) func(code int, _ string, err error) error {
	return func(code int, text string, err error) error {
		if err == nil && code != want {
			err = fmt.Errorf("HTTP %d: %s", code, text)
		}
		return err
	}
}

// The time until a certificate expires is a metric of each listener that has one.
func TestCertificateExpiryIsAMetric(t *testing.T) {
	ca := newAuthority(t)
	now := clocktest.New(time.Now())
	r := start(t, withoutJobs, func(cfg *config.Config, d *server.Deps) {
		cfg.TLS, d.Clock = ca.files(t, "facade"), now
		ca.replace(cfg.TLS, "facade", 1, 48*time.Hour)
	})
	left := func(low, high time.Duration) func() bool {
		return func() bool {
			_, text, _ := r.http(config.ListenerOps, http.MethodGet, "/metrics", "", "")
			_, value, ok := strings.Cut(text, "\nkoogate_certificate_expiry_seconds{listener=\"facade\"} ")
			var seconds float64
			_, err := fmt.Sscan(value, &seconds)
			return ok && err == nil && seconds > low.Seconds() && seconds <= high.Seconds()
		}
	}
	eventually(t, "two days", left(47*time.Hour, 49*time.Hour))
	eventually(t, "expired", func() bool {
		now.Advance(50 * time.Hour)
		return left(-1e6*time.Hour, 0)()
	})
	if _, text, _ := r.http(config.ListenerOps, http.MethodGet, "/metrics", "", ""); strings.Contains(text, `koogate_certificate_expiry_seconds{listener="api"}`) {
		t.Error("a listener without a certificate has an expiry")
	}
}

// TestTheListenerOfLogins: it is there only where it is configured, is no part of readiness, speaks TLS with a certificate of its own that is
// replaced while it serves, and bounds what it takes.
func TestTheListenerOfLogins(t *testing.T) {
	r := start(t, withoutJobs)
	if at := r.Addr(config.ListenerLogin); at != "" {
		t.Errorf("logins are served at %s without being configured", at)
	}
	ca := newAuthority(t)
	files := ca.files(t, "login")
	r = start(t, withoutJobs, func(cfg *config.Config, _ *server.Deps) {
		cfg.Listen.Login, cfg.Listeners.Login = "127.0.0.1:0", config.PublicListener{TLS: files, PublicURL: "https://login.example.com"}
	})
	c := &tls.Config{RootCAs: ca.pool(), MinVersion: tls.VersionTLS12}
	if code, text, err := r.fetch(config.ListenerLogin, "/?code=canary-of-a-code", c); err != nil || code == 0 {
		t.Fatal(code, text, err)
	}
	if strings.Contains(r.log.String(), "canary-of-a-code") {
		t.Error("an address is logged")
	}
	if code, text, _ := r.http(config.ListenerOps, http.MethodGet, "/readyz", "", ""); code != http.StatusOK || strings.Contains(text, "login") {
		t.Errorf("readiness: %d %s", code, text)
	}
	ca.replace(files, "login", 2, time.Hour)
	r.LookAtCertificates()
	eventually(t, "the new certificate", func() bool { return r.serial(config.ListenerLogin, c) == 2 })
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+r.Addr(config.ListenerLogin)+"/", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Large", strings.Repeat("a", 48<<10))
	transport := &http.Transport{DisableKeepAlives: true, TLSClientConfig: c}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("headers of 48 KiB: %d", resp.StatusCode)
	}
}
