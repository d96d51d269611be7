// SPDX-License-Identifier: Apache-2.0

package logins

import (
	"fmt"
	"slices"
	"testing"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
	"github.com/koogate/koogate/store/storetest/check"
)

func facts(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	read := func(user string, limit int) []store.LoginFact {
		list, err := s.LoginFacts(ctx, store.LoginKey{Seller: storetest.Seller, AppID: "app", TenantID: "tenant-1", UserName: user}, limit)
		check.Error(t, err, nil)
		return list
	}
	check.Equal(t, "nothing", len(read("u", 10)), 0)
	check.MustApply(t, s, storetest.Admission("CS1", at(0)))
	i := storetest.NewInstance("CS1", "inst-CS1", at(0))
	i.State, i.ExpireAt, i.Product.ProductID = store.InstanceActive, at(99), "p-1"
	check.MustApply(t, s, &store.Change{PutInstances: []store.Instance{i}})
	k, gone := key("inst-CS1", "tenant-1"), key("inst-CS0", "tenant-1")
	directory(t, s, k, 1, func(c *store.DirectoryChange) {
		c.Tenant = &store.Tenant{OrderID: "CS1", TenantCode: "code", Name: "甲", DomainName: "a.example.com", Stamp: stamp(1)}
		c.Applications = []store.Application{
			{AppID: "app", ClientID: "c", ClientSecret: []byte("sealed"), Stamp: stamp(2)}, {AppID: "other", ClientID: "d", Stamp: stamp(2)},
		}
		c.Users = []store.User{
			{AppID: "app", UserName: "u", State: store.UserDisabled, Role: "admin", OrgCode: "o", Profile: []byte("profile"), Stamp: stamp(3)},
			{AppID: "other", UserName: "u", State: store.UserActive, Stamp: stamp(3)},
		}
	})
	directory(t, s, gone, 4, tenant(4, true))
	directory(t, s, key("inst-CS1", "tenant-2"), 5, tenant(5, false))
	list := read("u", 10)
	check.Equal(t, "instances", check.IDs(list, func(f store.LoginFact) string { return f.InstanceID }), []string{"inst-CS0", "inst-CS1"})
	check.Equal(t, "at most", len(read("u", 1)), 1)
	check.Equal(t, "a tombstone", list[0], store.LoginFact{
		InstanceID: "inst-CS0", Tenant: store.Tenant{TenantKey: gone, Stamp: stamp(4), Deleted: true, CreatedAt: at(4), UpdatedAt: at(4)},
	})
	want := store.LoginFact{
		InstanceID: "inst-CS1", State: store.InstanceActive, OrderID: "CS1", ProductID: "p-1", ExpiresAt: at(99),
		Tenant: store.Tenant{
			TenantKey: k, OrderID: "CS1", TenantCode: "code", Name: "甲", DomainName: "a.example.com", Stamp: stamp(1), CreatedAt: at(1), UpdatedAt: at(1),
		},
		Application: store.Application{TenantKey: k, AppID: "app", ClientID: "c", ClientSecret: []byte("sealed"), Stamp: stamp(2), CreatedAt: at(1), UpdatedAt: at(1)},
		User: store.User{
			TenantKey: k, AppID: "app", UserName: "u", State: store.UserDisabled, Role: "admin", OrgCode: "o", Profile: []byte("profile"), Stamp: stamp(3),
			CreatedAt: at(1), UpdatedAt: at(1),
		},
	}
	check.Equal(t, "facts", list[1], want)
	want.User = store.User{}
	check.Equal(t, "of the tenant alone", read("", 10)[1], want)
	directory(t, s, k, 6, func(c *store.DirectoryChange) {
		c.Users = []store.User{{AppID: "app", UserName: "u", Stamp: stamp(6), Deleted: true}}
	})
	check.Equal(t, "a user's tombstone", read("u", 10)[1].User.Deleted, true)
}

func codes(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	for i, code := range []string{"x", "x", "y", ""} {
		directory(t, s, key("i", fmt.Sprint("t", i)), 1, func(c *store.DirectoryChange) {
			c.Tenant = &store.Tenant{TenantCode: code, Stamp: stamp(1)}
		})
	}
	find := func(code string, limit int) []string {
		list, err := s.TenantsByCode(ctx, storetest.Seller, code, limit)
		check.Error(t, err, nil)
		ids := check.IDs(list, func(t store.Tenant) string { return t.TenantID })
		slices.Sort(ids)
		return ids
	}
	check.Equal(t, "of a code", find("x", 10), []string{"t0", "t1"})
	check.Equal(t, "at most", len(find("x", 1)), 1)
	check.Equal(t, "of none", len(find("", 10)), 0)
	directory(t, s, key("i", "t0"), 2, tenant(2, true))
	check.Equal(t, "alive", find("x", 10), []string{"t1"})
	list, err := s.TenantsByCode(ctx, "other", "x", 10)
	check.Error(t, err, nil)
	check.Equal(t, "another's", len(list), 0)
}
