// SPDX-License-Identifier: Apache-2.0

package logins

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
	"github.com/koogate/koogate/store/storetest/check"
)

var rowCases = []check.Case{
	check.WithStore("AnApplicationKeepsAllItsFields", allApplicationFields),
	check.WithStore("AnAppIDAndAProductAreTakenOnce", taken),
	check.WithStore("NobodyHasMoreApplicationsThanAllowed", most),
	check.TwoStores("ChangesOfAnApplicationAreAllCounted", changesCount),
	check.WithStore("WhatACallerRefusesIsNotChanged", refused),
	check.WithStore("ARequestKeepsAllItsFields", allRequestFields),
	check.WithStore("RequestsAreFiltered", requestFilters),
	check.WithStore("AGrantKeepsAllItsFields", allGrantFields),
	check.TwoStores("AGrantIsUsedOnce", usedOnce),
	check.WithStore("NothingIsGivenOutForASessionThatHasEnded", noGrants),
	check.TwoStores("ANumberIsOneKeys", keys),
	check.WithStore("WhatIsOverIsForgotten", forgotten),
	check.WithStore("FactsAreThoseOfTheDirectory", facts),
	check.WithStore("TenantsAreFoundByTheirCode", codes),
	check.WithStore("BadTextsAreRefused", badTexts),
}

func at(n int) time.Time { return storetest.Epoch.Add(time.Duration(n) * time.Second) }

func application(id string) *store.LoginApplication {
	return &store.LoginApplication{Seller: storetest.Seller, AppID: id, Name: id, State: store.LoginEnabled, CreatedAt: at(0), UpdatedAt: at(0)}
}

// fullApplication has a value in every field.
func fullApplication() *store.LoginApplication {
	return &store.LoginApplication{
		Seller: storetest.Seller, AppID: "app-1", Name: "应用", ProductID: "p-1", State: store.LoginEnabled, Test: []byte("sealed"), Version: 3,
		CreatedAt: at(1), UpdatedAt: at(2),
		Secrets: []store.LoginSecret{{ID: "b", Digest: []byte{0, 1, 255}, CreatedAt: at(3), Until: at(4)}, {ID: "a", Digest: []byte{2}, CreatedAt: at(1), Until: at(9)}},
		Settings: store.LoginSettings{
			Protocol: store.LoginCAS, RedirectURIs: []string{"https://a.example.com/cb"}, PostLogoutURIs: []string{"https://a.example.com/bye"},
			InitiateURI: "https://a.example.com/login", BackChannelURI: "https://a.example.com/logout", TicketURI: "https://a.example.com/ticket",
			Frozen: "READ", Roles: "CENTRE", Confirm: "ALWAYS", Personal: []string{"mobile"}, LifeSeconds: 7, IdleSeconds: 5, LogoutUpstream: true,
		},
	}
}

func add(t *testing.T, s store.Store, a *store.LoginApplication) {
	t.Helper()
	check.Error(t, s.AddLoginApplication(check.Context(t), a, 100), nil)
}

func allApplicationFields(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	a := fullApplication()
	check.Filled(t, "application", reflect.ValueOf(*a))
	add(t, s, a)
	got, err := s.LoginApplication(ctx, a.AppID)
	check.Error(t, err, nil)
	check.Equal(t, "application", got, *a)
	a.Name, a.ProductID, a.State, a.Test, a.Settings, a.Secrets = "b", "", store.LoginDisabled, nil, store.LoginSettings{}, nil
	got, err = s.ChangeLoginApplication(ctx, a.Seller, a.AppID, at(60), func(x *store.LoginApplication) error {
		seller, id := "thief", "other"
		*x = *a
		x.Seller, x.AppID, x.CreatedAt, x.Version = seller, id, at(99), 99
		return nil
	})
	check.Error(t, err, nil)
	a.Version, a.UpdatedAt = 4, at(60)
	check.Equal(t, "changed", got, *a)
	list, err := s.LoginApplications(ctx, a.Seller)
	check.Error(t, err, nil)
	check.Equal(t, "list", list, []store.LoginApplication{*a})
	list, err = s.LoginApplications(ctx, "other")
	check.Error(t, err, nil)
	check.Equal(t, "others", len(list), 0)
	other := application("app-2")
	other.Seller, other.CreatedAt = "other", at(0)
	add(t, s, other)
	list, err = s.LoginApplications(ctx, "")
	check.Error(t, err, nil)
	check.Equal(t, "all, the oldest first", check.IDs(list, func(a store.LoginApplication) string { return a.AppID }), []string{"app-2", "app-1"})
	check.Error(t, s.DeleteLoginApplication(ctx, "other", "app-1", at(61), func(*store.LoginApplication) error { return nil }), store.ErrNotFound)
	check.Error(t, s.DeleteLoginApplication(ctx, a.Seller, "app-1", at(61), func(*store.LoginApplication) error { return nil }), nil)
	_, err = s.LoginApplication(ctx, "app-1")
	check.Error(t, err, store.ErrNotFound)
	_, err = s.ChangeLoginApplication(ctx, a.Seller, "app-1", at(62), func(*store.LoginApplication) error { return nil })
	check.Error(t, err, store.ErrNotFound)
}

func taken(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	a := application("a")
	a.ProductID = "p"
	add(t, s, a)
	other := application("a")
	other.Seller = "other"
	check.Error(t, s.AddLoginApplication(ctx, other, 100), store.ErrConflict)
	b := application("b")
	b.ProductID = "p"
	check.Error(t, s.AddLoginApplication(ctx, b, 100), store.ErrConflict)
	b.Seller = "other"
	add(t, s, b)
	for _, id := range []string{"c", "d"} { // without a product, which is nobody's
		add(t, s, application(id))
	}
	_, err := s.ChangeLoginApplication(ctx, storetest.Seller, "c", at(1), func(a *store.LoginApplication) error { a.ProductID = "p"; return nil })
	check.Error(t, err, store.ErrConflict)
}

func most(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	errs := check.Together(8, func(i int) error { return s.AddLoginApplication(ctx, application(fmt.Sprint("app-", i)), 3) })
	n := 0
	for _, err := range errs {
		if err == nil {
			n++
		} else {
			check.Error(t, err, store.ErrExhausted)
		}
	}
	check.Equal(t, "added", n, 3)
}

func changesCount(t *testing.T, handles []store.Store) {
	ctx := check.Context(t)
	add(t, handles[0], application("a"))
	for _, err := range check.Together(8, func(i int) error {
		_, err := handles[i%2].ChangeLoginApplication(ctx, storetest.Seller, "a", at(i), func(a *store.LoginApplication) error {
			a.Settings.LifeSeconds++
			return nil
		})
		return err
	}) {
		check.Error(t, err, nil)
	}
	got, err := handles[1].LoginApplication(ctx, "a")
	check.Error(t, err, nil)
	check.Equal(t, "version and counter", [2]int64{got.Version, got.Settings.LifeSeconds}, [2]int64{8, 8})
}

func refused(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	add(t, s, application("a"))
	no := errors.New("no")
	_, err := s.ChangeLoginApplication(ctx, storetest.Seller, "a", at(1), func(a *store.LoginApplication) error { a.Name = "x"; return no })
	check.Error(t, err, no)
	check.Error(t, s.DeleteLoginApplication(ctx, storetest.Seller, "a", at(1), func(*store.LoginApplication) error { return no }), no)
	got, err := s.LoginApplication(ctx, "a")
	check.Error(t, err, nil)
	check.Equal(t, "application", got, *application("a"))
	one := session("u")
	check.Error(t, s.AddLoginSession(ctx, one), nil)
	_, err = s.ChangeLoginSession(ctx, one.ID, func(x *store.LoginSession) error { x.EndedAt = at(1); return no })
	check.Error(t, err, no)
	check.Equal(t, "ended", read(t, s, one.ID).EndedAt.IsZero(), true)
}

func allRequestFields(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	r := store.LoginRequest{
		ID: storetest.NewID(), Seller: storetest.Seller, AppID: "a", Entrance: store.LoginByApp, Step: store.LoginAsked, Reason: "R", Browser: []byte{0, 255},
		StateDigest: []byte{1, 0}, TenantID: "t", Asked: []byte(`{"a":"问"}`), Held: []byte("sealed"), SessionID: "s", Steps: []byte(`[]`), CreatedAt: at(1),
		UpdatedAt: at(2), ExpiresAt: at(3),
	}
	check.Filled(t, "request", reflect.ValueOf(r))
	check.Error(t, s.AddLoginRequest(ctx, &r), nil)
	check.Error(t, s.AddLoginRequest(ctx, &r), store.ErrConflict)
	got, err := s.LoginRequest(ctx, r.ID)
	check.Error(t, err, nil)
	check.Equal(t, "request", got, r)
	same := store.LoginRequest{ID: storetest.NewID(), Seller: storetest.Seller, StateDigest: r.StateDigest}
	check.Error(t, s.AddLoginRequest(ctx, &same), store.ErrConflict)
	same.StateDigest = nil
	check.Error(t, s.AddLoginRequest(ctx, &same), nil)
	_, err = s.ChangeLoginRequest(ctx, same.ID, func(x *store.LoginRequest) error { x.StateDigest = r.StateDigest; return nil })
	check.Error(t, err, store.ErrConflict)
	want := store.LoginRequest{
		ID: r.ID, Seller: r.Seller, AppID: r.AppID, CreatedAt: r.CreatedAt, Step: store.LoginFailed, Entrance: store.LoginByTrial, ExpiresAt: at(9), UpdatedAt: at(8),
	}
	got, err = s.ChangeLoginRequest(ctx, r.ID, func(x *store.LoginRequest) error {
		*x = want
		x.ID, x.Seller, x.AppID, x.CreatedAt = "x", "x", "x", at(100)
		return nil
	})
	check.Error(t, err, nil)
	check.Equal(t, "changed", got, want)
	got, err = s.LoginRequest(ctx, r.ID)
	check.Error(t, err, nil)
	check.Equal(t, "stored", got, want)
	_, err = s.LoginRequest(ctx, "none")
	check.Error(t, err, store.ErrNotFound)
	_, err = s.ChangeLoginRequest(ctx, "none", func(*store.LoginRequest) error { return nil })
	check.Error(t, err, store.ErrNotFound)
}

func requestFilters(t *testing.T, s store.Store) {
	for i, r := range []store.LoginRequest{
		{AppID: "a", Step: store.LoginDone, TenantID: "t", SessionID: "s"}, {AppID: "a", Step: store.LoginBegun}, {AppID: "b", Step: store.LoginFailed, TenantID: "t"},
	} {
		r.Seller, r.CreatedAt, r.ID = storetest.Seller, at(i), storetest.NewIDAt(at(i))
		check.Error(t, s.AddLoginRequest(check.Context(t), &r), nil)
	}
	filtered(t, s, "login_requests", map[string]int{
		"app_id=a": 2, "app_id=c": 0, "step=DONE": 1, "step=BEGUN": 1, "tenant_id=t": 2, "tenant_id=": 1, "session_id=s": 1, "session_id=": 2,
	})
}

// filtered expects a list to have so many rows by each filter of one field.
func filtered(t *testing.T, s store.Store, list string, want map[string]int) {
	t.Helper()
	for term, n := range want {
		field, value, _ := bytes.Cut([]byte(term), []byte("="))
		q := store.ListQuery{Seller: storetest.Seller, Filter: []store.Term{{Field: string(field), Value: string(value)}}, Limit: 100}
		for _, q.Desc = range []bool{false, true} {
			check.Filtered(t, s, list, q, n)
		}
	}
}

// grant is a code for a session.
func grant(name, session string) store.LoginGrant {
	return store.LoginGrant{Digest: []byte(name), Kind: store.LoginCode, SessionID: session, CreatedAt: at(0), ExpiresAt: at(60)}
}

func allGrantFields(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	n := session("u")
	check.Error(t, s.AddLoginSession(ctx, n), nil)
	g := store.LoginGrant{
		Digest: []byte{0, 1, 254, 255}, Kind: store.LoginRefresh, SessionID: n.ID, RequestID: "r", Scopes: "openid profile", CreatedAt: at(1), ExpiresAt: at(2), UsedAt: at(3),
	}
	check.Filled(t, "grant", reflect.ValueOf(g))
	check.Error(t, s.AddLoginGrants(ctx, g), nil)
	got, of, err := s.LoginGrant(ctx, g.Digest)
	check.Error(t, err, nil)
	check.Equal(t, "grant", got, g)
	check.Equal(t, "session", of, read(t, s, n.ID))
	for _, digest := range [][]byte{nil, {}, {0}, []byte("none")} {
		_, _, err = s.LoginGrant(ctx, digest)
		check.Error(t, err, store.ErrNotFound)
		_, _, _, err = s.UseLoginGrant(ctx, digest, at(1))
		check.Error(t, err, store.ErrNotFound)
	}
	fresh := grant("fresh", n.ID)
	check.Error(t, s.AddLoginGrants(ctx, fresh, g), store.ErrConflict)
	_, _, err = s.LoginGrant(ctx, fresh.Digest)
	check.Error(t, err, store.ErrNotFound)
}

func usedOnce(t *testing.T, handles []store.Store) {
	ctx := check.Context(t)
	n := session("u")
	check.Error(t, handles[0].AddLoginSession(ctx, n), nil)
	check.Error(t, handles[0].AddLoginGrants(ctx, grant("code", n.ID)), nil)
	firsts, seen := make([]bool, 8), make([]store.LoginGrant, 8)
	for _, err := range check.Together(8, func(i int) (err error) {
		var of store.LoginSession
		seen[i], of, firsts[i], err = handles[i%2].UseLoginGrant(ctx, []byte("code"), at(10+i))
		if err == nil && of.ID != n.ID {
			err = errors.New("of another session")
		}
		return err
	}) {
		check.Error(t, err, nil)
	}
	first := slices.Index(firsts, true)
	for i := range seen {
		switch {
		case i == first:
			check.Equal(t, "used before", seen[i].UsedAt.IsZero(), true)
		case firsts[i]:
			t.Fatal("two are the first")
		default:
			check.Equal(t, "used before", seen[i].UsedAt, at(10+first))
		}
	}
	g, _, err := handles[1].LoginGrant(ctx, []byte("code"))
	check.Error(t, err, nil)
	check.Equal(t, "used", g.UsedAt, at(10+first))
}

func noGrants(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	live, over := session("u"), session("v")
	check.Error(t, errors.Join(s.AddLoginSession(ctx, live), s.AddLoginSession(ctx, over)), nil)
	check.Error(t, s.AddLoginGrants(ctx, grant("old", over.ID)), nil)
	end(t, s, over.ID, store.EndRevoked, store.LogoutNone)
	check.Error(t, s.AddLoginGrants(ctx, grant("a", live.ID), grant("b", over.ID)), store.ErrStale)
	check.Error(t, s.AddLoginGrants(ctx, grant("a", live.ID), grant("b", "gone")), store.ErrStale)
	_, _, err := s.LoginGrant(ctx, []byte("a"))
	check.Error(t, err, store.ErrNotFound)
	_, of, err := s.LoginGrant(ctx, []byte("old")) // whether it counts is the caller's to judge
	check.Error(t, err, nil)
	check.Equal(t, "reason", of.EndReason, store.EndRevoked)
}

func keys(t *testing.T, handles []store.Store) {
	ctx := check.Context(t)
	k := store.SigningKey{Number: 1, ID: "k1", Algorithm: "ES256", Private: []byte("sealed"), CreatedAt: at(1), ActiveAt: at(2), RetiredAt: at(3)}
	check.Filled(t, "key", reflect.ValueOf(k))
	check.Error(t, handles[0].AddSigningKey(ctx, &k), nil)
	errs := check.Together(8, func(i int) error {
		return handles[i%2].AddSigningKey(ctx, &store.SigningKey{Number: 2, ID: fmt.Sprint("k2-", i), Private: []byte("sealed"), CreatedAt: at(1)})
	})
	check.OneSuccess(t, errs, store.ErrConflict)
	list, err := handles[1].SigningKeys(ctx)
	check.Error(t, err, nil)
	check.Equal(t, "keys", len(list), 2)
	check.Equal(t, "first", list[0], k)
	check.Equal(t, "second", list[1].Number, int64(2))
}

func forgotten(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	hour := func(n int) time.Time { return storetest.Epoch.Add(time.Duration(n) * time.Hour) }
	active, told, pending, fresh := session("a"), session("b"), session("c"), session("d")
	for _, n := range []*store.LoginSession{active, told, pending, fresh} {
		n.ExpiresAt = hour(1) // its time being over is not its end
		check.Error(t, s.AddLoginSession(ctx, n), nil)
		g := grant(n.UserName, n.ID)
		g.ExpiresAt = hour(2)
		check.Error(t, s.AddLoginGrants(ctx, g), nil)
	}
	late := grant("late", active.ID)
	late.ExpiresAt = hour(10)
	check.Error(t, s.AddLoginGrants(ctx, late), nil)
	for n, r := range map[string]time.Time{"r1": hour(2), "r2": hour(10)} {
		check.Error(t, s.AddLoginRequest(ctx, &store.LoginRequest{ID: n, Seller: storetest.Seller, ExpiresAt: r}), nil)
	}
	for n, retired := range []time.Time{{}, hour(2), hour(10)} {
		check.Error(t, s.AddSigningKey(ctx, &store.SigningKey{Number: int64(n + 1), Private: []byte("x"), RetiredAt: retired}), nil)
	}
	endAt(t, s, told.ID, hour(3), store.LogoutNone)
	endAt(t, s, pending.ID, hour(3), store.LogoutPending)
	endAt(t, s, fresh.ID, hour(10), store.LogoutNone)
	for _, want := range []int{1 + 1 + 1 + 1, 1, 1, 1, 0} { // requests, grants, keys, sessions
		n, err := s.ForgetLogins(ctx, hour(9), hour(9), 1)
		check.Error(t, err, nil)
		check.Equal(t, "forgotten", n, want)
	}
	for id, want := range map[string]error{active.ID: nil, pending.ID: nil, fresh.ID: nil, told.ID: store.ErrNotFound} {
		_, err := s.LoginSession(ctx, id)
		check.Error(t, err, want)
	}
	_, err := s.LoginRequest(ctx, "r1")
	check.Error(t, err, store.ErrNotFound)
	_, err = s.LoginRequest(ctx, "r2")
	check.Error(t, err, nil)
	_, _, err = s.LoginGrant(ctx, []byte("late"))
	check.Error(t, err, nil)
	_, _, err = s.LoginGrant(ctx, []byte("a"))
	check.Error(t, err, store.ErrNotFound)
	list, err := s.SigningKeys(ctx)
	check.Error(t, err, nil)
	check.Equal(t, "keys", check.IDs(list, func(k store.SigningKey) string { return fmt.Sprint(k.Number) }), []string{"1", "3"})
}

func badTexts(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	for _, bad := range check.BadTexts {
		a, r, n, k := application(bad), &store.LoginRequest{ID: bad}, session(bad), &store.SigningKey{ID: bad}
		check.Error(t, s.AddLoginApplication(ctx, a, 9), store.ErrBadText)
		check.Error(t, s.AddLoginRequest(ctx, r), store.ErrBadText)
		check.Error(t, s.AddLoginRequest(ctx, &store.LoginRequest{ID: "x", Asked: []byte(bad)}), store.ErrBadText)
		check.Error(t, s.AddLoginSession(ctx, n), store.ErrBadText)
		check.Error(t, s.AddSigningKey(ctx, k), store.ErrBadText)
		check.Error(t, s.AddLoginGrants(ctx, grant("g", bad)), store.ErrBadText)
		_, err := s.LoginFacts(ctx, store.LoginKey{UserName: bad}, 1)
		check.Error(t, err, store.ErrBadText)
		_, err = s.TenantsByCode(ctx, storetest.Seller, bad, 1)
		check.Error(t, err, store.ErrBadText)
	}
}
