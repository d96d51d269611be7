// SPDX-License-Identifier: Apache-2.0

package seller

import "github.com/koogate/koogate/server/access"

// Token is a bearer token that has a name in the records and scopes of its own.
type Token struct {
	Name       string   `koanf:"name" json:"name,omitempty"`
	Secret     Secret   `koanf:"secret" json:"-"`
	SecretFile string   `koanf:"secret_file" json:"-"`
	Scopes     []string `koanf:"scopes" json:"scopes,omitempty"` // what the bearer may do; none means what api_tokens may
	Queues     []string `koanf:"queues" json:"queues,omitempty"` // from which it may lease; none means every queue of workers
}

// Allows lists what the token's bearer may do.
func (t Token) Allows() []access.Scope {
	if len(t.Scopes) == 0 {
		return access.Customary()
	}
	return scopesOf(t.Scopes)
}

func scopesOf(names []string) []access.Scope {
	list := make([]access.Scope, len(names))
	for i, s := range names {
		list[i] = access.Scope(s)
	}
	return list
}

// Certificate is a client's certificate that names its holder, who needs no token. The listener verifies it by its client_ca_file.
type Certificate struct {
	Name    string   `koanf:"name" json:"name,omitempty"`
	Subject string   `koanf:"subject" json:"subject,omitempty"` // a DNS name, URI or mail address of the certificate, or its whole subject by RFC 2253
	Scopes  []string `koanf:"scopes" json:"scopes,omitempty"`   // what the holder may do; one at least
	Queues  []string `koanf:"queues" json:"queues,omitempty"`   // from which it may lease; none means every queue of workers
}

// Allows lists what the certificate's holder may do.
func (c Certificate) Allows() []access.Scope { return scopesOf(c.Scopes) }
