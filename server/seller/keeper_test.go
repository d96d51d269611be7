// SPDX-License-Identifier: Apache-2.0

package seller_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/seller"
	"github.com/koogate/koogate/server/vault"
	"github.com/koogate/koogate/server/vault/vaulttest"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/backendtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// declared is a file with one seller of everything.
func declared() seller.Declared {
	return seller.Declared{
		Sellers: []seller.Seller{{
			Name: "acme", APITokens: []seller.Secret{"token-1"},
			Tokens:      []seller.Token{{Name: "ci", Secret: "token-2", Scopes: []string{"read"}, Queues: []string{"crm"}}},
			Marketplace: seller.Marketplace{BaseURL: "https://market.example.com", AccessKey: "AK", SecretKey: "canary-SK", UsageSpans: "shared"},
		}},
		Endpoints: []seller.Endpoint{
			{
				Name: "saas", Seller: "acme", Families: []string{"saas_v2", "kit_v2"}, Keys: []seller.Secret{"canary-key-1", "canary-key-2"}, KitKeys: []seller.Secret{"canary-kit"},
				Skew: 30 * time.Second, Answers: map[string]string{"releaseInstance": "completion"},
				Products: map[string]seller.Product{"*": {Provisioner: "crm", SyncBudget: time.Second}, "SMS": {Provisioner: "crm", Meter: seller.Meter{Name: "sms"}}},
			},
			{Name: "another", Seller: "acme", Keys: []seller.Secret{"canary-key-3"}, Products: map[string]seller.Product{"*": {Provisioner: "crm"}}},
		},
		Provisioners: []seller.Provisioner{{Name: "crm", Type: "worker"}, {Name: "links", Type: "template", Template: seller.Template{FrontEndURL: "https://x.example.com"}}},
	}
}

// deafened is a store whose watchers are never woken while deaf is set, and that fails while away is.
type deafened struct {
	store.Store
	deaf, away atomic.Bool
}

func (d *deafened) Watch(topics ...string) (<-chan struct{}, func()) {
	if d.deaf.Load() {
		return make(chan struct{}), func() {}
	}
	return d.Store.Watch(topics...)
}

func (d *deafened) SellerRevision(ctx context.Context) (int64, error) {
	if d.away.Load() {
		return 0, errors.New("away")
	}
	return d.Store.SellerRevision(ctx)
}

type rig struct {
	*seller.Keeper
	t  *testing.T
	st *deafened
}

func newRig(t *testing.T, st store.Store, v *vault.Vault, opts ...func(*seller.Deps)) *rig {
	t.Helper()
	d := &deafened{Store: st}
	deps := seller.Deps{
		Store: d, Sealer: v, Clock: clock.System{}, NewID: func() string { return uuid.Must(uuid.NewV7()).String() }, Log: slog.New(slog.DiscardHandler),
	}
	for _, o := range opts {
		o(&deps)
	}
	return &rig{seller.NewKeeper(deps), t, d}
}

func each(t *testing.T, f func(t *testing.T, st store.Store, v *vault.Vault)) {
	backendtest.Each(t, func(t *testing.T, st store.Store) {
		v, err := vaulttest.New()
		if err != nil {
			t.Fatal(err)
		}
		f(t, st, v)
	})
}

func (r *rig) seed(w seller.Declared) {
	r.t.Helper()
	if err := r.Seed(r.t.Context(), w); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) steps(w seller.Declared) string {
	r.t.Helper()
	steps, err := r.Compare(r.t.Context(), w)
	if err != nil {
		r.t.Fatal(err)
	}
	var list []string
	for _, s := range steps {
		list = append(list, s.Action+" "+s.What)
	}
	slices.Sort(list)
	return strings.Join(list, "; ")
}

// What a file declares comes back from the rows as it was, secrets and order included, and a second seed has nothing to do.
func TestWhatTheFileDeclaresComesBack(t *testing.T) {
	each(t, func(t *testing.T, st store.Store, v *vault.Vault) {
		r := newRig(t, st, v)
		r.seed(declared())
		s, want := r.Snapshot(), declared()
		for i := range want.Endpoints {
			want.Endpoints[i].Position = i
			for _, list := range []*[]seller.Secret{&want.Endpoints[i].KitKeys, &want.Endpoints[i].KitPrivateKeys} {
				if *list == nil {
					*list = []seller.Secret{}
				}
			}
		}
		want.Sellers[0].APITokens, want.Sellers[0].Tokens = nil, nil
		if !reflect.DeepEqual(s.Sellers, want.Sellers) || !reflect.DeepEqual(s.Provisioners, want.Provisioners) || !reflect.DeepEqual(s.Endpoints, want.Endpoints) {
			t.Errorf("got %#v %#v %#v", s.Sellers, s.Provisioners, s.Endpoints)
		}
		if len(s.Tokens) != 2 || s.UsageKey("acme").Reveal() != "canary-key-1" || s.Endpoint("saas").Name != "saas" || s.Seller("acme").Name != "acme" || s.Provisioner("links").Type != "template" {
			t.Errorf("tokens %v, usage key %q", s.Tokens, s.UsageKey("acme").Reveal())
		}
		revision := s.Revision
		if steps := r.steps(declared()); steps != "" {
			t.Errorf("there is still something to do: %s", steps)
		}
		r.seed(declared())
		if r.Snapshot().Revision != revision {
			t.Error("a seed without a change raised the revision")
		}
		rows, err := st.Sellers(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if text := fmt.Sprintf("%+v", rows); strings.Contains(text, "canary") || strings.Contains(text, "token-1") {
			t.Errorf("a secret is in the rows in clear: %s", text)
		}
	})
}

// Rows of the file follow it, and rows of the API stay whatever the file says.
func TestASeedTouchesTheFilesRowsOnly(t *testing.T) {
	each(t, func(t *testing.T, st store.Store, v *vault.Vault) {
		r := newRig(t, st, v)
		r.seed(declared())
		if _, err := r.Change(t.Context(), func(d *seller.Draft) error {
			if err := d.PutEndpoint(seller.Endpoint{Name: "by-api", Seller: "acme"}, ""); err != nil {
				return err
			}
			if err := d.PutProduct("by-api", "*", seller.Product{Provisioner: "crm"}, ""); err != nil {
				return err
			}
			_, err := d.AddKey(seller.NewKey{Seller: "acme", Endpoint: "by-api", Use: store.KeyBase, Secret: "canary-key-9"})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		w := declared()
		w.Endpoints = w.Endpoints[:1]
		e := &w.Endpoints[0]
		e.Keys, e.Skew = []seller.Secret{"canary-key-2", "canary-key-4"}, time.Minute
		delete(e.Products, "SMS")
		w.Sellers[0].Tokens = nil
		steps := r.steps(w)
		for _, part := range []string{"end endpoint another", "end product * of endpoint another", "end product SMS of endpoint saas", "change endpoint saas", "end TOKEN key", "add BASE key", "end BASE key"} {
			if !strings.Contains(steps, part) {
				t.Errorf("%q is not among the steps: %s", part, steps)
			}
		}
		if strings.Contains(steps, "by-api") {
			t.Errorf("the seed is about the API's rows: %s", steps)
		}
		r.seed(w)
		s := r.Snapshot()
		if s.Endpoint("another") != nil || s.Endpoint("by-api").Keys[0].Reveal() != "canary-key-9" || len(s.Tokens) != 1 || s.Endpoint("saas").Skew != time.Minute {
			t.Errorf("%#v %#v", s.Endpoints, s.Tokens)
		}
		if keys := s.Endpoint("saas").Keys; len(keys) != 2 || keys[0].Reveal() != "canary-key-2" || keys[1].Reveal() != "canary-key-4" {
			t.Errorf("%d keys", len(keys))
		}
		r.seed(declared()) // what had ended is there again
		if s := r.Snapshot(); s.Endpoint("another") == nil || len(s.Tokens) != 2 || len(s.Endpoint("saas").Products) != 2 {
			t.Errorf("%#v", s.Endpoints)
		}
		clash := declared()
		clash.Endpoints[1].Name = "by-api"
		if err := r.Seed(t.Context(), clash); errs.As(err).Reason != errs.StateConflict {
			t.Errorf("the file named a row of the API: %v", err)
		}
	})
}

// What the file manages is read-only, a change is held to its etag, and what would not be valid is refused.
func TestChangesThatAreRefused(t *testing.T) {
	each(t, func(t *testing.T, st store.Store, v *vault.Vault) {
		r := newRig(t, st, v, func(d *seller.Deps) {
			d.Check = func(w seller.Declared) error {
				if slices.ContainsFunc(w.Endpoints, func(e seller.Endpoint) bool { return len(e.Keys) == 0 }) {
					return errors.New("an endpoint has no key")
				}
				return nil
			}
		})
		r.seed(declared())
		revision := r.Snapshot().Revision
		fileKey, _ := r.Snapshot().Ring(r.Snapshot().Endpoint("saas"), store.KeyBase)
		for name, c := range map[string]struct {
			change func(*seller.Draft) error
			want   errs.Reason
		}{
			"endpoint of the file": {func(d *seller.Draft) error { return d.PutEndpoint(seller.Endpoint{Name: "saas", Seller: "acme"}, "") }, errs.ManagedByFile},
			"seller of the file":   {func(d *seller.Draft) error { return d.EndSeller("acme", "") }, errs.ManagedByFile},
			"product of the file":  {func(d *seller.Draft) error { return d.EndProduct("saas", "SMS", "") }, errs.ManagedByFile},
			"provisioner of the file": {func(d *seller.Draft) error {
				return d.PutProvisioner(seller.Provisioner{Name: "crm", Type: "template"}, "")
			}, errs.ManagedByFile},
			"key of the file": {func(d *seller.Draft) error { return d.RetireKey("acme", fileKey[0].ID, time.Time{}) }, errs.ManagedByFile},
			"the same key": {func(d *seller.Draft) error {
				_, err := d.AddKey(seller.NewKey{Seller: "acme", Endpoint: "saas", Use: store.KeyBase, Secret: "canary-key-1"})
				return err
			}, errs.StateConflict},
			"another's token": {func(d *seller.Draft) error {
				_, err := d.AddKey(seller.NewKey{Seller: "other", Use: store.KeyToken, Secret: "token-1"})
				return err
			}, errs.ConflictingRepeat},
			"no such endpoint": {func(d *seller.Draft) error { return d.EndEndpoint("nowhere", "") }, errs.SettingNotFound},
			"no such key":      {func(d *seller.Draft) error { return d.RetireKey("acme", "none", time.Time{}) }, errs.SettingNotFound},
			"another version":  {func(d *seller.Draft) error { return d.PutEndpoint(seller.Endpoint{Name: "new", Seller: "acme"}, "7") }, errs.EtagMismatch},
			"not valid":        {func(d *seller.Draft) error { return d.PutEndpoint(seller.Endpoint{Name: "new", Seller: "acme"}, "") }, errs.InvalidField},
		} {
			if _, err := r.Change(t.Context(), c.change); errs.As(err).Reason != c.want || strings.Contains(err.Error(), "canary") {
				t.Errorf("%s: %v, want %s", name, err, c.want)
			}
		}
		if now, err := st.SellerRevision(t.Context()); err != nil || now != revision {
			t.Errorf("a refused change left something: revision %d, %v", now, err)
		}
	})
}

// Every replica sees a change within two seconds, woken or not; while the store is away each keeps what it had.
func TestEveryReplicaFollows(t *testing.T) {
	each(t, func(t *testing.T, st store.Store, v *vault.Vault) {
		first, second, deaf := newRig(t, st, v), newRig(t, st, v), newRig(t, st, v)
		deaf.st.deaf.Store(true)
		first.seed(declared())
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{}, 2)
		for _, r := range []*rig{second, deaf} {
			if err := r.Load(ctx); err != nil {
				t.Fatal(err)
			}
			go func() {
				r.Run(ctx, nil)
				done <- struct{}{}
			}()
		}
		defer func() {
			cancel()
			<-done
			<-done
		}()
		sees := func(r *rig, revision int64, limit time.Duration) time.Duration {
			began := time.Now()
			for time.Since(began) < limit {
				s, changed := r.Follow()
				if s.Revision >= revision {
					return time.Since(began)
				}
				select {
				case <-changed:
				case <-time.After(limit - time.Since(began)):
				}
			}
			return limit
		}
		change := func(name string) int64 {
			t.Helper()
			revision, err := first.Change(t.Context(), func(d *seller.Draft) error {
				return d.PutProvisioner(seller.Provisioner{Name: name, Type: "worker"}, "")
			})
			if err != nil {
				t.Fatal(err)
			}
			return revision
		}
		revision := change("p1")
		if took := sees(second, revision, 2*time.Second); took >= 2*time.Second {
			t.Error("a replica that is woken does not see the change in time")
		}
		if took := sees(deaf, revision, 2*time.Second); took >= 2*time.Second {
			t.Error("a replica that nothing wakes does not see the change in time")
		}
		deaf.st.away.Store(true)
		before := deaf.Snapshot()
		revision = change("p2")
		if sees(deaf, revision, 1500*time.Millisecond) < 1500*time.Millisecond || deaf.Snapshot() != before || deaf.Snapshot().Endpoint("saas") == nil {
			t.Error("while the store is away the snapshot changes")
		}
		deaf.st.away.Store(false)
		if took := sees(deaf, revision, 3*time.Second); took >= 3*time.Second {
			t.Error("the replica does not come back with the store")
		}
	})
}
