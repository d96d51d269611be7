// SPDX-License-Identifier: Apache-2.0

package fulfil_test

import (
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/vault"
	"github.com/koogate/koogate/server/vault/vaulttest"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/backendtest"
)

func withDerived(_ *fulfil.Config, ep *fulfil.Endpoint, _ *fulfil.Deps) { ep.BusinessID = false }

// withVault lets several rigs share a keyset.
func withVault(v *vault.Vault) option {
	return func(_ *fulfil.Config, _ *fulfil.Endpoint, d *fulfil.Deps) { d.Sealer = v }
}

func ephemeral(t *testing.T) *vault.Vault {
	t.Helper()
	v, err := vaulttest.New()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// A derived ID follows from the seller and the key of the line and from nothing else, so the same call on an empty database
// gets it again.
func TestADerivedIDFollowsFromTheOrderLine(t *testing.T) {
	v := ephemeral(t)
	first, second := newRig(t, withDerived, withVault(v)), newRig(t, withDerived, withVault(v))
	seen := make(map[string]store.LineKey)
	for _, k := range []store.LineKey{
		{OrderID: "CS1", OrderLineID: "CS1-1"}, {OrderID: "CS1", OrderLineID: "CS1-2"}, {OrderID: "CS1"}, {OrderID: "CS1", ProductID: "CS1-1"},
		{OrderID: "CS", OrderLineID: "1CS1-1"}, {OrderID: "../订单 #1"},
	} {
		call := func(r *rig, business string) string {
			a, err := r.NewInstance(t.Context(), fulfil.NewInstance{
				Endpoint: r.ep, OrderID: k.OrderID, OrderLineID: k.OrderLineID, ProductID: k.ProductID, BusinessID: business, Arrived: time.Now(),
			})
			if err != nil {
				t.Fatal(err)
			}
			return a.InstanceID
		}
		id := call(first, "biz-1")
		if again := call(first, "biz-2"); again != id {
			t.Errorf("%+v: the repeat got %s, want %s", k, again, id)
		}
		if restored := call(second, "biz-3"); restored != id {
			t.Errorf("%+v: an empty database gave %s, want %s", k, restored, id)
		}
		u, err := uuid.Parse(id)
		if err != nil || u.Version() != 8 || u.Variant() != uuid.RFC4122 || u.String() != id {
			t.Errorf("%s is no UUID of version 8: %v", id, err)
		}
		if other, ok := seen[id]; ok {
			t.Errorf("%+v and %+v have the same ID", k, other)
		}
		seen[id] = k
	}
	if other := newRig(t, withDerived).mustCall("CS1", "biz"); other.InstanceID == first.mustCall("CS1", "biz").InstanceID {
		t.Error("another keyset gives the same ID")
	}
}

// Replicas whose rules differ, as during an upgrade, give a line one ID: that of the call whose commit the constraint let through.
func TestReplicasWithDifferentRulesGiveOneID(t *testing.T) {
	st, v := backendtest.SQLite(t), ephemeral(t)
	derives, business := over(t, st, withDerived, withVault(v)), over(t, st, withVault(v))
	for _, order := range []string{"CS1", "CS2", "CS3", "CS4", "CS5"} {
		var mu sync.Mutex
		var wg sync.WaitGroup
		ids := make(map[string]int)
		for n := range 16 {
			r := []*rig{derives, business}[n%2]
			wg.Go(func() {
				a, err := r.call(order, "biz-"+order+"-"+string(rune('a'+n)))
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				ids[a.InstanceID]++
			})
		}
		wg.Wait()
		if len(ids) != 1 {
			t.Errorf("%s has the IDs %v", order, ids)
		}
		derives.events(order, fulfil.EventAdmitted)
	}
}

// An ID that an instance has already is not taken twice.
func TestATakenDerivedIDGivesAnother(t *testing.T) {
	st, v := backendtest.SQLite(t), ephemeral(t)
	derives, business := over(t, st, withDerived, withVault(v)), over(t, st, withVault(v))
	want, err := derives.DerivedID(store.LineKey{Seller: "demo", OrderID: "CS1", OrderLineID: "CS1-000001"})
	if err != nil {
		t.Fatal(err)
	}
	if a := business.mustCall("CS0", want); a.InstanceID != want {
		t.Fatalf("got %s", a.InstanceID)
	}
	a := derives.mustCall("CS1", "biz")
	if a.InstanceID == want || a.InstanceID == "" {
		t.Errorf("got %s", a.InstanceID)
	}
	if again := derives.mustCall("CS1", "biz"); again.InstanceID != a.InstanceID {
		t.Errorf("the repeat got %s, want %s", again.InstanceID, a.InstanceID)
	}
}
