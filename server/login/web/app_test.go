// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/koogate/koogate/client/login"
	"github.com/koogate/koogate/server/directory"
	"github.com/koogate/koogate/server/login/session"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
)

// site is a vendor's app over package client/login.
type site struct {
	r      *rig
	at     string
	server *httptest.Server
	mu     sync.Mutex
	now    time.Time
	broken bool // Koogate cannot be reached
}

// RoundTrip implements http.RoundTripper for the app's calls to Koogate.
func (s *site) RoundTrip(q *http.Request) (*http.Response, error) {
	s.mu.Lock()
	broken := s.broken
	s.mu.Unlock()
	if broken {
		return nil, fmt.Errorf("no route to Koogate")
	}
	return (&http.Transport{DisableKeepAlives: true}).RoundTrip(q)
}

func (s *site) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

const clientSecret = "kgl_of-the-app-of-these-tests"

// joins registers where an app is.
func (r *rig) joins(appID, base string) {
	r.t.Helper()
	r.application(appID, func(a *store.LoginApplication) {
		a.Settings.RedirectURIs = []string{base + "/login/callback", base + "/callback"}
		a.Settings.PostLogoutURIs = []string{base + "/"}
		a.Settings.InitiateURI, a.Settings.BackChannelURI = base+"/login/initiate", base+"/login/back-channel"
		a.Secrets = []store.LoginSecret{{ID: "s", Digest: session.Digest(clientSecret), CreatedAt: r.world.Clock.Now()}}
	})
}

// newSite starts an app for an application.
func (r *rig) newSite(appID string) *site {
	r.t.Helper()
	s := &site{r: r, server: httptest.NewUnstartedServer(nil), now: r.world.Clock.Now()}
	s.at = "http://" + s.server.Listener.Addr().String()
	r.joins(appID, s.at)
	l, err := login.New(r.t.Context(), login.Config{
		Issuer: r.issuer, AppID: appID, Secret: clientSecret, CallbackURL: s.at + "/login/callback", Client: &http.Client{Transport: s},
		Now: func() time.Time { s.mu.Lock(); defer s.mu.Unlock(); return s.now }, Log: slog.New(slog.DiscardHandler),
	})
	r.world.Must(err)
	mux := http.NewServeMux()
	mux.Handle("/login/", l)
	mux.Handle("/", l.Require(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		p, ok := login.From(q.Context())
		text, _ := json.Marshal(p)
		fmt.Fprintf(w, "%v %s %s %s %s", ok, q.URL.RequestURI(), p.Name, p.Enterprise, text)
	})))
	s.server.Config.Handler = mux
	s.server.Start()
	r.t.Cleanup(s.server.Close)
	return s
}

// advance moves the time of the app and of Koogate.
func (s *site) advance(d time.Duration) {
	s.r.world.Clock.Advance(d)
	s.set(func() { s.now = s.now.Add(d) })
}

// shows compares what the app's page begins with.
func (b *browser) shows(want string) *browser {
	b.r.t.Helper()
	if !strings.HasPrefix(b.body, want) || b.status != http.StatusOK {
		b.r.t.Errorf("the app shows %d %q, want %q", b.status, b.body, want)
	}
	return b
}

// TestAnApp: the Go package, from both entrances, by both protocols, and three tenants at once.
func TestAnApp(t *testing.T) {
	for _, id := range []string{oauth, cas} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			s := r.newSite(id)
			people := []struct{ account, tenant, name, enterprise string }{
				{"zhangsan01", acme, "", "甲方制造"}, {"zhangsan01", bright, "", "明亮照明"}, {"sunqi05", crane, "", "鹤翔物流"},
			}
			var all sync.WaitGroup
			for _, p := range people {
				for _, tile := range []bool{false, true} {
					b := r.browser()
					all.Go(func() {
						if tile {
							b.clicks(p.tenant, p.account, id).sends("choice", "continue")
						} else {
							b.opens(s.at+"/reports?q=1").logsIn(p.account, p.tenant)
						}
						var who login.Person
						_ = json.Unmarshal([]byte(b.body[strings.Index(b.body, "{"):]), &who)
						if who.UserName != p.account || who.TenantID != p.tenant || who.Enterprise != p.enterprise || len(who.Instances) != 1 || who.Instances[0].ID != r.instances[p.tenant+"/"+id] {
							t.Errorf("%v: %+v", p, who)
						}
						if !tile && b.at.RequestURI() != "/reports?q=1" {
							t.Errorf("the browser is at %s", b.at)
						}
					})
				}
			}
			all.Wait()
		})
	}
}

// TestAnAppIsSafe: what the package refuses by itself.
func TestAnAppIsSafe(t *testing.T) {
	r := newRig(t)
	s := r.newSite(oauth)
	b := r.browser()
	if b.do(http.MethodPost, s.at+"/reports", url.Values{"x": {"1"}}); b.status != http.StatusUnauthorized {
		t.Error(b.status)
	}
	for address, want := range map[string]int{
		"/login/callback?code=1&state=1": 403, "/login/initiate?iss=https://evil.example.com": 400, "/login/other": 404,
	} {
		if b.do(http.MethodGet, s.at+address, nil); b.status != want {
			t.Errorf("%s: %d, want %d", address, b.status, want)
		}
	}
	for _, token := range []string{"", "x", "eyJhbGciOiJub25lIn0.eyJpc3MiOiJ4In0."} {
		if b.do(http.MethodPost, s.at+"/login/back-channel", url.Values{"logout_token": {token}}); b.status != http.StatusBadRequest {
			t.Errorf("%q: %d", token, b.status)
		}
	}
	b.opens(s.at+"//evil.example.com/x").logsIn("sunqi05", crane)
	if b.at.Host != strings.TrimPrefix(s.at, "http://") {
		t.Errorf("the browser was led to %s", b.at)
	}
	// The callback of somebody else's login in this browser.
	mine := r.browser()
	mine.client.CheckRedirect = func(q *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(q.URL.String(), s.at+"/login/callback") {
			return http.ErrUseLastResponse
		}
		return nil
	}
	mine.opens(s.at+"/").logsIn("zhangsan01", acme)
	if b.do(http.MethodGet, mine.at.String(), nil); b.status != http.StatusForbidden {
		t.Errorf("%d at %s", b.status, mine.at)
	}
}

// TestAnAppAsksAgain: without a back-channel logout an app learns within a minute that somebody may not come in any more; while it cannot ask,
// people work on for some minutes.
func TestAnAppAsksAgain(t *testing.T) {
	r := newRig(t)
	s := r.newSite(oauth)
	b := r.browser()
	b.opens(s.at+"/").logsIn("sunqi05", crane).shows("true / ")
	s.set(func() { s.broken = true })
	s.advance(5 * time.Minute)
	b.opens(s.at + "/").shows("true / ")
	s.set(func() { s.broken = false })
	s.advance(2 * time.Minute)
	b.opens(s.at + "/").shows("true / ")
	r.authorises(directory.Modify, "sunqi05", false)
	b.opens(s.at + "/").shows("true / ") // asked a moment ago
	s.advance(time.Minute)
	b.opens(s.at + "/")
	if strings.HasPrefix(b.body, "true") {
		t.Error("who is disabled is still in the app")
	}
	r.authorises(directory.Modify, "sunqi05", true)
	b.opens(s.at + "/")
	b.sends("choice", "last").shows("true / ")
	s.set(func() { s.broken = true })
	s.advance(12 * time.Minute)
	if b.opens(s.at + "/"); strings.HasPrefix(b.body, "true") {
		t.Error("the session counts although nobody can say so for twelve minutes")
	}
}

// TestAnAppLogsOut: here, at Koogate and at the centre.
func TestAnAppLogsOut(t *testing.T) {
	r := newRig(t)
	s := r.newSite(oauth)
	r.settings2(oauth, func(set *store.LoginSettings) { set.LogoutUpstream = true })
	b := r.browser()
	b.opens(s.at+"/").logsIn("sunqi05", crane).shows("true / ")
	b.do(http.MethodPost, s.at+"/login/logout", url.Values{})
	b.wants("200 LOGGED_OUT")
	page, err := r.store.ListLoginSessions(t.Context(), store.ListQuery{Seller: "demo", Limit: 10})
	if err != nil || len(page) != 1 || page[0].EndReason != store.EndLoggedOut || page[0].LogoutState != store.LogoutPending {
		t.Errorf("%+v, %v", page, err)
	}
	b.opens(s.at + "/")
	b.sends("choice", "last")
	if !strings.Contains(b.body, `name="password"`) {
		t.Errorf("the centre has a session still: %s", b.body)
	}
}

// settings2 changes settings and leaves the rest as it is.
func (r *rig) settings2(id string, change func(*store.LoginSettings)) {
	r.t.Helper()
	_, err := r.store.ChangeLoginApplication(r.t.Context(), "demo", id, r.world.Clock.Now(), func(a *store.LoginApplication) error {
		change(&a.Settings)
		return nil
	})
	r.world.Must(err)
}

// TestANodeApp: the example in docs/examples/login, over a public OpenID library for Node.js.
func TestANodeApp(t *testing.T) {
	dir := filepath.Join("..", "..", "..", "docs", "examples", "login")
	ready(t)
	r := newRig(t)
	r.world.Clock.Advance(time.Since(storetest.Epoch)) // Node has the machine's clock
	base := freeAddress(t)
	r.joins(oauth, base)
	r.settings2(oauth, func(s *store.LoginSettings) { s.InitiateURI = base + "/initiate" })
	u, _ := url.Parse(base)
	ctx, cancel := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, "node", "app.mjs")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "ISSUER="+r.issuer, "APP_ID="+oauth, "APP_SECRET="+clientSecret, "PORT="+u.Port())
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { cancel(); _ = cmd.Wait(); t.Log(said.String()) }()
	waitFor(t, base)
	b := r.browser()
	b.opens(base+"/").logsIn("sunqi05", crane)
	for _, text := range []string{"sunqi05", "鹤翔物流", crane, r.instances[crane+"/"+oauth]} {
		if !strings.Contains(b.body, text) {
			t.Errorf("the app does not show %q: %s", text, b.body)
		}
	}
	other := r.browser()
	other.clicks(acme, "zhangsan01", oauth).sends("choice", "continue")
	if !strings.Contains(other.body, "甲方制造") {
		t.Error(other.body)
	}
	b.opens(base + "/logout").wants("200 LOGGED_OUT")
	b.opens(base + "/")
	if strings.Contains(b.body, "鹤翔物流</p>") {
		t.Error("the app shows somebody after the logout")
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(nil)
	defer s.Close()
	return s.URL
}

func waitFor(t *testing.T, base string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for range 200 {
		q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		if answer, err := client.Do(q); err == nil {
			answer.Body.Close()
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("the app does not start")
}
