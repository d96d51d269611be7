// SPDX-License-Identifier: Apache-2.0

package desk_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/koogate/koogate/server/clock/clocktest"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/login/desk"
	"github.com/koogate/koogate/server/login/registry"
	"github.com/koogate/koogate/server/login/session"
	"github.com/koogate/koogate/server/vault"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/backendtest"
	"github.com/koogate/koogate/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	seller = storetest.Seller
	issuer = "https://login.example.com"
)

type anywhere struct{}

func (anywhere) Check(*url.URL) error { return nil }

// rig is a desk over a real store with two applications: told has an address for logouts, and silent has none.
type rig struct {
	*desk.Service
	deps  desk.Deps
	store store.Store
	clock *clocktest.Clock
	n     int
}

func each(t *testing.T, f func(t *testing.T, r *rig)) {
	t.Helper()
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		c := clocktest.New(storetest.Epoch)
		f(t, over(t, backendtest.SQLite(t, c.Now), c))
	})
	t.Run("postgres", func(t *testing.T) {
		c := clocktest.New(storetest.Epoch)
		f(t, over(t, backendtest.Postgres(t, c.Now), c))
	})
}

func over(t *testing.T, st store.Store, c *clocktest.Clock) *rig {
	t.Helper()
	keys, err := vault.Generate()
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.Open(keys)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{store: st, clock: c}
	id := func() string { r.n++; return store.TimedID(fmt.Sprintf("00000000-0000-7000-8000-%012d", r.n), c.Now()) }
	apps := registry.New(registry.Deps{Store: st, Caller: anywhere{}, Sealer: v, Clock: c, NewID: id})
	r.deps = desk.Deps{Issuer: issuer, Store: st, Apps: apps, Book: &session.Book{Store: st, Sealer: v, Clock: c, NewID: id}}
	r.Service = desk.New(r.deps)
	for name, uri := range map[string]string{"told": "https://app.example.com/logout", "silent": ""} {
		if _, _, err := apps.Add(t.Context(), seller, name, registry.Draft{Name: name, Settings: store.LoginSettings{BackChannelURI: uri}}); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// enters has users log in to an application.
func (r *rig) enters(t *testing.T, appID, tenant string, users ...string) (ids []string) {
	t.Helper()
	app, err := r.deps.Apps.Get(t.Context(), seller, appID)
	if err != nil {
		t.Fatal(err)
	}
	for _, user := range users {
		req, err := r.deps.Book.Begin(t.Context(), &app, store.LoginByApp, nil)
		if err != nil {
			t.Fatal(err)
		}
		s, _, err := r.deps.Book.Enter(t.Context(), session.Entry{Request: req.ID, App: &app, Protocol: store.LoginOAuth2, TenantID: tenant, UserName: user, Life: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, s.ID)
		r.clock.Advance(time.Millisecond)
	}
	return ids
}

func wantReason(t *testing.T, err error, want errs.Reason) {
	t.Helper()
	var e *errs.Error
	if !errors.As(err, &e) || e.Reason != want {
		t.Fatalf("%v, want %s", err, want)
	}
}

// TestASessionIsEndedOnBoth: its app is told where it wants to be, the first reason stays, and another seller can do nothing.
func TestASessionIsEndedOnBoth(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		ctx := t.Context()
		told, silent := r.enters(t, "told", "t1", "zhangsan01")[0], r.enters(t, "silent", "t1", "zhangsan01")[0]
		_, err := r.End(ctx, "other", told)
		wantReason(t, err, errs.LoginSessionNotFound)
		_, err = r.Session(ctx, "other", told)
		wantReason(t, err, errs.LoginSessionNotFound)
		_, err = r.End(ctx, seller, "none")
		wantReason(t, err, errs.LoginSessionNotFound)
		if s, err := r.Session(ctx, seller, told); err != nil || !s.EndedAt.IsZero() {
			t.Fatal(s, err)
		}
		s, err := r.End(ctx, seller, told)
		if err != nil || s.EndReason != store.EndRevoked || s.EndedAt.IsZero() || s.LogoutState != store.LogoutPending || len(s.Upstream) != 0 {
			t.Fatal(s, err)
		}
		r.clock.Advance(time.Minute)
		again, err := r.End(ctx, seller, told)
		if err != nil || !again.EndedAt.Equal(s.EndedAt) {
			t.Fatal("a session ends twice", again, err)
		}
		if s, err = r.End(ctx, seller, silent); err != nil || s.LogoutState != store.LogoutNone || s.EndedAt.IsZero() {
			t.Fatal(s, err)
		}
		gone := r.enters(t, "told", "t1", "lisi02")[0]
		if err := r.deps.Apps.Delete(ctx, seller, "told", ""); err != nil {
			t.Fatal(err)
		}
		if s, err = r.End(ctx, seller, gone); err != nil || s.LogoutState == store.LogoutPending || s.EndedAt.IsZero() {
			t.Fatal("of an application that is gone", s, err)
		}
	})
}

// TestSessionsAreEndedTogetherOnBoth: those that the filter names and no others, each once, page by page, and a trial changes nothing.
func TestSessionsAreEndedTogetherOnBoth(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		ctx := t.Context()
		var many []string
		for i := range desk.MostEnded + 5 {
			many = append(many, fmt.Sprint("user", i))
		}
		r.enters(t, "told", "t1", many...)
		others := append(r.enters(t, "told", "t2", "zhangsan01"), r.enters(t, "silent", "t1", "zhangsan01")...)
		term := func(field, value string) store.Term { return store.Term{Field: field, Value: value} }
		filter := []store.Term{term("app_id", "told"), term("tenant_id", "t1")}
		_, err := r.EndAll(ctx, seller, nil, nil, false)
		wantReason(t, err, errs.InvalidField)
		all := func(of string, dry bool) (sum int) {
			var after *store.Cursor
			for {
				n, err := r.EndAll(ctx, of, filter, after, dry)
				if err != nil {
					t.Fatal(err)
				}
				if sum += n.Count; n.Last == nil {
					return sum
				}
				after = n.Last
			}
		}
		for _, x := range []struct {
			of   string
			dry  bool
			want int
		}{{seller, true, len(many)}, {"other", false, 0}, {seller, false, len(many)}, {seller, false, 0}} {
			if got := all(x.of, x.dry); got != x.want {
				t.Fatalf("%+v: %d", x, got)
			}
		}
		for _, id := range others {
			if s, err := r.Session(ctx, seller, id); err != nil || !s.EndedAt.IsZero() {
				t.Error("another session ends", s, err)
			}
		}
		ended, err := r.Sessions(ctx, store.ListQuery{Seller: seller, Filter: []store.Term{term("state", "ENDED")}, Limit: 500})
		if err != nil || len(ended) != len(many) || ended[0].EndReason != store.EndRevoked {
			t.Fatal(len(ended), err)
		}
	})
}

// TestATrialIsALoginOnBoth: it is there to be looked at, lets nobody in, and needs a server that serves logins.
func TestATrialIsALoginOnBoth(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		ctx := t.Context()
		_, err := r.Try(ctx, "other", "told")
		wantReason(t, err, errs.LoginApplicationNotFound)
		trial, err := r.Try(ctx, seller, "told")
		if err != nil || trial.URL != issuer+"/try/"+trial.LoginID || !trial.ExpiresAt.Equal(r.clock.Now().Add(session.RequestLife)) {
			t.Fatal(trial, err)
		}
		login, err := r.Login(ctx, seller, trial.LoginID)
		if err != nil || login.Entrance != store.LoginByTrial || login.AppID != "told" || len(session.Steps(&login)) != 1 {
			t.Fatal(login, err)
		}
		_, err = r.Login(ctx, "other", trial.LoginID)
		wantReason(t, err, errs.LoginNotFound)
		list, err := r.Logins(ctx, store.ListQuery{Seller: seller, Filter: []store.Term{{Field: "app_id", Value: "told"}}, Limit: 10})
		if err != nil || len(list) != 1 || desk.PlaceOfLogin(list[0]).ID != trial.LoginID {
			t.Fatal(list, err)
		}
		dark := r.deps
		dark.Issuer = ""
		_, err = desk.New(dark).Try(ctx, seller, "told")
		wantReason(t, err, errs.LoginNotServed)
	})
}

// TestATicketIsRedeemedBySomebodyElse: the desk knows no tickets itself, and a refusal says nothing of one.
func TestATicketIsRedeemedBySomebodyElse(t *testing.T) {
	_, err := desk.New(desk.Deps{}).Person(t.Context(), seller, "told", "canary")
	wantReason(t, err, errs.LoginNotServed)
	d := desk.New(desk.Deps{Redeem: func(_ context.Context, of, appID, ticket string) (map[string]any, error) {
		if of+appID+ticket != seller+"told"+"canary" {
			t.Error(of, appID)
		}
		return nil, desk.Refused(errors.New("canary"))
	}})
	_, err = d.Person(t.Context(), seller, "told", "canary")
	wantReason(t, err, errs.TicketRefused)
	if strings.Contains(errs.As(err).Msg, "canary") {
		t.Error("the refusal says why")
	}
}
