// SPDX-License-Identifier: Apache-2.0

package config

import (
	"strings"
	"testing"
)

// TestNamedTokens: a token with a name is held to what a token is held to, and its scopes to those that there are.
func TestNamedTokens(t *testing.T) {
	c := Default()
	c.Sellers = []Seller{
		{Name: "a", APITokens: []Secret{"tok"}, Tokens: []Token{
			{Name: "good", Secret: "tok-2", Scopes: []string{"personal_data"}},
			{Name: "good", Secret: "tok", Scopes: []string{"personal-data"}},
			{Name: "Bad", Secret: "with blank"},
			{Name: "queues", Secret: "tok-3", Scopes: []string{"worker", "marketplace"}, Queues: []string{"crm", "links", "nope"}},
			{Name: "idle", Secret: "tok-4", Scopes: []string{"read"}, Queues: []string{"crm"}},
		}},
		{Name: "b", Tokens: []Token{{Name: "other", Secret: "tok-2"}}},
	}
	c.Provisioners = []Provisioner{{Name: "crm", Type: ProvisionerWorker}, {Name: "links", Type: ProvisionerTemplate}}
	var f findings
	c.checkSellers(&f)
	c.checkGrants(&f)
	var paths []string
	for _, p := range f.list {
		paths = append(paths, p.Path)
	}
	const want = "sellers[0].tokens[1].name sellers[0].tokens[1].secret sellers[0].tokens[2].name sellers[0].tokens[2].secret " +
		"sellers[1].tokens[0].secret sellers[0].tokens[1].scopes[0] sellers[0].tokens[3].scopes[1] sellers[0].tokens[3].queues[1] " +
		"sellers[0].tokens[3].queues[2] sellers[0].tokens[4].queues"
	if got := strings.Join(paths, " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestTokensWithoutScopesAreNamed: what a token may do that names no scopes is said, and is no fault.
func TestTokensWithoutScopesAreNamed(t *testing.T) {
	c := Default()
	c.Sellers = []Seller{
		{Name: "a", APITokens: []Secret{"tok"}, Tokens: []Token{{Name: "all", Secret: "tok-2"}, {Name: "one", Secret: "tok-3", Scopes: []string{"read"}}}},
		{Name: "b", Tokens: []Token{{Name: "one", Secret: "tok-4", Scopes: []string{"read"}}}},
	}
	c.GRPC.Production = true
	var paths []string
	for _, p := range c.Notices() {
		paths = append(paths, p.Path)
		if p.Path != "grpc.production" && (!strings.Contains(p.EN, "worker, usage, read, operate") || !strings.Contains(p.ZH, "worker, usage, read, operate")) {
			t.Errorf("%v", p)
		}
	}
	if got := strings.Join(paths, " "); got != "sellers[0].api_tokens sellers[0].tokens[0] grpc.production" {
		t.Errorf("got %s", got)
	}
}
