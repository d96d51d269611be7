// SPDX-License-Identifier: Apache-2.0

package seller_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/koogate/koogate/server/clock/clocktest"
	"github.com/koogate/koogate/server/seller"
	"github.com/koogate/koogate/server/vault"
	"github.com/koogate/koogate/server/vault/vaulttest"
	"github.com/koogate/koogate/store"
)

// A key counts from its begin to its end, without a change of any row, and an endpoint all of whose keys have ended has none.
func TestKeysCountWithinTheirWindow(t *testing.T) {
	each(t, func(t *testing.T, st store.Store, v *vault.Vault) {
		now := clocktest.New(time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC))
		r := newRig(t, st, v, func(d *seller.Deps) { d.Clock = now })
		r.seed(declared())
		at := func(h int) time.Time { return now.Now().Add(time.Duration(h) * time.Hour) }
		if _, err := r.Change(t.Context(), func(d *seller.Draft) error {
			if err := d.PutEndpoint(seller.Endpoint{Name: "api", Seller: "acme"}, ""); err != nil {
				return err
			}
			_, err := d.AddKey(seller.NewKey{Seller: "acme", Endpoint: "api", Use: store.KeyBase, Secret: "old", NotAfter: at(2)})
			if err == nil {
				_, err = d.AddKey(seller.NewKey{Seller: "acme", Endpoint: "api", Use: store.KeyBase, Secret: "new", NotBefore: at(1), NotAfter: at(3)})
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			r.Run(ctx, nil)
			close(done)
		}()
		defer func() {
			cancel()
			<-done
		}()
		for _, want := range []string{"[old]", "[old new]", "[new]", "[]"} {
			deadline := time.Now().Add(10 * time.Second)
			for names(r) != want && time.Now().Before(deadline) {
				now.Advance(time.Second) // past the poll
				time.Sleep(time.Millisecond)
			}
			if got := names(r); got != want {
				t.Fatalf("keys %s, want %s at %s", got, want, now.Now())
			}
			s, outside := r.Snapshot(), ""
			for _, secret := range s.Outside(s.Endpoint("api"), store.KeyBase) {
				outside += secret.Reveal() + " "
			}
			if left := map[string]string{"[old]": "new ", "[old new]": "", "[new]": "old ", "[]": "old new "}[want]; outside != left {
				t.Errorf("beside %s the keys %q are known, want %q", want, outside, left)
			}
			now.Advance(time.Hour)
		}
		if _, has := r.Snapshot().Ring(r.Snapshot().Endpoint("api"), store.KeyBase); !has {
			t.Error("it is not known that the endpoint had keys")
		}
	})
}

func names(r *rig) string {
	text := "["
	for i, k := range r.Snapshot().Endpoint("api").Keys {
		if i > 0 {
			text += " "
		}
		text += k.Reveal()
	}
	return text + "]"
}

// A rotation: both keys count, the old one is retired at once or at a time, and when each was used is in its row.
func TestAKeyIsRotated(t *testing.T) {
	each(t, func(t *testing.T, st store.Store, v *vault.Vault) {
		r := newRig(t, st, v)
		r.seed(declared())
		var old, added string
		change := func(f func(*seller.Draft) error) {
			t.Helper()
			if _, err := r.Change(t.Context(), f); err != nil {
				t.Fatal(err)
			}
		}
		change(func(d *seller.Draft) (err error) {
			if err := d.PutEndpoint(seller.Endpoint{Name: "api", Seller: "acme"}, ""); err != nil {
				return err
			}
			old, err = d.AddKey(seller.NewKey{Seller: "acme", Endpoint: "api", Use: store.KeyBase, Secret: "old"})
			return err
		})
		change(func(d *seller.Draft) (err error) {
			added, err = d.AddKey(seller.NewKey{Seller: "acme", Endpoint: "api", Use: store.KeyBase, Secret: "new"})
			return err
		})
		if got := names(r); got != "[old new]" {
			t.Errorf("keys %s", got)
		}
		ring, _ := r.Snapshot().Ring(r.Snapshot().Endpoint("api"), store.KeyBase)
		seller.Noted(ring)("new", time.Now())
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		r.Run(ctx, nil) // a stop writes the last uses down
		change(func(d *seller.Draft) error { return d.RetireKey("acme", old, time.Time{}) })
		if got := names(r); got != "[new]" {
			t.Errorf("keys %s", got)
		}
		rows, err := st.Sellers(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range rows.Keys {
			if k.ID == old {
				t.Error("the retired key still counts")
			}
			if used := !k.LastUsedAt.IsZero(); used != (k.ID == added) {
				t.Errorf("key %s: used at %s", k.ID, k.LastUsedAt)
			}
		}
		// Nobody needs the secret of a key that has ended: its row has none.
		column := store.SealedColumns[slices.IndexFunc(store.SealedColumns, func(c store.SealedColumn) bool { return c.Name() == "seller_keys.secret" })]
		secrets, err := st.SealedValues(t.Context(), column, nil, 100)
		if err != nil || !slices.ContainsFunc(secrets, func(s store.SealedValue) bool { return s.Key[1] == added }) {
			t.Fatalf("%d secrets, %v", len(secrets), err)
		}
		if slices.ContainsFunc(secrets, func(s store.SealedValue) bool { return s.Key[1] == old }) {
			t.Error("the retired key's secret is kept")
		}
	})
}

// A key that another keyset has sealed does not count, and what the file says of it is sealed anew.
func TestAKeyThatDoesNotOpen(t *testing.T) {
	each(t, func(t *testing.T, st store.Store, v *vault.Vault) {
		newRig(t, st, v).seed(declared())
		other, err := vaulttest.New()
		if err != nil {
			t.Fatal(err)
		}
		r := newRig(t, st, other)
		if err := r.Load(t.Context()); err != nil || len(r.Snapshot().Endpoint("saas").Keys) != 0 {
			t.Errorf("%v, %d keys", err, len(r.Snapshot().Endpoint("saas").Keys))
		}
		r.seed(declared())
		if keys := r.Snapshot().Endpoint("saas").Keys; len(keys) != 2 || keys[0].Reveal() != "canary-key-1" {
			t.Errorf("%d keys", len(keys))
		}
	})
}

// A view is made before its snapshot counts; one that cannot be made keeps the old snapshot for all.
func TestAViewThatCannotBeMadeKeepsTheOldSnapshot(t *testing.T) {
	each(t, func(t *testing.T, st store.Store, v *vault.Vault) {
		r := newRig(t, st, v)
		r.seed(declared())
		fine := true
		count, err := seller.Project(r.Keeper, func(s *seller.Snapshot) (int, error) {
			if !fine {
				return 0, errors.New("no view")
			}
			return len(s.Endpoints), nil
		})
		if err != nil || count.Get() != 2 {
			t.Fatal(count.Get(), err)
		}
		fine = false
		w := declared()
		w.Endpoints = w.Endpoints[:1]
		if err := r.Seed(t.Context(), w); err == nil || count.Get() != 2 || r.Snapshot().Endpoint("another") == nil {
			t.Errorf("%v, %d", err, count.Get())
		}
		fine = true
		if err := r.Load(t.Context()); err != nil || count.Get() != 1 {
			t.Errorf("%v, %d", err, count.Get())
		}
	})
}

func BenchmarkSnapshot(b *testing.B) {
	s, err := seller.Of(declared())
	if err != nil {
		b.Fatal(err)
	}
	k := seller.NewKeeper(seller.Deps{})
	view, _ := seller.Project(k, func(*seller.Snapshot) (*seller.Snapshot, error) { return s, nil })
	b.ReportAllocs()
	for b.Loop() {
		if view.Get().Endpoint("saas") == nil {
			b.Fatal("no endpoint")
		}
	}
}
