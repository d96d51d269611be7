// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/evidence"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/licence"
	"github.com/koogate/koogate/server/seller"
	"github.com/koogate/koogate/server/shadow"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/server/usage"
	"github.com/koogate/koogate/server/vault/vaulttest"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/memory"
	"github.com/koogate/koogate/store/sqlite"
	"github.com/koogate/koogate/store/sqlitetest"
)

func TestMain(m *testing.M) {
	if addr := os.Getenv(asWorker); addr != "" {
		hang(addr)
		return
	}
	goleak.VerifyTestMain(m)
}

const (
	acmeToken  = "token-of-acme-0123456789abcdef012345"
	otherToken = "token-of-other-0123456789abcdef01234"
	// supportToken may read personal data of acme's buyers.
	supportToken = "token-of-support-0123456789abcdef012"
	// directoryToken may read all of the directory, and standInToken act as the marketplace where that is served.
	directoryToken = "token-of-directory-0123456789abcdef0"
	standInToken   = "token-of-stand-in-0123456789abcdef01"
	// queueToken may serve the queue lic.
	queueToken = "token-of-a-queue-0123456789abcdef012"
	// tokensToken may manage acme's tokens, and lease from the queue lic.
	tokensToken = "token-of-tokens-0123456789abcdef0123"
	// keysToken may change the keys of acme's endpoints.
	keysToken = "token-of-keys-0123456789abcdef012345"
	// moverToken may import acme's instances.
	moverToken = "token-of-a-mover-0123456789abcdef012"
	// deskToken may see who is logged in.
	deskToken = "token-of-a-desk-0123456789abcdef0123"
	// installerToken may look after every seller.
	installerToken = "token-of-installer-0123456789abcdef0"
	acmeKey        = "access-key-0123456789"
)

// market answers every order query with the same facts.
type market struct {
	mu    sync.Mutex
	err   error
	facts fulfil.OrderFacts
	used  int // licence days that were reported
}

func (m *market) UploadLicence(context.Context, string, string, fulfil.Licence) error { return nil }

func (m *market) QueryOrder(context.Context, string, string, string) (fulfil.OrderFacts, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.facts, m.err
}

// The licence codes of which market knows something; of every other it says that there is no such code.
const (
	codeKnown = "PL-canary-known"
	codeEarly = "PL-canary-early"
	codeAway  = "PL-canary-away"
)

func (m *market) ActivateCode(ctx context.Context, seller, code string, _ time.Time) (licence.Facts, error) {
	f, err := m.QueryCode(ctx, seller, code)
	f.OrderID, f.Amount = "CS123", 2
	return f, err
}

func (m *market) QueryCode(_ context.Context, _, code string) (licence.Facts, error) {
	switch code {
	case codeKnown:
		return licence.Facts{
			Status: licence.Alive, ActivateAt: time.Date(2026, 3, 14, 0, 0, 0, 0, time.UTC), ExpireAt: yearly.ExpireAt, ProductID: "OFFI-1",
		}, nil
	case codeEarly:
		return licence.Facts{}, &licence.CallError{Refusal: licence.NotReceived, Code: "92020004"}
	case codeAway:
		return licence.Facts{}, &licence.CallError{Sent: true, Code: "NETWORK"}
	}
	return licence.Facts{}, &licence.CallError{Refusal: licence.Unknown, Code: "92020005"}
}

func (m *market) ReportUse(_ context.Context, _ string, uses []licence.CodeUse) ([]licence.RefusedUse, int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.used += len(uses)
	return nil, 0, nil
}

var yearly = fulfil.OrderFacts{
	OrderType: "NEW",
	Product:   store.Product{ProductID: "OFFI-1", SKUCode: "sku-1", Name: "demo", ChargingMode: "PERIOD", LinearValue: 10},
	ExpireAt:  time.Date(2027, 11, 23, 15, 59, 59, 0, time.UTC),
	Buyer:     []byte(`{"mobilePhone":"canary-buyer-phone","customerId":"c-1","extendParams":[{"key":"color","value":"red"}]}`),
	Terms:     fulfil.Terms{PeriodType: "year", PeriodNumber: 1, Amount: "99.00"},
}

// PushUsage takes everything.
func (m *market) PushUsage(_ context.Context, _ string, records []store.UsageRecord) ([]usage.Verdict, error) {
	verdicts := make([]usage.Verdict, len(records))
	for i := range verdicts {
		verdicts[i].Kind = usage.VerdictAccepted
	}
	return verdicts, nil
}

// testConfig is one seller with a template product and a worker product, another seller, and listeners on free ports.
func testConfig() config.Config {
	cfg := config.Default()
	cfg.Webhooks.Allow = []string{"127.0.0.1"}
	cfg.Listen = config.Listen{Facade: "127.0.0.1:0", API: "127.0.0.1:0", GRPC: "127.0.0.1:0", Ops: "127.0.0.1:0"}
	cfg.Sellers = []config.Seller{
		{
			Name: "acme", APITokens: []config.Secret{acmeToken},
			Tokens: []config.Token{
				{Name: "support", Secret: supportToken, Scopes: []string{"personal_data", "operate"}},
				{Name: "directory", Secret: directoryToken, Scopes: []string{"directory", "secrets", "personal_data"}},
				{Name: "stand-in", Secret: standInToken, Scopes: []string{"admin"}},
				{Name: "queue", Secret: queueToken, Scopes: []string{"worker"}, Queues: []string{"lic"}},
				{Name: "tokens", Secret: tokensToken, Scopes: []string{"read", "worker", "tokens"}, Queues: []string{"lic"}},
				{Name: "keys", Secret: keysToken, Scopes: []string{"read", "configure"}},
				{Name: "mover", Secret: moverToken, Scopes: []string{"configure", "secrets", "personal_data"}},
				{Name: "desk", Secret: deskToken, Scopes: []string{"read", "personal_data", "login"}},
				{Name: "installer", Secret: installerToken, Scopes: []string{"configure", "installation"}},
			},
		}, {Name: "other", Tokens: []config.Token{{
			Name: "all", Secret: otherToken, Scopes: []string{"worker", "usage", "read", "operate", "directory", "secrets", "personal_data", "tokens"},
		}}},
	}
	cfg.Provisioners = []config.Provisioner{
		{Name: "crm", Type: config.ProvisionerWorker},
		{Name: "lic", Type: config.ProvisionerWorker},
		{Name: "links", Type: config.ProvisionerTemplate, Template: config.Template{
			FrontEndURL: "https://app.example.com/{instance}", UserName: "admin",
		}},
	}
	cfg.Endpoints = []config.Endpoint{
		{Name: "worked", Seller: "acme", Keys: []config.Secret{acmeKey}, Products: map[string]config.Product{"*": {Provisioner: "crm"}}},
		{Name: "linked", Seller: "acme", Keys: []config.Secret{acmeKey}, Products: map[string]config.Product{
			"*": {Provisioner: "links", SyncBudget: 4 * time.Second},
		}},
		{Name: "foreign", Seller: "other", Keys: []config.Secret{acmeKey}, Products: map[string]config.Product{"*": {Provisioner: "crm"}}},
	}
	cfg.ShutdownGrace = 10 * time.Second
	return cfg
}

// rig is a running server.
type rig struct {
	*server.Server
	t      *testing.T
	market *market
	log    *syncBuffer
	deps   server.Deps
	path   string      // of the database
	broken atomic.Bool // the store answers nothing but errors
	// virtual is the clock of the server and its store, where an option says so.
	virtual clock.Clock

	once    sync.Once
	clients *http.Client
	stop    func() error
}

type option func(cfg *config.Config, d *server.Deps)

// virtual is a clock that drives the store as well.
type virtual struct{ clock.Clock }

// start runs a server until the test ends or stop is called.
func start(t *testing.T, opts ...option) *rig {
	t.Helper()
	return startAt(t, sqlitetest.File(t), nil, opts...)
}

// startAt runs a server on a database that may exist already, with the keys that sealed it.
func startAt(t *testing.T, path string, sealer fulfil.Sealer, opts ...option) *rig {
	t.Helper()
	r := &rig{t: t, market: &market{facts: yearly}, log: &syncBuffer{}, path: path}
	cfg := testConfig()
	deps := testDeps(t, r, sealer)
	for _, o := range opts {
		o(&cfg, &deps)
	}
	for i := range cfg.Endpoints { // the tests name instances by the business IDs that they send
		cfg.Endpoints[i].InstanceID = cmp.Or(cfg.Endpoints[i].InstanceID, "business")
	}
	r.deps = deps
	if v, ok := deps.Clock.(virtual); ok {
		r.virtual = v
	}
	deps = withSellers(t, &cfg, deps)
	r.deps = deps
	var err error
	if r.Server, err = server.New(cfg, deps); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	result := make(chan error, 1)
	go func() { result <- r.Run(ctx) }()
	r.stop = sync.OnceValue(func() error {
		cancel()
		return <-result
	})
	t.Cleanup(func() {
		if err := r.stop(); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	select {
	case <-r.Started():
	case err := <-result:
		result <- err
		t.Fatalf("the server did not start: %v", err)
	}
	return r
}

// withSellers has the store take what a configuration declares.
func withSellers(t *testing.T, cfg *config.Config, d server.Deps) server.Deps {
	t.Helper()
	var err error
	d.Sellers, err = server.OpenSellers(t.Context(), cfg, seller.Deps{Store: d.Store, Sealer: d.Sealer, Clock: d.Clock, NewID: d.NewID, Log: d.Log})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func testDeps(t *testing.T, r *rig, sealer fulfil.Sealer) server.Deps {
	t.Helper()
	st, err := sqlite.Open(t.Context(), sqlite.Options{Path: r.path, Clock: func() time.Time {
		if r.virtual != nil {
			return r.virtual.Now()
		}
		return clock.System{}.Now()
	}})
	if err != nil {
		t.Fatal(err)
	}
	if sealer == nil {
		if sealer, err = vaulttest.New(); err != nil {
			t.Fatal(err)
		}
	}
	provider, err := telemetry.Setup(t.Context(), telemetry.Options{Getenv: func(string) string { return "" }})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := signing()
	if err != nil {
		t.Fatal(err)
	}
	registry := prometheus.NewRegistry()
	return server.Deps{
		Store: breakable{st, r}, Scratch: scratch(func() time.Time {
			if r.virtual != nil {
				return r.virtual.Now()
			}
			return clock.System{}.Now()
		}), Keys: keys, Guard: memory.New(clock.System{}.Now), Sealer: sealer, Marketplace: r.market, Pusher: r.market,
		Codes: r.market, Clock: clock.System{}, Market: clock.Witness(clock.System{}), NewID: func() string { return uuid.Must(uuid.NewV7()).String() }, Password: rand.Text, Telemetry: provider,
		Metrics: telemetry.NewMetrics(registry), Gatherer: registry,
		Log: slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
}

// scratch opens databases in memory.
func scratch(now func() time.Time) func(ctx context.Context) (shadow.Store, error) {
	return func(ctx context.Context) (shadow.Store, error) {
		return sqlite.Open(ctx, sqlite.Options{Memory: true, Readers: 2, Clock: now})
	}
}

// signing makes the signing key that all servers of the tests share.
var signing = sync.OnceValues(func() (*evidence.Keys, error) {
	text, err := evidence.Generate()
	if err != nil {
		return nil, err
	}
	return evidence.Parse(text)
})

// dial connects to the gRPC listener as the bearer of a token; empty for none.
func (r *rig) dial(token string) *grpc.ClientConn {
	r.t.Helper()
	conn, err := grpc.NewClient(r.Addr(config.ListenerGRPC), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithUnaryInterceptor(func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, next grpc.UnaryInvoker, opts ...grpc.CallOption) error {
			if token != "" {
				ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
			}
			return next(ctx, method, req, reply, cc, opts...)
		}), grpc.WithStreamInterceptor(func(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, next grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
			if token != "" {
				ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
			}
			return next(ctx, desc, cc, method, opts...)
		}))
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// http sends a request to a listener and returns status and body.
func (r *rig) http(listener, method, path, token, body string) (int, string, http.Header) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, "http://"+r.Addr(listener)+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return resp.StatusCode, string(text), resp.Header
}

// answer is what the facade says.
type answer struct {
	ResultCode string `json:"resultCode"`
	ResultMsg  string `json:"resultMsg"`
	InstanceID string `json:"instanceId"`
	Info       []struct {
		InstanceID string            `json:"instanceId"`
		AppInfo    map[string]string `json:"appInfo"`
	} `json:"info"`
}

// call makes a signed call of the marketplace. It may be used from any goroutine.
func (r *rig) call(endpoint string, body map[string]string) (answer, error) {
	return r.callWith(acmeKey, endpoint, body)
}

// callWith is call with another key.
func (r *rig) callWith(key, endpoint string, body map[string]string) (answer, error) {
	var a answer
	text, err := json.Marshal(body)
	if err != nil {
		return a, err
	}
	url, err := sign.SignURL("http://"+r.Addr(config.ListenerFacade)+"/produce/"+endpoint, key, rand.Text(), time.Now(), text)
	if err != nil {
		return a, err
	}
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url, strings.NewReader(string(text)))
	if err != nil {
		return a, err
	}
	transport := &http.Transport{DisableKeepAlives: true}
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return a, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return a, fmt.Errorf("HTTP %d", resp.StatusCode)
	}
	return a, json.NewDecoder(resp.Body).Decode(&a)
}

func (r *rig) mustCall(endpoint string, body map[string]string) answer {
	r.t.Helper()
	a, err := r.call(endpoint, body)
	if err != nil {
		r.t.Fatal(err)
	}
	return a
}

func newInstance(order string) map[string]string {
	return map[string]string{"activity": "newInstance", "orderId": order, "orderLineId": order + "-000001", "businessId": "biz-" + order}
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !cond(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within 10 s", what)
		}
	}
}

type syncBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// refused says that nobody listens at an address.
func refused(addr string) bool {
	conn, err := net.DialTimeout("tcp", addr, time.Second)
	if err == nil {
		_ = conn.Close()
	}
	return err != nil
}

// breakable is a store that can be made to fail.
type breakable struct {
	store.Store
	r *rig
}

func (b breakable) Apply(ctx context.Context, c *store.Change) error {
	if b.r.broken.Load() {
		return errors.New("the disk is full")
	}
	return b.Store.Apply(ctx, c)
}

func (b breakable) Instances(ctx context.Context, seller string, ids []string) ([]store.Instance, error) {
	if b.r.broken.Load() {
		return nil, errors.New("the disk is gone")
	}
	return b.Store.Instances(ctx, seller, ids)
}

// breakStore makes every decision fail from now on.
func (r *rig) breakStore() { r.broken.Store(true) }
