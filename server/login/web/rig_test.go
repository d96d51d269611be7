// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"context"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.uber.org/goleak"
	"golang.org/x/oauth2"

	"github.com/koogate/koogate/koogallery/authcentre"
	"github.com/koogate/koogate/koogallery/authcentre/world"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/directory"
	"github.com/koogate/koogate/server/login/gate"
	"github.com/koogate/koogate/server/login/keys"
	"github.com/koogate/koogate/server/login/logintest"
	"github.com/koogate/koogate/server/login/provider"
	"github.com/koogate/koogate/server/login/registry"
	"github.com/koogate/koogate/server/login/session"
	"github.com/koogate/koogate/server/login/upstream"
	"github.com/koogate/koogate/server/login/web"
	"github.com/koogate/koogate/server/outbound"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/sqlitetest"
	"github.com/koogate/koogate/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The names of the centre's example.
const (
	acme     = "68cbc86a0000000000000000000000a1"
	bright   = "68cbc86a0000000000000000000000b2"
	crane    = "68cbc86a0000000000000000000000c3"
	oauth    = "demo-crm"
	cas      = "demo-cas"
	password = "Demo-1234"
	app      = "http://127.0.0.1:9/app" // where browsers of these tests stop
)

// rig is a login with everything behind it but the provider, and the authentication centre that it speaks to.
type rig struct {
	t         *testing.T
	world     *logintest.World
	store     store.Store
	centre    *authcentre.Centre
	server    *httptest.Server
	issuer    string
	book      *session.Book
	gate      *gate.Gate
	guard     *outbound.Guard
	spans     *tracetest.InMemoryExporter
	mu        sync.Mutex
	counted   []string
	logged    lockedText                                // what the pages and the provider log
	limit     func(address string) (wait time.Duration) // nil for none
	rules     []upstream.Rule
	deps      web.Deps
	instances map[string]string // by tenant and application
}

// Login and Centre implement web.Metrics.
func (r *rig) Login(entrance, fault string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counted = append(r.counted, strings.TrimSuffix(entrance+" "+fault, " "))
}

// Centre implements web.Metrics.
func (r *rig) Centre(string, string, time.Duration) {}

// lockedText is a text that several write.
type lockedText struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write implements io.Writer.
func (l *lockedText) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// newRig starts both. change changes the centre's world before.
func newRig(t *testing.T, change ...func(*world.World)) *rig {
	t.Helper()
	return newRigBy(t, nil, change...)
}

// newRigBy is newRig with centres that are spoken to by other rules.
func newRigBy(t *testing.T, rules []upstream.Rule, change ...func(*world.World)) *rig {
	t.Helper()
	r := &rig{t: t, rules: rules, store: sqlitetest.Open(t), spans: tracetest.NewInMemoryExporter(), instances: make(map[string]string)}
	r.world = logintest.New(t, r.store)
	r.server = httptest.NewUnstartedServer(nil)
	r.issuer = "http://" + r.server.Listener.Addr().String()
	w := world.Example(r.issuer)
	for i := range w.Applications {
		w.Applications[i].Callback = registry.CallbackURL(r.issuer, w.Applications[i].AppID)
	}
	for _, f := range change {
		f(w)
	}
	var err error
	if r.centre, err = authcentre.New(authcentre.Config{World: w, Clock: clock.System{}, Language: "en"}); err != nil {
		t.Fatal(err)
	}
	centre, err := r.centre.Start(t.Context(), authcentre.Options{Addrs: []string{"127.0.0.1:0"}})
	if err != nil {
		t.Fatal(err)
	}
	r.guard = outbound.New([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, nil, nil)
	client, err := upstream.New(upstream.Config{Guard: r.guard, Budget: time.Second, Rules: r.rules})
	if err != nil {
		t.Fatal(err)
	}
	r.book = &session.Book{Store: r.store, Sealer: r.world.Vault, Clock: r.world.Clock, NewID: storetest.NewID}
	r.gate = gate.New(r.store, r.world.Vault)
	tracer := sdktrace.NewTracerProvider(sdktrace.WithSyncer(r.spans), sdktrace.WithIDGenerator(telemetry.IDGenerator{}))
	log := slog.New(slog.NewTextHandler(&r.logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	r.deps = web.Deps{
		Issuer: r.issuer, UnifiedURL: r.centre.PortalURL() + "/unified-login/", Store: r.store, Book: r.book, Gate: r.gate, Centre: client, Clock: r.world.Clock, Tracer: tracer.Tracer("test"), Metrics: r, Log: log,
		Limit: func(address string) time.Duration {
			if r.limit == nil {
				return 0
			}
			return r.limit(address)
		},
	}
	site := web.New(r.deps)
	signing, err := keys.New(keys.Config{Store: r.store, Sealer: r.world.Vault, Clock: r.world.Clock})
	r.world.Must(err)
	p, err := provider.New(provider.Config{Issuer: r.issuer, Book: r.book, Gate: r.gate, Keys: signing, Upstream: client, Browsers: site, Page: site.Page, Log: log})
	r.world.Must(err)
	r.server.Config.Handler = site.With(p)
	r.server.Start()
	t.Cleanup(func() {
		r.server.Close()
		r.guard.Close()
		if err := centre.Stop(10 * time.Second); err != nil {
			t.Error(err)
		}
		_ = tracer.Shutdown(context.Background())
	})
	r.application(oauth, nil)
	r.application(cas, nil)
	r.synchronise()
	return r
}

// application registers one of the centre's applications.
func (r *rig) application(id string, change func(*store.LoginApplication)) {
	r.t.Helper()
	a := store.LoginApplication{
		Seller: logintest.Seller, AppID: id, Name: "App " + id, ProductID: "product-" + id, State: store.LoginEnabled, Version: 1,
		CreatedAt: r.world.Clock.Now(), UpdatedAt: r.world.Clock.Now(),
		Settings: store.LoginSettings{Protocol: store.LoginOAuth2, InitiateURI: app + "/initiate", RedirectURIs: []string{app + "/callback"}},
	}
	if id == cas {
		a.Settings.Protocol = store.LoginCAS
	}
	if change != nil {
		change(&a)
	}
	if _, err := r.store.LoginApplication(r.t.Context(), id); err == nil {
		_, err := r.store.ChangeLoginApplication(r.t.Context(), a.Seller, id, a.UpdatedAt, func(old *store.LoginApplication) error {
			old.Settings, old.State, old.Test, old.Secrets = a.Settings, a.State, a.Test, a.Secrets
			return nil
		})
		r.world.Must(err)
		return
	}
	r.world.Must(r.store.AddLoginApplication(r.t.Context(), &a, 100))
}

// settings changes the settings of an application.
func (r *rig) settings(id string, change func(*store.LoginSettings)) {
	r.t.Helper()
	r.application(id, func(a *store.LoginApplication) { change(&a.Settings) })
}

// synchronise sells an instance to each tenant for each application, and tells the directory of everybody whom the centre knows.
func (r *rig) synchronise() {
	r.t.Helper()
	ctx := r.t.Context()
	for _, t := range r.centre.Describe().Tenants {
		for _, c := range t.Clients {
			instance := r.world.Sell("CS-" + t.TenantCode + "-" + c.AppID)
			r.instances[t.TenantID+"/"+c.AppID] = instance
			_, err := r.world.SyncTenant(ctx, directory.Tenant{
				Scope: r.world.Scope(instance, t.TenantID), Flag: directory.Add, OrderID: "CS", TenantCode: t.TenantCode, Name: t.Name, DomainName: t.Domain,
			})
			r.world.Must(err)
			_, err = r.world.SyncApplication(ctx, directory.Application{
				Scope: r.world.Scope(instance, t.TenantID), Flag: directory.Add, AppID: c.AppID, ClientID: c.ClientID, ClientSecret: c.ClientSecret,
			})
			r.world.Must(err)
			users := directory.Users{Scope: r.world.Scope(instance, t.TenantID), Flag: directory.Add, AppID: c.AppID}
			for _, u := range t.Users {
				if slices.Contains(u.Apps, c.AppID) {
					users.Users = append(users.Users, directory.User{UserName: u.UserName, Role: u.Role, Enabled: !u.Disabled, Profile: directory.Profile{Name: u.Name}})
				}
			}
			_, err = r.world.SyncUsers(ctx, users)
			r.world.Must(err)
		}
	}
}

// ask is what an app asks for.
type ask struct {
	none, anew, choose bool
	aged               bool
	maxAge             time.Duration
	hint, lang         string
}

// asks is where an app that asks for a login leads its user's browser to.
func (r *rig) asks(appID string, a ask) string {
	q := url.Values{
		"client_id": {appID}, "redirect_uri": {app + "/callback"}, "response_type": {"code"}, "scope": {"openid"}, "state": {"s"}, "nonce": {"n"},
		"code_challenge": {oauth2.S256ChallengeFromVerifier(verifier)}, "code_challenge_method": {"S256"},
	}
	for prompt, wanted := range map[string]bool{"none": a.none, "login": a.anew, "select_account": a.choose} {
		if wanted {
			q.Set("prompt", prompt)
		}
	}
	if a.aged {
		q.Set("max_age", fmt.Sprint(int(a.maxAge.Seconds())))
	}
	if a.hint != "" {
		q.Set("login_hint", a.hint)
	}
	if a.lang != "" {
		q.Set("ui_locales", a.lang)
	}
	return r.issuer + "/authorize?" + q.Encode()
}

const verifier = "0123456789abcdef0123456789abcdef0123456789abcdef"

// browser is a browser that follows every redirect but those to the app.
type browser struct {
	r      *rig
	client *http.Client
	lang   string

	// of the last page
	at     *url.URL
	status int
	body   string
	header http.Header
}

func (r *rig) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		r.t.Fatal(err)
	}
	return &browser{r: r, lang: "en", client: &http.Client{
		Jar: jar, Transport: &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(q *http.Request, _ []*http.Request) error {
			if strings.HasPrefix(q.URL.String(), app) {
				return http.ErrUseLastResponse
			}
			return nil
		},
	}}
}

func (b *browser) do(method, address string, form url.Values) *browser {
	b.r.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	q, err := http.NewRequestWithContext(b.r.t.Context(), method, address, body)
	b.r.world.Must(err)
	q.Header.Set("Accept-Language", b.lang)
	if form != nil {
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	answer, err := b.client.Do(q)
	b.r.world.Must(err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	b.r.world.Must(err)
	b.at, b.status, b.body, b.header = answer.Request.URL, answer.StatusCode, string(text), answer.Header
	if to, err := answer.Location(); err == nil {
		b.at = to
	}
	return b
}

// opens goes to an address. The unified login page reads its fragment by a script, which this browser has none of.
func (b *browser) opens(address string) *browser {
	b.r.t.Helper()
	b.do(http.MethodGet, address, nil)
	if f := b.at.Fragment; strings.HasPrefix(f, "/portal-login?") {
		b.do(http.MethodGet, b.at.Scheme+"://"+b.at.Host+"/unified-login"+f, nil)
	}
	return b
}

var (
	hidden  = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`)
	actions = regexp.MustCompile(`<form[^>]* action="([^"]+)"`)
)

// sends sends the page's form n, with what is hidden in it, and some members.
func (b *browser) sends(members ...string) *browser {
	b.r.t.Helper()
	part := b.body
	action := actions.FindStringSubmatch(part)
	if action == nil {
		b.r.t.Fatalf("no form at %s (%d): %s", b.at, b.status, b.body)
	}
	part = part[strings.Index(part, action[0]):]
	if end := strings.Index(part, "</form>"); end >= 0 {
		part = part[:end]
	}
	form := url.Values{}
	for _, m := range hidden.FindAllStringSubmatch(part, -1) {
		form.Set(html.UnescapeString(m[1]), html.UnescapeString(m[2]))
	}
	for i := 0; i+1 < len(members); i += 2 {
		form.Set(members[i], members[i+1])
	}
	to, err := b.at.Parse(html.UnescapeString(action[1]))
	b.r.world.Must(err)
	return b.do(http.MethodPost, to.String(), form)
}

// logsIn types an account into the centre's page, and chooses the tenant where it is asked for.
func (b *browser) logsIn(account, tenantID string) *browser {
	b.r.t.Helper()
	b.sends("account", account, "password", password)
	if strings.Contains(b.body, `action="/unified-login/choose"`) {
		b.sends("tenant", tenantID)
	}
	return b
}

// clicks goes to the workbench of a tenant, logs in there and clicks an application's tile.
func (b *browser) clicks(tenantID, account, appID string) *browser {
	b.r.t.Helper()
	for _, t := range b.r.centre.Describe().Tenants {
		if t.TenantID == tenantID {
			b.opens(t.Workbench)
			if strings.Contains(b.body, `name="password"`) {
				b.sends("account", account, "password", password)
			}
			to, err := b.at.Parse("open?appId=" + appID)
			b.r.world.Must(err)
			return b.opens(to.String())
		}
	}
	b.r.t.Fatal("no such tenant")
	return b
}

// wants compares where the browser is: an address of the app, or a fault of a page.
func (b *browser) wants(want string) *browser {
	b.r.t.Helper()
	got := b.at.String()
	if strings.HasPrefix(got, app) {
		got = strings.TrimSuffix("app "+b.at.Path[len("/app"):]+" "+b.at.Query().Get("error"), " ")
	} else if m := regexp.MustCompile(`<dd><code>([A-Z_]+)</code>`).FindStringSubmatch(b.body); m != nil {
		got = fmt.Sprintf("%d %s", b.status, m[1])
	} else {
		got = fmt.Sprintf("%d %s", b.status, b.at.Path)
	}
	if got != want {
		b.r.t.Errorf("the browser is at %q, want %q\n%s\n%s", got, want, b.at, b.body)
	}
	return b
}

// session is who has logged in to an application last; empty for nobody.
func (r *rig) session(appID string) string {
	r.t.Helper()
	page, err := r.store.ListLoginSessions(r.t.Context(), store.ListQuery{Seller: logintest.Seller, Filter: []store.Term{{Field: "app_id", Value: appID}}, Desc: true, Limit: 1})
	r.world.Must(err)
	if len(page) == 0 {
		return ""
	}
	return page[0].UserName + " of " + page[0].TenantID
}
