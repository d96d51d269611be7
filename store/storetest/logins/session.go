// SPDX-License-Identifier: Apache-2.0

package logins

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
	"github.com/koogate/koogate/store/storetest/check"
)

var sessionCases = []check.Case{
	check.WithStore("ASessionKeepsAllItsFields", allSessionFields),
	check.WithStore("ASessionThatHasEndedStaysEnded", staysEnded),
	check.TwoStores("ASessionEndsOnceUnderOneReason", endsOnce),
	check.WithStore("SessionsAreFiltered", sessionFilters),
	check.TwoStores("NoLogoutIsLeasedTwice", leasedOnce),
	check.WithStore("OnlyTheLastLeaseEndsALogout", fenced),
	check.WithStore("LogoutsOfSomeApplicationsAreLeftOut", besides),
	check.WithStore("WhatIsPendingIsTold", backlog),
}

// session is a new one of a user of the tenant "tenant-1" in the application "app".
func session(user string) *store.LoginSession {
	id := storetest.NewID()
	return &store.LoginSession{
		ID: id, Seller: storetest.Seller, AppID: "app", TenantID: "tenant-1", UserName: user, Entrance: store.LoginByApp, Protocol: store.LoginOAuth2,
		Digest: []byte("cookie " + id), CreatedAt: at(0), LastAt: at(0), ExpiresAt: at(3600),
	}
}

func read(t *testing.T, s store.Store, id string) store.LoginSession {
	t.Helper()
	n, err := s.LoginSession(check.Context(t), id)
	check.Error(t, err, nil)
	return n
}

// end ends a session.
func end(t *testing.T, s store.Store, id string, why store.LoginEnd, logout store.LogoutState) store.LoginSession {
	t.Helper()
	n, err := s.ChangeLoginSession(check.Context(t), id, func(x *store.LoginSession) error {
		x.EndedAt, x.EndReason, x.LogoutState, x.LogoutDueAt = at(30), why, logout, at(30)
		return nil
	})
	check.Error(t, err, nil)
	return n
}

func endAt(t *testing.T, s store.Store, id string, when time.Time, logout store.LogoutState) {
	t.Helper()
	_, err := s.ChangeLoginSession(check.Context(t), id, func(x *store.LoginSession) error {
		x.EndedAt, x.EndReason, x.LogoutState, x.LogoutDueAt = when, store.EndRevoked, logout, when
		return nil
	})
	check.Error(t, err, nil)
}

func allSessionFields(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	n := session("张三")
	n.Upstream = []byte("sealed")
	given := *n
	given.EndedAt, given.EndReason, given.JudgeAt, given.LogoutState, given.LogoutFence = at(1), store.EndRevoked, at(7), store.LogoutPending, 9
	check.Error(t, s.AddLoginSession(ctx, &given), nil)
	n.JudgeAt, n.JudgeFence, n.LogoutState = at(0), 1, store.LogoutNone // by the store's clock
	check.Equal(t, "session", read(t, s, n.ID), *n)
	check.Error(t, s.AddLoginSession(ctx, n), store.ErrConflict)
	other := session("u")
	other.Digest = n.Digest
	check.Error(t, s.AddLoginSession(ctx, other), store.ErrConflict)
	for range 2 { // without a cookie, which is nobody's
		other.Digest, other.ID = nil, storetest.NewID()
		check.Error(t, s.AddLoginSession(ctx, other), nil)
	}
	_, err := s.ChangeLoginSession(ctx, other.ID, func(x *store.LoginSession) error { x.Digest = n.Digest; return nil })
	check.Error(t, err, store.ErrConflict)
	got, err := s.LoginSessionOf(ctx, n.Digest)
	check.Error(t, err, nil)
	check.Equal(t, "by its cookie", got, *n)
	for _, digest := range [][]byte{nil, {}, []byte("none")} {
		_, err = s.LoginSessionOf(ctx, digest)
		check.Error(t, err, store.ErrNotFound)
	}
	_, err = s.LoginSession(ctx, "none")
	check.Error(t, err, store.ErrNotFound)
	_, err = s.ChangeLoginSession(ctx, "none", func(*store.LoginSession) error { return nil })
	check.Error(t, err, store.ErrNotFound)

	want := *n
	want.Digest, want.Upstream, want.LastAt, want.ExpiresAt = []byte("new"), []byte("newer"), at(5), at(6)
	got, err = s.ChangeLoginSession(ctx, n.ID, func(x *store.LoginSession) error {
		*x = want
		x.ID, x.Seller, x.AppID, x.TenantID, x.UserName, x.Entrance, x.Protocol = "x", "x", "x", "x", "x", "x", "x"
		x.CreatedAt, x.JudgeAt, x.JudgeFence, x.EndReason, x.LogoutState, x.LogoutFence = at(9), at(9), 9, store.EndRevoked, store.LogoutPending, 9
		return nil
	})
	check.Error(t, err, nil)
	check.Equal(t, "changed", got, want)
	check.Equal(t, "stored", read(t, s, n.ID), want)
	// Ended, leased and told.
	end(t, s, n.ID, store.EndUserDisabled, store.LogoutPending)
	held := lease(t, s, at(30))[0]
	judge := func(l *store.Logout) {
		l.LogoutState, l.LogoutDueAt, l.LogoutAttempts, l.LogoutFirstAt, l.LogoutLastAt = store.LogoutGivenUp, at(31), 4, at(32), at(33)
		l.LogoutStatus, l.LogoutReason = 503, "BUSY"
	}
	check.Error(t, s.EndLogout(ctx, held, func(l *store.Logout) { judge(l); l.LogoutFence = 99 }), nil)
	want.EndedAt, want.EndReason, want.JudgeAt, want.LogoutFence = at(30), store.EndUserDisabled, time.Time{}, 1
	judge(&want.Logout)
	check.Equal(t, "told", read(t, s, want.ID), want)
	want.JudgeAt = at(1) // that of one which has ended is zero
	check.Filled(t, "session", reflect.ValueOf(want))
}

func staysEnded(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	n := session("u")
	check.Error(t, s.AddLoginSession(ctx, n), nil)
	ended := end(t, s, n.ID, store.EndLoggedOut, store.LogoutPending)
	check.Equal(t, "judged", ended.JudgeAt.IsZero(), true)
	held := lease(t, s, at(30))[0]
	check.Error(t, s.EndLogout(ctx, held, func(l *store.Logout) { l.LogoutState, l.LogoutStatus = store.LogoutDelivered, 200 }), nil)
	told := read(t, s, n.ID)
	for _, change := range []func(*store.LoginSession){
		func(x *store.LoginSession) { x.EndedAt, x.EndReason = time.Time{}, "" },
		func(x *store.LoginSession) { x.EndedAt, x.EndReason = at(50), store.EndExpired },
		func(x *store.LoginSession) {
			x.Logout = store.Logout{LogoutState: store.LogoutPending, LogoutDueAt: at(1)}
		},
		func(x *store.LoginSession) { x.JudgeAt = at(60) },
	} {
		got, err := s.ChangeLoginSession(ctx, n.ID, func(x *store.LoginSession) error { change(x); return nil })
		check.Error(t, err, nil)
		check.Equal(t, "returned", got, told)
		check.Equal(t, "stored", read(t, s, n.ID), told)
	}
	got, err := s.ChangeLoginSession(ctx, n.ID, func(x *store.LoginSession) error { x.Upstream = []byte("forgotten"); return nil })
	check.Error(t, err, nil)
	told.Upstream = []byte("forgotten")
	check.Equal(t, "what may change", got, told)
}

func endsOnce(t *testing.T, handles []store.Store) {
	ctx := check.Context(t)
	n := session("u")
	check.Error(t, handles[0].AddLoginSession(ctx, n), nil)
	got := make([]store.LoginSession, 8)
	for _, err := range check.Together(8, func(i int) (err error) {
		got[i], err = handles[i%2].ChangeLoginSession(ctx, n.ID, func(x *store.LoginSession) error {
			x.EndedAt, x.EndReason = at(i+1), store.LoginEnd(fmt.Sprint("REASON_", i))
			return nil
		})
		return err
	}) {
		check.Error(t, err, nil)
	}
	for _, x := range got {
		check.Equal(t, "the end", x, read(t, handles[1], n.ID))
	}
}

func sessionFilters(t *testing.T, s store.Store) {
	for i, user := range []string{"a", "a", "b"} {
		n := session(user)
		n.CreatedAt, n.AppID = at(i), fmt.Sprint("app-", i)
		check.Error(t, s.AddLoginSession(check.Context(t), n), nil)
		if i == 1 {
			end(t, s, n.ID, store.EndRevoked, store.LogoutNone)
		}
	}
	filtered(t, s, "login_sessions", map[string]int{
		"app_id=app-1": 1, "tenant_id=tenant-1": 3, "tenant_id=x": 0, "user_name=a": 2, "user_name=b": 1, "state=ACTIVE": 2, "state=ENDED": 1, "state=": 0,
	})
}

// lease takes all logouts that are due.
func lease(t *testing.T, s store.Store, now time.Time, besides ...string) []store.LoginSession {
	t.Helper()
	list, err := s.LeaseLogouts(check.Context(t), 100, besides, now, now.Add(time.Minute))
	check.Error(t, err, nil)
	return list
}

// pending adds n sessions of an application that have ended and are to be told.
func pending(t *testing.T, s store.Store, app string, n int) {
	t.Helper()
	for i := range n {
		x := session(fmt.Sprint("u", i))
		x.AppID = app
		check.Error(t, s.AddLoginSession(check.Context(t), x), nil)
		end(t, s, x.ID, store.EndUserDisabled, store.LogoutPending)
	}
}

func leasedOnce(t *testing.T, handles []store.Store) {
	pending(t, handles[0], "app", 20)
	got := make([][]store.LoginSession, 8)
	for _, err := range check.Together(8, func(i int) (err error) {
		got[i], err = handles[i%2].LeaseLogouts(check.Context(t), 4, nil, at(30), at(90))
		return err
	}) {
		check.Error(t, err, nil)
	}
	seen := map[string]bool{}
	for _, x := range append(slices.Concat(got...), lease(t, handles[0], at(31))...) {
		if seen[x.ID] || x.LogoutFence != 1 {
			t.Fatalf("%s is leased twice, by the fence %d", x.ID, x.LogoutFence)
		}
		seen[x.ID] = true
	}
	check.Equal(t, "leased", len(seen), 20)
}

func fenced(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	pending(t, s, "app", 1)
	check.Equal(t, "before it is due", len(lease(t, s, at(29))), 0)
	first := lease(t, s, at(30))[0]
	check.Equal(t, "while it is leased", len(lease(t, s, at(89))), 0)
	second := lease(t, s, at(90))[0]
	done := func(l *store.Logout) { l.LogoutState = store.LogoutDelivered }
	check.Error(t, s.EndLogout(ctx, first, done), store.ErrFenced)
	check.Error(t, s.EndLogout(ctx, second, func(l *store.Logout) { l.LogoutDueAt = at(100) }), nil)
	check.Equal(t, "before it is due again", len(lease(t, s, at(99))), 0)
	third := lease(t, s, at(100))[0]
	check.Error(t, s.EndLogout(ctx, second, done), store.ErrFenced)
	check.Error(t, s.EndLogout(ctx, third, done), nil)
	check.Error(t, s.EndLogout(ctx, third, func(l *store.Logout) { l.LogoutState = store.LogoutPending }), store.ErrFenced)
	third.ID = "none"
	check.Error(t, s.EndLogout(ctx, third, done), store.ErrNotFound)
	check.Equal(t, "when all is told", len(lease(t, s, at(1000))), 0)
}

func besides(t *testing.T, s store.Store) {
	pending(t, s, "dead", 5)
	pending(t, s, "alive", 2)
	list := lease(t, s, at(40), "dead", "other")
	check.Equal(t, "leased", check.IDs(list, func(x store.LoginSession) string { return x.AppID }), []string{"alive", "alive"})
	check.Equal(t, "the rest", len(lease(t, s, at(40))), 5)
}

func backlog(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	got, err := s.LogoutsPending(ctx)
	check.Error(t, err, nil)
	check.Equal(t, "nothing", got, store.LogoutBacklog{})
	pending(t, s, "app", 3)
	lease(t, s, at(40), "none")
	got, err = s.LogoutsPending(ctx)
	check.Error(t, err, nil)
	check.Equal(t, "backlog", got, store.LogoutBacklog{Sessions: 3, Due: at(100), Since: at(30)})
}
