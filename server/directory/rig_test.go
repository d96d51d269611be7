// SPDX-License-Identifier: Apache-2.0

package directory_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/koogate/koogate/server/clock/clocktest"
	"github.com/koogate/koogate/server/directory"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/vault/vaulttest"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/sqlite"
	"github.com/koogate/koogate/store/sqlitetest"
	"github.com/koogate/koogate/store/storetest"
)

func TestMain(m *testing.M) {
	storetest.SetChecks()
	goleak.VerifyTestMain(m)
}

// recorder appends an event to the order's chain in the transaction of the change, as the core does.
type recorder struct {
	store store.Store
	calls int
}

func (r *recorder) RecordDirectory(ctx context.Context, seller, instanceID string, data map[string]any, c *store.DirectoryChange) (bool, error) {
	r.calls++
	change := &store.Change{Directory: c}
	orderID := strings.TrimPrefix(instanceID, "inst-")
	a, err := r.store.Aggregate(ctx, seller, orderID)
	switch {
	case err == nil:
		text, err := json.Marshal(data)
		if err != nil {
			return false, err
		}
		e := storetest.NewEvent(orderID, a.Order.Head.Seq+1, instanceID, c.Now)
		e.Kind, e.Data = "directory.synced", string(text)
		a.Order.Head = store.Head{Seq: e.Seq, Hash: e.Hash}
		change.PutOrder, change.Events = &a.Order, []store.Event{e}
	case !errors.Is(err, store.ErrNotFound):
		return false, err
	}
	err = r.store.Apply(ctx, change)
	if errors.Is(err, store.ErrNoChange) {
		return false, nil
	}
	return err == nil, err
}

// rig is the directory on a real store, with one order whose instance is inst-CS1.
type rig struct {
	*directory.Service
	t        testing.TB
	store    store.Store
	recorder *recorder
	path     string
	clock    *clocktest.Clock
	sealer   directory.Sealer
}

func newRig(t *testing.T, wrap ...func(store.Store) store.Store) *rig {
	t.Helper()
	path := sqlitetest.File(t)
	st, err := sqlite.Open(t.Context(), sqlite.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	r := over(t, st, wrap...)
	r.path = path
	return r
}

// over is a rig on a given store.
func over(t *testing.T, st store.Store, wrap ...func(store.Store) store.Store) *rig {
	t.Helper()
	sealer, err := vaulttest.New()
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Apply(t.Context(), storetest.Admission("CS1", storetest.Epoch)); err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, store: st, clock: clocktest.New(storetest.Epoch), sealer: sealer}
	for _, w := range wrap {
		r.store = w(r.store)
	}
	r.recorder = &recorder{store: r.store}
	r.Service = directory.New(directory.Deps{Store: r.store, Recorder: r.recorder, Sealer: sealer, Clock: r.clock})
	return r
}

// scope is a call n seconds after the epoch about tenant-1 of inst-CS1.
func scope(n int) directory.Scope {
	return directory.Scope{
		Seller: storetest.Seller, InstanceID: "inst-CS1", TenantID: "tenant-1", At: storetest.Epoch.Add(time.Duration(n) * time.Second),
	}
}

var (
	key = store.TenantKey{Seller: storetest.Seller, InstanceID: "inst-CS1", TenantID: "tenant-1"}
	all = store.ListQuery{Seller: storetest.Seller, Limit: 1000}
)

// want fails unless a call told of a change as it should.
func (r *rig) want(changed bool) func(got bool, err error) {
	return func(got bool, err error) {
		r.t.Helper()
		if err != nil || got != changed {
			r.t.Fatalf("changed %v, %v, want %v", got, err, changed)
		}
	}
}

func wantReason(t *testing.T, err error, want errs.Reason) {
	t.Helper()
	var e *errs.Error
	if !errors.As(err, &e) || e.Reason != want {
		t.Fatalf("got %v, want %s", err, want)
	}
}

// show is the whole directory as text, in order: what counts about it.
func (r *rig) show(seller string) string {
	r.t.Helper()
	ctx := r.t.Context()
	q := store.ListQuery{Seller: seller, Limit: 1000}
	var b strings.Builder
	tenants, err := r.Tenants(ctx, q)
	r.must(err)
	for _, x := range tenants {
		fmt.Fprintln(&b, "tenant", x.TenantID, x.Name, x.DomainName)
	}
	apps, err := r.Applications(ctx, q)
	r.must(err)
	for _, x := range apps {
		c, err := r.Application(ctx, x.TenantKey, x.AppID)
		r.must(err)
		fmt.Fprintln(&b, "application", x.AppID, x.ClientID, c.Secret)
	}
	users, err := r.Users(ctx, q)
	r.must(err)
	for _, x := range users {
		fmt.Fprintln(&b, "user", x.UserName, x.State, x.Role, x.OrgCode, x.Known.Name, x.Known.Mobile)
	}
	units, err := r.Departments(ctx, q)
	r.must(err)
	for _, x := range units {
		fmt.Fprintln(&b, "department", x.OrgCode, x.Name, x.ParentCode)
	}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// events are the data of the directory's events.
func (r *rig) events() []string {
	r.t.Helper()
	events, err := r.store.Events(r.t.Context(), storetest.Seller, "CS1", 1, 1000)
	r.must(err)
	var data []string
	for _, e := range events {
		data = append(data, e.Data)
	}
	return data
}
