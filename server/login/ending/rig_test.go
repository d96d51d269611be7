// SPDX-License-Identifier: Apache-2.0

package ending_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.uber.org/goleak"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/clock/clocktest"
	"github.com/koogate/koogate/server/login/ending"
	gates "github.com/koogate/koogate/server/login/gate"
	"github.com/koogate/koogate/server/login/keys"
	"github.com/koogate/koogate/server/outbound"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/backendtest"
	"github.com/koogate/koogate/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const seller = storetest.Seller

// What the server gives to the loop.
var (
	_ ending.Store  = store.Store(nil)
	_ ending.Judge  = (*gates.Gate)(nil)
	_ ending.Signer = (*keys.Keys)(nil)
	_ ending.Caller = (*outbound.Guard)(nil)
)

// gate lets in whom the directory has as active, as server/login/gate does among other things.
type gate struct {
	store.Store
	mu    sync.Mutex
	fault error
	says  store.LoginEnd // instead of what the directory says
}

func (g *gate) Session(ctx context.Context, s store.LoginSession) (store.LoginEnd, error) {
	g.mu.Lock()
	fault, says := g.fault, g.says
	g.mu.Unlock()
	if fault != nil || says != "" {
		return says, fault
	}
	facts, err := g.LoginFacts(ctx, store.LoginKey{Seller: s.Seller, AppID: s.AppID, TenantID: s.TenantID, UserName: s.UserName}, 10)
	switch {
	case err != nil:
		return "", err
	case len(facts) == 0 || facts[0].User.State == store.UserDisabled:
		return store.EndUserDisabled, nil
	}
	return "", nil
}

func (g *gate) set(says store.LoginEnd, fault error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.says, g.fault = says, fault
}

func (*gate) Subject(seller, tenantID, userName string) (string, error) {
	return "sub of " + seller + "/" + tenantID + "/" + userName, nil
}

// signer writes claims as they are.
type signer struct{}

func (signer) SignLogout(_ context.Context, claims map[string]any) (string, error) {
	text, err := json.Marshal(claims)
	return string(text), err
}

// app is the vendor's application, which does as it is told.
type app struct {
	*httptest.Server
	mu     sync.Mutex
	answer func(n int, r *http.Request) int // a status for the n-th call, from 1
	calls  []map[string]any                 // claims
	told   map[string]int                   // how often it took each jti
	forms  []*http.Request
}

func newApp(t *testing.T) *app {
	a := &app{told: map[string]int{}}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		var claims map[string]any
		_ = json.Unmarshal([]byte(r.PostForm.Get("logout_token")), &claims)
		a.mu.Lock()
		a.calls, a.forms = append(a.calls, claims), append(a.forms, r)
		n, answer := len(a.calls), a.answer
		a.mu.Unlock()
		status := http.StatusOK
		if answer != nil {
			status = answer(n, r)
		}
		if status == http.StatusFound {
			w.Header().Set("Location", "/elsewhere")
		}
		if status < 300 {
			a.mu.Lock()
			jti, _ := claims["jti"].(string)
			a.told[jti]++
			a.mu.Unlock()
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(a.Close)
	return a
}

// answers has every call answered by a status.
func (a *app) answers(statuses ...int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	before := len(a.calls)
	a.answer = func(n int, _ *http.Request) int { return statuses[min(n-before, len(statuses))-1] }
}

func (a *app) count() (calls, told int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.calls), len(a.told)
}

// rig is the loop over a real store, with a clock that stands.
type rig struct {
	*ending.Service
	t     *testing.T
	store store.Store
	clock *clocktest.Clock
	gate  *gate
	app   *app
	deps  ending.Deps
	spans *tracetest.InMemoryExporter
	log   *buffer
	reg   *prometheus.Registry
	stamp int
}

// buffer is what was logged.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func each(t *testing.T, f func(r *rig)) {
	t.Helper()
	t.Parallel()
	for _, open := range []struct {
		name string
		with func(testing.TB, ...func() time.Time) store.Store
	}{{"sqlite", backendtest.SQLite}, {"postgres", backendtest.Postgres}} {
		t.Run(open.name, func(t *testing.T) {
			c := clocktest.New(storetest.Epoch)
			f(over(t, open.with(t, c.Now), c, c))
		})
	}
}

func over(t *testing.T, st store.Store, stands *clocktest.Clock, c clock.Clock) *rig {
	t.Helper()
	r := &rig{
		t: t, store: st, clock: stands, gate: &gate{Store: st}, app: newApp(t), spans: tracetest.NewInMemoryExporter(), log: &buffer{},
		reg: prometheus.NewRegistry(),
	}
	guard := outbound.New([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, nil, nil)
	t.Cleanup(guard.Close)
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(r.spans))
	r.deps = ending.Deps{
		Store: st, Judge: r.gate, Signer: signer{}, Caller: guard, Issuer: "https://login.example.com", Clock: c, Tracer: provider.Tracer("test"),
		Metrics: telemetry.NewMetrics(r.reg), Log: slog.New(slog.NewTextHandler(r.log, nil)),
	}
	r.Service = ending.New(r.deps)
	r.directory(func(c *store.DirectoryChange) { c.Tenant = &store.Tenant{Stamp: r.now()} })
	return r
}

// now is a stamp that is newer than those before.
func (r *rig) now() store.Stamp {
	r.stamp++
	return store.Stamp{At: storetest.Epoch.Add(time.Duration(r.stamp) * time.Millisecond)}
}

func (r *rig) directory(set func(*store.DirectoryChange)) {
	r.t.Helper()
	c := &store.DirectoryChange{Key: store.TenantKey{Seller: seller, InstanceID: "i", TenantID: "t"}, Now: storetest.Epoch}
	set(c)
	if err := r.store.Apply(r.t.Context(), &store.Change{Directory: c}); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) user(name string, state store.UserState) {
	r.t.Helper()
	r.directory(func(c *store.DirectoryChange) {
		c.Users = []store.User{{AppID: "app", UserName: name, State: state, Stamp: r.now()}}
	})
}

// register adds an application that is told of logouts at an address; empty for none.
func (r *rig) register(id, uri string) {
	r.t.Helper()
	a := &store.LoginApplication{Seller: seller, AppID: id, Name: id, State: store.LoginEnabled, CreatedAt: storetest.Epoch}
	a.Settings.BackChannelURI = uri
	if err := r.store.AddLoginApplication(r.t.Context(), a, 1000); err != nil {
		r.t.Fatal(err)
	}
}

// login adds a session of a user who has a right.
func (r *rig) login(app, user string) store.LoginSession {
	r.t.Helper()
	r.directory(func(c *store.DirectoryChange) {
		c.Users = []store.User{{AppID: app, UserName: user, State: store.UserActive, Stamp: r.now()}}
	})
	now := r.deps.Clock.Now().Truncate(time.Microsecond)
	s := store.LoginSession{
		ID: storetest.NewID(), Seller: seller, AppID: app, TenantID: "t", UserName: user, Upstream: []byte("sealed"), CreatedAt: now, LastAt: now,
		ExpiresAt: now.Add(12 * time.Hour),
	}
	if err := r.store.AddLoginSession(r.t.Context(), &s); err != nil {
		r.t.Fatal(err)
	}
	return s
}

func (r *rig) read(id string) store.LoginSession {
	r.t.Helper()
	s, err := r.store.LoginSession(r.t.Context(), id)
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}

func (r *rig) step() ending.Done {
	r.t.Helper()
	d, err := r.Step(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return d
}

// skip moves the clock to when the next logout is due, and says whether there is one.
func (r *rig) skip() bool {
	r.t.Helper()
	p, err := r.store.LogoutsPending(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	if p.Sessions == 0 {
		return false
	}
	r.clock.Advance(max(0, p.Due.Sub(r.clock.Now())))
	return true
}

func want[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Fatalf("%s: got %v, want %v", what, got, want)
	}
}

func eventually(t *testing.T, within time.Duration, what string, ok func() bool) time.Duration {
	t.Helper()
	began := time.Now()
	for !ok() {
		if time.Since(began) > within {
			t.Fatalf("%s: not within %v", what, within)
		}
		time.Sleep(5 * time.Millisecond)
	}
	return time.Since(began)
}

var errAway = errors.New("the store is away")

func name(i int) string { return fmt.Sprint("user-", i) }
