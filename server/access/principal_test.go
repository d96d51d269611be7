// SPDX-License-Identifier: Apache-2.0

package access_test

import (
	"testing"

	"github.com/koogate/koogate/server/access"
)

// TestNobodyPassesForAnother: whatever a token is called, events do not take its bearer for the marketplace or for Koogate.
func TestNobodyPassesForAnother(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range []access.Principal{
		{Kind: access.Token}, {Kind: access.Token, Subject: "koogate"}, {Kind: access.Token, Subject: "api"},
		{Kind: access.Signature, Subject: "koogate"}, {Kind: access.Job}, {Kind: access.Process, Subject: "koogate"},
		{Kind: access.Certificate, Subject: "koogate"}, {Kind: access.OIDC, Issuer: "https://a.example.com", Subject: "koogate"},
		{Kind: access.OIDC, Issuer: "https://b.example.com", Subject: "koogate"},
	} {
		ctx := access.With(t.Context(), p)
		got, ok := access.From(ctx)
		if name := access.Actor(ctx); name == "" || seen[name] || !ok || got.Kind != p.Kind {
			t.Errorf("%+v is named %q", p, name)
		}
		seen[access.Actor(ctx)] = true
	}
	if _, ok := access.From(t.Context()); ok || access.Actor(t.Context()) != "" {
		t.Error("somebody calls from nowhere")
	}
}

// TestAScopeIsNoOther: a scope brings itself and nothing else, but for the stand-in of the marketplace.
func TestAScopeIsNoOther(t *testing.T) {
	all := append(access.Grantable(), access.Marketplace)
	for _, has := range access.Grantable() {
		p := access.Principal{Kind: access.Token, Scopes: []access.Scope{has}}
		for _, s := range all {
			want := s == has || s == access.Marketplace && has == access.Admin
			if lacks, lack := p.Lacks([]access.Scope{has, s}); p.Has(s) != want || lack == want || lack && lacks != s {
				t.Errorf("a token with %s has %s: %v; it lacks %q", has, s, p.Has(s), lacks)
			}
		}
	}
}
