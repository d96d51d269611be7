// SPDX-License-Identifier: Apache-2.0

package provider_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/koogate/koogate/server/directory"
	"github.com/koogate/koogate/server/login/logintest"
	"github.com/koogate/koogate/server/login/provider"
	"github.com/koogate/koogate/server/login/registry"
	"github.com/koogate/koogate/server/login/session"
	"github.com/koogate/koogate/server/login/upstream"
	"github.com/koogate/koogate/store"
)

func text(s said, name string) string {
	value, _ := s.body[name].(string)
	return value
}

// Refresh tokens follow each other, and each counts once.
func TestRefreshTokensRotate(t *testing.T) {
	r := newRig(t)
	r.Ready("CS1")
	token := r.login()
	seen := map[string]bool{token.RefreshToken: true}
	last := token.RefreshToken
	for i := range 4 {
		r.Clock.Advance(time.Hour)
		r.at.Store(int32(i % 2))
		got := r.refresh(last)
		is(t, "refresh", got, "200")
		last = text(got, "refresh_token")
		if seen[last] || last == "" {
			t.Fatal("a refresh token came twice")
		}
		seen[last] = true
		is(t, "userinfo", r.userinfo(text(got, "access_token")), "200")
		is(t, "with the older access token, whose hour is over", r.userinfo(token.AccessToken), "401 invalid_token")
		_, verifier, ctx := r.library()
		id, err := verifier.Verify(ctx, text(got, "id_token"))
		r.Must(err)
		if id.Nonce != "" {
			t.Error("the nonce of another login")
		}
	}
}

// Who lost an answer gets another one, once and soon; who comes later has somebody else's token.
func TestARefreshTokenThatComesAgain(t *testing.T) {
	for _, c := range []struct {
		name string
		wait time.Duration
		want string
	}{{"at once", 0, "200"}, {"soon", provider.Leeway, "200"}, {"too late", provider.Leeway + time.Second, "400 invalid_grant"}} {
		r := newRig(t)
		r.Ready("CS1")
		token := r.login()
		first := r.refresh(token.RefreshToken)
		is(t, c.name+": the first", first, "200")
		r.Clock.Advance(c.wait)
		r.at.Store(1)
		second := r.refresh(token.RefreshToken)
		is(t, c.name+": the second", second, c.want)
		if c.want != "200" {
			r.ended(store.EndReused)
			is(t, c.name+": what was given for the first", r.refresh(text(first, "refresh_token")), "400 invalid_grant")
			is(t, c.name+": userinfo", r.userinfo(text(first, "access_token")), "401 invalid_token")
			continue
		}
		is(t, c.name+": what was given for the second", r.refresh(text(second, "refresh_token")), "200")
		is(t, c.name+": the third", r.refresh(token.RefreshToken), "400 invalid_grant")
		r.ended(store.EndReused)
	}
}

// Of many at once two get tokens, and nobody gets more than that.
func TestManyRefreshesAtOnce(t *testing.T) {
	r := newRig(t)
	r.Ready("CS1")
	token := r.login()
	var wg sync.WaitGroup
	answers := make([]said, 8)
	for i := range answers {
		wg.Go(func() { answers[i] = r.refresh(token.RefreshToken) })
	}
	wg.Wait()
	good := 0
	for _, a := range answers {
		if a.status == http.StatusOK {
			good++
		}
	}
	if good > 2 {
		t.Errorf("%d got tokens: %v", good, answers)
	}
	r.ended(store.EndReused)
}

func TestManyExchangesAtOnce(t *testing.T) {
	r := newRig(t)
	r.Ready("CS1")
	got, verifier := r.begin()
	var wg sync.WaitGroup
	answers := make([]said, 8)
	for i := range answers {
		wg.Go(func() { answers[i] = r.exchange(got.values.Get("code"), verifier) })
	}
	wg.Wait()
	good := 0
	for _, a := range answers {
		if a.status == http.StatusOK {
			good++
		}
	}
	if good > 1 {
		t.Errorf("%d got tokens: %v", good, answers)
	}
	r.ended(store.EndReused)
}

func TestScopesOfARefresh(t *testing.T) {
	r := newRig(t, func(a *store.LoginApplication) { a.Settings.Personal = []string{registry.PersonalEmail} })
	r.Ready("CS1")
	token := r.login("scope", "openid email offline_access")
	refresh := func(token, scope string) said {
		return r.post(provider.PathToken, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}, "scope": {scope}})
	}
	is(t, "more than before", refresh(token.RefreshToken, "openid email phone"), "400 invalid_scope")
	less := refresh(token.RefreshToken, "openid")
	is(t, "less", less, "200")
	if info := r.userinfo(text(less, "access_token")); info.body["email"] != nil {
		t.Errorf("a narrowed token tells %v", info.body)
	}
	again := r.refresh(text(less, "refresh_token"))
	if info := r.userinfo(text(again, "access_token")); info.body["email"] == nil {
		t.Error("the grant was narrowed with the token")
	}
}

// Tokens end with their session, whatever they were given.
func TestTokensEndWithTheirSession(t *testing.T) {
	r := newRig(t, func(a *store.LoginApplication) { a.Settings.IdleSeconds = 8 * 3600 })
	r.Ready("CS1")
	token := r.login()
	r.Clock.Advance(7*time.Hour + 30*time.Minute)
	got := r.refresh(token.RefreshToken)
	is(t, "near its end", got, "200")
	if got.body["expires_in"] != float64(30*60) {
		t.Errorf("expires_in %v", got.body["expires_in"])
	}
	r.Clock.Advance(30 * time.Minute)
	is(t, "userinfo", r.userinfo(text(got, "access_token")), "401 invalid_token")
	is(t, "refresh", r.refresh(text(got, "refresh_token")), "400 invalid_grant")
}

// A session that nobody uses ends, and one that is used goes on.
func TestIdleSessions(t *testing.T) {
	r := newRig(t, func(a *store.LoginApplication) { a.Settings.IdleSeconds = 600 })
	r.Ready("CS1")
	token := r.login()
	for range 3 {
		r.Clock.Advance(9 * time.Minute)
		is(t, "in use", r.userinfo(token.AccessToken), "200")
	}
	r.Clock.Advance(10 * time.Minute)
	is(t, "idle", r.userinfo(token.AccessToken), "401 invalid_token")
	r.ended(store.EndExpired)
}

// Whatever takes a right away takes every token with it at once, in every replica, and the app is to be told.
func TestARightThatIsGone(t *testing.T) {
	off := logintest.Somebody(logintest.User)
	off.Enabled = false
	takes := map[store.LoginEnd]func(r *rig, inst string){
		store.EndUserDisabled:       func(r *rig, inst string) { r.Authorise(inst, logintest.Tenant, directory.Modify, off) },
		store.EndUserUnauthorised:   func(r *rig, inst string) { r.Authorise(inst, logintest.Tenant, directory.Withdraw, off) },
		store.EndTenantDeleted:      func(r *rig, inst string) { r.SyncedTenant(inst, logintest.Tenant, directory.Delete) },
		store.EndApplicationDeleted: func(r *rig, inst string) { r.SyncedApplication(inst, logintest.Tenant, directory.Delete) },
		store.EndInstanceReleased:   func(r *rig, inst string) { r.State(inst, store.InstanceReleased) },
		store.EndInstanceFrozen:     func(r *rig, inst string) { r.State(inst, store.InstanceFrozen) },
		store.EndApplicationClosed: func(r *rig, _ string) {
			_, err := r.World.Store.ChangeLoginApplication(r.t.Context(), logintest.Seller, logintest.App, r.Clock.Now(), func(a *store.LoginApplication) error {
				a.State = store.LoginDisabled
				return nil
			})
			r.Must(err)
		},
	}
	for reason, take := range takes {
		uses := map[string]func(r *rig, code, verifier, access, refresh string) (got said, want string){
			"userinfo":   func(r *rig, _, _, access, _ string) (said, string) { return r.userinfo(access), "401 invalid_token" },
			"introspect": func(r *rig, _, _, access, _ string) (said, string) { return r.introspect(access), "200" },
			"refresh":    func(r *rig, _, _, _, refresh string) (said, string) { return r.refresh(refresh), "400 invalid_grant" },
			"code": func(r *rig, code, verifier, _, _ string) (said, string) {
				return r.exchange(code, verifier), "400 invalid_grant"
			},
		}
		for name, use := range uses {
			t.Run(string(reason)+"/"+name, func(t *testing.T) {
				t.Parallel()
				r := newRig(t)
				inst := r.Ready("CS1")
				came, verifier := r.begin()
				token := r.exchange(came.values.Get("code"), verifier)
				// Of the same session: another code is given out while the request counts.
				status, _ := r.visit(r.issuer + provider.CallbackURL(r.requestID()))
				again := <-r.arrived
				if status != http.StatusOK || again.values.Get("code") == "" {
					t.Fatal(again)
				}
				take(r, inst)
				r.at.Store(1)
				got, want := use(r, again.values.Get("code"), verifier, text(token, "access_token"), text(token, "refresh_token"))
				if reason == store.EndApplicationClosed && name != "userinfo" {
					want = "401 invalid_client"
				}
				is(t, "refused", got, want)
				if name == "introspect" && want == "200" && got.body["active"] != false {
					t.Errorf("the token is active: %v", got.body)
				}
				if want != "401 invalid_client" {
					r.ended(reason)
				}
			})
		}
	}
}

// A code is refused when the right is gone before it is taken.
func TestARightThatIsGoneBeforeTheCode(t *testing.T) {
	r := newRig(t)
	inst := r.Ready("CS1")
	got, verifier := r.begin()
	r.Authorise(inst, logintest.Tenant, directory.Withdraw, logintest.Somebody(logintest.User))
	is(t, "the code", r.exchange(got.values.Get("code"), verifier), "400 invalid_grant")
	r.ended(store.EndUserUnauthorised)
}

// What is told is what is known now, and not what was known at the login.
func TestUserinfoIsOfNow(t *testing.T) {
	r := newRig(t)
	inst := r.Ready("CS1")
	token := r.login()
	u := logintest.Somebody(logintest.User)
	u.Role, u.Profile.Name = "admin", "李四"
	r.Authorise(inst, logintest.Tenant, directory.Modify, u)
	if info := r.userinfo(token.AccessToken); info.body["role"] != "admin" || info.body["name"] != "李四" {
		t.Errorf("%v", info.body)
	}
	r.Ready("CS2")
	if info := r.userinfo(token.AccessToken); fmt.Sprint(info.body["instance_ids"]) != "[inst-CS1 inst-CS2]" {
		t.Errorf("%v", info.body)
	}
}

func TestHowUserinfoIsAsked(t *testing.T) {
	r := newRig(t)
	r.Ready("CS1")
	token := r.login()
	is(t, "in the body", r.post(provider.PathUserinfo, url.Values{"access_token": {token.AccessToken}}, "none"), "200")
	for name, wrong := range map[string]string{"nothing": "", "a refresh token": token.RefreshToken, "no token": "x", "cut": token.AccessToken[1:]} {
		got := r.userinfo(wrong)
		if got.status != http.StatusUnauthorized || !strings.HasPrefix(got.header.Get("WWW-Authenticate"), "Bearer ") || got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %s %v", name, got, got.header)
		}
	}
	in, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.issuer+provider.PathUserinfo+"?access_token="+token.AccessToken, nil)
	r.Must(err)
	is(t, "in the address", r.send(in), "400 invalid_request")
}

func TestIntrospection(t *testing.T) {
	r := newRig(t)
	r.Ready("CS1")
	other := store.LoginApplication{
		Seller: logintest.Seller, AppID: "app-2", State: store.LoginEnabled, CreatedAt: r.Clock.Now(), UpdatedAt: r.Clock.Now(),
		Secrets: []store.LoginSecret{{ID: "1", Digest: session.Digest(older)}},
	}
	r.Must(r.World.Store.AddLoginApplication(t.Context(), &other, 10))
	token := r.login()
	for name, value := range map[string]string{"access": token.AccessToken, "refresh": token.RefreshToken} {
		got := r.introspect(value)
		if got.body["active"] != true || got.body["client_id"] != logintest.App || got.body["username"] != logintest.User || got.body["sid"] != r.session().ID ||
			got.body["iss"] != r.issuer || got.body["scope"] != "openid profile email phone offline_access" {
			t.Errorf("%s: %v", name, got.body)
		}
		if got := r.introspect(value, "app-2", older); len(got.body) != 1 || got.body["active"] != false {
			t.Errorf("%s, by another app: %v", name, got.body)
		}
		is(t, name+", by nobody", r.introspect(value, logintest.App, "x"), "401 invalid_client")
		is(t, name+", without a secret", r.introspect(value, "none"), "400 invalid_request")
	}
	if got := r.introspect("x"); len(got.body) != 1 || got.body["active"] != false {
		t.Errorf("no token: %v", got.body)
	}
}

func TestRevocation(t *testing.T) {
	r := newRig(t)
	r.Ready("CS1")
	other := store.LoginApplication{
		Seller: logintest.Seller, AppID: "app-2", State: store.LoginEnabled, CreatedAt: r.Clock.Now(), UpdatedAt: r.Clock.Now(),
		Secrets: []store.LoginSecret{{ID: "1", Digest: session.Digest(older)}},
	}
	r.Must(r.World.Store.AddLoginApplication(t.Context(), &other, 10))
	revoke := func(token string, credentials ...string) said {
		return r.post(provider.PathRevoke, url.Values{"token": {token}, "token_type_hint": {"refresh_token"}}, credentials...)
	}
	token := r.login()
	is(t, "no token", revoke("x"), "200")
	is(t, "by another app", revoke(token.AccessToken, "app-2", older), "200")
	is(t, "by nobody", revoke(token.AccessToken, logintest.App, "x"), "401 invalid_client")
	is(t, "userinfo", r.userinfo(token.AccessToken), "200")
	is(t, "the access token", revoke(token.AccessToken), "200")
	is(t, "userinfo after it", r.userinfo(token.AccessToken), "401 invalid_token")
	r.alive()
	next := r.refresh(token.RefreshToken)
	is(t, "refresh", next, "200")
	is(t, "the refresh token", revoke(text(next, "refresh_token")), "200")
	is(t, "userinfo after that", r.userinfo(text(next, "access_token")), "401 invalid_token")
	is(t, "refresh after that", r.refresh(text(next, "refresh_token")), "400 invalid_grant")
	if s := r.session(); s.EndReason != store.EndLoggedOut || s.LogoutState != store.LogoutNone {
		t.Errorf("the session ended by %q, its logout is %s", s.EndReason, s.LogoutState)
	}
}

// What was begun at one replica goes on at another.
func TestTwoReplicas(t *testing.T) {
	r := newRig(t)
	r.Ready("CS1")
	got, verifier := r.begin()
	r.at.Store(1)
	first := r.exchange(got.values.Get("code"), verifier)
	is(t, "the code", first, "200")
	r.at.Store(0)
	is(t, "userinfo", r.userinfo(text(first, "access_token")), "200")
	second := r.refresh(text(first, "refresh_token"))
	is(t, "refresh", second, "200")
	r.at.Store(1)
	_, verify, ctx := r.library()
	for _, raw := range []string{text(first, "id_token"), text(second, "id_token")} {
		if _, err := verify.Verify(ctx, raw); err != nil {
			t.Error(err)
		}
	}
	is(t, "a replica that starts", func() said {
		r.replicas[0] = r.provider(nil)
		r.at.Store(0)
		return r.userinfo(text(second, "access_token"))
	}(), "200")
}

// The centre's tokens are renewed with the app's where the centre has given a refresh_token, and only when they are over.
func TestTheCentresTokensAreRenewed(t *testing.T) {
	r := newRig(t)
	r.Ready("CS1")
	start := func(refresh string, answer func() (upstream.Tokens, error)) (asked func() int, use func() said) {
		r.held = session.Held{Access: "a", Refresh: refresh, Until: r.Clock.Now().Add(2 * time.Hour), Person: upstream.Person{UserName: logintest.User}}
		r.centre.asked, r.centre.refresh = nil, answer
		last := r.login().RefreshToken
		r.last = last
		return func() int { return len(r.centre.asked) }, func() said {
			got := r.refresh(last)
			last = text(got, "refresh_token")
			return got
		}
	}
	held := func() session.Held {
		s := r.session()
		h, err := session.HeldOf(r.Vault, &s)
		r.Must(err)
		return h
	}
	t.Run("renewed", func(t *testing.T) {
		asked, use := start("first", func() (upstream.Tokens, error) {
			return upstream.Tokens{Access: "b", Refresh: "second", Life: 2 * time.Hour}, nil
		})
		r.Clock.Advance(time.Hour)
		is(t, "before they are over", use(), "200")
		if asked() != 0 {
			t.Error("the centre was asked too early")
		}
		r.Clock.Advance(time.Hour)
		is(t, "over", use(), "200")
		if h := held(); asked() != 1 || r.centre.asked[0] != "client-inst-CS1 first" || h.Access != "b" || h.Refresh != "second" || !h.Until.Equal(r.Clock.Now().Add(2*time.Hour)) {
			t.Errorf("asked %q, held until %v", r.centre.asked, h.Until)
		}
		is(t, "again", use(), "200")
		if asked() != 1 {
			t.Error("the centre was asked twice")
		}
	})
	t.Run("refused", func(t *testing.T) {
		_, use := start("first", func() (upstream.Tokens, error) {
			return upstream.Tokens{}, &upstream.Fault{Kind: upstream.RefreshRefused}
		})
		r.Clock.Advance(2*time.Hour - time.Second)
		is(t, "before they are over", use(), "200")
		r.Clock.Advance(time.Second)
		is(t, "over", use(), "400 invalid_grant")
		r.ended(store.EndUpstream)
	})
	for _, kind := range []upstream.Kind{upstream.Busy, upstream.Unreachable, upstream.Timeout, upstream.ClientRefused} {
		t.Run(string(kind), func(t *testing.T) {
			asked, use := start("first", func() (upstream.Tokens, error) { return upstream.Tokens{}, &upstream.Fault{Kind: kind} })
			r.Clock.Advance(90 * time.Minute)
			is(t, "before", use(), "200")
			r.Clock.Advance(30 * time.Minute)
			is(t, "over", use(), "200")
			is(t, "at once again", use(), "200")
			if asked() != 1 {
				t.Errorf("a centre that is away was asked %d times at once", asked())
			}
			r.Clock.Advance(time.Minute)
			is(t, "a minute later", use(), "200")
			if h := held(); asked() != 2 || h.Refresh != "first" {
				t.Errorf("asked %d times", asked())
			}
			r.alive()
		})
	}
	t.Run("two at once", func(t *testing.T) {
		begun, release := make(chan struct{}), make(chan struct{})
		var first atomic.Bool
		asked, _ := start("first", func() (upstream.Tokens, error) {
			if first.CompareAndSwap(false, true) {
				close(begun)
				<-release
			}
			return upstream.Tokens{Access: "b", Refresh: "second", Life: time.Hour}, nil
		})
		r.Clock.Advance(90 * time.Minute)
		got := r.refresh(r.last)
		is(t, "before", got, "200")
		r.Clock.Advance(30 * time.Minute)
		done := make(chan said)
		go func() { done <- r.refresh(text(got, "refresh_token")) }()
		<-begun
		is(t, "while another asks the centre", r.refresh(text(got, "refresh_token")), "200")
		close(release)
		is(t, "the one that asks", <-done, "200")
		if h := held(); asked() != 1 || h.Refresh != "second" {
			t.Errorf("the centre was asked %d times", asked())
		}
	})
	t.Run("no refresh_token", func(t *testing.T) {
		asked, use := start("", func() (upstream.Tokens, error) { return upstream.Tokens{}, errors.New("asked") })
		r.Clock.Advance(90 * time.Minute)
		is(t, "before", use(), "200")
		r.Clock.Advance(90 * time.Minute)
		is(t, "over", use(), "200")
		if asked() != 0 {
			t.Error("the centre was asked without a refresh_token")
		}
	})
}
