// SPDX-License-Identifier: Apache-2.0

package directory_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/koogate/koogate/server/directory"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
)

// sync is one call of the Kit.
type sync struct {
	name string
	call func(r *rig, s func(directory.Scope) directory.Scope) (bool, error)
}

func zhang(enabled bool) directory.User {
	return directory.User{
		UserName: "zhangsan01", Role: "admin", OrgCode: "1", Enabled: enabled,
		Profile: directory.Profile{Name: "canary-name", Mobile: "canary-mobile", Email: "canary@example.com", Extension: `{"a":1}`},
	}
}

// joint is what the marketplace sends in the life of one binding (kit §A.6), at the seconds 1 to 7.
func joint(deleteMissing bool) []sync {
	type scoped = func(directory.Scope) directory.Scope
	return []sync{
		{"tenantSync(1)", func(r *rig, s scoped) (bool, error) {
			return r.SyncTenant(r.t.Context(), directory.Tenant{
				Scope: s(scope(1)), Flag: directory.Add, OrderID: "CS1", TenantCode: "acme", Name: "Acme", DomainName: "https://a.example.com",
			})
		}},
		{"applicationSync(1)", func(r *rig, s scoped) (bool, error) {
			return r.SyncApplication(r.t.Context(), directory.Application{
				Scope: s(scope(2)), Flag: directory.Add, AppID: "app", ClientID: "client", ClientSecret: "canary-secret",
			})
		}},
		{"allOrgSync", func(r *rig, s scoped) (bool, error) {
			return r.SyncDepartments(r.t.Context(), directory.Departments{
				Scope: s(scope(3)), DeleteMissing: deleteMissing,
				Units: []directory.Unit{{OrgCode: "1", Name: "HQ"}, {OrgCode: "2", Name: "R&D", ParentCode: "1"}},
			})
		}},
		{"authSync(1)", func(r *rig, s scoped) (bool, error) {
			return r.SyncUsers(r.t.Context(), directory.Users{
				Scope: s(scope(4)), Flag: directory.Add, AppID: "app",
				Users: []directory.User{zhang(true), {UserName: "lisi02", Role: "user", OrgCode: "2", Enabled: true}},
			})
		}},
		{"singleOrgSync(2)", func(r *rig, s scoped) (bool, error) {
			return r.SyncDepartment(r.t.Context(), directory.Department{
				Scope: s(scope(5)), Flag: directory.Modify, Unit: directory.Unit{OrgCode: "2", Name: "Research", ParentCode: "1"},
			})
		}},
		{"authSync(2), disabled", func(r *rig, s scoped) (bool, error) {
			return r.SyncUsers(r.t.Context(), directory.Users{
				Scope: s(scope(6)), Flag: directory.Modify, AppID: "app", Users: []directory.User{zhang(false)},
			})
		}},
		{"tenantSync(0)", func(r *rig, s scoped) (bool, error) {
			return r.SyncTenant(r.t.Context(), directory.Tenant{Scope: s(scope(7)), Flag: directory.Delete})
		}},
	}
}

func same(s directory.Scope) directory.Scope { return s }

const (
	tenantLine = "tenant tenant-1 Acme https://a.example.com"
	appLine    = "application app client canary-secret"
	zhangLine  = "user zhangsan01 ACTIVE admin 1 canary-name canary-mobile"
	lisiLine   = "user lisi02 ACTIVE user 2"
)

func TestJointOperation(t *testing.T) {
	r := newRig(t)
	after := []string{
		tenantLine,
		strings.Join([]string{appLine, tenantLine}, "\n"),
		strings.Join([]string{appLine, "department 1 HQ", "department 2 R&D 1", tenantLine}, "\n"),
		strings.Join([]string{appLine, "department 1 HQ", "department 2 R&D 1", tenantLine, lisiLine, zhangLine}, "\n"),
		strings.Join([]string{appLine, "department 1 HQ", "department 2 Research 1", tenantLine, lisiLine, zhangLine}, "\n"),
		strings.Join([]string{
			appLine, "department 1 HQ", "department 2 Research 1", tenantLine, lisiLine, strings.Replace(zhangLine, "ACTIVE", "DISABLED", 1),
		}, "\n"),
		"",
	}
	for i, c := range joint(false) {
		r.want(true)(c.call(r, same))
		r.want(false)(c.call(r, same)) // once more
		if got := r.show(storetest.Seller); got != after[i] {
			t.Fatalf("after %s:\n%s\nwant\n%s", c.name, got, after[i])
		}
	}
	want := []string{
		`{"activity":"tenantSync","flag":"add","tenantId":"tenant-1"}`,
		`{"activity":"applicationSync","appId":"app","flag":"add","tenantId":"tenant-1"}`,
		`{"activity":"allOrgSync","departments":2,"tenantId":"tenant-1"}`,
		`{"activity":"authSync","appId":"app","flag":"add","tenantId":"tenant-1","users":2}`,
		`{"activity":"singleOrgSync","flag":"modify","orgCode":"2","tenantId":"tenant-1"}`,
		`{"activity":"authSync","appId":"app","flag":"modify","tenantId":"tenant-1","users":1}`,
		`{"activity":"tenantSync","flag":"delete","tenantId":"tenant-1"}`,
	}
	if got := r.events(); !slices.Equal(got, want) {
		t.Errorf("events\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestAnyOrderEndsAlike: some of the calls in any order and any number of times leave the directory that the same calls
// leave once each in the order of their times.
func TestAnyOrderEndsAlike(t *testing.T) {
	r := newRig(t)
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		calls := joint(rapid.Bool().Draw(rt, "delete missing"))
		calls = append(calls, sync{"tenantSync(1) again", func(r *rig, s func(directory.Scope) directory.Scope) (bool, error) {
			return r.SyncTenant(r.t.Context(), directory.Tenant{Scope: s(scope(8)), Flag: directory.Add, Name: "Acme again"})
		}}, sync{"authSync(3)", func(r *rig, s func(directory.Scope) directory.Scope) (bool, error) {
			return r.SyncUsers(r.t.Context(), directory.Users{
				Scope: s(scope(9)), Flag: directory.Withdraw, AppID: "app", Users: []directory.User{zhang(true)},
			})
		}})
		var some []int
		for i := range calls {
			if rapid.Bool().Draw(rt, calls[i].name) {
				some = append(some, i)
			}
		}
		run := func(order []int) string {
			round++
			seller := fmt.Sprint("seller-", round)
			for _, i := range order {
				if _, err := calls[i].call(r, func(s directory.Scope) directory.Scope { s.Seller = seller; return s }); err != nil {
					rt.Fatal(err)
				}
			}
			return r.show(seller)
		}
		want := run(some)
		order := rapid.Permutation(append(slices.Clone(some), some...)).Draw(rt, "order")
		if got := run(order); got != want {
			rt.Fatalf("in the order %v:\n%s\nwant\n%s", order, got, want)
		}
	})
}

// TestFlagsOfOneMoment: of calls of the same time the stronger flag counts, whichever comes first.
func TestFlagsOfOneMoment(t *testing.T) {
	flags := []directory.Flag{directory.Add, directory.Modify, directory.Withdraw, directory.Delete}
	for i, weak := range flags {
		for _, strong := range flags[i+1:] {
			for _, order := range [][]directory.Flag{{weak, strong}, {strong, weak}} {
				r := newRig(t)
				for _, f := range order {
					u := zhang(true)
					u.Role = f.String()
					if _, err := r.SyncUsers(t.Context(), directory.Users{Scope: scope(1), Flag: f, AppID: "app", Users: []directory.User{u}}); err != nil {
						t.Fatal(err)
					}
				}
				users, err := r.Users(t.Context(), all)
				r.must(err)
				switch {
				case strong == directory.Delete && len(users) == 0:
				case strong != directory.Delete && len(users) == 1 && users[0].Role == strong.String():
				default:
					t.Errorf("%v: got %v", order, len(users))
				}
			}
		}
	}
}

func TestUserStates(t *testing.T) {
	r := newRig(t)
	for n, c := range []struct {
		flag    directory.Flag
		enabled bool
		want    store.UserState
	}{
		{directory.Add, true, store.UserActive}, {directory.Modify, false, store.UserDisabled}, {directory.Modify, true, store.UserActive},
		{directory.Withdraw, true, store.UserWithdrawn}, {directory.Add, false, store.UserDisabled}, {directory.Withdraw, false, store.UserWithdrawn},
		{directory.Delete, true, ""}, {directory.Add, true, store.UserActive},
	} {
		r.want(true)(r.SyncUsers(t.Context(), directory.Users{Scope: scope(n + 1), Flag: c.flag, AppID: "app", Users: []directory.User{zhang(c.enabled)}}))
		users, err := r.Users(t.Context(), all)
		r.must(err)
		switch {
		case c.want == "" && len(users) == 0:
		case c.want != "" && len(users) == 1 && users[0].State == c.want && users[0].Known == zhang(true).Profile:
		default:
			t.Errorf("after %s, enabled %v: %d users, want one that is %s", c.flag, c.enabled, len(users), c.want)
		}
	}
}

func TestTheLastOfSeveralCounts(t *testing.T) {
	r := newRig(t)
	first, last := zhang(true), zhang(false)
	last.Role = "user"
	r.want(true)(r.SyncUsers(t.Context(), directory.Users{
		Scope: scope(1), Flag: directory.Add, AppID: "app", Users: []directory.User{first, {UserName: "other", Enabled: true}, last},
	}))
	r.want(true)(r.SyncDepartments(t.Context(), directory.Departments{
		Scope: scope(1), Units: []directory.Unit{{OrgCode: "1", Name: "first"}, {OrgCode: "1", Name: "last"}},
	}))
	want := "department 1 last\nuser other ACTIVE\nuser zhangsan01 DISABLED user 1 canary-name canary-mobile"
	if got := r.show(storetest.Seller); got != want {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
	if got := r.events()[0]; !strings.Contains(got, `"users":2`) {
		t.Errorf("event %s", got)
	}
}

func TestDeleteMissing(t *testing.T) {
	r := newRig(t)
	sync := func(n int, deleteMissing bool, codes ...string) (bool, error) {
		c := directory.Departments{Scope: scope(n), DeleteMissing: deleteMissing}
		for _, code := range codes {
			c.Units = append(c.Units, directory.Unit{OrgCode: code})
		}
		return r.SyncDepartments(t.Context(), c)
	}
	r.want(true)(sync(1, false, "a", "b"))
	r.want(true)(sync(2, false, "c")) // ends nothing
	r.want(true)(r.SyncDepartment(t.Context(), directory.Department{Scope: scope(4), Flag: directory.Add, Unit: directory.Unit{OrgCode: "late"}}))
	r.want(true)(sync(3, true, "b"))
	r.want(false)(sync(3, true, "b"))
	r.want(false)(sync(2, true, "a"))
	if e := r.events(); e[len(e)-1] != `{"activity":"allOrgSync","departments":1,"missing":"deleted","tenantId":"tenant-1"}` {
		t.Errorf("event %s", e[len(e)-1])
	}
	if got := r.show(storetest.Seller); got != "department b\ndepartment late" {
		t.Errorf("got %q", got)
	}
	r.want(true)(r.SyncDepartment(t.Context(), directory.Department{Scope: scope(5), Flag: directory.Delete, Unit: directory.Unit{OrgCode: "b"}}))
	r.want(false)(sync(4, false, "b"))
	r.want(true)(sync(6, true))
	if got := r.show(storetest.Seller); got != "" {
		t.Errorf("got %q", got)
	}
}

// TestRehearsal: while the seller applies for the credential the calls name no instance and leave nothing behind.
func TestRehearsal(t *testing.T) {
	r := newRig(t)
	for _, c := range joint(true) {
		r.want(false)(c.call(r, func(s directory.Scope) directory.Scope { s.InstanceID = ""; return s }))
	}
	r.want(false)(r.SyncDepartment(t.Context(), directory.Department{Unit: directory.Unit{OrgCode: "1"}}))
	if r.recorder.calls != 0 || r.show(storetest.Seller) != "" {
		t.Errorf("%d calls were recorded", r.recorder.calls)
	}
}

// TestUnknownInstance: a call about an instance that was never made here is kept and makes no event.
func TestUnknownInstance(t *testing.T) {
	r := newRig(t)
	for _, c := range joint(true) {
		r.want(true)(c.call(r, func(s directory.Scope) directory.Scope { s.InstanceID = "nobody's"; return s }))
	}
	if got := r.events(); len(got) != 0 {
		t.Errorf("events %q", got)
	}
}

// House rule 13: secrets and people are sealed at rest and in no event and no print; a sealed value opens in its own place
// only.
func TestSecretsStayInside(t *testing.T) {
	r := newRig(t)
	calls := joint(false)
	for _, c := range calls[:4] {
		r.want(true)(c.call(r, same))
	}
	for _, file := range []string{r.path, r.path + "-wal"} {
		raw, err := os.ReadFile(file)
		r.must(err)
		if strings.Contains(string(raw), "canary") {
			t.Errorf("%s holds a canary", file)
		}
	}
	events := strings.Join(r.events(), "\n")
	for _, word := range []string{"canary", "zhangsan", "lisi", "Acme"} {
		if strings.Contains(events, word) {
			t.Errorf("%s is in the events", word)
		}
	}
	c, err := r.Application(t.Context(), key, "app")
	r.must(err)
	users, err := r.Users(t.Context(), store.ListQuery{
		Seller: storetest.Seller, Filter: []store.Term{{Field: "user_name", Value: "zhangsan01"}}, Limit: 1,
	})
	r.must(err)
	if text := fmt.Sprintf("%v %+v %#v %v %+v %#v", c, c, c, users[0], users[0], users); strings.Contains(text, "canary") || strings.Contains(text, "zhang") {
		t.Errorf("printed: %s", text)
	}

	other := key
	other.TenantID = "tenant-2"
	stolen, profile := c.ClientSecret, users[0].Profile
	r.must(r.store.Apply(t.Context(), &store.Change{Directory: &store.DirectoryChange{
		Key: other, Now: storetest.Epoch,
		Applications: []store.Application{{AppID: "app", ClientSecret: stolen, Stamp: store.Stamp{At: storetest.Epoch}}},
		Users:        []store.User{{AppID: "app", UserName: users[0].UserName, Profile: profile, Stamp: store.Stamp{At: storetest.Epoch}}},
	}}))
	_, err = r.Application(t.Context(), other, "app")
	wantReason(t, err, errs.InternalFault)
	users, err = r.Users(t.Context(), all)
	r.must(err)
	if len(users) != 3 {
		t.Fatalf("%d users", len(users))
	}
	for _, u := range users { // what was stolen is marked, and costs the others nothing
		if stolen := u.TenantID == other.TenantID; u.Unreadable != stolen || stolen && u.Known != (directory.Profile{}) {
			t.Errorf("%s of %s: unreadable %v", u.UserName, u.TenantID, u.Unreadable)
		}
	}
}

func TestReads(t *testing.T) {
	r := newRig(t)
	_, err := r.Application(t.Context(), key, "app")
	wantReason(t, err, errs.DirectoryNotFound)
	_, err = r.Tenant(t.Context(), key)
	wantReason(t, err, errs.DirectoryNotFound)
	calls := joint(false)
	for _, c := range calls[:2] {
		r.want(true)(c.call(r, same))
	}
	tenant, err := r.Tenant(t.Context(), key)
	r.must(err)
	c, err := r.Application(t.Context(), key, "app")
	r.must(err)
	if tenant.Name != "Acme" || tenant.OrderID != "CS1" || tenant.TenantCode != "acme" || c.Secret != "canary-secret" || c.ClientID != "client" {
		t.Errorf("got %+v and client %s", tenant, c.ClientID)
	}
	// A modification carries everything and may be the first to come.
	r.want(true)(r.SyncTenant(t.Context(), directory.Tenant{Scope: scope(9), Flag: directory.Modify, Name: "Renamed"}))
	r.want(true)(r.SyncApplication(t.Context(), directory.Application{Scope: scope(9), Flag: directory.Delete, AppID: "app"}))
	_, err = r.Application(t.Context(), key, "app")
	wantReason(t, err, errs.DirectoryNotFound)
	if got := r.show(storetest.Seller); got != "tenant tenant-1 Renamed" {
		t.Errorf("got %q", got)
	}
}

func TestStoreIsAway(t *testing.T) {
	var faulty *storetest.FaultyStore
	r := newRig(t, func(s store.Store) store.Store {
		faulty = storetest.Faulty(s, 1)
		return faulty
	})
	faulty.Rates(1, 0)
	for _, c := range joint(false) {
		changed, err := c.call(r, same)
		wantReason(t, err, errs.StoreUnavailable)
		if changed {
			t.Errorf("%s: changed", c.name)
		}
	}
	for name, read := range map[string]func() error{
		"Tenants":      func() error { _, err := r.Tenants(t.Context(), all); return err },
		"Applications": func() error { _, err := r.Applications(t.Context(), all); return err },
		"Users":        func() error { _, err := r.Users(t.Context(), all); return err },
		"Departments":  func() error { _, err := r.Departments(t.Context(), all); return err },
		"Tenant":       func() error { _, err := r.Tenant(t.Context(), key); return err },
		"Application":  func() error { _, err := r.Application(t.Context(), key, "app"); return err },
	} {
		t.Run(name, func(t *testing.T) { wantReason(t, read(), errs.StoreUnavailable) })
	}
}
