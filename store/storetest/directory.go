// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
)

var directoryCases = []testCase{
	withStore("EveryColumn", directoryColumns),
	withStore("TheGreaterStampCounts", greaterStamp),
	withStore("StampsAreMicroseconds", stampPrecision),
	withStore("NoChangeCommitsNothing", noChange),
	withStore("NoChangeWinsOverOtherRefusals", noChangeWins),
	withStore("AFailedChangeMergesNothing", failedDirectoryChange),
	withStore("TombstoneOfWhatNeverWas", tombstoneFirst),
	withSQL("TombstonesForget", tombstonesForget),
	withStore("DeletionOfATenantEndsWhatIsOlder", tenantDeletion),
	withStore("ALateDeletionLeavesANewerTenant", lateDeletion),
	withStore("ATenantComesBackAlone", tenantComesBack),
	withStore("ChildrenNeedNoTenant", childrenAlone),
	withStore("FloorEndsDepartmentsBelow", floorOfDepartments),
	withStore("OneKeySeveralTimes", oneKeySeveralTimes),
	withStore("TenantsAreSeparate", separateTenants),
	withStore("ManyRows", manyRows),
	withStore("DeletionRacesWithUsers", deletionRaces),
	withStore("AnyOrderEndsAlike", anyOrder),
	withStore("FullListsAreCompared", fullListsAreCompared),
	withStore("ListFilters", directoryFilters),
	withStore("PagesJoinToTheWholeSet", directoryPages),
}

// Kit is the tenant of the fixtures.
var kit = store.TenantKey{Seller: Seller, InstanceID: "inst-CS1", TenantID: "tenant-1"}

// stamp is a call's time, n seconds after the epoch.
func stamp(n int, rank int8) store.Stamp {
	return store.Stamp{At: Epoch.Add(time.Duration(n) * time.Second), Rank: rank}
}

// noon is when changes of the directory are written; it never orders them.
var noon = Epoch.Add(48 * time.Hour)

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
	ctx := background(t)
	first := fullDirectory(kit, stamp(1, 1), Epoch)
	for _, row := range []any{*first.Tenant, first.Applications[0], first.Users[0], first.Departments[0]} {
		v := reflect.ValueOf(row)
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.Name != "Deleted" {
				wantFilled(t, v.Type().String()+"."+f.Name, v.Field(i))
			}
		}
	}
	read := func(c *store.DirectoryChange) {
		t.Helper()
		tenant, err := s.Tenant(ctx, kit)
		wantError(t, err, nil)
		wantEqual(t, "tenant", tenant, *c.Tenant)
		app, err := s.Application(ctx, kit, "app")
		wantError(t, err, nil)
		wantEqual(t, "application", app, c.Applications[0])
		q := store.ListQuery{Seller: Seller, Limit: 10}
		tenants, err := s.ListTenants(ctx, q)
		wantError(t, err, nil)
		wantEqual(t, "tenants", tenants, []store.Tenant{*c.Tenant})
		apps, err := s.ListApplications(ctx, q)
		wantError(t, err, nil)
		wantEqual(t, "applications", apps, c.Applications)
		users, err := s.ListUsers(ctx, q)
		wantError(t, err, nil)
		wantEqual(t, "users", users, c.Users)
		departments, err := s.ListDepartments(ctx, q)
		wantError(t, err, nil)
		wantEqual(t, "departments", departments, c.Departments)
	}
	mustApply(t, s, &store.Change{Directory: first})
	read(first)

	second := fullDirectory(kit, stamp(2, 0), noon)
	second.Tenant.Name, second.Applications[0].ClientSecret = "renamed", []byte{3}
	second.Users[0].State, second.Users[0].Profile, second.Departments[0].ParentCode = store.UserWithdrawn, nil, ""
	mustApply(t, s, &store.Change{Directory: second})
	second.Tenant.CreatedAt, second.Applications[0].CreatedAt = Epoch, Epoch
	second.Users[0].CreatedAt, second.Departments[0].CreatedAt = Epoch, Epoch
	read(second)

	_, err := s.Tenant(ctx, store.TenantKey{Seller: "other", InstanceID: kit.InstanceID, TenantID: kit.TenantID})
	wantError(t, err, store.ErrNotFound)
	_, err = s.Application(ctx, kit, "other")
	wantError(t, err, store.ErrNotFound)
}

func greaterStamp(t *testing.T, s store.Store) {
	role := func() string { return mustEntries(t, s, kit).Users[0].Role }
	mustApply(t, s, userChange("u", "b", stamp(2, 1)))
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
		wantError(t, s.Apply(background(t), userChange("u", c.role, c.stamp)), c.want)
		wantEqual(t, "role", role(), c.then)
	}
}

func stampPrecision(t *testing.T, s store.Store) {
	at := func(ns int) store.Stamp { return store.Stamp{At: Epoch.Add(time.Duration(ns))} }
	for _, change := range []func(s store.Stamp) *store.Change{
		func(s store.Stamp) *store.Change { return userChange("u", "user", s) },
		func(s store.Stamp) *store.Change { return tenantChange(s, false) },
		func(s store.Stamp) *store.Change { return tenantChange(s, true) },
	} {
		mustApply(t, s, change(at(1999)))
		wantError(t, s.Apply(background(t), change(at(1999))), store.ErrNoChange)
		wantError(t, s.Apply(background(t), change(at(1001))), store.ErrNoChange)
		mustApply(t, s, change(at(2000)))
	}
}

// noChange: the rest of a change goes where its directory part goes.
func noChange(t *testing.T, s store.Store) {
	mustApply(t, s, Admission("CS1", Epoch))
	first := next(mustAggregate(t, s, "CS1"))
	first.Directory = fullDirectory(kit, stamp(1, 0), noon)
	mustApply(t, s, first)
	before := mustAggregate(t, s, "CS1")
	wantEqual(t, "head", before.Order.Head.Seq, 2)

	again := next(before)
	again.Directory = fullDirectory(kit, stamp(1, 0), noon)
	again.NewTasks = []store.Task{NewTask("CS1", "inst-CS1", 2, Epoch)}
	wantError(t, s.Apply(background(t), again), store.ErrNoChange)
	wantEqual(t, "aggregate", mustAggregate(t, s, "CS1"), before)
	wantError(t, s.Apply(background(t), &store.Change{Directory: &store.DirectoryChange{Key: kit, Now: noon}}), store.ErrNoChange)

	again.Directory.Users[0].Stamp = stamp(2, 0) // one new row is a change
	mustApply(t, s, again)
	wantEqual(t, "events", mustAggregate(t, s, "CS1").Order.Head.Seq, 3)
}

func noChangeWins(t *testing.T, s store.Store) {
	first := Admission("CS1", Epoch)
	first.Directory = fullDirectory(kit, stamp(1, 0), noon)
	mustApply(t, s, first)
	wantError(t, s.Apply(background(t), first), store.ErrNoChange)
	first.NewOrder = nil
	wantError(t, s.Apply(background(t), first), store.ErrNoChange)
	first.Directory = nil
	wantError(t, s.Apply(background(t), first), store.ErrStale)
}

// failedDirectoryChange: a change that is refused for another reason leaves the directory alone, and so do its neighbours
// in a shared commit.
func failedDirectoryChange(t *testing.T, s store.Store) {
	mustApply(t, s, Admission("CS1", Epoch))
	stale := mustAggregate(t, s, "CS1")
	mustApply(t, s, next(stale))
	c := next(stale)
	c.Directory = fullDirectory(kit, stamp(1, 0), noon)
	wantError(t, s.Apply(background(t), c), store.ErrStale)
	wantEqual(t, "entries", mustEntries(t, s, kit).sizes(), []int{0, 0, 0, 0})

	mustApply(t, s, userChange("known", "user", stamp(1, 0)))
	ctx := background(t)
	errs := together(48, func(i int) error {
		c := userChange(fmt.Sprint("u", i), "user", stamp(1, 0))
		switch i % 3 {
		case 1:
			c = userChange("known", "user", stamp(1, 0))
		case 2:
			c.Events = next(stale).Events
		}
		return s.Apply(ctx, c)
	})
	for i, err := range errs {
		wantError(t, err, []error{nil, store.ErrNoChange, store.ErrStale}[i%3])
	}
	wantEqual(t, "entries", mustEntries(t, s, kit).sizes(), []int{0, 0, 17, 0})
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
	mustApply(t, s, directoryOf(kit, func(c *store.DirectoryChange) {
		for i, n := range []int{2, 3, 1, 3} {
			c.Users = append(c.Users, store.User{AppID: "app", UserName: "u", Role: fmt.Sprint("role-", i), Stamp: stamp(n, 0)})
		}
		c.Users[0].TenantKey = store.TenantKey{Seller: "mallory", InstanceID: "x", TenantID: "y"} // the change's key counts
	}))
	e := mustEntries(t, s, kit)
	wantEqual(t, "users", len(e.Users), 1)
	wantEqual(t, "role", e.Users[0].Role, "role-1")
}

// separateTenants uses keys whose parts run into each other when they are merely joined.
func separateTenants(t *testing.T, s store.Store) {
	keys := []store.TenantKey{
		{Seller: Seller, InstanceID: "a", TenantID: "b/c"}, {Seller: Seller, InstanceID: "a/b", TenantID: "c"},
		{Seller: Seller, InstanceID: "ab", TenantID: "c"}, {Seller: Seller, InstanceID: "a", TenantID: "bc"},
		{Seller: "other", InstanceID: "ab", TenantID: "c"}, {Seller: Seller, InstanceID: "AB", TenantID: "c"},
	}
	seen := make(map[string]bool)
	for _, k := range keys {
		mustApply(t, s, &store.Change{Directory: fullDirectory(k, stamp(1, 0), noon)})
		u := fullDirectory(k, stamp(1, 0), noon).Users[0]
		seen[k.ID()], seen[u.ID()] = true, true
	}
	wantEqual(t, "different IDs", len(seen), 2*len(keys))
	mustApply(t, s, directoryOf(keys[0], func(c *store.DirectoryChange) { c.Tenant = &store.Tenant{Stamp: stamp(2, 3), Deleted: true} }))
	for i, k := range keys {
		want := []int{1, 1, 1, 1}
		if i == 0 {
			want = []int{0, 0, 0, 0}
		}
		wantEqual(t, fmt.Sprint(k), mustEntries(t, s, k).sizes(), want)
	}
}

// FullList is a full list of a tenant's departments, n of them, that ends the others: the calls of different ages know
// different halves. The Kit's greatest has 20,000.
func FullList(n, age int) *store.Change {
	return directoryOf(kit, func(c *store.DirectoryChange) {
		c.Floor = stamp(age, 0)
		for i := range n {
			c.Departments = append(c.Departments, store.Department{OrgCode: fmt.Sprint("org-", i+age*n/2), Name: "n", Stamp: stamp(age, 0)})
		}
	})
}

// manyRows is a call with all the users that one may name, and lists that overlap.
func manyRows(t *testing.T, s store.Store) {
	change := func(age int) *store.Change {
		c := FullList(2000, age)
		for i := range 500 {
			c.Directory.Users = append(c.Directory.Users, store.User{
				AppID: "app", UserName: fmt.Sprint("user-", i), Profile: make([]byte, 300), Stamp: stamp(age, 0),
			})
		}
		return c
	}
	mustApply(t, s, change(1))
	mustApply(t, s, change(2))
	wantError(t, s.Apply(background(t), change(2)), store.ErrNoChange)
	wantError(t, s.Apply(background(t), change(1)), store.ErrNoChange)
	wantEqual(t, "entries", mustEntries(t, s, kit).sizes(), []int{0, 0, 500, 2000})
}

// deletionRaces lets users arrive while their tenant is deleted: whoever is alive at the end is newer than the deletion.
func deletionRaces(t *testing.T, s store.Store) {
	ctx := background(t)
	for round := range 10 {
		k := kit
		k.TenantID = fmt.Sprint("tenant-", round)
		errs := together(16, func(i int) error {
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
		wantError(t, errors.Join(errs...), nil)
		var want []string
		for i := 5; i < 16; i++ {
			if i != 7 {
				want = append(want, fmt.Sprint("u", i))
			}
		}
		wantSet(t, ids(mustEntries(t, s, k).Users, func(u store.User) string { return u.UserName }), want...)
	}
}
