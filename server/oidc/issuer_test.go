// SPDX-License-Identifier: Apache-2.0

package oidc_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"go.uber.org/goleak"

	"github.com/koogate/koogate/server/access"
	"github.com/koogate/koogate/server/clock/clocktest"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/oidc"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// signer is a key of an issuer.
type signer struct {
	id        string
	algorithm jose.SignatureAlgorithm
	private   crypto.Signer
}

func (s signer) public() jose.JSONWebKey {
	return jose.JSONWebKey{Key: s.private.Public(), KeyID: s.id, Use: "sig"}
}

func newSigner(t testing.TB, id string, algorithm jose.SignatureAlgorithm) signer {
	t.Helper()
	var private crypto.Signer
	var err error
	switch algorithm {
	case jose.ES256:
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case jose.EdDSA:
		_, private, err = ed25519.GenerateKey(rand.Reader)
	default:
		private, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	if err != nil {
		t.Fatal(err)
	}
	return signer{id, algorithm, private}
}

// sign makes a token of claims.
func (s signer) sign(t testing.TB, said map[string]any, header map[jose.HeaderKey]any) string {
	t.Helper()
	opts := (&jose.SignerOptions{}).WithType("JWT")
	for k, v := range header {
		opts = opts.WithHeader(k, v)
	}
	made, err := jose.NewSigner(jose.SigningKey{Algorithm: s.algorithm, Key: jose.JSONWebKey{Key: s.private, KeyID: s.id}}, opts)
	if err != nil {
		t.Fatal(err)
	}
	text, err := jwt.Signed(made).Claims(said).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// issuer is a login service of its own.
type issuer struct {
	*httptest.Server
	fetches atomic.Int64 // of the keys
	broken  atomic.Bool
	hold    atomic.Pointer[chan struct{}] // answers wait until it is closed

	mu   sync.Mutex
	set  any
	said map[string]any // the discovery document; nil for the right one
}

func newIssuer(t testing.TB, keys ...signer) *issuer {
	t.Helper()
	i := &issuer{}
	i.has(keys...)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		i.mu.Lock()
		defer i.mu.Unlock()
		said := i.said
		if said == nil {
			said = map[string]any{"issuer": i.URL, "jwks_uri": i.URL + "/keys", "authorization_endpoint": "https://elsewhere.example.com/"}
		}
		_ = json.NewEncoder(w).Encode(said)
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		i.fetches.Add(1)
		if c := i.hold.Load(); c != nil {
			<-*c
		}
		i.mu.Lock()
		defer i.mu.Unlock()
		if text, ok := i.set.(string); ok {
			_, _ = io.WriteString(w, text)
			return
		}
		_ = json.NewEncoder(w).Encode(i.set)
	})
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if i.broken.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) has(keys ...signer) {
	set := jose.JSONWebKeySet{}
	for _, k := range keys {
		set.Keys = append(set.Keys, k.public())
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.set = set
}

func (i *issuer) serves(set any) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.set = set
}

// counts are what metrics were told.
type counts struct {
	mu      sync.Mutex
	refused map[string]int // by cause
	fetched map[bool]int
}

func (c *counts) OIDCRefused(_, cause string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refused[cause]++
}

func (c *counts) OIDCFetched(_ string, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fetched[ok]++
}

func (c *counts) of(cause string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.refused[cause]
}

// rig are callers of one issuer, on a clock that stands still.
type rig struct {
	*oidc.Callers
	t      testing.TB
	issuer *issuer
	key    signer
	clock  *clocktest.Clock
	counts *counts
	gone   atomic.Bool // the sellers
}

func (r *rig) configured() oidc.Issuer {
	return oidc.Issuer{Issuer: r.issuer.URL, Audiences: []string{"koogate", "koogate-test"}, Rules: []oidc.Rule{
		{Claim: "realm_access.roles", Values: []string{"billing"}, Seller: "acme", Scopes: []string{"usage", "read"}},
		{Claim: "realm_access.roles", Values: []string{"crm", "crm-2"}, Seller: "acme", Scopes: []string{"worker", "read"}, Queues: []string{"crm"}},
		{Claim: "https://example.com/groups", Values: []string{"leads"}, Seller: "acme", Scopes: []string{"worker"}},
		{Claim: "realm_access.roles", Values: []string{"other"}, Seller: "other", Scopes: []string{"read"}},
		{Claim: "scope", Values: []string{"koogate.configure"}, Seller: "acme", Scopes: []string{"configure"}},
	}}
}

func newRig(t testing.TB, change ...func(*oidc.Issuer)) *rig {
	t.Helper()
	r := &rig{t: t, key: newSigner(t, "k1", jose.ES256), clock: clocktest.New(time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC))}
	r.issuer = newIssuer(t, r.key)
	c := r.configured()
	for _, f := range change {
		f(&c)
	}
	r.open(c, nil)
	return r
}

func (r *rig) open(c oidc.Issuer, others oidc.Caller) {
	r.counts = &counts{refused: map[string]int{}, fetched: map[bool]int{}}
	r.Callers = oidc.New([]oidc.Issuer{c}, oidc.Deps{
		Clock: r.clock, Sellers: func(string) bool { return !r.gone.Load() }, Others: others, Metrics: r.counts, Log: slog.New(slog.DiscardHandler),
	})
}

// claims are those of a good token, with some changed; nil takes one out.
func (r *rig) claims(change map[string]any) map[string]any {
	now := r.clock.Now()
	all := map[string]any{
		"iss": r.issuer.URL, "aud": []string{"account", "koogate"}, "sub": "service-account-billing", "exp": now.Add(5 * time.Minute).Unix(), "iat": now.Unix(),
		"realm_access": map[string]any{"roles": []string{"offline_access", "billing"}},
	}
	for k, v := range change {
		if v == nil {
			delete(all, k)
			continue
		}
		all[k] = v
	}
	return all
}

func (r *rig) token(change map[string]any) string { return r.key.sign(r.t, r.claims(change), nil) }

// refused expects a token to be refused for a cause and returns the error.
func (r *rig) refused(token string, reason errs.Reason, cause string) *errs.Error {
	r.t.Helper()
	before := r.counts.of(cause)
	p, err := r.Caller(token)
	e := errs.As(err)
	if err == nil || e.Reason != reason || r.counts.of(cause) != before+1 {
		r.t.Errorf("%+v, %v; want %s for %s, counted are %v", p, err, reason, cause, r.counts.refused)
	}
	return e
}

func (r *rig) taken(token string) access.Principal {
	r.t.Helper()
	p, err := r.Caller(token)
	if err != nil {
		r.t.Errorf("refused: %v", err)
	}
	return p
}
