// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
)

// TestASessionWaitsForChangesOfItsRight: a change that has marked sessions and is not committed yet could else be overtaken by a session that
// is added and judged by what was true before it.
func TestASessionWaitsForChangesOfItsRight(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	url := freshSchema(t)
	s := open(t, url)
	if err := s.Apply(ctx, storetest.Admission("CS1", storetest.Epoch)); err != nil {
		t.Fatal(err)
	}
	if err := s.Apply(ctx, &store.Change{Directory: &store.DirectoryChange{
		Key: store.TenantKey{Seller: storetest.Seller, InstanceID: "inst-CS1", TenantID: "t"}, Tenant: &store.Tenant{Stamp: store.Stamp{At: storetest.Epoch}},
	}}); err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	for _, c := range []struct {
		change string
		waits  bool
	}{
		{"UPDATE instances SET state = 'FROZEN'", true},
		{"UPDATE tenants SET deleted = 1", true},
		{"UPDATE orders SET query_state = 'DONE'", false},
	} {
		under, err := conn.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := under.Exec(ctx, c.change); err != nil {
			t.Fatal(err)
		}
		added := make(chan error, 1)
		go func() {
			added <- s.AddLoginSession(ctx, &store.LoginSession{ID: storetest.NewID(), Seller: storetest.Seller, AppID: "app", TenantID: "t", UserName: "u"})
		}()
		patience := 10 * time.Second
		if c.waits {
			patience = 300 * time.Millisecond
		}
		select {
		case err := <-added:
			if c.waits || err != nil {
				t.Errorf("%s: added before the commit, %v", c.change, err)
			}
			added <- err
		case <-time.After(patience):
			if !c.waits {
				t.Errorf("%s: not added before the commit", c.change)
			}
		}
		if err := under.Commit(ctx); err != nil {
			t.Fatal(err)
		}
		if err := <-added; err != nil {
			t.Errorf("%s: %v", c.change, err)
		}
	}
}
