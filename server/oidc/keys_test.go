// SPDX-License-Identifier: Apache-2.0

package oidc_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/oidc"
	"github.com/koogate/koogate/server/outbound"
)

// TestKeysChangeUnderTraffic: the issuer signs with a new key at once, whether it has shown it before or not, and no call is refused; the
// old key counts until the issuer does not have it any more.
func TestKeysChangeUnderTraffic(t *testing.T) {
	r := newRig(t)
	var stop atomic.Bool
	var calls, failed atomic.Int64
	var now atomic.Pointer[string]
	old := r.token(nil)
	now.Store(&old)
	r.taken(old)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for !stop.Load() {
				if _, err := r.Caller(*now.Load()); err != nil {
					failed.Add(1)
					t.Errorf("refused: %v", err)
				}
				calls.Add(1)
			}
		})
	}
	keys := []signer{r.key}
	for n := range 5 {
		r.clock.Advance(11 * time.Second)
		r.key = newSigner(t, fmt.Sprint("next", n), jose.ES256)
		keys = append(keys, r.key)
		r.issuer.has(keys...)
		token := r.token(nil)
		now.Store(&token)
		for was := calls.Load(); calls.Load() < was+100; {
			time.Sleep(time.Millisecond)
		}
	}
	stop.Store(true)
	all.Wait()
	if n := r.issuer.fetches.Load(); n != 6 {
		t.Errorf("%d fetches for %d calls with 6 keys", n, calls.Load())
	}
	r.taken(old)
	r.issuer.has(r.key)
	r.clock.Advance(11 * time.Second)
	r.key = newSigner(t, "last", jose.ES256)
	r.Caller(r.token(nil))
	r.refused(old, errs.TokenInvalid, "key")
}

// TestAFloodOfUnknownKeysIsFewFetches: strangers who make up key IDs have the issuer asked once in a while and nobody else held up.
func TestAFloodOfUnknownKeysIsFewFetches(t *testing.T) {
	r := newRig(t)
	good := r.token(nil)
	r.taken(good)
	gate := make(chan struct{})
	r.issuer.hold.Store(&gate)
	r.clock.Advance(11 * time.Second)
	var all sync.WaitGroup
	forger := newSigner(t, "", jose.ES256)
	flood := func(n int) {
		for i := range n {
			f := forger
			f.id = fmt.Sprint("made-up-", i)
			token := f.sign(t, r.claims(map[string]any{"iat": r.clock.Now().Add(-time.Hour).Unix()}), nil)
			all.Go(func() { r.Caller(token) })
		}
	}
	flood(500)
	for r.issuer.fetches.Load() < 2 {
		time.Sleep(time.Millisecond)
	}
	began := time.Now()
	r.taken(good) // while the fetch hangs
	r.taken(r.token(map[string]any{"jti": "another"}))
	if took := time.Since(began); took > time.Second {
		t.Errorf("a call whose key is known took %s", took)
	}
	close(gate)
	all.Wait()
	r.issuer.hold.Store(nil)
	flood(500)
	all.Wait()
	if n := r.issuer.fetches.Load(); n != 2 {
		t.Errorf("%d fetches", n)
	}
	if n := r.counts.of("key") + r.counts.of("issuer_unavailable"); n != 1000 || r.counts.of("issuer_unavailable") > 500 {
		t.Errorf("%v", r.counts.refused)
	}
	if n := r.Remembered(); n > 2 {
		t.Errorf("%d tokens are remembered", n)
	}
}

// TestTheIssuerIsAway: known keys go on counting for as long as they may, unknown ones are told to come again, and when the issuer is back
// everything is as before.
func TestTheIssuerIsAway(t *testing.T) {
	r := newRig(t, func(i *oidc.Issuer) { i.Keep = time.Hour })
	token := r.token(map[string]any{"exp": r.clock.Now().Add(10 * time.Hour).Unix()})
	r.issuer.broken.Store(true)
	e := r.refused(token, errs.IssuerUnavailable, "issuer_unavailable") // it has never been there
	if e.Kind != errs.Unavailable || e.Retry <= 0 || e.Retry > 10*time.Second {
		t.Errorf("%+v", e)
	}
	r.issuer.broken.Store(false)
	r.clock.Advance(11 * time.Second)
	r.taken(token)

	r.issuer.broken.Store(true)
	for range 4 {
		r.clock.Advance(14 * time.Minute)
		r.taken(token)
	}
	next := newSigner(t, "next", jose.ES256)
	unseen := next.sign(t, r.claims(nil), nil)
	r.refused(unseen, errs.IssuerUnavailable, "issuer_unavailable")
	r.clock.Advance(5 * time.Minute)
	r.refused(token, errs.IssuerUnavailable, "issuer_unavailable") // an hour is over
	r.issuer.has(r.key, next)
	r.issuer.broken.Store(false)
	r.clock.Advance(11 * time.Second)
	r.taken(token)
	r.taken(next.sign(t, r.claims(nil), nil))
	if r.counts.fetched[true] < 2 || r.counts.fetched[false] < 3 {
		t.Errorf("fetches: %v", r.counts.fetched)
	}
}

// TestAHangingIssuerHoldsNobodyForLong: a call whose key is not known waits for a moment only, and a stop waits for no answer.
func TestAHangingIssuerHoldsNobodyForLong(t *testing.T) {
	r := newRig(t)
	gate := make(chan struct{})
	t.Cleanup(func() { close(gate) })
	r.issuer.hold.Store(&gate)
	began := time.Now()
	e := r.refused(r.token(nil), errs.IssuerUnavailable, "issuer_unavailable")
	if took := time.Since(began); took > 3*time.Second || e.Retry == 0 {
		t.Errorf("refused after %s: %+v", took, e)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); r.Run(ctx) }()
	cancel()
	<-done
}

// TestRunKeepsTheKeysFresh: with Run no call waits for keys, also not the first.
func TestRunKeepsTheKeysFresh(t *testing.T) {
	r := newRig(t, func(i *oidc.Issuer) { i.Refresh = 2 * time.Minute })
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); r.Run(ctx) }()
	defer func() { cancel(); <-done }()
	fetched := func(n int64) {
		t.Helper()
		for deadline := time.Now().Add(5 * time.Second); r.issuer.fetches.Load() < n || len(r.Ages()) == 0; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%d fetches", r.issuer.fetches.Load())
			}
		}
	}
	fetched(1)
	r.clock.Advance(time.Minute)
	if age := r.Ages()[r.issuer.URL]; age != time.Minute {
		t.Errorf("the keys are %s old", age)
	}
	next := newSigner(t, "next", jose.ES256)
	r.issuer.has(r.key, next)
	for r.issuer.fetches.Load() < 2 { // the timer may be set only now
		r.clock.Advance(time.Minute)
		time.Sleep(time.Millisecond)
	}
	r.taken(next.sign(t, r.claims(nil), nil))
}

// TestKeysThatCannotBeUsed: what an issuer tells is taken only as far as it can verify tokens; else what it has told before counts.
func TestKeysThatCannotBeUsed(t *testing.T) {
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	key := newSigner(t, "k1", jose.ES256)
	private := jose.JSONWebKey{Key: key.private, KeyID: "k1"}
	encryption := key.public()
	encryption.Use = "enc"
	p384 := `{"kty":"EC","crv":"P-384","kid":"k1","x":"` + strings.Repeat("A", 64) + `","y":"` + strings.Repeat("A", 64) + `"}`
	var many []jose.JSONWebKey
	for i := range 101 {
		k := key.public()
		k.KeyID = fmt.Sprint("k", i)
		many = append(many, k)
	}
	for name, set := range map[string]any{
		"none":       map[string]any{"keys": []any{}},
		"no set":     map[string]any{"error": "canary"},
		"a list":     []any{key.public()},
		"no JSON":    "<html>canary</html>",
		"endless":    `{"keys":[],"fill":"` + strings.Repeat("x", 300<<10) + `"}`,
		"a secret":   map[string]any{"keys": []any{map[string]any{"kty": "oct", "kid": "k1", "k": base64.RawURLEncoding.EncodeToString([]byte(strings.Repeat("k", 32)))}}},
		"private":    jose.JSONWebKeySet{Keys: []jose.JSONWebKey{private}},
		"encryption": jose.JSONWebKeySet{Keys: []jose.JSONWebKey{encryption}},
		"weak":       jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &weak.PublicKey, KeyID: "k1"}}},
		"unknown":    `{"keys":[{"kty":"XYZ","kid":"k1"},{"kty":7},` + p384 + `]}`,
		"too many":   jose.JSONWebKeySet{Keys: many},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.issuer.serves(set)
			r.refused(r.token(nil), errs.IssuerUnavailable, "issuer_unavailable")
			if r.counts.fetched[false] != 1 {
				t.Errorf("fetches: %v", r.counts.fetched)
			}
		})
	}
	r := newRig(t) // one that is good among them, and a token that names none
	r.issuer.serves(map[string]any{"keys": []any{map[string]any{"kty": "XYZ"}, r.key.public(), encryption}})
	r.taken(r.token(nil))
	unnamed := r.key
	unnamed.id = ""
	r.taken(unnamed.sign(t, r.claims(nil), nil))
	r.issuer.has(r.key, newSigner(t, "k2", jose.ES256))
	r.clock.Advance(11 * time.Second)
	r.refused(newSigner(t, "k3", jose.ES256).sign(t, r.claims(map[string]any{"iat": nil}), nil), errs.TokenInvalid, "key")
	r.refused(unnamed.sign(t, r.claims(map[string]any{"iat": nil}), nil), errs.TokenInvalid, "key")
}

// TestWhereKeysAreFetched: what the configuration names is called, wherever it is; what the issuer refers to is not called in a private
// network, and nothing leads from https to http.
func TestWhereKeysAreFetched(t *testing.T) {
	r := newRig(t)
	guard := outbound.New(nil, nil, nil)
	t.Cleanup(guard.Close)
	keys := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		http.Redirect(w, q, r.issuer.URL+"/keys", http.StatusFound)
	}))
	t.Cleanup(keys.Close)
	good := map[string]any{"issuer": r.issuer.URL, "jwks_uri": r.issuer.URL + "/keys"}
	for name, c := range map[string]struct {
		said  map[string]any // the discovery document
		jwks  string         // configured
		taken bool
	}{
		"as it should be":       {good, "", true},
		"configured":            {map[string]any{}, r.issuer.URL + "/keys", true},
		"of another issuer":     {map[string]any{"issuer": r.issuer.URL + "/", "jwks_uri": r.issuer.URL + "/keys"}, "", false},
		"no address":            {map[string]any{"issuer": r.issuer.URL}, "", false},
		"a file":                {map[string]any{"issuer": r.issuer.URL, "jwks_uri": "file:///etc/passwd"}, "", false},
		"http beyond loopback":  {map[string]any{"issuer": r.issuer.URL, "jwks_uri": "http://10.0.0.1/keys"}, "", false},
		"another port here":     {map[string]any{"issuer": r.issuer.URL, "jwks_uri": keys.URL}, "", false},
		"metadata":              {map[string]any{"issuer": r.issuer.URL, "jwks_uri": "https://169.254.169.254/keys"}, "", false},
		"redirected to http":    {good, keys.URL, false},
		"configured, not there": {good, r.issuer.URL + "/nothing", false},
	} {
		r.issuer.mu.Lock()
		r.issuer.said = c.said
		r.issuer.mu.Unlock()
		i := r.configured()
		i.JWKSURL = c.jwks
		r.open(i, guard)
		before := r.issuer.fetches.Load()
		if _, err := r.Caller(r.token(nil)); (err == nil) != c.taken {
			t.Errorf("%s: %v", name, err)
		}
		if (r.issuer.fetches.Load() > before) != c.taken {
			t.Errorf("%s: %d fetches", name, r.issuer.fetches.Load()-before)
		}
	}
}

// TestFewTokensAreRemembered however many come, and one that is in use stays among them.
func TestFewTokensAreRemembered(t *testing.T) {
	r := newRig(t)
	used := r.token(nil)
	r.taken(used)
	r.key = newSigner(t, "k1", jose.ES256) // with which nothing is verified any more
	for range 20 {
		r.Fill(oidc.MostSeen / 4)
		r.taken(used)
		if n := r.Remembered(); n > oidc.MostSeen || n < oidc.MostSeen/4 {
			t.Errorf("%d tokens are remembered", n)
		}
	}
}
