// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/koogate/koogate/client/login"
	"github.com/koogate/koogate/koogallery/authcentre"
	"github.com/koogate/koogate/koogallery/authcentre/delivery"
	"github.com/koogate/koogate/koogallery/authcentre/world"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/seal"
	calls "github.com/koogate/koogate/koogallery/simulator/wire"
	"github.com/koogate/koogate/server/clock"
)

const (
	kitKey        = "kit-key-of-the-process-tests"
	operatorToken = "operator-token-of-the-process-tests-0123456789"
)

// loginSite is two replicas behind one address, an authentication centre, and an app whose sessions the test can see.
type loginSite struct {
	t        *testing.T
	procs    []*process
	replicas []string // their own addresses
	world    *world.World
	centre   *authcentre.Centre
	issuer   string
	key      *rsa.PrivateKey
	app      *httptest.Server
	away     atomic.Bool // the app does not answer Koogate
	told     atomic.Int64

	mu       sync.Mutex
	sessions map[string]login.Session
}

// Get, Put, Delete and End implement login.Sessions.
func (l *loginSite) Get(_ context.Context, id string) (login.Session, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s, ok := l.sessions[id]
	return s, ok
}

// Put implements login.Sessions.
func (l *loginSite) Put(_ context.Context, id string, s login.Session) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sessions[id] = s
}

// Delete implements login.Sessions.
func (l *loginSite) Delete(_ context.Context, id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.sessions, id)
}

// End implements login.Sessions.
func (l *loginSite) End(_ context.Context, sid string) {
	l.told.Add(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, s := range l.sessions {
		if s.SID == sid {
			delete(l.sessions, id)
		}
	}
}

// newLoginSite starts everything, sells the product to each enterprise and binds it.
func newLoginSite(t *testing.T) *loginSite {
	t.Helper()
	l := &loginSite{t: t, sessions: make(map[string]login.Session)}
	var turn atomic.Int64
	front := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { // as a load balancer would, each request to another replica
		to, _ := url.Parse("http://" + l.replicas[turn.Add(1)%int64(len(l.replicas))])
		r.SetURL(to)
		r.Out.Host = r.In.Host
	}})
	t.Cleanup(front.Close)
	l.issuer = front.URL
	l.world = world.Example(front.URL)
	for i := range l.world.Applications {
		l.world.Applications[i].Callback = front.URL + "/callback/" + l.world.Applications[i].AppID
	}
	var err error
	if l.centre, err = authcentre.New(authcentre.Config{World: l.world, Clock: clock.System{}}); err != nil {
		t.Fatal(err)
	}
	centre, err := l.centre.Start(t.Context(), authcentre.Options{Addrs: []string{"127.0.0.1:0"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = centre.Stop(5 * time.Second) })
	s := newSite(t, "postgres")
	s.products = `{"*": {provisioner: inside, sync_budget: 4s}}`
	l.key = newKitKey(t, s.path("kit.pem"))
	s.migrate()
	for range 2 {
		p, addr := s.process(true), freeAddrs(t, 1)[0]
		l.serves(p, addr, s.path("kit.pem"))
		l.procs, l.replicas = append(l.procs, p), append(l.replicas, addr)
		p.start()
		t.Cleanup(p.stop)
	}
	for i := range l.world.Tenants {
		for j := range l.world.Tenants[i].Applications {
			b := &l.world.Tenants[i].Applications[j]
			b.OrderID = fmt.Sprintf("CS26112312%02d%02dLOGIN", i, j)
			a, err := l.procs[0].call(t.Context(), newInstanceBody(b.OrderID))
			if err != nil || a.InstanceID == "" {
				t.Fatalf("%+v, %v", a, err)
			}
			b.InstanceID = a.InstanceID
		}
	}
	l.deliver(0)
	return l
}

func newKitKey(t *testing.T, file string) *rsa.PrivateKey {
	t.Helper()
	text := rsaKey(t)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	key, err := seal.ParsePrivateKey(text)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// serves adds the login to a process's configuration.
func (l *loginSite) serves(p *process, addr, kit string) {
	l.t.Helper()
	text, err := os.ReadFile(p.config)
	if err != nil {
		l.t.Fatal(err)
	}
	text = []byte(strings.NewReplacer(
		"listen: {", "listen: {login: '"+addr+"', ",
		"    api_tokens:", "    tokens: [{name: operator, secret: "+operatorToken+", scopes: [configure, read, operate, personal_data]}]\n    api_tokens:",
		"    keys: [", "    families: [saas_v2, kit_v2]\n    kit_keys: ['"+kitKey+"']\n    kit_private_key_files: ['"+kit+"']\n    keys: [",
		"jobs: {", "listeners: {login: {public_url: '"+l.issuer+"'}}\nlogin: {unified_url: '"+l.centre.PortalURL()+"/unified-login/', allow: [127.0.0.0/8]}\nwebhooks: {allow: [127.0.0.0/8]}\njobs: {",
	).Replace(string(text)))
	if err := os.WriteFile(p.config, text, 0o600); err != nil {
		l.t.Fatal(err)
	}
}

// deliver tells a replica by the Kit's calls of everything that the world holds now.
func (l *loginSite) deliver(replica int) {
	l.t.Helper()
	told, err := authcentre.New(authcentre.Config{World: l.world, Clock: clock.System{}})
	if err != nil {
		l.t.Fatal(err)
	}
	domains := make(map[string]string)
	for _, t := range l.world.Tenants {
		domains[t.TenantID] = l.centre.Domain(t.TenantID)
	}
	told.SetDomains(l.centre.PortalURL(), domains)
	caller, err := calls.New(calls.Config{FacadeURL: "http://" + l.procs[replica].facade + "/produce/main", AccessKey: kitKey, Clock: clock.System{}, NewID: uuid.NewString})
	if err != nil {
		l.t.Fatal(err)
	}
	defer caller.Close()
	if err := delivery.Deliver(l.t.Context(), told, delivery.Config{Caller: caller, Family: judge.FamilyKitV2, PublicKey: &l.key.PublicKey}); err != nil {
		l.t.Fatal(err)
	}
}

// join registers the app and starts it.
func (l *loginSite) join(appID string) {
	l.t.Helper()
	l.app = httptest.NewUnstartedServer(nil)
	base := "http://" + l.app.Listener.Addr().String()
	body, _ := json.Marshal(map[string]any{"loginApplication": map[string]any{
		"appId": appID, "name": "App", "redirectUris": []string{base + "/login/callback"}, "backChannelUri": base + "/login/back-channel",
	}, "reason": "a test"})
	q, _ := http.NewRequestWithContext(l.t.Context(), http.MethodPost, "http://"+l.procs[1].api+"/v1/loginApplications", bytes.NewReader(body))
	q.Header.Set("Authorization", "Bearer "+operatorToken)
	res, err := wire.Do(q)
	if err != nil {
		l.t.Fatal(err)
	}
	defer res.Body.Close()
	var made struct{ Secret, Message string }
	if err := json.NewDecoder(res.Body).Decode(&made); err != nil || made.Secret == "" {
		l.t.Fatalf("%d %+v %v", res.StatusCode, made, err)
	}
	in, err := login.New(l.t.Context(), login.Config{
		Issuer: l.issuer, AppID: appID, Secret: made.Secret, CallbackURL: base + "/login/callback", Sessions: l, Recheck: time.Hour, // it is told, and does not ask
	})
	if err != nil {
		l.t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/login/", in)
	mux.Handle("/", in.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, _ := login.From(r.Context())
		fmt.Fprintf(w, "%s of %s", who.UserName, who.TenantID)
	})))
	l.app.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if l.away.Load() && r.URL.Path == "/login/back-channel" {
			http.Error(w, "away", http.StatusServiceUnavailable)
			return
		}
		mux.ServeHTTP(w, r)
	})
	l.app.Start()
	l.t.Cleanup(l.app.Close)
}

// logsIn is a person's browser, which has logged in to the app.
func (l *loginSite) logsIn(appID, account, tenantID string) *http.Client {
	l.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		l.t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, Timeout: 20 * time.Second}
	l.page(browser, http.MethodGet, l.app.URL+"/", nil)
	text, at := l.page(browser, http.MethodPost, l.centre.PortalURL()+"/unified-login/portal-login", url.Values{"ind": {"UNOP"}, "appId": {appID}, "account": {account}, "password": {"Demo-1234"}})
	if choice := regexp.MustCompile(`name="choice" value="([^"]+)"`).FindStringSubmatch(text); choice != nil { // of several enterprises
		text, at = l.page(browser, http.MethodPost, l.centre.PortalURL()+"/unified-login/choose", url.Values{"choice": {choice[1]}, "tenant": {tenantID}})
	}
	if text != account+" of "+tenantID {
		l.t.Fatalf("the browser is at %s: %s", at, text)
	}
	return browser
}

func (l *loginSite) page(browser *http.Client, method, address string, form url.Values) (string, *url.URL) {
	l.t.Helper()
	q, err := http.NewRequestWithContext(l.t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		l.t.Fatal(err)
	}
	if form != nil {
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := browser.Do(q)
	if err != nil {
		l.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		l.t.Fatal(err)
	}
	return string(text), res.Request.URL
}

// userinfo asks one replica whose an access token is.
func (l *loginSite) userinfo(replica int, access string) int {
	l.t.Helper()
	q, err := http.NewRequestWithContext(l.t.Context(), http.MethodGet, "http://"+l.replicas[replica]+"/userinfo", nil)
	if err != nil {
		l.t.Fatal(err)
	}
	q.Header.Set("Authorization", "Bearer "+access)
	res, err := wire.Do(q)
	if err != nil {
		l.t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode
}

// TestALoginEndsInEveryReplica: people log in through two replicas behind one address, each request to another one. A user whom one replica
// is told to be disabled is out at the other at once; the app is told within two seconds, and one that was away when it is back.
func TestALoginEndsInEveryReplica(t *testing.T) {
	l := newLoginSite(t)
	const app, crane, acme = "demo-crm", "68cbc86a0000000000000000000000c3", "68cbc86a0000000000000000000000a1"
	l.join(app)
	browser := l.logsIn(app, "sunqi05", crane)
	other := l.logsIn(app, "zhaoliu04", acme)
	var access string
	l.mu.Lock()
	for _, s := range l.sessions {
		if s.Person.UserName == "sunqi05" {
			access = s.Access
		}
	}
	l.mu.Unlock()
	for i := range l.replicas {
		if got := l.userinfo(i, access); got != http.StatusOK {
			t.Fatalf("replica %d: %d", i, got)
		}
	}
	l.away.Store(true)
	for i := range l.world.Tenants {
		for j := range l.world.Tenants[i].Users {
			if u := &l.world.Tenants[i].Users[j]; u.UserName == "sunqi05" {
				u.Disabled = true
			}
		}
	}
	l.deliver(0)
	began := time.Now()
	for i := range l.replicas {
		if got := l.userinfo(i, access); got != http.StatusUnauthorized {
			t.Errorf("replica %d answers %d, %s after the call", i, got, time.Since(began))
		}
	}
	ended := func() bool {
		return l.procs[1].countAs(operatorToken, "loginSessions", `user_name = "sunqi05" AND state = "ENDED"`) == 1
	}
	comesWithin(t, began, 2*time.Second, "the session is written down as ended", ended)
	if l.told.Load() != 0 {
		t.Error("the app was told although it is away")
	}
	time.Sleep(3 * time.Second) // some attempts fail meanwhile
	l.away.Store(false)
	comesWithin(t, time.Now(), 10*time.Second, "the app is told when it is back", func() bool { return l.told.Load() > 0 })
	if _, at := l.page(browser, http.MethodGet, l.app.URL+"/", nil); at.Host == l.app.Listener.Addr().String() {
		t.Errorf("who is disabled is in the app: %s", at)
	}
	if text, _ := l.page(other, http.MethodGet, l.app.URL+"/", nil); text != "zhaoliu04 of "+acme {
		t.Errorf("somebody else is out, too: %s", text)
	}

	// And with an app that answers: from the call to the end of the app's session.
	for i := range l.world.Tenants {
		for j := range l.world.Tenants[i].Users {
			if u := &l.world.Tenants[i].Users[j]; u.UserName == "zhaoliu04" {
				u.Disabled = true
			}
		}
	}
	told := l.told.Load()
	l.deliver(1)
	comesWithin(t, time.Now(), 2*time.Second, "the app is told", func() bool { return l.told.Load() > told })
}

// comesWithin waits for something that has to come within a time.
func comesWithin(t *testing.T, began time.Time, limit time.Duration, what string, is func() bool) {
	t.Helper()
	for !is() {
		if time.Since(began) > limit {
			t.Fatalf("%s: not within %s", what, limit)
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Logf("%s after %s", what, time.Since(began).Round(time.Millisecond))
}
