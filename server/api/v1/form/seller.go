// SPDX-License-Identifier: Apache-2.0

package form

import (
	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/server/seller"
)

// SellerSettings shows how a seller reaches the marketplace, with the secrets that m has.
func SellerSettings(m seller.Marketplace) *koogatev1.SellerSettings {
	s := &koogatev1.SellerSettings{
		Site: string(m.Site), BaseUrl: m.BaseURL, AccessKey: m.AccessKey, SecretKey: m.SecretKey.Reveal(), UsageKey: m.UsageKey.Reveal(), UsageSpans: m.UsageSpans,
	}
	for _, api := range m.NoFallback {
		s.NoFallback = append(s.NoFallback, string(api))
	}
	return s
}

// Seller reads how a seller reaches the marketplace; which values are valid is the settings' check to tell.
func Seller(s *koogatev1.SellerSettings) seller.Marketplace {
	m := seller.Marketplace{
		Site: openapi.Site(s.GetSite()), BaseURL: s.GetBaseUrl(), AccessKey: s.GetAccessKey(), SecretKey: seller.Secret(s.GetSecretKey()),
		UsageKey: seller.Secret(s.GetUsageKey()), UsageSpans: s.GetUsageSpans(),
	}
	for _, name := range s.GetNoFallback() {
		m.NoFallback = append(m.NoFallback, openapi.API(name))
	}
	return m
}
