// SPDX-License-Identifier: Apache-2.0

package seller

import (
	"time"

	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/koogallery/sign"
)

// Seller is one account of the marketplace.
type Seller struct {
	Name          string        `koanf:"name" json:"-"`
	APITokens     []Secret      `koanf:"api_tokens" json:"-"` // bearer tokens of the seller's own systems; several allow rotation
	APITokenFiles []string      `koanf:"api_token_files" json:"-"`
	Tokens        []Token       `koanf:"tokens" json:"-"`                            // bearer tokens with a name and scopes
	Certificates  []Certificate `koanf:"certificates" json:"certificates,omitempty"` // of clients that need no token
	Marketplace   Marketplace   `koanf:"marketplace" json:"marketplace"`

	SecretKeyAt time.Time `json:"-"` // when the secret key was set; zero when there is none, and where nobody asked
	UsageKeyAt  time.Time `json:"-"` // the same of the usage key
}

// Marketplace is how a seller reaches the open APIs.
type Marketplace struct {
	Site          openapi.Site  `koanf:"site" json:"site,omitempty"`         // cn, intl or eu
	BaseURL       string        `koanf:"base_url" json:"base_url,omitempty"` // instead of site
	AccessKey     string        `koanf:"access_key" json:"access_key,omitempty"`
	SecretKey     Secret        `koanf:"secret_key" json:"-"`
	SecretKeyFile string        `koanf:"secret_key_file" json:"-"`
	UsageKey      Secret        `koanf:"usage_key" json:"-"` // signs usage pushes; the first key of the seller's first endpoint when empty
	UsageKeyFile  string        `koanf:"usage_key_file" json:"-"`
	NoFallback    []openapi.API `koanf:"no_fallback" json:"no_fallback,omitempty"` // interfaces that never go to the fallback host; empty means that all do
	UsageSpans    string        `koanf:"usage_spans" json:"usage_spans,omitempty"` // of records that share a window: apart (default) or shared
}

// Credentials are the seller's AK and SK.
func (m Marketplace) Credentials() sign.Credentials {
	return sign.Credentials{AccessKey: m.AccessKey, SecretKey: m.SecretKey.Reveal()}
}
