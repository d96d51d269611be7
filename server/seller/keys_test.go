// SPDX-License-Identifier: Apache-2.0

package seller_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/server/clock/clocktest"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/seller"
	"github.com/koogate/koogate/server/vault"
	"github.com/koogate/koogate/store"
)

// What is said of an old key and of its successor at each step of a rotation, by the process that verifies calls and by a command that
// reads what it has written down.
func TestWhenAnOldKeyMayGo(t *testing.T) {
	each(t, func(t *testing.T, st store.Store, v *vault.Vault) {
		now := clocktest.New(time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC))
		r := newRig(t, st, v, func(d *seller.Deps) { d.Clock = now })
		r.seed(declared())
		if _, err := r.Change(t.Context(), func(d *seller.Draft) error {
			return d.PutEndpoint(seller.Endpoint{Name: "api", Seller: "acme", Families: []string{"saas_v2"}}, "")
		}); err != nil {
			t.Fatal(err)
		}
		create := func(secret string) string {
			t.Helper()
			k, got, err := r.CreateKey(t.Context(), seller.NewKey{Seller: "acme", Endpoint: "api", Use: store.KeyBase, Secret: seller.Secret(secret)})
			if err != nil || got.Reveal() != secret || k.Secret != nil {
				t.Fatal(err)
			}
			return k.ID
		}
		use := func(secret string) {
			ring, _ := r.Snapshot().Ring(r.Snapshot().Endpoint("api"), store.KeyBase)
			seller.Noted(ring)(secret, now.Now())
		}
		status := func(want string) (safe time.Time) {
			t.Helper()
			own, err := r.KeyStatus(t.Context(), "acme", "api")
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			r.Run(ctx, nil) // a stop writes the last uses down
			all, err := seller.StoredKeyStatus(t.Context(), st, "acme", now.Now())
			if err != nil {
				t.Fatal(err)
			}
			var written []seller.KeyStatus
			for _, k := range all {
				if k.Owner == "api" {
					written = append(written, k)
				}
			}
			for _, list := range [][]seller.KeyStatus{own, written} {
				var got []string
				for _, k := range list {
					got = append(got, string(k.State)+" "+string(k.Verdict))
					if !k.SafeAt.IsZero() {
						safe = k.SafeAt
					}
				}
				if text := strings.Join(got, ", "); text != want {
					t.Errorf("got %s, want %s", text, want)
				}
			}
			return safe
		}
		old := create("the-old-key-of-acme")
		status("ACTIVE LAST")
		use("the-old-key-of-acme")
		last := now.Now()
		now.Advance(time.Hour)
		create("the-new-key-of-acme")
		status("ACTIVE IN_USE, ACTIVE UNUSED")
		now.Advance(time.Hour)
		use("the-new-key-of-acme")
		safe := status("ACTIVE MAY_REPEAT, ACTIVE IN_USE")
		if want := last.Add(3*time.Hour + 2*time.Minute); !safe.Equal(want) { // newInstance is repeated for three hours
			t.Errorf("safe at %s, want %s", safe, want)
		}
		now.Advance(safe.Sub(now.Now()) - time.Second)
		status("ACTIVE MAY_REPEAT, ACTIVE IN_USE")
		now.Advance(time.Second)
		status("ACTIVE SAFE, ACTIVE IN_USE")
		use("the-old-key-of-acme") // somebody still has it
		status("ACTIVE IN_USE, ACTIVE MAY_REPEAT")
		now.Advance(5 * time.Hour)
		use("the-new-key-of-acme")
		status("ACTIVE SAFE, ACTIVE IN_USE")
		if _, err := r.RetireKey(t.Context(), seller.Retirement{Seller: "acme", ID: old}); err != nil {
			t.Fatal(err)
		}
		status("RETIRED SAFE, ACTIVE LAST")
		if err := r.DeleteKey(t.Context(), "acme", old, ""); err != nil {
			t.Fatal(err)
		}
		status("ACTIVE LAST")
	})
}

// No act leaves an endpoint without a key that counts, unless it is forced, and a deleted key is gone with its secret.
func TestTheLastKeyStays(t *testing.T) {
	each(t, func(t *testing.T, st store.Store, v *vault.Vault) {
		now := clocktest.New(time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC))
		r := newRig(t, st, v, func(d *seller.Deps) { d.Clock = now })
		r.seed(declared())
		if _, err := r.Change(t.Context(), func(d *seller.Draft) error { return d.PutEndpoint(seller.Endpoint{Name: "api", Seller: "acme"}, "") }); err != nil {
			t.Fatal(err)
		}
		create := func(from, until time.Duration) string {
			t.Helper()
			n := seller.NewKey{Seller: "acme", Endpoint: "api", Use: store.KeyBase}
			if from > 0 {
				n.NotBefore = now.Now().Add(from)
			}
			if until > 0 {
				n.NotAfter = now.Now().Add(until)
			}
			k, _, err := r.CreateKey(t.Context(), n)
			if err != nil {
				t.Fatal(err)
			}
			return k.ID
		}
		retire := func(id string, after time.Duration, force bool) error {
			_, err := r.RetireKey(t.Context(), seller.Retirement{Seller: "acme", ID: id, End: now.Now().Add(after), Force: force})
			return err
		}
		want := func(what string, err error, reason errs.Reason) {
			t.Helper()
			if err == nil && reason != "" || err != nil && errs.As(err).Reason != reason {
				t.Errorf("%s: %v, want %q", what, err, reason)
			}
		}
		first := create(0, 0)
		want("the only one", retire(first, 0, false), errs.StateConflict)
		next := create(time.Hour, 0)
		want("before the next begins", retire(first, 59*time.Minute, false), errs.StateConflict)
		want("when the next begins", retire(first, time.Hour, false), "")
		want("a longer window", retire(first, 2*time.Hour, false), "")
		want("the next, when the first has ended", retire(next, 2*time.Hour, false), errs.StateConflict)
		want("the next, with force", retire(next, 2*time.Hour, true), "")
		want("one that counts", r.DeleteKey(t.Context(), "acme", next, ""), errs.StateConflict)
		now.Advance(3 * time.Hour)
		want("one of two that have ended", r.DeleteKey(t.Context(), "acme", first, ""), "")
		want("the last that has ended", r.DeleteKey(t.Context(), "acme", next, ""), errs.StateConflict)
		want("again", r.DeleteKey(t.Context(), "acme", first, ""), errs.SettingNotFound)
		want("another seller's", retire("none", 0, true), errs.SettingNotFound)
		list, err := r.Keys(t.Context(), store.ListQuery{Seller: "acme", Filter: []store.Term{{Field: "endpoint", Value: "api"}}, Limit: 10})
		if err != nil || len(list) != 1 || list[0].ID != next || list[0].State != seller.KeyRetired {
			t.Errorf("%+v, %v", list, err)
		}
		if text := fmt.Sprintf("%+v", list); list[0].Secret != nil {
			t.Errorf("a secret is shown: %s", text)
		}
	})
}
