// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
	"github.com/koogate/koogate/store/storetest/check"
)

// call is one drawn change. What it tells follows from its stamp, so that two calls with one stamp tell the same.
type call struct {
	Kind    int // 0 tenant, 1 application, 2 user, 3 department, 4 a list of departments, 5 one that deletes the rest
	Name    int
	At      int
	Rank    int8
	Deleted bool
}

var drawCall = rapid.Custom(func(t *rapid.T) call {
	c := call{
		Kind: rapid.IntRange(0, 5).Draw(t, "kind"), Name: rapid.IntRange(0, 2).Draw(t, "name"), At: rapid.IntRange(1, 6).Draw(t, "at"),
		Rank: int8(rapid.IntRange(0, 3).Draw(t, "rank")),
	}
	c.Deleted = c.Rank == 3
	if c.Kind >= 4 {
		c.Rank, c.Deleted = 0, false
	}
	return c
})

func (c call) change(k store.TenantKey) *store.Change {
	s := stamp(c.At, c.Rank)
	name, told := fmt.Sprint("n", c.Name), fmt.Sprintf("told-%d-%d", c.At, c.Rank)
	unit := func(n string) store.Department {
		return store.Department{OrgCode: n, Name: told, Stamp: s, Deleted: c.Deleted}
	}
	return directoryOf(k, func(d *store.DirectoryChange) {
		switch c.Kind {
		case 0:
			d.Tenant = &store.Tenant{Name: told, Stamp: s, Deleted: c.Deleted}
		case 1:
			d.Applications = []store.Application{{AppID: name, ClientID: told, ClientSecret: []byte(told), Stamp: s, Deleted: c.Deleted}}
		case 2:
			d.Users = []store.User{{AppID: "app", UserName: name, Role: told, Profile: []byte(told), Stamp: s, Deleted: c.Deleted}}
		case 3:
			d.Departments = []store.Department{unit(name)}
		case 5:
			d.Floor = s
			fallthrough
		case 4:
			d.Departments = []store.Department{unit("n0"), unit(name)}
		}
	})
}

// ending says by the rules alone, without any order, what is alive after the calls.
func ending(k store.TenantKey, calls []call) (e entries) {
	var tenant *store.Tenant
	var erased, floor store.Stamp
	apps, users, units := map[string]store.Application{}, map[string]store.User{}, map[string]store.Department{}
	for _, c := range calls {
		d := c.change(k).Directory
		if t := d.Tenant; t != nil {
			if tenant == nil || t.Compare(tenant.Stamp) > 0 {
				tenant = t
			}
			if t.Deleted && t.Compare(erased) > 0 {
				erased = t.Stamp
			}
		}
		if d.Floor.Compare(floor) > 0 {
			floor = d.Floor
		}
		for _, r := range d.Applications {
			if have, ok := apps[r.AppID]; !ok || r.Compare(have.Stamp) > 0 {
				apps[r.AppID] = r
			}
		}
		for _, r := range d.Users {
			if have, ok := users[r.UserName]; !ok || r.Compare(have.Stamp) > 0 {
				users[r.UserName] = r
			}
		}
		for _, r := range d.Departments {
			if have, ok := units[r.OrgCode]; !ok || r.Compare(have.Stamp) > 0 {
				units[r.OrgCode] = r
			}
		}
	}
	if tenant != nil && !tenant.Deleted {
		t := *tenant
		t.TenantKey = k
		e.Tenants = append(e.Tenants, t)
	}
	for _, r := range apps {
		if r.TenantKey = k; !r.Deleted && r.Compare(erased) > 0 {
			e.Applications = append(e.Applications, r)
		}
	}
	for _, r := range users {
		if r.TenantKey = k; !r.Deleted && r.Compare(erased) > 0 {
			e.Users = append(e.Users, r)
		}
	}
	for _, r := range units {
		if r.TenantKey = k; !r.Deleted && r.Compare(erased) > 0 && r.Compare(floor) >= 0 {
			e.Departments = append(e.Departments, r)
		}
	}
	return e
}

// sorted puts rows in the order of their keys.
func (e entries) sorted() entries {
	slices.SortFunc(e.Applications, func(a, b store.Application) int { return cmp.Compare(a.AppID, b.AppID) })
	slices.SortFunc(e.Users, func(a, b store.User) int { return cmp.Compare(a.UserName, b.UserName) })
	slices.SortFunc(e.Departments, func(a, b store.Department) int { return cmp.Compare(a.OrgCode, b.OrgCode) })
	return e
}

// anyOrder: whatever calls there are, in whatever order and however often, the same rows are alive at the end, namely those
// that the rules name; and once all calls were made, each of them changes nothing more.
func anyOrder(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		calls := rapid.SliceOfN(drawCall, 1, 12).Draw(rt, "calls")
		again := rapid.SliceOfN(rapid.SampledFrom(calls), 0, len(calls)).Draw(rt, "again")
		order := rapid.Permutation(append(slices.Clone(calls), again...)).Draw(rt, "order")
		round++
		k := kit
		k.TenantID = fmt.Sprint("tenant-", round)
		for _, c := range order {
			if err := s.Apply(ctx, c.change(k)); err != nil && !errors.Is(err, store.ErrNoChange) {
				rt.Fatalf("%+v: %v", c, err)
			}
		}
		for _, c := range calls {
			if err := s.Apply(ctx, c.change(k)); !errors.Is(err, store.ErrNoChange) {
				rt.Fatalf("%+v once more: %v", c, err)
			}
		}
		got, want := mustEntries(t, s, k).sorted(), ending(k, calls).sorted()
		if !reflect.DeepEqual(got, want) {
			rt.Fatalf("%+v:\n got %+v\nwant %+v", order, got, want)
		}
	})
}

func directoryFilters(t *testing.T, s store.Store) {
	for i := range 12 {
		k := store.TenantKey{Seller: storetest.Seller, InstanceID: fmt.Sprint("i", i%2), TenantID: fmt.Sprint("t", i%3)}
		check.MustApply(t, s, directoryOf(k, func(c *store.DirectoryChange) {
			c.Now = storetest.Epoch.Add(time.Duration(i) * time.Second)
			if i < 6 {
				c.Tenant = &store.Tenant{Stamp: stamp(1, 0)}
			}
			c.Applications = []store.Application{{AppID: fmt.Sprint("a", i%4), Stamp: stamp(i, 0)}}
			state := []store.UserState{store.UserActive, store.UserWithdrawn, store.UserDisabled}[i%3]
			c.Users = []store.User{
				{AppID: "app", UserName: fmt.Sprint("u", i), State: state, Role: fmt.Sprint("r", i%2), OrgCode: fmt.Sprint("o", i%4), Stamp: stamp(1, 0)},
				{AppID: "app", UserName: fmt.Sprint("gone", i), State: state, Stamp: stamp(1, 3), Deleted: true},
			}
			c.Departments = []store.Department{{OrgCode: fmt.Sprint("o", i), ParentCode: fmt.Sprint("o", i%2), Stamp: stamp(1, 0)}}
		}))
	}
	for _, c := range []struct {
		list   string
		filter []store.Term
		want   int
	}{
		{"tenants", nil, 6},
		{"tenants", []store.Term{{Field: "instance_id", Value: "i1"}}, 3},
		{"tenants", []store.Term{{Field: "instance_id", Value: "i1"}, {Field: "tenant_id", Value: "t2"}}, 1},
		{"applications", nil, 12},
		{"applications", []store.Term{{Field: "app_id", Value: "a0"}}, 3},
		{"applications", []store.Term{{Field: "tenant_id", Value: "t1"}}, 4},
		{"users", nil, 12},
		{"users", []store.Term{{Field: "state", Value: "WITHDRAWN"}}, 4},
		{"users", []store.Term{{Field: "state", Value: "FAILED"}}, 0},
		{"users", []store.Term{{Field: "role", Value: "r1"}, {Field: "org_code", Value: "o3"}}, 3},
		{"users", []store.Term{{Field: "user_name", Value: "u7"}, {Field: "app_id", Value: "app"}}, 1},
		{"users", []store.Term{{Field: "user_name", Value: "gone7"}}, 0},
		{"departments", []store.Term{{Field: "parent_code", Value: "o1"}}, 6},
		{"departments", []store.Term{{Field: "org_code", Value: "o1"}}, 1},
		{"departments", []store.Term{{Field: "instance_id", Value: "i0"}, {Field: "tenant_id", Value: "t0"}}, 2},
	} {
		for _, desc := range []bool{false, true} {
			check.Filtered(t, s, c.list, store.ListQuery{Seller: storetest.Seller, Filter: c.filter, Desc: desc, Limit: 100}, c.want)
		}
	}
}

// directoryPages: page by page each row comes once and in order, also among rows that were written at one moment.
func directoryPages(t *testing.T, s store.Store) {
	names := map[string][]check.Listed{}
	for i := range 5 {
		k := store.TenantKey{Seller: storetest.Seller, InstanceID: "i", TenantID: fmt.Sprint("t", i)}
		d := fullDirectory(k, stamp(1, 0), storetest.Epoch.Add(time.Duration(i%2)*time.Microsecond))
		for n := range 4 {
			d.Users = append(d.Users, store.User{TenantKey: k, AppID: "app", UserName: fmt.Sprint("u", n), Stamp: stamp(1, 0)})
		}
		check.MustApply(t, s, &store.Change{Directory: d})
		add := func(list, id string) { names[list] = append(names[list], check.Listed{ID: id, At: d.Now}) }
		add("tenants", k.ID())
		add("applications", d.Applications[0].ID())
		add("departments", d.Departments[0].ID())
		for _, u := range d.Users {
			add("users", u.ID())
		}
	}
	for name, want := range names {
		for _, desc := range []bool{false, true} {
			slices.SortFunc(want, func(a, b check.Listed) int {
				return check.Sign(desc) * cmp.Or(a.At.Compare(b.At), strings.Compare(a.ID, b.ID))
			})
			for limit := 1; limit <= 6; limit++ {
				var got []check.Listed
				for q := (store.ListQuery{Seller: storetest.Seller, Limit: limit, Desc: desc}); ; {
					page, err := check.Lists[name](check.Context(t), s, q)
					check.Error(t, err, nil)
					if got = append(got, page...); len(page) < limit {
						break
					}
					last := page[len(page)-1]
					q.After = &store.Cursor{CreatedAt: last.At, ID: last.ID}
				}
				check.Equal(t, fmt.Sprintf("%s by pages of %d, descending %v", name, limit, desc), got, want)
			}
		}
	}
}

// fullListsAreCompared: whatever was there and in whatever order calls come, a full list is told to differ by exactly what the
// lists of before and after show.
func fullListsAreCompared(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		calls := rapid.SliceOfN(drawCall, 1, 12).Draw(rt, "calls")
		round++
		k := kit
		k.TenantID = fmt.Sprint("compared-", round)
		alive := func() map[string]store.Department {
			units := make(map[string]store.Department)
			for _, d := range mustEntries(t, s, k).Departments {
				units[d.OrgCode] = d
			}
			return units
		}
		for n, c := range calls {
			change, before, told := c.change(k), alive(), 0
			var got store.Difference
			if c.Kind < 4 {
				if err := s.Apply(ctx, change); err != nil && !errors.Is(err, store.ErrNoChange) {
					rt.Fatal(err)
				}
				continue
			}
			change.Directory.Compared = func(d store.Difference) { got, told = d, told+1 }
			err := s.Apply(ctx, change)
			if errors.Is(err, store.ErrNoChange) {
				if told != 0 {
					rt.Fatalf("call %d: a difference without a change", n)
				}
				continue
			}
			if err != nil || told != 1 {
				rt.Fatalf("call %d: told %d times, %v", n, told, err)
			}
			if want := difference(change.Directory.Departments, before, alive()); !reflect.DeepEqual(got, want) {
				rt.Fatalf("call %d: %+v, want %+v", n, got, want)
			}
		}
	})
}

// difference is what a list differed by, by what was alive before and after it.
func difference(list []store.Department, before, after map[string]store.Department) (d store.Difference) {
	named := make(map[string]bool)
	for _, u := range list {
		named[u.OrgCode] = true
		old, had := before[u.OrgCode]
		switch now, has := after[u.OrgCode]; {
		case !has || now.Compare(u.Stamp) != 0 || had && old.Compare(u.Stamp) == 0: // not the list's word, or not its first
		case !had && !slices.Contains(d.Added, u.OrgCode):
			d.Added = append(d.Added, u.OrgCode)
		case had && (old.Name != now.Name || old.ParentCode != now.ParentCode) && !slices.Contains(d.Changed, u.OrgCode):
			d.Changed = append(d.Changed, u.OrgCode)
		}
	}
	for code, old := range before {
		if !named[code] && old.Compare(list[0].Stamp) < 0 {
			d.Absent = append(d.Absent, code)
		}
	}
	slices.Sort(d.Added)
	slices.Sort(d.Changed)
	slices.Sort(d.Absent)
	return d
}
