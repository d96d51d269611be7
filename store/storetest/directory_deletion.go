// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"testing"

	"github.com/koogate/koogate/store"
)

// How tenants and what hangs on them are deleted, and what their tombstones know.

func tombstoneFirst(t *testing.T, s store.Store) {
	gone := fullDirectory(kit, stamp(5, 3), noon)
	gone.Tenant = nil
	gone.Applications[0].Deleted, gone.Users[0].Deleted, gone.Departments[0].Deleted = true, true, true
	mustApply(t, s, &store.Change{Directory: gone})
	wantError(t, s.Apply(background(t), &store.Change{Directory: gone}), store.ErrNoChange)
	late := fullDirectory(kit, stamp(4, 0), noon)
	late.Tenant = nil
	wantError(t, s.Apply(background(t), &store.Change{Directory: late}), store.ErrNoChange)
	_, err := s.Application(background(t), kit, "app")
	wantError(t, err, store.ErrNotFound)
	back := fullDirectory(kit, stamp(6, 0), noon)
	mustApply(t, s, &store.Change{Directory: back})
	wantEqual(t, "entries", mustEntries(t, s, kit).sizes(), []int{1, 1, 1, 1})

	other := kit
	other.TenantID = "never-added"
	mustApply(t, s, directoryOf(other, func(c *store.DirectoryChange) { c.Tenant = &store.Tenant{Stamp: stamp(5, 3), Deleted: true} }))
	wantError(t, s.Apply(background(t), &store.Change{Directory: fullDirectory(other, stamp(4, 0), noon)}), store.ErrNoChange)
	_, err = s.Tenant(background(t), other)
	wantError(t, err, store.ErrNotFound)
}

// tombstonesForget looks at what is left of rows that ended, whichever way they ended.
func tombstonesForget(t *testing.T, s store.Store, exec func(string) int) {
	end := func(n string, change func(c *store.DirectoryChange)) {
		k := kit
		k.TenantID = n
		mustApply(t, s, &store.Change{Directory: fullDirectory(k, stamp(1, 0), noon)})
		c := fullDirectory(k, stamp(2, 3), noon) // still carries data
		change(c)
		mustApply(t, s, &store.Change{Directory: c})
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
		wantEqual(t, "tombstones among "+table, exec("SELECT count(*) FROM "+table+" WHERE deleted = 1"), 3)
		wantEqual(t, table+" that remember", exec("SELECT count(*) FROM "+table+" WHERE "+told), 0)
	}
}

func tenantDeletion(t *testing.T, s store.Store) {
	mustApply(t, s, &store.Change{Directory: fullDirectory(kit, stamp(1, 0), noon)})
	mustApply(t, s, userChange("newer", "user", stamp(9, 0)))
	other := kit
	other.TenantID = "tenant-2"
	mustApply(t, s, &store.Change{Directory: fullDirectory(other, stamp(1, 0), noon)})

	mustApply(t, s, tenantChange(stamp(5, 3), true))
	e := mustEntries(t, s, kit)
	wantEqual(t, "entries", e.sizes(), []int{0, 0, 1, 0})
	wantEqual(t, "user", e.Users[0].UserName, "newer")
	wantEqual(t, "another tenant's entries", mustEntries(t, s, other).sizes(), []int{1, 1, 1, 1})
	_, err := s.Tenant(background(t), kit)
	wantError(t, err, store.ErrNotFound)
	_, err = s.Application(background(t), kit, "app")
	wantError(t, err, store.ErrNotFound)

	wantError(t, s.Apply(background(t), tenantChange(stamp(5, 3), true)), store.ErrNoChange)
	for _, late := range []store.Stamp{stamp(2, 3), stamp(5, 0), stamp(5, 3)} {
		d := fullDirectory(kit, late, noon)
		wantError(t, s.Apply(background(t), &store.Change{Directory: d}), store.ErrNoChange)
		d.Users[0].UserName, d.Departments[0].OrgCode, d.Applications[0].AppID = "unheard-of", "unheard-of", "unheard-of"
		wantError(t, s.Apply(background(t), &store.Change{Directory: d}), store.ErrNoChange)
	}
}

func lateDeletion(t *testing.T, s store.Store) {
	mustApply(t, s, &store.Change{Directory: fullDirectory(kit, stamp(3, 0), noon)})
	mustApply(t, s, userChange("old", "user", stamp(1, 0)))
	mustApply(t, s, tenantChange(stamp(2, 3), true))
	e := mustEntries(t, s, kit)
	wantEqual(t, "entries", e.sizes(), []int{1, 1, 1, 1})
	wantEqual(t, "name", e.Tenants[0].Name, "企业")
	wantError(t, s.Apply(background(t), tenantChange(stamp(2, 3), true)), store.ErrNoChange)
	wantError(t, s.Apply(background(t), userChange("late", "user", stamp(1, 0))), store.ErrNoChange)
	mustApply(t, s, userChange("late", "user", stamp(3, 0)))
}

func tenantComesBack(t *testing.T, s store.Store) {
	mustApply(t, s, &store.Change{Directory: fullDirectory(kit, stamp(1, 0), Epoch)})
	mustApply(t, s, tenantChange(stamp(2, 3), true))
	mustApply(t, s, tenantChange(stamp(3, 0), false))
	wantEqual(t, "entries", mustEntries(t, s, kit).sizes(), []int{1, 0, 0, 0})
	tenant, err := s.Tenant(background(t), kit)
	wantError(t, err, nil)
	wantEqual(t, "tenant", tenant, store.Tenant{TenantKey: kit, Name: "acme", Stamp: stamp(3, 0), CreatedAt: Epoch, UpdatedAt: noon})
	mustApply(t, s, tenantChange(stamp(2, 4), true)) // a deletion in between, heard of last, ends nothing that is there
	wantEqual(t, "entries", mustEntries(t, s, kit).sizes(), []int{1, 0, 0, 0})
	mustApply(t, s, userChange("u", "user", stamp(4, 0)))
}

func childrenAlone(t *testing.T, s store.Store) {
	d := fullDirectory(kit, stamp(4, 0), Epoch)
	d.Tenant, d.Floor = nil, stamp(4, 0)
	mustApply(t, s, &store.Change{Directory: d})
	wantEqual(t, "entries", mustEntries(t, s, kit).sizes(), []int{0, 1, 1, 1})
	_, err := s.Tenant(background(t), kit)
	wantError(t, err, store.ErrNotFound)
	mustApply(t, s, tenantChange(stamp(1, 0), false)) // older than its children
	tenant, err := s.Tenant(background(t), kit)
	wantError(t, err, nil)
	wantEqual(t, "tenant", tenant, store.Tenant{TenantKey: kit, Name: "acme", Stamp: stamp(1, 0), CreatedAt: noon, UpdatedAt: noon})
	wantEqual(t, "entries", mustEntries(t, s, kit).sizes(), []int{1, 1, 1, 1})
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
		return ids(mustEntries(t, s, kit).Departments, func(d store.Department) string { return d.OrgCode })
	}
	none := store.Stamp{}
	mustApply(t, s, units(none, stamp(1, 0), "a", "b", "c"))
	mustApply(t, s, units(none, stamp(5, 0), "d")) // of the list's own time
	mustApply(t, s, units(none, stamp(6, 0), "e")) // later
	mustApply(t, s, userChange("u", "user", stamp(1, 0)))
	mustApply(t, s, units(stamp(5, 0), stamp(5, 0), "a"))
	wantSet(t, codes(), "a", "d", "e")
	wantEqual(t, "users", len(mustEntries(t, s, kit).Users), 1)
	for _, c := range []*store.Change{
		units(stamp(5, 0), stamp(5, 0), "a"), units(stamp(4, 0), stamp(4, 0), "b"), units(none, stamp(4, 3), "b"), units(none, stamp(2, 0), "new"),
	} {
		wantError(t, s.Apply(background(t), c), store.ErrNoChange)
	}
	mustApply(t, s, units(none, stamp(5, 0), "b"))
	wantSet(t, codes(), "a", "b", "d", "e")
	mustApply(t, s, units(stamp(9, 0), none)) // an empty list ends all
	wantSet(t, codes())
}
