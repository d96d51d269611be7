// SPDX-License-Identifier: Apache-2.0

package logintest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/koogate/koogate/server/clock/clocktest"
	"github.com/koogate/koogate/server/directory"
	"github.com/koogate/koogate/server/vault"
	"github.com/koogate/koogate/server/vault/vaulttest"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
)

// The names in a world.
const (
	Seller = storetest.Seller
	App    = "app-1"
	Tenant = "tenant-1"
	User   = "zhangsan01"
	Domain = "https://t1.tenantaccount.example.com"
)

// Store is what a world needs of one.
type Store interface {
	store.Changes
	store.Orders
	store.Instances
	store.Directory
	store.Logins
}

// World is a directory over a store. Its calls never come in the wrong order.
type World struct {
	*directory.Service
	Store Store
	Clock *clocktest.Clock
	Vault *vault.Vault

	t     testing.TB
	calls int
}

// New returns a world over an empty store.
func New(t testing.TB, s Store) *World {
	t.Helper()
	v, err := vaulttest.New()
	if err != nil {
		t.Fatal(err)
	}
	w := &World{t: t, Store: s, Clock: clocktest.New(storetest.Epoch), Vault: v}
	w.Service = directory.New(directory.Deps{Store: s, Recorder: recorder{s}, Sealer: v, Clock: w.Clock})
	return w
}

// recorder commits a change of the directory without an event.
type recorder struct{ store.Changes }

// RecordDirectory implements directory.Recorder.
func (r recorder) RecordDirectory(ctx context.Context, _, _ string, _ map[string]any, c *store.DirectoryChange) (bool, error) {
	err := r.Apply(ctx, &store.Change{Directory: c})
	if errors.Is(err, store.ErrNoChange) {
		return false, nil
	}
	return err == nil, err
}

// Must ends the test with an error.
func (w *World) Must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// Scope is the next call of the marketplace about a tenant of an instance.
func (w *World) Scope(instance, tenant string) directory.Scope {
	w.calls++
	return directory.Scope{Seller: Seller, InstanceID: instance, TenantID: tenant, At: storetest.Epoch.Add(time.Duration(w.calls) * time.Millisecond)}
}

// Sell sells an instance and returns its ID. It is in use.
func (w *World) Sell(order string) string {
	w.t.Helper()
	c := storetest.Admission(order, w.Clock.Now())
	c.NewTasks = nil
	c.NewInstances[0].State, c.NewInstances[0].Product = store.InstanceActive, store.Product{ProductID: "product-1"}
	c.NewInstances[0].ExpireAt = storetest.Epoch.AddDate(1, 0, 0)
	w.Must(w.Store.Apply(w.t.Context(), c))
	return c.NewInstances[0].InstanceID
}

// State puts an instance into a state.
func (w *World) State(instance string, state store.InstanceState) {
	w.t.Helper()
	rows, err := w.Store.Instances(w.t.Context(), Seller, []string{instance})
	w.Must(err)
	rows[0].State, rows[0].UpdatedAt = state, w.Clock.Now()
	w.Must(w.Store.Apply(w.t.Context(), &store.Change{PutInstances: rows}))
}

// Bind tells of a tenant and its application.
func (w *World) Bind(instance, tenant string) {
	w.t.Helper()
	w.SyncedTenant(instance, tenant, directory.Add)
	w.SyncedApplication(instance, tenant, directory.Add)
}

// SyncedTenant tells of a tenant.
func (w *World) SyncedTenant(instance, tenant string, f directory.Flag) {
	w.t.Helper()
	_, err := w.SyncTenant(w.t.Context(), directory.Tenant{
		Scope: w.Scope(instance, tenant), Flag: f, OrderID: "CS1", TenantCode: "code-" + tenant, Name: "Enterprise " + tenant, DomainName: Domain,
	})
	w.Must(err)
}

// SyncedApplication tells of a tenant's application.
func (w *World) SyncedApplication(instance, tenant string, f directory.Flag) {
	w.t.Helper()
	_, err := w.SyncApplication(w.t.Context(), directory.Application{
		Scope: w.Scope(instance, tenant), Flag: f, AppID: App, ClientID: "client-" + instance, ClientSecret: "secret-" + instance,
	})
	w.Must(err)
}

// Somebody is an enabled user with everything that a call may tell.
func Somebody(name string) directory.User {
	return directory.User{UserName: name, Role: "user", OrgCode: "10001", Enabled: true, Profile: directory.Profile{
		Name: "张三", Mobile: "13800000000", Email: name + "@example.com",
	}}
}

// Authorise tells of users.
func (w *World) Authorise(instance, tenant string, f directory.Flag, users ...directory.User) {
	w.t.Helper()
	_, err := w.SyncUsers(w.t.Context(), directory.Users{Scope: w.Scope(instance, tenant), Flag: f, AppID: App, Users: users})
	w.Must(err)
}

// Ready sells an instance that is bound to the tenant, whose user may use it.
func (w *World) Ready(order string) (instance string) {
	w.t.Helper()
	instance = w.Sell(order)
	w.Bind(instance, Tenant)
	w.Authorise(instance, Tenant, directory.Add, Somebody(User))
	return instance
}

// Application is one that is open.
func (w *World) Application(change ...func(*store.LoginApplication)) store.LoginApplication {
	w.t.Helper()
	a := store.LoginApplication{
		Seller: Seller, AppID: App, Name: "Demo", State: store.LoginEnabled, Version: 1, CreatedAt: w.Clock.Now(), UpdatedAt: w.Clock.Now(),
		Settings: store.LoginSettings{Protocol: store.LoginOAuth2},
	}
	for _, f := range change {
		f(&a)
	}
	w.Must(w.Store.AddLoginApplication(w.t.Context(), &a, 100))
	return a
}
