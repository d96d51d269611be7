// SPDX-License-Identifier: Apache-2.0

package openapi

// Site names one of the marketplace's sites (open-apis §1.1).
type Site string

// The documented sites.
const (
	SiteCN   Site = "cn"   // China
	SiteIntl Site = "intl" // International
	SiteEU   Site = "eu"   // Europe
)

// BaseURL returns the documented address of the site, or "" for an unknown one.
func (s Site) BaseURL() string {
	switch s {
	case SiteCN:
		return "https://mkt.myhuaweicloud.com"
	case SiteIntl:
		return "https://mkt-intl.myhuaweicloud.com"
	case SiteEU:
		return "https://mkt.myhuaweicloud.eu"
	default:
		return ""
	}
}

// FallbackURL returns the address to use when the site's own domain is
// unavailable, or "" if there is none. Only the China site has one: the
// international page names a China host, which is taken for a slip.
func (s Site) FallbackURL() string {
	if s == SiteCN {
		return "https://mkt.myhuaweicloud.cn"
	}
	return ""
}
