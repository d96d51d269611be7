// SPDX-License-Identifier: Apache-2.0

package oidc_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"reflect"
	"strings"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/koogate/koogate/server/access"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/oidc"
)

// TestWhatAClaimGives: rules that fit are added up for one seller, and of two sellers none is chosen.
func TestWhatAClaimGives(t *testing.T) {
	r := newRig(t)
	roles := func(list ...string) map[string]any { return map[string]any{"roles": list} }
	for name, c := range map[string]struct {
		change map[string]any
		scopes []access.Scope
		queues []string
	}{
		"one rule":                  {nil, []access.Scope{"usage", "read"}, nil},
		"a queue":                   {map[string]any{"realm_access": roles("crm")}, []access.Scope{"worker", "read"}, []string{"crm"}},
		"two rules":                 {map[string]any{"realm_access": roles("crm", "billing")}, []access.Scope{"usage", "read", "worker"}, []string{"crm"}},
		"two values of one":         {map[string]any{"realm_access": roles("crm-2", "crm")}, []access.Scope{"worker", "read"}, []string{"crm"}},
		"a queue and every queue":   {map[string]any{"realm_access": roles("crm"), "https://example.com/groups": []string{"leads"}}, []access.Scope{"worker", "read"}, nil},
		"a name with points":        {map[string]any{"realm_access": nil, "https://example.com/groups": "leads"}, []access.Scope{"worker"}, nil},
		"scope is words":            {map[string]any{"realm_access": nil, "scope": "openid koogate.configure"}, []access.Scope{"configure"}, nil},
		"a rule of nobody besides":  {map[string]any{"realm_access": roles("billing", "admin", "root")}, []access.Scope{"usage", "read"}, nil},
		"audience alone as a text":  {map[string]any{"aud": "koogate-test"}, []access.Scope{"usage", "read"}, nil},
		"expired within the leeway": {map[string]any{"exp": r.clock.Now().Add(-29 * time.Second).Unix()}, []access.Scope{"usage", "read"}, nil},
		"early within the leeway":   {map[string]any{"nbf": r.clock.Now().Add(29 * time.Second).Unix(), "iat": r.clock.Now().Add(29 * time.Second).Unix()}, []access.Scope{"usage", "read"}, nil},
		"without iat":               {map[string]any{"iat": nil}, []access.Scope{"usage", "read"}, nil},
	} {
		want := access.Principal{Kind: access.OIDC, Seller: "acme", Issuer: r.issuer.URL, Subject: "service-account-billing", Scopes: c.scopes, Queues: c.queues}
		if got := r.taken(r.token(c.change)); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
	}
	if got := r.taken(r.token(nil)).Actor(); got != "oidc "+r.issuer.URL+" service-account-billing" {
		t.Errorf("events name the caller %q", got)
	}
	r.refused(r.token(map[string]any{"realm_access": roles("other", "billing")}), errs.TokenNotMapped, "two_sellers")
	r.gone.Store(true)
	r.refused(r.token(nil), errs.TokenNotMapped, "not_mapped")
}

// TestWhatIsWrongWithATokenIsSaid: every fault has its reason, is counted, and repeats nothing of the token.
func TestWhatIsWrongWithATokenIsSaid(t *testing.T) {
	r := newRig(t)
	now := r.clock.Now()
	at := func(d time.Duration) int64 { return now.Add(d).Unix() }
	const canary = "canary"
	for name, c := range map[string]struct {
		change map[string]any
		reason errs.Reason
		cause  string
	}{
		"expired":            {map[string]any{"exp": at(-31 * time.Second)}, errs.TokenExpired, "expired"},
		"no expiry":          {map[string]any{"exp": nil}, errs.TokenInvalid, "malformed"},
		"expiry as text":     {map[string]any{"exp": canary}, errs.TokenInvalid, "malformed"},
		"expiry beyond all":  {map[string]any{"exp": 1e300}, errs.TokenInvalid, "malformed"},
		"not before":         {map[string]any{"nbf": at(31 * time.Second)}, errs.TokenInvalid, "not_yet_valid"},
		"from the future":    {map[string]any{"iat": at(31 * time.Second)}, errs.TokenInvalid, "not_yet_valid"},
		"for others":         {map[string]any{"aud": canary}, errs.TokenInvalid, "audience"},
		"for nobody":         {map[string]any{"aud": nil}, errs.TokenInvalid, "audience"},
		"another issuer":     {map[string]any{"iss": "https://canary.example.com"}, errs.TokenInvalid, "issuer"},
		"issuer with slash":  {map[string]any{"iss": r.issuer.URL + "/"}, errs.TokenInvalid, "issuer"},
		"no issuer":          {map[string]any{"iss": nil}, errs.TokenInvalid, "issuer"},
		"issuer is a list":   {map[string]any{"iss": []string{r.issuer.URL}}, errs.TokenInvalid, "malformed"},
		"no subject":         {map[string]any{"sub": nil}, errs.TokenInvalid, "subject"},
		"empty subject":      {map[string]any{"sub": ""}, errs.TokenInvalid, "subject"},
		"long subject":       {map[string]any{"sub": strings.Repeat("x", 256)}, errs.TokenInvalid, "subject"},
		"lines in a subject": {map[string]any{"sub": "canary\nactor=root"}, errs.TokenInvalid, "subject"},
		"no rule":            {map[string]any{"realm_access": map[string]any{"roles": []string{canary}}}, errs.TokenNotMapped, "not_mapped"},
		"role is an object":  {map[string]any{"realm_access": map[string]any{"roles": map[string]any{"billing": true}}}, errs.TokenNotMapped, "not_mapped"},
		"role beside":        {map[string]any{"realm_access": canary}, errs.TokenNotMapped, "not_mapped"},
		"no claim":           {map[string]any{"realm_access": nil}, errs.TokenNotMapped, "not_mapped"},
	} {
		if e := r.refused(r.token(c.change), c.reason, c.cause); strings.Contains(e.Error(), canary) || e.Cause != nil {
			t.Errorf("%s: %v, %v", name, e, e.Cause)
		}
	}
	// What is wrong with the claims is not told to who has no good signature.
	forger := newSigner(t, "k1", jose.ES256)
	r.refused(forger.sign(t, r.claims(map[string]any{"exp": at(-time.Hour)}), nil), errs.TokenInvalid, "signature")
}

// TestForgedTokens: nothing that a token says of how it is to be verified is believed.
func TestForgedTokens(t *testing.T) {
	r := newRig(t)
	rsaKey := newSigner(t, "rsa", jose.RS256)
	r.issuer.has(r.key, rsaKey)
	good := rsaKey.sign(t, r.claims(nil), nil)
	r.taken(good)
	head, body, _ := strings.Cut(good, ".")
	body, sum, _ := strings.Cut(body, ".")
	header := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

	for name, algorithm := range map[string]string{"none": "none", "None": "None", "empty": "", "HS256": "HS256", "HS512": "HS512", "RS512": "RS512"} {
		forged := header(`{"alg":"`+algorithm+`","kid":"rsa"}`) + "." + body + "."
		r.refused(forged+sum, errs.TokenInvalid, "algorithm")
		if name == "none" {
			r.refused(forged, errs.TokenInvalid, "algorithm")
		}
	}
	// The public key, in each form in which somebody might take it for a secret.
	der, err := x509.MarshalPKIXPublicKey(rsaKey.private.Public())
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range [][]byte{der, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})} {
		mac, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: jose.JSONWebKey{Key: secret, KeyID: "rsa"}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		forged, err := jwt.Signed(mac).Claims(r.claims(nil)).Serialize()
		if err != nil {
			t.Fatal(err)
		}
		r.refused(forged, errs.TokenInvalid, "algorithm")
	}
	// Another algorithm than the key's, and a key that the token brings along.
	r.refused(header(`{"alg":"ES256","kid":"rsa"}`)+"."+body+"."+sum, errs.TokenInvalid, "key")
	own := newSigner(t, "mine", jose.ES256)
	jwk := own.public()
	r.clock.Advance(11 * time.Second)
	r.refused(own.sign(t, r.claims(nil), map[jose.HeaderKey]any{"jwk": jwk, "jku": "https://evil.example.com/keys"}), errs.TokenInvalid, "key")
	own.id = "k1"
	r.refused(own.sign(t, r.claims(nil), map[jose.HeaderKey]any{"jwk": jwk}), errs.TokenInvalid, "signature")
	// Extensions that have to be understood.
	for _, crit := range []any{[]string{"exp"}, []string{"b64"}, []string{}, "exp", true} {
		r.refused(r.key.sign(t, r.claims(nil), map[jose.HeaderKey]any{"crit": crit, "exp": 1, "b64": true}), errs.TokenInvalid, "crit")
	}
	// Bytes that are changed.
	r.refused(head+"."+header(`{"iss":"`+r.issuer.URL+`","sub":"root"}`)+"."+sum, errs.TokenInvalid, "signature")
	r.refused(head+"."+body+"."+sum[:len(sum)-6]+"AAAAAA", errs.TokenInvalid, "signature")
	r.refused(head+"."+body+".", errs.TokenInvalid, "signature")
	r.refused("..", errs.TokenInvalid, "algorithm")
	for _, text := range []string{"a.b.c", head + "." + body, head + ".!." + sum, head + "." + header(`{"iss":`) + "." + sum, head + "." + body + "." + sum + "." + sum} {
		r.refused(text, errs.TokenInvalid, "malformed")
	}
	// The largest token that is looked at, and one that is not.
	fill := func(n int) string { return r.token(map[string]any{"fill": strings.Repeat("x", n)}) }
	r.taken(fill(11 << 10))
	r.refused(fill(13<<10), errs.TokenInvalid, "too_long")
	r.taken(good)
}

// TestAnIssuersAlgorithmsAreItsOwn: what one issuer may sign with is nothing to another.
func TestAnIssuersAlgorithmsAreItsOwn(t *testing.T) {
	r := newRig(t, func(i *oidc.Issuer) { i.Algorithms = []string{"PS256", "EdDSA"} })
	ps, ed := newSigner(t, "ps", jose.PS256), newSigner(t, "ed", jose.EdDSA)
	r.issuer.has(r.key, ps, ed)
	r.taken(ps.sign(t, r.claims(nil), nil))
	r.taken(ed.sign(t, r.claims(nil), nil))
	r.refused(r.token(nil), errs.TokenInvalid, "algorithm")
	ps.algorithm = jose.RS256
	r.refused(ps.sign(t, r.claims(nil), nil), errs.TokenInvalid, "algorithm")
}

// TestARememberedTokenEnds: a token that was verified is not verified again, and ends with its time all the same.
func TestARememberedTokenEnds(t *testing.T) {
	r := newRig(t)
	token := r.token(nil)
	for range 3 {
		r.taken(token)
	}
	r.clock.Advance(5*time.Minute + 30*time.Second)
	r.taken(token)
	r.clock.Advance(time.Second)
	r.refused(token, errs.TokenExpired, "expired")
}

func BenchmarkCaller(b *testing.B) {
	r := newRig(b)
	token := r.token(nil)
	r.taken(token)
	b.Run("remembered", func(b *testing.B) {
		for b.Loop() {
			r.taken(token)
		}
	})
	for _, algorithm := range []jose.SignatureAlgorithm{jose.ES256, jose.RS256, jose.EdDSA} {
		key := newSigner(b, "bench", algorithm)
		r := newRig(b)
		r.issuer.has(key)
		token := key.sign(b, r.claims(nil), nil)
		b.Run(string(algorithm), func(b *testing.B) {
			for b.Loop() {
				r.Forget()
				r.taken(token)
			}
		})
	}
}
