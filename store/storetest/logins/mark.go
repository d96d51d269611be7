// SPDX-License-Identifier: Apache-2.0

package logins

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
	"github.com/koogate/koogate/store/storetest/check"
)

var markCases = []check.Case{
	check.WithStore("ANewSessionIsJudgedOnce", judgedOnce),
	check.WithStore("EachCauseMarksItsSessions", causes),
	check.TwoStores("NoSessionIsJudgedTwiceAtOnce", judgedByOne),
	check.WithStore("ANewerMarkOutlivesAnOlderJudgement", newerMark),
	check.WithStore("AnHandOutOutlivesAnOlderJudgement", newerHandOut),
	check.WithStore("NothingIsWrittenOfASessionThatEndedMeanwhile", endedMeanwhile),
	check.WithStore("AnyHistoryLeavesNoRightUnjudged", unjudged),
	check.TwoStores("ASessionThatComesWhileTheRightGoesIsJudged", race),
}

func key(instance, tenant string) store.TenantKey {
	return store.TenantKey{Seller: storetest.Seller, InstanceID: instance, TenantID: tenant}
}

func stamp(n int) store.Stamp { return store.Stamp{At: at(n)} }

// directory applies a change of a tenant's directory, n seconds after the others.
func directory(t *testing.T, s store.Store, k store.TenantKey, n int, set func(*store.DirectoryChange)) {
	t.Helper()
	c := &store.DirectoryChange{Key: k, Now: at(n)}
	set(c)
	check.MustApply(t, s, &store.Change{Directory: c})
}

func user(name string, state store.UserState, n int) func(*store.DirectoryChange) {
	return func(c *store.DirectoryChange) {
		c.Users = []store.User{{AppID: "app", UserName: name, State: state, Stamp: stamp(n)}}
	}
}

func tenant(n int, deleted bool) func(*store.DirectoryChange) {
	return func(c *store.DirectoryChange) {
		c.Tenant = &store.Tenant{Name: "甲", Stamp: stamp(n), Deleted: deleted}
	}
}

func judge(t *testing.T, s store.Store, now time.Time) []store.LoginSession {
	t.Helper()
	list, err := s.JudgeLoginSessions(check.Context(t), 100, now, now.Add(10*time.Second))
	check.Error(t, err, nil)
	return list
}

// settle judges all that is to be judged, and finds a right in each.
func settle(t *testing.T, s store.Store) {
	t.Helper()
	for _, n := range judge(t, s, at(0)) {
		check.Error(t, s.JudgedLoginSession(check.Context(t), n, time.Time{}), nil)
	}
}

func judgedOnce(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	n := session("u")
	check.Error(t, s.AddLoginSession(ctx, n), nil)
	check.Equal(t, "before its time", len(judge(t, s, at(-1))), 0)
	held := judge(t, s, at(0))
	check.Equal(t, "handed out", len(held), 1)
	n.JudgeAt, n.JudgeFence, n.LogoutState = at(10), 2, store.LogoutNone
	check.Equal(t, "as it is handed out", held[0], *n)
	check.Equal(t, "meanwhile", len(judge(t, s, at(9))), 0)
	held = judge(t, s, at(10)) // whoever had it is gone
	check.Equal(t, "handed out again", len(held), 1)
	check.Error(t, s.JudgedLoginSession(ctx, held[0], at(100)), nil)
	check.Equal(t, "judged", len(judge(t, s, at(99))), 0)
	held = judge(t, s, at(100))
	check.Equal(t, "handed out when it is time", len(held), 1)
	check.Error(t, s.JudgedLoginSession(ctx, held[0], time.Time{}), nil)
	check.Equal(t, "judged for good", len(judge(t, s, at(1<<20))), 0)
	held[0].ID = "none"
	check.Error(t, s.JudgedLoginSession(ctx, held[0], time.Time{}), nil)
}

func causes(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	apps := []*store.LoginApplication{application("app"), application("other")}
	add(t, s, apps[0])
	add(t, s, apps[1])
	for _, id := range []string{"CS1", "CS2"} {
		check.MustApply(t, s, storetest.Admission(id, at(0)))
	}
	directory(t, s, key("inst-CS1", "tenant-1"), 1, tenant(1, false))
	directory(t, s, key("inst-CS2", "tenant-1"), 1, tenant(1, false))
	directory(t, s, key("inst-CS2", "tenant-2"), 1, tenant(1, false))
	names := map[string]string{} // of each session, by its ID
	for _, of := range []struct{ tenant, app, user string }{
		{"tenant-1", "app", "a"}, {"tenant-1", "app", "b"}, {"tenant-1", "other", "a"}, {"tenant-2", "app", "a"},
	} {
		n := session(of.user)
		n.TenantID, n.AppID = of.tenant, of.app
		check.Error(t, s.AddLoginSession(ctx, n), nil)
		names[n.ID] = of.tenant[7:] + of.app[:1] + of.user
	}
	foreign, over := session("a"), session("a")
	foreign.Seller = "foreign"
	check.Error(t, errors.Join(s.AddLoginSession(ctx, foreign), s.AddLoginSession(ctx, over)), nil)
	end(t, s, over.ID, store.EndLoggedOut, store.LogoutNone)
	settle(t, s)
	step := 10
	put := func(order string, state store.InstanceState) func() {
		return func() {
			i := storetest.NewInstance(order, "inst-"+order, at(0))
			i.State = state
			check.MustApply(t, s, &store.Change{PutInstances: []store.Instance{i}})
		}
	}
	of := func(instance, tenant string, set func(*store.DirectoryChange)) func() {
		return func() { directory(t, s, key(instance, tenant), step, set) }
	}
	change := func(app string, set func(*store.LoginApplication)) func() {
		return func() {
			_, err := s.ChangeLoginApplication(ctx, storetest.Seller, app, at(step), func(a *store.LoginApplication) error { set(a); return nil })
			check.Error(t, err, nil)
		}
	}
	all1 := []string{"1aa", "1ab", "1oa"}
	for _, c := range []struct {
		what string
		run  func()
		want []string
	}{
		{"a user", of("inst-CS1", "tenant-1", user("a", store.UserDisabled, 10)), []string{"1aa", "1oa"}},
		{"two users", of("inst-CS1", "tenant-1", func(c *store.DirectoryChange) {
			c.Users = []store.User{{AppID: "x", UserName: "b", Stamp: stamp(11)}, {AppID: "x", UserName: "a", Stamp: stamp(11)}}
		}), all1},
		{"an unknown user", of("inst-CS1", "tenant-1", user("z", store.UserActive, 12)), nil},
		{"an application of the tenant", of("inst-CS2", "tenant-1", func(c *store.DirectoryChange) {
			c.Applications = []store.Application{{AppID: "app", Stamp: stamp(13)}}
		}), all1},
		{"the tenant", of("inst-CS2", "tenant-2", tenant(14, true)), []string{"2aa"}},
		{"departments", of("inst-CS1", "tenant-1", func(c *store.DirectoryChange) {
			c.Departments = []store.Department{{OrgCode: "o", Stamp: stamp(15)}}
		}), nil},
		{"an active instance", put("CS2", store.InstanceActive), nil},
		{"a failed instance", put("CS2", store.InstanceFailed), nil},
		{"a frozen instance", put("CS2", store.InstanceFrozen), []string{"1aa", "1ab", "1oa", "2aa"}},
		{"a released instance", put("CS1", store.InstanceReleased), all1},
		{"an order", func() { check.MustApply(t, s, storetest.Admission("CS3", at(0))) }, nil},
		{"the name of an application", change("app", func(a *store.LoginApplication) { a.Name, a.Settings.LifeSeconds = "x", 3 }), nil},
		{"what the frozen may do", change("app", func(a *store.LoginApplication) { a.Settings.Frozen = "REFUSE" }), []string{"1aa", "1ab", "2aa"}},
		{"who is an administrator", change("app", func(a *store.LoginApplication) { a.Settings.Roles = "USERINFO" }), []string{"1aa", "1ab", "2aa"}},
		{"the test account", change("app", func(a *store.LoginApplication) { a.Test = []byte("sealed") }), []string{"1aa", "1ab", "2aa"}},
		{"an application that is disabled", change("app", func(a *store.LoginApplication) { a.State = store.LoginDisabled }), []string{"1aa", "1ab", "2aa"}},
		{"one that was disabled", change("app", func(a *store.LoginApplication) { a.State = store.LoginDisabled }), nil},
		{"one that is enabled", change("app", func(a *store.LoginApplication) { a.State = store.LoginEnabled }), nil},
		{"one that is deleted", func() {
			check.Error(t, s.DeleteLoginApplication(ctx, storetest.Seller, "other", at(0), func(*store.LoginApplication) error { return nil }), nil)
		}, []string{"1oa"}},
	} {
		step++
		c.run()
		var got []string
		for _, n := range judge(t, s, at(0)) {
			got = append(got, names[n.ID])
			check.Error(t, s.JudgedLoginSession(ctx, n, time.Time{}), nil)
		}
		slices.Sort(got)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s marks %q, want %q", c.what, got, c.want)
		}
	}
}

func judgedByOne(t *testing.T, handles []store.Store) {
	ctx := check.Context(t)
	for i := range 20 {
		check.Error(t, handles[0].AddLoginSession(ctx, session(fmt.Sprint("u", i))), nil)
	}
	got := make([][]store.LoginSession, 8)
	for _, err := range check.Together(8, func(i int) (err error) {
		got[i], err = handles[i%2].JudgeLoginSessions(ctx, 4, at(0), at(10))
		return err
	}) {
		check.Error(t, err, nil)
	}
	seen := map[string]bool{}
	for _, n := range append(slices.Concat(got...), judge(t, handles[1], at(0))...) {
		if seen[n.ID] {
			t.Fatalf("%s is handed out twice", n.ID)
		}
		seen[n.ID] = true
	}
	check.Equal(t, "handed out", len(seen), 20)
}

// newerMark: also when the mark bears the very time until which the session was handed out.
func newerMark(t *testing.T, s store.Store) {
	for _, when := range []int{0, 10, 11} {
		n := session("u")
		check.Error(t, s.AddLoginSession(check.Context(t), n), nil)
		held := judge(t, s, at(0))
		check.At(s, at(when))
		directory(t, s, key("i", "tenant-1"), 1+when, user("u", store.UserDisabled, 1+when))
		check.Error(t, s.JudgedLoginSession(check.Context(t), held[0], time.Time{}), nil)
		check.Equal(t, "marked", read(t, s, n.ID).JudgeAt, at(when))
		end(t, s, n.ID, store.EndUserDisabled, store.LogoutNone)
		check.At(s, at(0))
	}
}

func newerHandOut(t *testing.T, s store.Store) {
	n := session("u")
	check.Error(t, s.AddLoginSession(check.Context(t), n), nil)
	first := judge(t, s, at(0))[0]
	directory(t, s, key("i", "tenant-1"), 1, user("u", store.UserDisabled, 1))
	judge(t, s, at(0)) // until the same time as the first
	check.Error(t, s.JudgedLoginSession(check.Context(t), first, time.Time{}), nil)
	check.Equal(t, "to be judged", read(t, s, n.ID).JudgeAt, at(10))
}

func endedMeanwhile(t *testing.T, s store.Store) {
	n := session("u")
	check.Error(t, s.AddLoginSession(check.Context(t), n), nil)
	held := judge(t, s, at(0))[0]
	ended := end(t, s, n.ID, store.EndLoggedOut, store.LogoutNone)
	check.Error(t, s.JudgedLoginSession(check.Context(t), held, at(100)), nil)
	directory(t, s, key("i", "tenant-1"), 1, tenant(1, true))
	check.Equal(t, "ended", read(t, s, n.ID), ended)
	check.Equal(t, "handed out", len(judge(t, s, at(1000))), 0)
}

// unjudged: whatever comes in whatever order, a session is marked when its right was changed after it was last judged, and is not marked
// when nothing was.
func unjudged(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	tenants, stamps := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		tenants++
		bound := []string{fmt.Sprint("t", tenants, "a"), fmt.Sprint("t", tenants, "b")}
		order := fmt.Sprint("CS", tenants)
		apply := func(c *store.Change) {
			if err := s.Apply(ctx, c); err != nil {
				rt.Fatalf("Apply: %v", err)
			}
		}
		apply(storetest.Admission(order, at(0)))
		fresh := func() store.Stamp { stamps++; return stamp(stamps) }
		changed := func(tenant string, set func(*store.DirectoryChange)) {
			c := &store.DirectoryChange{Key: key("inst-"+order, tenant), Now: at(0)}
			set(c)
			apply(&store.Change{Directory: c})
		}
		for _, id := range bound {
			changed(id, func(c *store.DirectoryChange) { c.Tenant = &store.Tenant{Stamp: fresh()} })
		}
		type known struct {
			*store.LoginSession
			open, over bool // its right was changed since it was judged; it has ended
		}
		sessions := map[string]*known{}
		all := func(f func(*known)) {
			for _, n := range sessions {
				f(n)
			}
		}
		judging := func(between func()) {
			list, err := s.JudgeLoginSessions(ctx, rapid.IntRange(1, 5).Draw(rt, "most"), at(0), at(0))
			if err != nil {
				rt.Fatalf("%v", err)
			}
			mine := map[string]bool{}
			for _, n := range list {
				if sessions[n.ID] != nil { // not one of an earlier run
					sessions[n.ID].open, mine[n.ID] = false, true
				}
			}
			between()
			for _, n := range list {
				if err := s.JudgedLoginSession(ctx, n, time.Time{}); err != nil {
					rt.Fatalf("%v", err)
				}
			}
		}
		users := []string{"u", "v"}
		change := func() {
			id := rapid.SampledFrom(bound).Draw(rt, "tenant")
			switch rapid.IntRange(0, 3).Draw(rt, "kind") {
			case 0:
				who := rapid.SampledFrom(users).Draw(rt, "user")
				changed(id, func(c *store.DirectoryChange) {
					c.Users = []store.User{{AppID: "app", UserName: who, State: store.UserDisabled, Stamp: fresh()}}
				})
				all(func(n *known) { n.open = n.open || n.TenantID == id && n.UserName == who })
			case 1:
				changed(id, func(c *store.DirectoryChange) { c.Tenant = &store.Tenant{Stamp: fresh()} })
				all(func(n *known) { n.open = n.open || n.TenantID == id })
			case 2:
				i := storetest.NewInstance(order, "inst-"+order, at(0))
				i.State = store.InstanceFrozen
				apply(&store.Change{PutInstances: []store.Instance{i}})
				all(func(n *known) { n.open = true })
			default:
				changed(id, func(c *store.DirectoryChange) { c.Departments = []store.Department{{OrgCode: "o", Stamp: fresh()}} })
			}
		}
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			switch rapid.IntRange(0, 5).Draw(rt, "step") {
			case 0, 1:
				n := session(rapid.SampledFrom(users).Draw(rt, "user"))
				n.TenantID = rapid.SampledFrom(bound).Draw(rt, "tenant")
				if err := s.AddLoginSession(ctx, n); err != nil {
					rt.Fatalf("%v", err)
				}
				sessions[n.ID] = &known{LoginSession: n, open: true}
			case 2:
				change()
			case 3:
				judging(func() {})
			case 4:
				judging(change)
			default:
				for id, n := range sessions {
					if _, err := s.ChangeLoginSession(ctx, id, func(x *store.LoginSession) error { x.EndedAt = at(1); return nil }); err != nil {
						rt.Fatalf("%v", err)
					}
					n.over = true
					break
				}
			}
			for id, n := range sessions {
				got, err := s.LoginSession(ctx, id)
				if err != nil || got.JudgeAt.IsZero() == (n.open && !n.over) {
					rt.Fatalf("%s of %s, which has ended: %v, is to be judged: %v, wanted: %v, %v", n.UserName, n.TenantID, n.over, !got.JudgeAt.IsZero(), n.open, err)
				}
			}
		}
		for id := range sessions { // so that the next run meets none of these
			if _, err := s.ChangeLoginSession(ctx, id, func(x *store.LoginSession) error { x.EndedAt = at(1); return nil }); err != nil {
				rt.Fatalf("%v", err)
			}
		}
	})
}

// race: while a user is being disabled, or the instance frozen, somebody reads the right and adds a session, and a loop judges. In the end no session is left that
// was judged by what was true before.
func race(t *testing.T, handles []store.Store) {
	ctx := check.Context(t)
	k := key("inst-1", "tenant-1")
	directory(t, handles[0], k, 1, tenant(1, false))
	instance := storetest.NewInstance("CS-1", "inst-1", at(0))
	admission := storetest.Admission("CS-1", at(0))
	admission.NewInstances, admission.NewTasks = []store.Instance{instance}, nil
	check.MustApply(t, handles[0], admission)
	right := func(s store.Store, name string) (bool, error) {
		facts, err := s.LoginFacts(ctx, store.LoginKey{Seller: storetest.Seller, AppID: "app", TenantID: "tenant-1", UserName: name}, 10)
		return len(facts) == 1 && facts[0].User.State == store.UserActive && facts[0].State != store.InstanceFrozen, err
	}
	judging := func(s store.Store) error {
		list, err := s.JudgeLoginSessions(ctx, 10, at(0), at(10))
		for _, n := range list {
			ok, fault := right(s, n.UserName)
			switch {
			case fault != nil:
				err = errors.Join(err, fault)
			case ok:
				err = errors.Join(err, s.JudgedLoginSession(ctx, n, time.Time{}))
			default:
				_, fault = s.ChangeLoginSession(ctx, n.ID, func(x *store.LoginSession) error { x.EndedAt = at(1); return nil })
				err = errors.Join(err, fault)
			}
		}
		return err
	}
	put := func(s store.Store, state store.InstanceState) error {
		i := instance
		i.State = state
		return s.Apply(ctx, &store.Change{PutInstances: []store.Instance{i}})
	}
	for round := range 30 {
		name := fmt.Sprint("u", round)
		check.Error(t, put(handles[0], store.InstanceActive), nil)
		directory(t, handles[0], k, 10+round, user(name, store.UserActive, 10+round))
		ids := make([]string, 3)
		for _, err := range check.Together(7, func(i int) error {
			s := handles[i%2]
			switch i {
			case 0:
				if round%2 == 1 {
					return put(s, store.InstanceFrozen)
				}
				return s.Apply(ctx, &store.Change{Directory: &store.DirectoryChange{
					Key: k, Now: at(100), Users: []store.User{{AppID: "app", UserName: name, State: store.UserDisabled, Stamp: stamp(100 + round)}},
				}})
			case 1, 2, 3:
				ok, err := right(s, name)
				if err != nil || !ok {
					return err
				}
				n := session(name)
				ids[i-1] = n.ID
				return s.AddLoginSession(ctx, n)
			default:
				return errors.Join(judging(s), judging(s))
			}
		}) {
			check.Error(t, err, nil)
		}
		check.At(handles[0], at(0))
		for range 3 {
			list, err := handles[0].JudgeLoginSessions(ctx, 100, at(20), at(20)) // also those that were handed out
			check.Error(t, err, nil)
			for _, n := range list {
				if ok, err := right(handles[0], n.UserName); err != nil || ok {
					t.Fatalf("%v, %v", ok, err)
				}
				end(t, handles[0], n.ID, store.EndUserDisabled, store.LogoutNone)
			}
		}
		for _, id := range ids {
			if id != "" && read(t, handles[1], id).EndedAt.IsZero() {
				t.Fatalf("round %d: a session without a right lives on", round)
			}
		}
	}
}
