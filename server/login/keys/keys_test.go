// SPDX-License-Identifier: Apache-2.0

package keys_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"go.uber.org/goleak"

	"github.com/koogate/koogate/server/clock/clocktest"
	"github.com/koogate/koogate/server/login/keys"
	"github.com/koogate/koogate/server/vault/vaulttest"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/sqlitetest"
	"github.com/koogate/koogate/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const day = 24 * time.Hour

type rig struct {
	t      *testing.T
	store  keys.Store
	clock  *clocktest.Clock
	sealer keys.Sealer
	reads  int
}

func newRig(t *testing.T) *rig {
	t.Helper()
	v, err := vaulttest.New()
	if err != nil {
		t.Fatal(err)
	}
	return &rig{t: t, store: sqlitetest.Open(t), clock: clocktest.New(storetest.Epoch), sealer: v}
}

// replica is another process over the same store.
func (r *rig) replica() *keys.Keys {
	r.t.Helper()
	k, err := keys.New(keys.Config{Store: r, Sealer: r.sealer, Clock: r.clock})
	if err != nil {
		r.t.Fatal(err)
	}
	return k
}

func (r *rig) AddSigningKey(ctx context.Context, k *store.SigningKey) error {
	return r.store.AddSigningKey(ctx, k)
}

func (r *rig) SigningKeys(ctx context.Context) ([]store.SigningKey, error) {
	r.reads++
	return r.store.SigningKeys(ctx)
}

// told is the published keys and the one that signs, as numbers of their order.
func (r *rig) told(k *keys.Keys) string {
	r.t.Helper()
	set, err := k.Published(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	active, err := k.Active(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	rows, err := r.store.SigningKeys(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	number := func(id string) int {
		return 1 + slices.IndexFunc(rows, func(k store.SigningKey) bool { return k.ID == id })
	}
	var published []int
	for _, key := range set.Keys {
		published = append(published, number(key.KeyID))
	}
	return fmt.Sprint(published, " ", number(active))
}

// A key is published before it signs and after, also when nobody asks for a long time.
func TestRotation(t *testing.T) {
	r := newRig(t)
	k := r.replica()
	at := time.Duration(0)
	for _, c := range []struct {
		at   time.Duration
		want string
	}{
		{0, "[1] 1"}, {28*day - 2*time.Minute, "[1] 1"},
		{28 * day, "[1 2] 1"}, {30*day - time.Second, "[1 2] 1"},
		{30 * day, "[1 2] 2"}, {32*day - time.Second, "[1 2] 2"},
		{32 * day, "[2] 2"},
		{100 * day, "[2 3] 2"}, {102*day - time.Second, "[2 3] 2"}, // 70 days during which nobody has asked
		{102 * day, "[2 3] 3"}, {104 * day, "[3] 3"},
	} {
		r.clock.Advance(c.at - at)
		at = c.at
		if got := r.told(k); got != c.want {
			t.Errorf("after %v: %s, want %s", at, got, c.want)
		}
		if got := r.told(r.replica()); got != c.want {
			t.Errorf("after %v, a replica that has started: %s, want %s", at, got, c.want)
		}
	}
}

// What was signed before a rotation can be checked after it, for as long as it may be in use.
func TestSignaturesOutliveARotation(t *testing.T) {
	r := newRig(t)
	k := r.replica()
	verify := func(token string) bool {
		t.Helper()
		signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256})
		if err != nil {
			t.Fatal(err)
		}
		set, err := k.Published(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		found := set.Key(signed.Signatures[0].Protected.KeyID)
		if len(found) == 0 {
			return false
		}
		_, err = signed.Verify(found[0])
		return err == nil
	}
	r.told(k)
	r.clock.Advance(28 * day)
	r.told(k)
	r.clock.Advance(2*day - time.Second)
	token, err := k.SignID(t.Context(), map[string]any{"sub": "x"})
	if err != nil {
		t.Fatal(err)
	}
	for _, wait := range []time.Duration{0, 2 * time.Second, day} {
		r.clock.Advance(wait)
		if !verify(token) {
			t.Errorf("%v later the token cannot be checked", wait)
		}
	}
	r.clock.Advance(30 * day)
	if verify(token) {
		t.Error("the key is published for ever")
	}
	if claims, err := k.ReadID(t.Context(), token); err != nil || claims["sub"] != "x" {
		t.Errorf("%v, %v", claims, err)
	}
}

// However many replicas start, or rotate, at once, there is one key, and what each signs the others publish.
func TestReplicasShareKeys(t *testing.T) {
	r := newRig(t)
	for round := range 2 {
		var wg sync.WaitGroup
		ids := make([]string, 4)
		for i := range ids {
			k, err := keys.New(keys.Config{Store: r.store, Sealer: r.sealer, Clock: r.clock})
			if err != nil {
				t.Fatal(err)
			}
			wg.Go(func() {
				var err error
				if ids[i], err = k.Active(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		rows, err := r.store.SigningKeys(t.Context())
		if err != nil || len(rows) != round+1 || len(slices.Compact(ids)) != 1 {
			t.Fatalf("%d keys, signing %q; %v", len(rows), ids, err)
		}
		r.clock.Advance(40 * day)
	}
}

func TestTheStoreIsNotReadForEverySignature(t *testing.T) {
	r := newRig(t)
	k := r.replica()
	for range 10 {
		if _, err := k.SignLogout(t.Context(), map[string]any{}); err != nil {
			t.Fatal(err)
		}
	}
	if r.reads != 2 { // the first finds nothing
		t.Errorf("%d reads", r.reads)
	}
	r.clock.Advance(time.Minute)
	if _, err := k.Active(t.Context()); err != nil || r.reads != 3 {
		t.Errorf("%d reads, %v", r.reads, err)
	}
}

func TestWhatASignatureSays(t *testing.T) {
	r := newRig(t)
	k := r.replica()
	id, err := k.SignID(t.Context(), map[string]any{"sub": "x"})
	if err != nil {
		t.Fatal(err)
	}
	logout, err := k.SignLogout(t.Context(), map[string]any{"sub": "x"})
	if err != nil {
		t.Fatal(err)
	}
	for token, want := range map[string]string{id: "JWT", logout: "logout+jwt"} {
		text, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[0])
		if err != nil {
			t.Fatal(err)
		}
		var head map[string]any
		active, _ := k.Active(t.Context())
		if json.Unmarshal(text, &head) != nil || head["alg"] != "RS256" || head["typ"] != want || head["kid"] != active || len(head) != 3 {
			t.Errorf("header %s", text)
		}
	}
	if claims, err := k.ReadID(t.Context(), id); err != nil || claims["sub"] != "x" {
		t.Errorf("%v, %v", claims, err)
	}
	parts := strings.Split(id, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + parts[1] + "."
	for name, token := range map[string]string{
		"a logout token": logout, "nothing": "", "no token": "a.b.c", "another payload": parts[0] + "." + strings.Split(logout, ".")[1] + "x." + parts[2],
		"no signature": none, "cut": id[:len(id)-4],
	} {
		if claims, err := k.ReadID(t.Context(), token); !errors.Is(err, keys.ErrToken) {
			t.Errorf("%s: %v, %v", name, claims, err)
		}
	}
	stranger := newRig(t).replica()
	foreign, err := stranger.SignID(t.Context(), map[string]any{"sub": "x"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.ReadID(t.Context(), foreign); !errors.Is(err, keys.ErrToken) {
		t.Errorf("a token of another provider: %v", err)
	}
}

// Nothing that is published, and nothing at rest, has a private half.
func TestPrivateHalvesStayInside(t *testing.T) {
	r := newRig(t)
	k := r.replica()
	text, err := k.JWKS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var set struct{ Keys []map[string]any }
	if err := json.Unmarshal(text, &set); err != nil || len(set.Keys) != 1 {
		t.Fatalf("%s, %v", text, err)
	}
	for name := range set.Keys[0] {
		if !slices.Contains([]string{"kty", "kid", "alg", "use", "n", "e"}, name) {
			t.Errorf("the published key has a member %q", name)
		}
	}
	rows, err := r.store.SigningKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.sealer.Open(rows[0].Private, store.SigningKeyContext(rows[0].Number)); err != nil {
		t.Errorf("a key is not sealed for its number: %v", err)
	}
	if other, err := vaulttest.New(); err != nil {
		t.Fatal(err)
	} else if k, err := keys.New(keys.Config{Store: r.store, Sealer: other, Clock: r.clock}); err != nil {
		t.Fatal(err)
	} else if _, err := k.SignID(t.Context(), nil); err == nil {
		t.Error("another keyset signs")
	}
}

func TestConfigs(t *testing.T) {
	r := newRig(t)
	for name, change := range map[string]func(*keys.Config){
		"no store": func(c *keys.Config) { c.Store = nil }, "short": func(c *keys.Config) { c.Life = 3 * day },
		"hardly ahead": func(c *keys.Config) { c.Ahead = time.Minute }, "never behind": func(c *keys.Config) { c.Behind = -1 },
	} {
		cfg := keys.Config{Store: r.store, Sealer: r.sealer, Clock: r.clock}
		change(&cfg)
		if _, err := keys.New(cfg); !errors.Is(err, keys.ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
