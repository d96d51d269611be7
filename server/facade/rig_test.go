// SPDX-License-Identifier: Apache-2.0

package facade_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"buf.build/go/protovalidate"
	"github.com/prometheus/client_golang/prometheus"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.uber.org/goleak"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/server/api/production"
	"github.com/koogate/koogate/server/clock/clocktest"
	"github.com/koogate/koogate/server/directory"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/facade"
	"github.com/koogate/koogate/server/facade/family"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/inproc"
	"github.com/koogate/koogate/server/interceptor"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	key1 = "test-access-key-0001"
	key2 = "test-access-key-0002"
	key3 = "canary-key-of-the-signing-endpoint"

	canaryUser     = "canary-user-name"
	canaryPassword = "canary-password"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// stub is a core that answers by functions and remembers what it was asked.
type stub struct {
	mu        sync.Mutex
	endpoints map[string]*fulfil.Endpoint
	calls     []string // "activity parameters", in order
	orders    map[string]string
	lookups   int
	repairs   []string
	alarms    []string

	mute   bool  // do not remember calls
	err    error // answers everything when set
	answer fulfil.Answer
	shown  []fulfil.Shown
	during func(context.Context) // runs inside of each activity
}

func (s *stub) note(ctx context.Context, format string, args ...any) (fulfil.Answer, error) {
	s.mu.Lock()
	if !s.mute {
		s.calls = append(s.calls, fmt.Sprintf(format, args...))
	}
	during, a, err := s.during, s.answer, s.err
	s.mu.Unlock()
	if during != nil {
		during(ctx)
	}
	if a.Code == "" {
		a.Code = resultcode.Success
	}
	return a, err
}

func (s *stub) Endpoint(name string) (*fulfil.Endpoint, bool) {
	e, ok := s.endpoints[name]
	return e, ok
}

func (s *stub) NewInstance(ctx context.Context, c fulfil.NewInstance) (fulfil.Answer, error) {
	a, err := s.note(ctx, "newInstance %s %s %s %s extra=%s lock=%d arrived=%s", c.OrderID, c.OrderLineID, c.BusinessID, c.ProductID, c.Extra,
		c.Lock.Lock, c.Arrived.Format(time.TimeOnly))
	if err == nil && a.InstanceID == "" {
		a.InstanceID = c.BusinessID
	}
	return a, err
}

func (s *stub) QueryInstance(ctx context.Context, q fulfil.Query) (fulfil.Answer, []fulfil.Shown, error) {
	ids, err := fulfil.SplitIDs(q.InstanceIDs)
	if err != nil {
		return fulfil.Answer{}, nil, err
	}
	a, err := s.note(ctx, "queryInstance %d %s", len(ids), ids[0])
	return a, s.shown, err
}

func (s *stub) RefreshInstance(ctx context.Context, c fulfil.Refresh) (fulfil.Answer, error) {
	return s.note(ctx, "refreshInstance %s %s %s %s %s %s extra=%s", c.Scene, c.OrderID, c.OrderLineID, c.InstanceID, c.ProductID,
		c.ExpireAt.Format("2006-01-02T15:04:05.000Z07:00"), c.Extra)
}

func (s *stub) UpdateInstanceStatus(ctx context.Context, c fulfil.UpdateStatus) (fulfil.Answer, error) {
	return s.note(ctx, "updateInstanceStatus %s freeze=%v", c.InstanceID, c.Freeze)
}

func (s *stub) ReleaseInstance(ctx context.Context, c fulfil.Release) (fulfil.Answer, error) {
	return s.note(ctx, "releaseInstance %s %s %s", c.InstanceID, c.OrderID, c.OrderLineID)
}

func (s *stub) UpgradeInstance(ctx context.Context, c fulfil.Upgrade) (fulfil.Answer, error) {
	return s.note(ctx, "upgradeInstance %s %s %s", c.InstanceID, c.OrderID, c.OrderLineID)
}

func (s *stub) ChangeInstanceCheck(ctx context.Context, c fulfil.CheckChange) (fulfil.Answer, error) {
	return s.note(ctx, "changeInstanceCheck %s %+v", c.InstanceID, c.Target)
}

func (s *stub) IssueLicence(ctx context.Context, c fulfil.IssueLicence) (fulfil.Answer, error) {
	return s.note(ctx, "getLicenseAsync %s %s", c.InstanceID, c.EventID)
}

func (s *stub) OrderNotify(ctx context.Context, c fulfil.OrderNotify) (fulfil.Answer, error) {
	return s.note(ctx, "orderNotify %s %s", c.OrderID, c.OrderLineID)
}

func (*stub) Reach(context.Context, *fulfil.Endpoint, string) error { return nil }

func (s *stub) LicenceCode(_ context.Context, ep *fulfil.Endpoint, code, _ string, _ time.Time) (string, error) {
	return fulfil.LicenceInstanceID(ep.Seller, code), nil
}

func (s *stub) sync(ctx context.Context, activity string, c directory.Scope) (bool, error) {
	_, err := s.note(ctx, "%s %s %s", activity, c.InstanceID, c.TenantID)
	return err == nil, err
}

func (s *stub) SyncTenant(ctx context.Context, c directory.Tenant) (bool, error) {
	return s.sync(ctx, "tenantSync", c.Scope)
}

func (s *stub) SyncApplication(ctx context.Context, c directory.Application) (bool, error) {
	return s.sync(ctx, "applicationSync", c.Scope)
}

func (s *stub) SyncUsers(ctx context.Context, c directory.Users) (bool, error) {
	return s.sync(ctx, "authSync", c.Scope)
}

func (s *stub) SyncDepartment(ctx context.Context, c directory.Department) (bool, error) {
	return s.sync(ctx, "singleOrgSync", c.Scope)
}

func (s *stub) SyncDepartments(ctx context.Context, c directory.Departments) (bool, error) {
	return s.sync(ctx, "allOrgSync "+strconv.Itoa(len(c.Units)), c.Scope)
}

func (s *stub) OrderOf(_ context.Context, _, instanceID string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lookups++
	if o, ok := s.orders[instanceID]; ok {
		return o, nil
	}
	return "", errs.New(errs.NotFound, errs.InstanceNotFound, "instance %s does not exist", instanceID)
}

func (s *stub) Quarantine(_ context.Context, seller, orderID, activity, field, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.alarms = append(s.alarms, strings.Join([]string{seller, orderID, activity, field, value}, "|"))
}

func (s *stub) Repaired(_ context.Context, seller, orderID, activity string, repairs []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.repairs = append(s.repairs, strings.Join(append([]string{seller, orderID, activity}, repairs...), "|"))
}

func (s *stub) made() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.calls...)
}

// rig is a facade over a stub, with a clock that stands still.
type rig struct {
	t        testing.TB
	handler  http.Handler
	core     *stub
	clock    *clocktest.Clock
	guard    store.Guard
	log      *buffer
	spans    *tracetest.InMemoryExporter
	registry *prometheus.Registry
	nonces   atomic.Int64
}

type option func(*facade.Config, *facade.Deps)

func newRig(t testing.TB, opts ...option) *rig {
	t.Helper()
	r := &rig{t: t, clock: clocktest.New(noon), log: &buffer{}, spans: tracetest.NewInMemoryExporter(), registry: prometheus.NewRegistry()}
	r.core = &stub{
		endpoints: map[string]*fulfil.Endpoint{
			"demo": {Name: "demo", Seller: "demo-seller"}, "signing": {Name: "signing", Seller: "demo-seller"},
		},
		orders: map[string]string{},
	}
	cfg := facade.Config{Endpoints: []facade.Endpoint{
		{Name: "demo", Seller: "demo-seller", Keys: []string{key1, key2}},
		{Name: "signing", Seller: "demo-seller", Keys: []string{key3}, BodySign: true},
	}}
	metrics := telemetry.NewMetrics(r.registry)
	log := slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(r.spans), sdktrace.WithIDGenerator(telemetry.IDGenerator{}))
	d := facade.Deps{
		Core: r.core, Guard: memory.New(r.clock.Now), Clock: r.clock, Tracer: provider.Tracer("test"), Metrics: metrics, Log: log,
	}
	for _, o := range opts {
		o(&cfg, &d)
	}
	r.guard = d.Guard
	if d.Conn == nil {
		d.Conn = newConn(t, production.Deps{Core: r.core, Directory: r.core, Guard: d.Guard, Clock: d.Clock, Metrics: metrics, Log: log})
	}
	f, err := facade.New(cfg, d)
	if err != nil {
		t.Fatal(err)
	}
	r.handler = f
	return r
}

func newConn(t testing.TB, d production.Deps) *inproc.Channel {
	t.Helper()
	v, err := protovalidate.New()
	if err != nil {
		t.Fatal(err)
	}
	chain := interceptor.Chain(interceptor.Recover(d.Log), interceptor.Status(d.Log), interceptor.Validate(v))
	c := inproc.New(chain.Unary)
	family.Serve(c, d)
	return c
}

// request is a call to be made; zero values are what a good call has.
type request struct {
	endpoint, key, nonce, timestamp, signature string
	method, path, contentType                  string
	signed                                     string // what to sign instead of the body
	query                                      func(url.Values)
	header                                     http.Header
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
	code   string
	msg    string
	all    map[string]any
}

// build signs a request.
func (r *rig) build(body string, q request) *http.Request {
	r.t.Helper()
	def := func(s *string, v string) {
		if *s == "" {
			*s = v
		}
	}
	def(&q.endpoint, "demo")
	def(&q.key, key1)
	def(&q.nonce, "n"+strconv.FormatInt(r.nonces.Add(1), 10))
	def(&q.timestamp, strconv.FormatInt(r.clock.Now().UnixMilli(), 10))
	def(&q.method, http.MethodPost)
	def(&q.path, "/produce/"+q.endpoint)
	def(&q.signed, body)
	def(&q.signature, strings.ToUpper(sign.URLSignature(q.key, q.nonce, q.timestamp, []byte(q.signed))))
	v := url.Values{"signature": {q.signature}, "timestamp": {q.timestamp}, "nonce": {q.nonce}}
	if q.query != nil {
		q.query(v)
	}
	req := httptest.NewRequestWithContext(r.t.Context(), q.method, q.path+"?"+v.Encode(), strings.NewReader(body))
	switch q.contentType {
	case "":
		req.Header.Set("Content-Type", "application/json;charset=utf8")
	case "none":
	default:
		req.Header.Set("Content-Type", q.contentType)
	}
	for k, vs := range q.header {
		req.Header[k] = vs
	}
	return req
}

// call makes a signed POST and holds the answer to what every answer has.
func (r *rig) call(body string, qs ...request) answer {
	r.t.Helper()
	var q request
	if len(qs) > 0 {
		q = qs[0]
	}
	return r.do(r.build(body, q))
}

func (r *rig) do(req *http.Request) answer {
	r.t.Helper()
	w := httptest.NewRecorder()
	r.handler.ServeHTTP(w, req)
	a := read(r.t, w.Result())
	name, known := strings.CutPrefix(req.URL.Path, "/produce/")
	if known && name != "" && !strings.Contains(name, "/") && req.Method == http.MethodPost && a.status != http.StatusOK {
		r.t.Errorf("HTTP %d: %s", a.status, a.body)
	}
	return a
}

func read(t testing.TB, resp *http.Response) answer {
	t.Helper()
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{status: resp.StatusCode, header: resp.Header, body: string(body)}
	if len(body) == 0 {
		return a
	}
	if ct := resp.Header.Get("Content-Type"); ct != "application/json" {
		t.Errorf("Content-Type %q", ct)
	}
	if err := json.Unmarshal(body, &a.all); err != nil {
		t.Fatalf("%v in %q", err, body)
	}
	a.code, _ = a.all["resultCode"].(string)
	a.msg, _ = a.all["resultMsg"].(string)
	if len(a.code) != 6 || a.msg == "" || len([]rune(a.msg)) > 255 {
		t.Errorf("answer %s", body)
	}
	for _, c := range body {
		if c >= 0x7f || c < ' ' {
			t.Fatalf("not printable ASCII: %q", body)
		}
	}
	return a
}

// want holds an answer to its code and the calls that reached the core to made.
func (r *rig) want(a answer, code string, made ...string) {
	r.t.Helper()
	if a.code != code {
		r.t.Errorf("answer %s, want code %s", a.body, code)
	}
	if got := r.core.made(); strings.Join(got, "\n") != strings.Join(made, "\n") {
		r.t.Errorf("the core was called\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(made, "\n  "))
	}
	r.core.mu.Lock()
	r.core.calls = nil
	r.core.mu.Unlock()
}

// counter returns the value of a metric with these labels, given as name=value.
func (r *rig) counter(name string, labels ...string) float64 {
	r.t.Helper()
	families, err := r.registry.Gather()
	if err != nil {
		r.t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
	metrics:
		for _, m := range f.GetMetric() {
			has := make(map[string]bool)
			for _, l := range m.GetLabel() {
				has[l.GetName()+"="+l.GetValue()] = true
			}
			for _, l := range labels {
				if !has[l] {
					continue metrics
				}
			}
			return m.GetCounter().GetValue()
		}
	}
	return 0
}

type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.b.Reset()
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
