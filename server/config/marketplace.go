// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/koogallery/sign"
)

// Marketplace is how a seller reaches the open APIs.
type Marketplace struct {
	Site          openapi.Site  `koanf:"site"`     // cn, intl or eu
	BaseURL       string        `koanf:"base_url"` // instead of site
	AccessKey     string        `koanf:"access_key"`
	SecretKey     Secret        `koanf:"secret_key"`
	SecretKeyFile string        `koanf:"secret_key_file"`
	UsageKey      Secret        `koanf:"usage_key"` // signs usage pushes; the first key of the seller's first endpoint when empty
	UsageKeyFile  string        `koanf:"usage_key_file"`
	NoFallback    []openapi.API `koanf:"no_fallback"` // interfaces that never go to the fallback host; empty means that all do
	UsageSpans    string        `koanf:"usage_spans"` // of records that share a window: apart (default) or shared
}

// The choices of usage_spans; the first is the default.
const SpansApart, SpansShared = "apart", "shared"

// Credentials are the seller's AK and SK.
func (m Marketplace) Credentials() sign.Credentials {
	return sign.Credentials{AccessKey: m.AccessKey, SecretKey: m.SecretKey.Reveal()}
}

func (m Marketplace) check(f *findings, at string) {
	switch {
	case !f.sound(at+".site", at+".base_url"):
	case (m.Site == "") == (m.BaseURL == ""):
		f.add(at, msgSite)
	case m.Site != "" && m.Site.BaseURL() == "":
		f.add(at+".site", msgChoice, m.Site, "cn, intl, eu")
	case m.BaseURL != "" && !usableBase(m.BaseURL):
		f.add(at+".base_url", msgBaseURL)
	}
	f.choice(at+".usage_spans", m.UsageSpans, SpansApart, SpansShared)
	for k, api := range m.NoFallback {
		if !api.Known() {
			f.add(fmt.Sprintf("%s.no_fallback[%d]", at, k), msgChoice, api, fmt.Sprint(openapi.APIs()))
		}
	}
	if m.AccessKey == "" {
		f.add(at+".access_key", msgRequired, "AK")
	}
	if m.SecretKey == "" {
		f.add(at+".secret_key", msgRequired, "SK")
	}
	if m.AccessKey == "" || m.SecretKey == "" || m.BaseURL != "" && !usableBase(m.BaseURL) {
		return
	}
	// The client decides which keys can sign.
	probe := openapi.Config{BaseURL: "https://localhost", Credentials: m.Credentials(), Now: func() time.Time { return time.Time{} }}
	if _, err := openapi.New(probe); err != nil {
		f.add(at+".access_key", msgToken)
	}
}

// usableBase mirrors what the client accepts.
func usableBase(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Opaque != "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return false
	}
	addr, err := netip.ParseAddr(u.Hostname())
	loopback := strings.EqualFold(u.Hostname(), "localhost") || err == nil && addr.IsLoopback()
	return u.Scheme == "https" || u.Scheme == "http" && loopback
}

// reachable says whether a text is an address of http or https to which paths can be added.
func reachable(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && u.User == nil && u.RawQuery == "" && !u.ForceQuery && u.Fragment == ""
}
