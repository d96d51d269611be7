// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"slices"
)

// The values of the dev mode. They are in the documentation, so they protect nothing.
const (
	DemoAccessKey     = "koogate-demo-access-key"
	DemoKitKey        = "koogate-demo-kit-key"
	DemoAK            = "koogate-demo-ak"
	DemoSK            = "koogate-demo-sk"
	DemoToken         = "koogate-demo-token"
	DemoWebhookSecret = "whsec_a29vZ2F0ZS1kZW1vLXdlYmhvb2stc2VjcmV0" // koogate-demo-webhook-secret
)

// The shortest secrets that are let into production, in characters.
const (
	minKey   = 16 // keys that the marketplace makes
	minToken = 32 // tokens that we make
)

// Weak returns the secrets that must not be used in production: the public demo values, short ones, and those that every
// account of the machine can read. `koogate serve` refuses to start with any; New does not look, because the dev mode runs on them.
func (c *Config) Weak() []Problem {
	f := findings{origin: c.origin}
	c.checkOpen(&f)
	demo := []string{DemoAccessKey, DemoKitKey, DemoAK, DemoSK, DemoToken, DemoWebhookSecret}
	check := func(path, value string, shortest int) {
		switch {
		case slices.Contains(demo, value):
			f.add(path, msgDemo)
		case value != "" && len(value) < shortest:
			f.add(path, msgShort, len(value), shortest)
		}
	}
	for i, s := range c.Sellers {
		at := fmt.Sprintf("sellers[%d]", i)
		for k, token := range s.Tokens {
			check(fmt.Sprintf("%s.tokens[%d].secret", at, k), token.Secret.Reveal(), minToken)
		}
		for k, token := range s.APITokens {
			check(fmt.Sprintf("%s.api_tokens[%d]", at, k), token.Reveal(), minToken)
		}
		check(at+".marketplace.access_key", s.Marketplace.AccessKey, 0)
		check(at+".marketplace.secret_key", s.Marketplace.SecretKey.Reveal(), minKey)
	}
	for i, e := range c.Endpoints {
		for k, key := range e.Keys {
			check(fmt.Sprintf("endpoints[%d].keys[%d]", i, k), key.Reveal(), minKey)
		}
		for k, key := range e.KitKeys {
			check(fmt.Sprintf("endpoints[%d].kit_keys[%d]", i, k), key.Reveal(), minKey)
		}
	}
	for i, p := range c.Provisioners {
		for k, secret := range p.Webhook.Secrets {
			check(fmt.Sprintf("provisioners[%d].webhook.secrets[%d]", i, k), secret.Reveal(), 0) // checkHook knows how long it must be
		}
	}
	return f.list
}
