// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
	"github.com/koogate/koogate/store/storetest/check"
)

var directoryCases = []check.Case{
	check.WithStore("EveryColumn", directoryColumns),
	check.WithStore("TheGreaterStampCounts", greaterStamp),
	check.WithStore("StampsAreMicroseconds", stampPrecision),
	check.WithStore("NoChangeCommitsNothing", noChange),
	check.WithStore("NoChangeWinsOverOtherRefusals", noChangeWins),
	check.WithStore("AFailedChangeMergesNothing", failedDirectoryChange),
	check.WithStore("TombstoneOfWhatNeverWas", tombstoneFirst),
	check.WithSQL("TombstonesForget", tombstonesForget),
	check.WithStore("DeletionOfATenantEndsWhatIsOlder", tenantDeletion),
	check.WithStore("ALateDeletionLeavesANewerTenant", lateDeletion),
	check.WithStore("ATenantComesBackAlone", tenantComesBack),
	check.WithStore("ChildrenNeedNoTenant", childrenAlone),
	check.WithStore("FloorEndsDepartmentsBelow", floorOfDepartments),
	check.WithStore("OneKeySeveralTimes", oneKeySeveralTimes),
	check.WithStore("TenantsAreSeparate", separateTenants),
	check.WithStore("ManyRows", manyRows),
	check.WithStore("DeletionRacesWithUsers", deletionRaces),
	check.WithStore("AnyOrderEndsAlike", anyOrder),
	check.WithStore("FullListsAreCompared", fullListsAreCompared),
	check.WithStore("ListFilters", directoryFilters),
	check.WithStore("PagesJoinToTheWholeSet", directoryPages),
}

// Kit is the tenant of the fixtures.
var kit = store.TenantKey{Seller: storetest.Seller, InstanceID: "inst-CS1", TenantID: "tenant-1"}

// stamp is a call's time, n seconds after the epoch.
func stamp(n int, rank int8) store.Stamp {
	return store.Stamp{At: storetest.Epoch.Add(time.Duration(n) * time.Second), Rank: rank}
}

// noon is when changes of the directory are written; it never orders them.
var noon = storetest.Epoch.Add(48 * time.Hour)

func directoryOf(k store.TenantKey, set func(c *store.DirectoryChange)) *store.Change {
	c := &store.DirectoryChange{Key: k, Now: noon}
	set(c)
	return &store.Change{Directory: c}
}

func tenantChange(s store.Stamp, deleted bool) *store.Change {
	return directoryOf(kit, func(c *store.DirectoryChange) { c.Tenant = &store.Tenant{Name: "acme", Stamp: s, Deleted: deleted} })
}

func userChange(name, role string, s store.Stamp) *store.Change {
	return directoryOf(kit, func(c *store.DirectoryChange) {
		c.Users = []store.User{{AppID: "app", UserName: name, State: store.UserActive, Role: role, Stamp: s}}
	})
}

// entries is all of a tenant that is alive, without the times of writing.
type entries struct {
	Tenants      []store.Tenant
	Applications []store.Application
	Users        []store.User
	Departments  []store.Department
}

func mustEntries(t testing.TB, s store.Store, k store.TenantKey) (e entries) {
	t.Helper()
	ctx := t.Context()
	q := store.ListQuery{Seller: k.Seller, Limit: 100000, Filter: []store.Term{
		{Field: "instance_id", Value: k.InstanceID}, {Field: "tenant_id", Value: k.TenantID},
	}}
	errs := make([]error, 4)
	e.Tenants, errs[0] = s.ListTenants(ctx, q)
	e.Applications, errs[1] = s.ListApplications(ctx, q)
	e.Users, errs[2] = s.ListUsers(ctx, q)
	e.Departments, errs[3] = s.ListDepartments(ctx, q)
	if err := errors.Join(errs...); err != nil {
		t.Fatalf("list: %v", err)
	}
	for i := range e.Tenants {
		e.Tenants[i].CreatedAt, e.Tenants[i].UpdatedAt = time.Time{}, time.Time{}
	}
	for i := range e.Applications {
		e.Applications[i].CreatedAt, e.Applications[i].UpdatedAt = time.Time{}, time.Time{}
	}
	for i := range e.Users {
		e.Users[i].CreatedAt, e.Users[i].UpdatedAt = time.Time{}, time.Time{}
	}
	for i := range e.Departments {
		e.Departments[i].CreatedAt, e.Departments[i].UpdatedAt = time.Time{}, time.Time{}
	}
	return e
}

func (e entries) sizes() []int {
	return []int{len(e.Tenants), len(e.Applications), len(e.Users), len(e.Departments)}
}

// fullDirectory fills every column of every table of the directory.
func fullDirectory(k store.TenantKey, s store.Stamp, now time.Time) *store.DirectoryChange {
	return &store.DirectoryChange{
		Key: k, Now: now,
		Tenant: &store.Tenant{
			TenantKey: k, OrderID: "CS1", TenantCode: "code", Name: "企业", DomainName: "https://a.example.com", Stamp: s, CreatedAt: now, UpdatedAt: now,
		},
		Applications: []store.Application{{
			TenantKey: k, AppID: "app", ClientID: "client", ClientSecret: []byte{0, 255, 1}, Stamp: s, CreatedAt: now, UpdatedAt: now,
		}},
		Users: []store.User{{
			TenantKey: k, AppID: "app", UserName: "张三'\"\x1f", State: store.UserDisabled, Role: "admin", OrgCode: "org",
			Profile: []byte{0, 254, 2}, Stamp: s, CreatedAt: now, UpdatedAt: now,
		}},
		Departments: []store.Department{{
			TenantKey: k, OrgCode: "org", Name: "部门", ParentCode: "parent", Stamp: s, CreatedAt: now, UpdatedAt: now,
		}},
	}
}

func directoryColumns(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	first := fullDirectory(kit, stamp(1, 1), storetest.Epoch)
	for _, row := range []any{*first.Tenant, first.Applications[0], first.Users[0], first.Departments[0]} {
		v := reflect.ValueOf(row)
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.Name != "Deleted" {
				check.Filled(t, v.Type().String()+"."+f.Name, v.Field(i))
			}
		}
	}
	read := func(c *store.DirectoryChange) {
		t.Helper()
		tenant, err := s.Tenant(ctx, kit)
		check.Error(t, err, nil)
		check.Equal(t, "tenant", tenant, *c.Tenant)
		app, err := s.Application(ctx, kit, "app")
		check.Error(t, err, nil)
		check.Equal(t, "application", app, c.Applications[0])
		q := store.ListQuery{Seller: storetest.Seller, Limit: 10}
		tenants, err := s.ListTenants(ctx, q)
		check.Error(t, err, nil)
		check.Equal(t, "tenants", tenants, []store.Tenant{*c.Tenant})
		apps, err := s.ListApplications(ctx, q)
		check.Error(t, err, nil)
		check.Equal(t, "applications", apps, c.Applications)
		users, err := s.ListUsers(ctx, q)
		check.Error(t, err, nil)
		check.Equal(t, "users", users, c.Users)
		departments, err := s.ListDepartments(ctx, q)
		check.Error(t, err, nil)
		check.Equal(t, "departments", departments, c.Departments)
	}
	check.MustApply(t, s, &store.Change{Directory: first})
	read(first)

	second := fullDirectory(kit, stamp(2, 0), noon)
	second.Tenant.Name, second.Applications[0].ClientSecret = "renamed", []byte{3}
	second.Users[0].State, second.Users[0].Profile, second.Departments[0].ParentCode = store.UserWithdrawn, nil, ""
	check.MustApply(t, s, &store.Change{Directory: second})
	second.Tenant.CreatedAt, second.Applications[0].CreatedAt = storetest.Epoch, storetest.Epoch
	second.Users[0].CreatedAt, second.Departments[0].CreatedAt = storetest.Epoch, storetest.Epoch
	read(second)

	_, err := s.Tenant(ctx, store.TenantKey{Seller: "other", InstanceID: kit.InstanceID, TenantID: kit.TenantID})
	check.Error(t, err, store.ErrNotFound)
	_, err = s.Application(ctx, kit, "other")
	check.Error(t, err, store.ErrNotFound)
}

func greaterStamp(t *testing.T, s store.Store) {
	role := func() string { return mustEntries(t, s, kit).Users[0].Role }
	check.MustApply(t, s, userChange("u", "b", stamp(2, 1)))
	for _, c := range []struct {
		role  string
		stamp store.Stamp
		want  error
		then  string
	}{
		{"a", stamp(1, 3), store.ErrNoChange, "b"}, // earlier, whatever its rank
		{"a", stamp(2, 0), store.ErrNoChange, "b"}, // of the same time and a lower rank
		{"x", stamp(2, 1), store.ErrNoChange, "b"}, // the same again: the first committed one stands
		{"c", stamp(2, 2), nil, "c"},
		{"d", stamp(3, 0), nil, "d"},
	} {
		check.Error(t, s.Apply(check.Context(t), userChange("u", c.role, c.stamp)), c.want)
		check.Equal(t, "role", role(), c.then)
	}
}

func stampPrecision(t *testing.T, s store.Store) {
	at := func(ns int) store.Stamp { return store.Stamp{At: storetest.Epoch.Add(time.Duration(ns))} }
	for _, change := range []func(s store.Stamp) *store.Change{
		func(s store.Stamp) *store.Change { return userChange("u", "user", s) },
		func(s store.Stamp) *store.Change { return tenantChange(s, false) },
		func(s store.Stamp) *store.Change { return tenantChange(s, true) },
	} {
		check.MustApply(t, s, change(at(1999)))
		check.Error(t, s.Apply(check.Context(t), change(at(1999))), store.ErrNoChange)
		check.Error(t, s.Apply(check.Context(t), change(at(1001))), store.ErrNoChange)
		check.MustApply(t, s, change(at(2000)))
	}
}

// noChange: the rest of a change goes where its directory part goes.
func noChange(t *testing.T, s store.Store) {
	check.MustApply(t, s, storetest.Admission("CS1", storetest.Epoch))
	first := check.Next(check.MustAggregate(t, s, "CS1"))
	first.Directory = fullDirectory(kit, stamp(1, 0), noon)
	check.MustApply(t, s, first)
	before := check.MustAggregate(t, s, "CS1")
	check.Equal(t, "head", before.Order.Head.Seq, 2)

	again := check.Next(before)
	again.Directory = fullDirectory(kit, stamp(1, 0), noon)
	again.NewTasks = []store.Task{storetest.NewTask("CS1", "inst-CS1", 2, storetest.Epoch)}
	check.Error(t, s.Apply(check.Context(t), again), store.ErrNoChange)
	check.Equal(t, "aggregate", check.MustAggregate(t, s, "CS1"), before)
	check.Error(t, s.Apply(check.Context(t), &store.Change{Directory: &store.DirectoryChange{Key: kit, Now: noon}}), store.ErrNoChange)

	again.Directory.Users[0].Stamp = stamp(2, 0) // one new row is a change
	check.MustApply(t, s, again)
	check.Equal(t, "events", check.MustAggregate(t, s, "CS1").Order.Head.Seq, 3)
}

func noChangeWins(t *testing.T, s store.Store) {
	first := storetest.Admission("CS1", storetest.Epoch)
	first.Directory = fullDirectory(kit, stamp(1, 0), noon)
	check.MustApply(t, s, first)
	check.Error(t, s.Apply(check.Context(t), first), store.ErrNoChange)
	first.NewOrder = nil
	check.Error(t, s.Apply(check.Context(t), first), store.ErrNoChange)
	first.Directory = nil
	check.Error(t, s.Apply(check.Context(t), first), store.ErrStale)
}

// failedDirectoryChange: a change that is refused for another reason leaves the directory alone, and so do its neighbours
// in a shared commit.
func failedDirectoryChange(t *testing.T, s store.Store) {
	check.MustApply(t, s, storetest.Admission("CS1", storetest.Epoch))
	stale := check.MustAggregate(t, s, "CS1")
	check.MustApply(t, s, check.Next(stale))
	c := check.Next(stale)
	c.Directory = fullDirectory(kit, stamp(1, 0), noon)
	check.Error(t, s.Apply(check.Context(t), c), store.ErrStale)
	check.Equal(t, "entries", mustEntries(t, s, kit).sizes(), []int{0, 0, 0, 0})

	check.MustApply(t, s, userChange("known", "user", stamp(1, 0)))
	ctx := check.Context(t)
	errs := check.Together(48, func(i int) error {
		c := userChange(fmt.Sprint("u", i), "user", stamp(1, 0))
		switch i % 3 {
		case 1:
			c = userChange("known", "user", stamp(1, 0))
		case 2:
			c.Events = check.Next(stale).Events
		}
		return s.Apply(ctx, c)
	})
	for i, err := range errs {
		check.Error(t, err, []error{nil, store.ErrNoChange, store.ErrStale}[i%3])
	}
	check.Equal(t, "entries", mustEntries(t, s, kit).sizes(), []int{0, 0, 17, 0})
}

func wantSet(t *testing.T, got []string, want ...string) {
	t.Helper()
	in := make(map[string]bool)
	for _, g := range got {
		in[g] = true
	}
	for _, w := range want {
		if !in[w] {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
	if len(got) != len(want) {
		t.Fatalf("got %q, want %q", got, want)
	}
}

func oneKeySeveralTimes(t *testing.T, s store.Store) {
	check.MustApply(t, s, directoryOf(kit, func(c *store.DirectoryChange) {
		for i, n := range []int{2, 3, 1, 3} {
			c.Users = append(c.Users, store.User{AppID: "app", UserName: "u", Role: fmt.Sprint("role-", i), Stamp: stamp(n, 0)})
		}
		c.Users[0].TenantKey = store.TenantKey{Seller: "mallory", InstanceID: "x", TenantID: "y"} // the change's key counts
	}))
	e := mustEntries(t, s, kit)
	check.Equal(t, "users", len(e.Users), 1)
	check.Equal(t, "role", e.Users[0].Role, "role-1")
}

// separateTenants uses keys whose parts run into each other when they are merely joined.
func separateTenants(t *testing.T, s store.Store) {
	keys := []store.TenantKey{
		{Seller: storetest.Seller, InstanceID: "a", TenantID: "b/c"}, {Seller: storetest.Seller, InstanceID: "a/b", TenantID: "c"},
		{Seller: storetest.Seller, InstanceID: "ab", TenantID: "c"}, {Seller: storetest.Seller, InstanceID: "a", TenantID: "bc"},
		{Seller: "other", InstanceID: "ab", TenantID: "c"}, {Seller: storetest.Seller, InstanceID: "AB", TenantID: "c"},
	}
	seen := make(map[string]bool)
	for _, k := range keys {
		check.MustApply(t, s, &store.Change{Directory: fullDirectory(k, stamp(1, 0), noon)})
		u := fullDirectory(k, stamp(1, 0), noon).Users[0]
		seen[k.ID()], seen[u.ID()] = true, true
	}
	check.Equal(t, "different IDs", len(seen), 2*len(keys))
	check.MustApply(t, s, directoryOf(keys[0], func(c *store.DirectoryChange) { c.Tenant = &store.Tenant{Stamp: stamp(2, 3), Deleted: true} }))
	for i, k := range keys {
		want := []int{1, 1, 1, 1}
		if i == 0 {
			want = []int{0, 0, 0, 0}
		}
		check.Equal(t, fmt.Sprint(k), mustEntries(t, s, k).sizes(), want)
	}
}

// manyRows is a call with all the users that one may name, and lists that overlap.
func manyRows(t *testing.T, s store.Store) {
	change := func(age int) *store.Change {
		c := storetest.FullList(2000, age)
		for i := range 500 {
			c.Directory.Users = append(c.Directory.Users, store.User{
				AppID: "app", UserName: fmt.Sprint("user-", i), Profile: make([]byte, 300), Stamp: stamp(age, 0),
			})
		}
		return c
	}
	check.MustApply(t, s, change(1))
	check.MustApply(t, s, change(2))
	check.Error(t, s.Apply(check.Context(t), change(2)), store.ErrNoChange)
	check.Error(t, s.Apply(check.Context(t), change(1)), store.ErrNoChange)
	check.Equal(t, "entries", mustEntries(t, s, kit).sizes(), []int{0, 0, 500, 2000})
}

// deletionRaces lets users arrive while their tenant is deleted: whoever is alive at the end is newer than the deletion.
func deletionRaces(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	for round := range 10 {
		k := kit
		k.TenantID = fmt.Sprint("tenant-", round)
		errs := check.Together(16, func(i int) error {
			if i == 7 {
				return s.Apply(ctx, directoryOf(k, func(c *store.DirectoryChange) { c.Tenant = &store.Tenant{Stamp: stamp(5, 3), Deleted: true} }))
			}
			err := s.Apply(ctx, directoryOf(k, func(c *store.DirectoryChange) {
				c.Users = []store.User{{AppID: "app", UserName: fmt.Sprint("u", i), Stamp: stamp(1+i, 0)}}
			}))
			if errors.Is(err, store.ErrNoChange) && i <= 4 {
				return nil
			}
			return err
		})
		check.Error(t, errors.Join(errs...), nil)
		var want []string
		for i := 5; i < 16; i++ {
			if i != 7 {
				want = append(want, fmt.Sprint("u", i))
			}
		}
		wantSet(t, check.IDs(mustEntries(t, s, k).Users, func(u store.User) string { return u.UserName }), want...)
	}
}
