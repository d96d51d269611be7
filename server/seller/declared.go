// SPDX-License-Identifier: Apache-2.0

package seller

import "time"

// Declared is what a configuration file says of sellers, with the secrets in clear.
type Declared struct {
	Sellers      []Seller
	Endpoints    []Endpoint
	Provisioners []Provisioner
}

// String hides the secrets from every %v.
func (Declared) String() string { return "[declared sellers]" }

// GoString hides the secrets from every %#v.
func (Declared) GoString() string { return "[declared sellers]" }

// grant is the document of a token's row: what the token may do.
type grant struct {
	Name   string   `json:"name,omitempty"`
	Scopes []string `json:"scopes,omitempty"`
	Queues []string `json:"queues,omitempty"`
}

// declared is everything that the rows say, of all keys whether they count just now or not. Of a token, of which only the digest is
// known, the digest stands for the secret.
func (st *state) declared() (d Declared, err error) {
	whole := *st
	whole.keys = make([]keyed, len(st.keys))
	for i, k := range st.keys {
		k.NotBefore, k.NotAfter = zero, zero
		whole.keys[i] = k
	}
	s, err := whole.snapshot(zero, (&uses{}).of)
	if err != nil {
		return d, err
	}
	d = Declared{Sellers: s.Sellers, Endpoints: s.Endpoints, Provisioners: s.Provisioners}
	for _, t := range s.Tokens {
		x := s.Seller(t.Seller)
		if x == nil {
			continue
		}
		if t.Name == "" {
			x.APITokens = append(x.APITokens, Secret(t.Digest))
			continue
		}
		token := Token{Name: t.Name, Secret: Secret(t.Digest), Queues: t.Queues}
		for _, scope := range t.Scopes {
			token.Scopes = append(token.Scopes, string(scope))
		}
		x.Tokens = append(x.Tokens, token)
	}
	return d, nil
}

var zero time.Time
