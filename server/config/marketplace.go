// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/koogate/koogate/koogallery/openapi"
)

// The choices of usage_spans; the first is the default.
const (
	SpansApart  = "apart"
	SpansShared = "shared"
)

func checkMarketplace(f *findings, m Marketplace, at string) {
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
