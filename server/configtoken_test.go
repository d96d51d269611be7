package server

import (
	"strings"
	"testing"
)

// TestNamedTokens: a token with a name is held to what a token is held to, and its scopes to those that there are.
func TestNamedTokens(t *testing.T) {
	c := DefaultConfig()
	c.Sellers = []Seller{
		{Name: "a", APITokens: []Secret{"tok"}, Tokens: []Token{
			{Name: "good", Secret: "tok-2", Scopes: []string{"personal_data"}},
			{Name: "good", Secret: "tok", Scopes: []string{"personal-data"}},
			{Name: "Bad", Secret: "with blank"},
		}},
		{Name: "b", Tokens: []Token{{Name: "other", Secret: "tok-2"}}},
	}
	var f findings
	c.checkSellers(&f)
	var paths []string
	for _, p := range f.list {
		paths = append(paths, p.Path)
	}
	const want = "sellers[0].tokens[1].name sellers[0].tokens[1].secret sellers[0].tokens[1].scopes[0] sellers[0].tokens[2].name " +
		"sellers[0].tokens[2].secret sellers[1].tokens[0].secret"
	if got := strings.Join(paths, " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
