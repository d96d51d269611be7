// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"testing"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
	"github.com/koogate/koogate/store/storetest/check"
)

// How tenants and what hangs on them are deleted, and what their tombstones know.

func tombstoneFirst(t *testing.T, s store.Store) {
	gone := fullDirectory(kit, stamp(5, 3), noon)
	gone.Tenant = nil
	gone.Applications[0].Deleted, gone.Users[0].Deleted, gone.Departments[0].Deleted = true, true, true
	check.MustApply(t, s, &store.Change{Directory: gone})
	check.Error(t, s.Apply(check.Context(t), &store.Change{Directory: gone}), store.ErrNoChange)
	late := fullDirectory(kit, stamp(4, 0), noon)
	late.Tenant = nil
	check.Error(t, s.Apply(check.Context(t), &store.Change{Directory: late}), store.ErrNoChange)
	_, err := s.Application(check.Context(t), kit, "app")
	check.Error(t, err, store.ErrNotFound)
	back := fullDirectory(kit, stamp(6, 0), noon)
	check.MustApply(t, s, &store.Change{Directory: back})
	check.Equal(t, "entries", mustEntries(t, s, kit).sizes(), []int{1, 1, 1, 1})

	other := kit
	other.TenantID = "never-added"
	check.MustApply(t, s, directoryOf(other, func(c *store.DirectoryChange) { c.Tenant = &store.Tenant{Stamp: stamp(5, 3), Deleted: true} }))
	check.Error(t, s.Apply(check.Context(t), &store.Change{Directory: fullDirectory(other, stamp(4, 0), noon)}), store.ErrNoChange)
	_, err = s.Tenant(check.Context(t), other)
	check.Error(t, err, store.ErrNotFound)
}

// tombstonesForget looks at what is left of rows that ended, whichever way they ended.
func tombstonesForget(t *testing.T, s store.Store, exec func(string) int) {
	end := func(n string, change func(c *store.DirectoryChange)) {
		k := kit
		k.TenantID = n
		check.MustApply(t, s, &store.Change{Directory: fullDirectory(k, stamp(1, 0), noon)})
		c := fullDirectory(k, stamp(2, 3), noon) // still carries data
		change(c)
		check.MustApply(t, s, &store.Change{Directory: c})
	}
	end("each", func(c *store.DirectoryChange) {
		c.Tenant.Deleted, c.Applications[0].Deleted, c.Users[0].Deleted, c.Departments[0].Deleted = true, true, true, true
	})
	end("tenant", func(c *store.DirectoryChange) { c.Tenant.Deleted = true })
	end("floor", func(c *store.DirectoryChange) {
		c.Tenant.Deleted, c.Floor, c.Departments = true, stamp(2, 0), nil
	})
	for table, told := range map[string]string{
		"tenants":      "order_id <> '' OR tenant_code <> '' OR name <> '' OR domain_name <> ''",
		"applications": "client_id <> '' OR client_secret IS NOT NULL",
		"users":        "state <> '' OR role <> '' OR org_code <> '' OR profile IS NOT NULL",
		"departments":  "name <> '' OR parent_code <> ''",
	} {
		check.Equal(t, "tombstones among "+table, exec("SELECT count(*) FROM "+table+" WHERE deleted = 1"), 3)
		check.Equal(t, table+" that remember", exec("SELECT count(*) FROM "+table+" WHERE "+told), 0)
	}
}

func tenantDeletion(t *testing.T, s store.Store) {
	check.MustApply(t, s, &store.Change{Directory: fullDirectory(kit, stamp(1, 0), noon)})
	check.MustApply(t, s, userChange("newer", "user", stamp(9, 0)))
	other := kit
	other.TenantID = "tenant-2"
	check.MustApply(t, s, &store.Change{Directory: fullDirectory(other, stamp(1, 0), noon)})

	check.MustApply(t, s, tenantChange(stamp(5, 3), true))
	e := mustEntries(t, s, kit)
	check.Equal(t, "entries", e.sizes(), []int{0, 0, 1, 0})
	check.Equal(t, "user", e.Users[0].UserName, "newer")
	check.Equal(t, "another tenant's entries", mustEntries(t, s, other).sizes(), []int{1, 1, 1, 1})
	_, err := s.Tenant(check.Context(t), kit)
	check.Error(t, err, store.ErrNotFound)
	_, err = s.Application(check.Context(t), kit, "app")
	check.Error(t, err, store.ErrNotFound)

	check.Error(t, s.Apply(check.Context(t), tenantChange(stamp(5, 3), true)), store.ErrNoChange)
	for _, late := range []store.Stamp{stamp(2, 3), stamp(5, 0), stamp(5, 3)} {
		d := fullDirectory(kit, late, noon)
		check.Error(t, s.Apply(check.Context(t), &store.Change{Directory: d}), store.ErrNoChange)
		d.Users[0].UserName, d.Departments[0].OrgCode, d.Applications[0].AppID = "unheard-of", "unheard-of", "unheard-of"
		check.Error(t, s.Apply(check.Context(t), &store.Change{Directory: d}), store.ErrNoChange)
	}
}

func lateDeletion(t *testing.T, s store.Store) {
	check.MustApply(t, s, &store.Change{Directory: fullDirectory(kit, stamp(3, 0), noon)})
	check.MustApply(t, s, userChange("old", "user", stamp(1, 0)))
	check.MustApply(t, s, tenantChange(stamp(2, 3), true))
	e := mustEntries(t, s, kit)
	check.Equal(t, "entries", e.sizes(), []int{1, 1, 1, 1})
	check.Equal(t, "name", e.Tenants[0].Name, "企业")
	check.Error(t, s.Apply(check.Context(t), tenantChange(stamp(2, 3), true)), store.ErrNoChange)
	check.Error(t, s.Apply(check.Context(t), userChange("late", "user", stamp(1, 0))), store.ErrNoChange)
	check.MustApply(t, s, userChange("late", "user", stamp(3, 0)))
}

func tenantComesBack(t *testing.T, s store.Store) {
	check.MustApply(t, s, &store.Change{Directory: fullDirectory(kit, stamp(1, 0), storetest.Epoch)})
	check.MustApply(t, s, tenantChange(stamp(2, 3), true))
	check.MustApply(t, s, tenantChange(stamp(3, 0), false))
	check.Equal(t, "entries", mustEntries(t, s, kit).sizes(), []int{1, 0, 0, 0})
	tenant, err := s.Tenant(check.Context(t), kit)
	check.Error(t, err, nil)
	check.Equal(t, "tenant", tenant, store.Tenant{TenantKey: kit, Name: "acme", Stamp: stamp(3, 0), CreatedAt: storetest.Epoch, UpdatedAt: noon})
	check.MustApply(t, s, tenantChange(stamp(2, 4), true)) // a deletion in between, heard of last, ends nothing that is there
	check.Equal(t, "entries", mustEntries(t, s, kit).sizes(), []int{1, 0, 0, 0})
	check.MustApply(t, s, userChange("u", "user", stamp(4, 0)))
}

func childrenAlone(t *testing.T, s store.Store) {
	d := fullDirectory(kit, stamp(4, 0), storetest.Epoch)
	d.Tenant, d.Floor = nil, stamp(4, 0)
	check.MustApply(t, s, &store.Change{Directory: d})
	check.Equal(t, "entries", mustEntries(t, s, kit).sizes(), []int{0, 1, 1, 1})
	_, err := s.Tenant(check.Context(t), kit)
	check.Error(t, err, store.ErrNotFound)
	check.MustApply(t, s, tenantChange(stamp(1, 0), false)) // older than its children
	tenant, err := s.Tenant(check.Context(t), kit)
	check.Error(t, err, nil)
	check.Equal(t, "tenant", tenant, store.Tenant{TenantKey: kit, Name: "acme", Stamp: stamp(1, 0), CreatedAt: noon, UpdatedAt: noon})
	check.Equal(t, "entries", mustEntries(t, s, kit).sizes(), []int{1, 1, 1, 1})
}

func floorOfDepartments(t *testing.T, s store.Store) {
	units := func(floor store.Stamp, st store.Stamp, codes ...string) *store.Change {
		return directoryOf(kit, func(c *store.DirectoryChange) {
			c.Floor = floor
			for _, code := range codes {
				c.Departments = append(c.Departments, store.Department{OrgCode: code, Name: "n", Stamp: st})
			}
		})
	}
	codes := func() []string {
		return check.IDs(mustEntries(t, s, kit).Departments, func(d store.Department) string { return d.OrgCode })
	}
	none := store.Stamp{}
	check.MustApply(t, s, units(none, stamp(1, 0), "a", "b", "c"))
	check.MustApply(t, s, units(none, stamp(5, 0), "d")) // of the list's own time
	check.MustApply(t, s, units(none, stamp(6, 0), "e")) // later
	check.MustApply(t, s, userChange("u", "user", stamp(1, 0)))
	check.MustApply(t, s, units(stamp(5, 0), stamp(5, 0), "a"))
	wantSet(t, codes(), "a", "d", "e")
	check.Equal(t, "users", len(mustEntries(t, s, kit).Users), 1)
	for _, c := range []*store.Change{
		units(stamp(5, 0), stamp(5, 0), "a"), units(stamp(4, 0), stamp(4, 0), "b"), units(none, stamp(4, 3), "b"), units(none, stamp(2, 0), "new"),
	} {
		check.Error(t, s.Apply(check.Context(t), c), store.ErrNoChange)
	}
	check.MustApply(t, s, units(none, stamp(5, 0), "b"))
	wantSet(t, codes(), "a", "b", "d", "e")
	check.MustApply(t, s, units(stamp(9, 0), none)) // an empty list ends all
	wantSet(t, codes())
}
