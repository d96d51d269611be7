// SPDX-License-Identifier: Apache-2.0

package ending_test

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/clock/clocktest"
	"github.com/koogate/koogate/server/login/ending"
	"github.com/koogate/koogate/server/login/session"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/backendtest"
	"github.com/koogate/koogate/store/storetest"
)

func TestADisabledUserIsOutAndTheAppIsToldOnBoth(t *testing.T) {
	each(t, func(r *rig) {
		r.register("app", r.app.URL+"/logout")
		mine, other := r.login("app", "canary-mine"), r.login("app", "other")
		d := r.step()
		want(t, "judged", d, ending.Done{Judged: 2})
		want(t, "once more", r.step(), ending.Done{})
		r.user("canary-mine", store.UserDisabled)
		d = r.step()
		want(t, "judged", d, ending.Done{Judged: 1, Ended: 1, Attempts: 1})
		s := r.read(mine.ID)
		want(t, "reason", s.EndReason, store.EndUserDisabled)
		want(t, "ended", s.EndedAt, storetest.Epoch)
		want(t, "logout", s.LogoutState, store.LogoutDelivered)
		want(t, "status", s.LogoutStatus, 200)
		want(t, "what was held", len(s.Upstream), 0)
		want(t, "the other", r.read(other.ID).EndedAt.IsZero(), true)
		claims := r.app.calls[0]
		at := float64(storetest.Epoch.Unix())
		if !reflect.DeepEqual(claims, map[string]any{
			"iss": "https://login.example.com", "aud": "app", "iat": at, "exp": at + 120, "jti": "logout-" + mine.ID, "sid": mine.ID,
			"sub": "sub of demo/t/canary-mine", "events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}},
		}) {
			t.Errorf("claims %v", claims)
		}
		call := r.app.forms[0]
		want(t, "call", call.Method+" "+call.URL.Path+" "+call.Header.Get("Content-Type"), "POST /logout application/x-www-form-urlencoded")
		want(t, "members of the form", len(call.PostForm), 1)
		text := r.log.String() + fmt.Sprintf("%+v", r.spans.GetSpans())
		if strings.Contains(text, "canary") || strings.Contains(text, "logout_token") || !strings.Contains(text, mine.ID) {
			t.Errorf("logged and traced: %s", text)
		}
		want(t, "once more", r.step(), ending.Done{})
	})
}

func TestWhoIsNotToldOnBoth(t *testing.T) {
	each(t, func(r *rig) {
		r.register("quiet", "")
		r.register("gone", r.app.URL)
		r.register("changed", r.app.URL)
		quiet, gone, changed := r.login("quiet", "a"), r.login("gone", "b"), r.login("changed", "c")
		r.step()
		if err := r.store.DeleteLoginApplication(t.Context(), seller, "gone", storetest.Epoch, func(*store.LoginApplication) error { return nil }); err != nil {
			t.Fatal(err)
		}
		r.gate.set(store.EndTenantDeleted, nil)
		r.directory(func(c *store.DirectoryChange) { c.Tenant = &store.Tenant{Stamp: r.now(), Deleted: true} })
		r.app.answers(503)
		want(t, "done", r.step(), ending.Done{Judged: 3, Ended: 3, Attempts: 1})
		for _, id := range []string{quiet.ID, gone.ID} {
			want(t, "logout", r.read(id).LogoutState, store.LogoutNone)
			want(t, "reason", r.read(id).EndReason, store.EndTenantDeleted)
		}
		if _, err := r.store.ChangeLoginApplication(t.Context(), seller, "changed", storetest.Epoch, func(a *store.LoginApplication) error {
			a.Settings.BackChannelURI = ""
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		r.skip()
		r.step()
		s := r.read(changed.ID)
		want(t, "logout", s.LogoutState, store.LogoutGivenUp)
		want(t, "why", s.LogoutReason, "NO_ADDRESS")
		calls, _ := r.app.count()
		want(t, "calls", calls, 1)
	})
}

func TestWhatNobodyKnowsIsJudgedLaterOnBoth(t *testing.T) {
	each(t, func(r *rig) {
		r.register("app", r.app.URL)
		s := r.login("app", "a")
		r.step()
		r.user("a", store.UserDisabled)
		r.gate.set("", errAway)
		want(t, "done", r.step(), ending.Done{Judged: 1})
		want(t, "ended", r.read(s.ID).EndedAt.IsZero(), true)
		r.gate.set("", nil)
		want(t, "at once", r.step(), ending.Done{})
		r.clock.Advance(10 * time.Second)
		want(t, "later", r.step(), ending.Done{Judged: 1, Ended: 1, Attempts: 1})
		if !strings.Contains(r.log.String(), errAway.Error()) {
			t.Error("nothing is logged")
		}
	})
}

func TestASessionEndsByItsTimeOnBoth(t *testing.T) {
	each(t, func(r *rig) {
		r.register("app", r.app.URL)
		unused, used := r.login("app", "a"), r.login("app", "b")
		r.step()
		for range 12 * 4 { // a quarter of an hour each
			if _, err := r.store.ChangeLoginSession(t.Context(), used.ID, func(s *store.LoginSession) error { s.LastAt = r.clock.Now(); return nil }); err != nil {
				t.Fatal(err)
			}
			r.clock.Advance(15 * time.Minute)
			r.step()
			if left := unused.CreatedAt.Add(2 * time.Hour).Sub(r.clock.Now()); (left > 0) != r.read(unused.ID).EndedAt.IsZero() {
				t.Fatalf("the unused session has %v left and is %+v", left, r.read(unused.ID))
			}
			if left := used.ExpiresAt.Sub(r.clock.Now()); (left > 0) != r.read(used.ID).EndedAt.IsZero() {
				t.Fatalf("the used session has %v left and is %+v", left, r.read(used.ID))
			}
		}
		for _, id := range []string{used.ID, unused.ID} {
			s := r.read(id)
			want(t, "reason", s.EndReason, store.EndExpired)
			want(t, "logout", s.LogoutState, store.LogoutDelivered)
		}
	})
}

// meddling does something before a session is ended.
type meddling struct {
	ending.Store
	before func(id string)
}

// ChangeLoginSession implements ending.Store.
func (m meddling) ChangeLoginSession(ctx context.Context, id string, change func(*store.LoginSession) error) (store.LoginSession, error) {
	m.before(id)
	return m.Store.ChangeLoginSession(ctx, id, change)
}

func TestASessionThatIsUsedOrEndedMeanwhileOnBoth(t *testing.T) {
	each(t, func(r *rig) {
		r.register("app", r.app.URL)
		used, out := r.login("app", "a"), r.login("app", "b")
		r.step()
		r.clock.Advance(2 * time.Hour)
		deps := r.deps
		deps.Store = meddling{r.store, func(id string) {
			if _, err := r.store.ChangeLoginSession(t.Context(), id, func(s *store.LoginSession) error {
				if s.LastAt = r.clock.Now(); id == out.ID && s.EndedAt.IsZero() {
					s.EndedAt, s.EndReason = r.clock.Now(), store.EndLoggedOut
				}
				return nil
			}); err != nil {
				t.Error(err)
			}
		}}
		r.Service = ending.New(deps)
		want(t, "ended", r.step().Ended, 0)
		want(t, "who has used it", r.read(used.ID).EndedAt.IsZero(), true)
		want(t, "who has logged out", r.read(out.ID).EndReason, store.EndLoggedOut)
		want(t, "calls", len(r.app.calls), 0)
		r.clock.Advance(2 * time.Hour)
		r.Service = ending.New(r.deps)
		want(t, "ended later", r.step().Ended, 1)
	})
}

// A right can be gone without any call: every session is judged each hour.
func TestASessionIsJudgedEachHourOnBoth(t *testing.T) {
	each(t, func(r *rig) {
		r.register("app", r.app.URL)
		r.login("app", "a")
		r.step()
		r.gate.set(store.EndInstanceReleased, nil)
		r.clock.Advance(time.Hour - time.Second)
		want(t, "before", r.step(), ending.Done{})
		r.clock.Advance(time.Second)
		want(t, "then", r.step(), ending.Done{Judged: 1, Ended: 1, Attempts: 1})
	})
}

func TestAnAppThatWasAwayForAnHourIsToldWithinAMinuteOnBoth(t *testing.T) {
	each(t, func(r *rig) {
		r.register("app", r.app.URL)
		r.login("app", "a")
		r.step()
		r.app.answers(503)
		r.user("a", store.UserDisabled)
		r.step()
		back := storetest.Epoch.Add(time.Hour)
		attempts := 1
		for r.skip() && r.clock.Now().Before(back) {
			attempts += r.step().Attempts
		}
		if attempts < 60 || attempts > 90 {
			t.Errorf("%d attempts in an hour", attempts)
		}
		r.app.answers(204)
		r.step()
		if late := r.clock.Now().Sub(back); late > time.Minute {
			t.Errorf("told %v after its return", late)
		}
		if _, told := r.app.count(); told != 1 || r.skip() {
			t.Errorf("%d were told", told)
		}
		jtis := map[any]bool{}
		for _, c := range r.app.calls {
			jtis[c["jti"]] = true
		}
		want(t, "kinds of jti", len(jtis), 1)
	})
}

func TestHowAnAnswerIsReadOnBoth(t *testing.T) {
	each(t, func(r *rig) {
		r.register("app", r.app.URL)
		for i, c := range []struct {
			statuses []int
			calls    int
			state    store.LogoutState
			reason   string
		}{
			{[]int{200}, 1, store.LogoutDelivered, ""},
			{[]int{204}, 1, store.LogoutDelivered, ""},
			{[]int{500, 302, 404, 200}, 4, store.LogoutDelivered, ""},
			{[]int{400, 400, 400, 200}, 3, store.LogoutGivenUp, "REFUSED"},
			{[]int{400, 400, 503, 400, 400, 400, 200}, 6, store.LogoutGivenUp, "REFUSED"},
			{[]int{400, 400, 200}, 3, store.LogoutDelivered, ""},
		} {
			r.app.answers(c.statuses...)
			before, _ := r.app.count()
			s := r.login("app", name(i))
			r.step()
			r.user(name(i), store.UserDisabled)
			for r.step(); r.skip(); r.step() {
			}
			s = r.read(s.ID)
			calls, _ := r.app.count()
			if calls-before != c.calls || s.LogoutState != c.state || s.LogoutReason != c.reason || s.LogoutAttempts != int64(c.calls) {
				t.Errorf("%v: %d calls, %+v", c.statuses, calls-before, s.Logout)
			}
		}
	})
}

func TestADayLaterItIsGivenUpOnBoth(t *testing.T) {
	each(t, func(r *rig) {
		r.register("app", r.app.URL)
		s := r.login("app", "a")
		r.step()
		r.app.answers(503)
		r.user("a", store.UserDisabled)
		r.step()
		first := r.read(s.ID).LogoutFirstAt
		r.clock.Advance(ending.Window - 30*time.Second)
		for r.step(); r.skip(); r.step() {
		}
		got := r.read(s.ID)
		want(t, "state", got.LogoutState, store.LogoutGivenUp)
		want(t, "reason", got.LogoutReason, "HTTP_STATUS")
		want(t, "the last attempt", got.LogoutLastAt, first.Add(ending.Window))
		if !strings.Contains(r.log.String(), "given up") {
			t.Error("nothing is logged")
		}
	})
}

func TestWhatADeadProcessHadInHandIsTakenUpOnBoth(t *testing.T) {
	each(t, func(r *rig) {
		r.register("app", r.app.URL)
		ended, leased, judged := r.login("app", "a"), r.login("app", "b"), r.login("app", "c")
		r.step()
		// One process ended a session and died; one had leased a logout; one had a session to judge.
		apps, err := r.store.LoginApplications(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{leased.ID, ended.ID} {
			if _, err := r.store.ChangeLoginSession(t.Context(), id, func(s *store.LoginSession) error {
				session.Ended(s, &apps[0], store.EndRevoked, r.clock.Now())
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if id == leased.ID {
				if list, err := r.store.LeaseLogouts(t.Context(), 10, nil, r.clock.Now(), r.clock.Now().Add(30*time.Second)); err != nil || len(list) != 1 {
					t.Fatal(list, err)
				}
			}
		}
		r.user("c", store.UserDisabled)
		if list, err := r.store.JudgeLoginSessions(t.Context(), 10, r.clock.Now(), r.clock.Now().Add(10*time.Second)); err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		r.Service = ending.New(r.deps)
		want(t, "at once", r.step(), ending.Done{Attempts: 1})
		want(t, "told", r.read(ended.ID).LogoutState, store.LogoutDelivered)
		r.clock.Advance(10 * time.Second)
		want(t, "10 s later", r.step(), ending.Done{Judged: 1, Ended: 1, Attempts: 1})
		r.clock.Advance(20 * time.Second)
		want(t, "30 s later", r.step(), ending.Done{Attempts: 1})
		for _, id := range []string{ended.ID, leased.ID, judged.ID} {
			want(t, "told", r.read(id).LogoutState, store.LogoutDelivered)
		}
	})
}

func TestAnAppThatDoesNotAnswerHoldsUpNoOtherOnBoth(t *testing.T) {
	each(t, func(r *rig) {
		slow, open := newApp(t), make(chan struct{})
		slow.answer = func(int, *http.Request) int { <-open; return 200 }
		r.register("slow", slow.URL)
		r.register("fast", r.app.URL)
		for i := range 30 {
			r.login("slow", name(i))
		}
		r.step()
		r.gate.set(store.EndUserDisabled, nil)
		r.directory(func(c *store.DirectoryChange) { c.Tenant = &store.Tenant{Stamp: r.now()} })
		stepped := make(chan error)
		go func() {
			_, err := r.Step(t.Context())
			stepped <- err
		}()
		eventually(t, 4*time.Second, "the slow one is called", func() bool { calls, _ := slow.count(); return calls >= 4 })
		fast := r.login("fast", "z")
		other := ending.New(r.deps) // the step above waits for its attempts; a loop would look on
		var attempts sync.WaitGroup
		attempts.Go(func() { _, _ = other.Step(t.Context()) })
		took := eventually(t, 4*time.Second, "the fast one is told", func() bool { return r.read(fast.ID).LogoutState == store.LogoutDelivered })
		calls, _ := slow.count()
		t.Logf("told after %v while the other has %d calls open", took, calls)
		if calls > 2*7 {
			t.Errorf("%d calls of the slow one are open", calls)
		}
		close(open)
		if err := <-stepped; err != nil {
			t.Error(err)
		}
		attempts.Wait()
		if _, told := slow.count(); told != 30 {
			t.Errorf("%d were told", told)
		}
	})
}

func TestTwoLoopsTellOnceOnBoth(t *testing.T) {
	t.Parallel()
	c := clocktest.New(storetest.Epoch)
	backendtest.Replicas(t, func(t *testing.T, stores [2]store.Store) {
		r := over(t, stores[0], c, c)
		r.register("app", r.app.URL)
		for i := range 60 {
			r.login("app", name(i))
		}
		r.step()
		r.directory(func(c *store.DirectoryChange) {
			for i := range 60 {
				c.Users = append(c.Users, store.User{AppID: "app", UserName: name(i), State: store.UserDisabled, Stamp: r.now()})
			}
		})
		deps := r.deps
		deps.Store = stores[1]
		var wg sync.WaitGroup
		ended := make([]int, 2)
		for i, s := range []*ending.Service{r.Service, ending.New(deps)} {
			wg.Go(func() {
				d, err := s.Step(t.Context())
				if err != nil {
					t.Error(err)
				}
				ended[i] = d.Ended
			})
		}
		wg.Wait()
		r.step()
		want(t, "ended", ended[0]+ended[1], 60)
		calls, told := r.app.count()
		want(t, "told", told, 60)
		want(t, "calls", calls, 60)
	}, c.Now)
}

// With clocks of their own, and as the server runs it: from the commit of the disabling to the end in less than two seconds.
func TestTwoReplicasEndASessionWithinTwoSecondsOnBoth(t *testing.T) {
	t.Parallel()
	backendtest.Replicas(t, func(t *testing.T, stores [2]store.Store) {
		r := over(t, stores[0], nil, clock.System{})
		r.register("app", r.app.URL)
		deps := r.deps
		deps.Store = stores[1]
		ctx, stop := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for _, s := range []*ending.Service{r.Service, ending.New(deps)} {
			wg.Go(func() { _ = s.Run(ctx, func() {}) })
		}
		defer wg.Wait()
		defer stop()
		for i := range 3 {
			s := r.login("app", name(i))
			eventually(t, 10*time.Second, "the session is judged", func() bool { return r.read(s.ID).JudgeAt.After(time.Now().Add(20 * time.Second)) })
			r.user(name(i), store.UserDisabled)
			took := eventually(t, 2*time.Second, "the session is over", func() bool { return !r.read(s.ID).EndedAt.IsZero() })
			told := eventually(t, 2*time.Second, "the app is told", func() bool { return r.read(s.ID).LogoutState == store.LogoutDelivered })
			t.Logf("ended after %v, told after %v", took, took+told)
		}
	})
}

func TestWhatHasHadItsTimeIsForgotten(t *testing.T) {
	t.Parallel()
	c := clocktest.New(storetest.Epoch)
	r := over(t, backendtest.SQLite(t, c.Now), c, c)
	old := storetest.Epoch.Add(-25 * time.Hour)
	if err := r.store.AddLoginRequest(t.Context(), &store.LoginRequest{ID: "old", Seller: seller, ExpiresAt: old}); err != nil {
		t.Fatal(err)
	}
	if err := r.store.AddLoginRequest(t.Context(), &store.LoginRequest{ID: "new", Seller: seller, ExpiresAt: old.Add(2 * time.Hour)}); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done, looks := make(chan error), atomic.Int64{}
	go func() { done <- r.Run(ctx, func() { looks.Add(1) }) }()
	gone := func(id string) func() bool {
		return func() bool {
			c.Advance(30 * time.Second)
			_, err := r.store.LoginRequest(t.Context(), id)
			return err != nil
		}
	}
	eventually(t, 10*time.Second, "the old one is forgotten", gone("old"))
	eventually(t, 10*time.Second, "the other is an hour later", gone("new"))
	if passed := c.Now().Sub(storetest.Epoch); passed < time.Hour || looks.Load() < 2 {
		t.Errorf("forgotten after %v and %d looks", passed, looks.Load())
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
