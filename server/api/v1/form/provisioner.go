// SPDX-License-Identifier: Apache-2.0

package form

import (
	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/seller"
)

// ProvisionerSettings shows who serves a provisioner's tasks.
func ProvisionerSettings(p seller.Provisioner) *koogatev1.ProvisionerSettings {
	m := &koogatev1.ProvisionerSettings{Type: p.Type}
	if t := p.Template; t != (seller.Template{}) {
		m.Template = &koogatev1.ProvisionerTemplate{
			FrontEndUrl: t.FrontEndURL, AdminUrl: t.AdminURL, UserName: t.UserName, Memo: t.Memo, Licence: t.Licence,
		}
	}
	if h := p.Webhook; !h.IsZero() {
		m.Webhook = &koogatev1.ProvisionerWebhook{Url: h.URL, Timeout: duration(h.Timeout), AskAgain: duration(h.AskAgain)}
	}
	return m
}

// Provisioner reads who serves a provisioner's tasks. Errors: INVALID_FIELD.
func Provisioner(m *koogatev1.ProvisionerSettings) (seller.Provisioner, error) {
	r := reading{at: "settings"}
	t, h := m.GetTemplate(), m.GetWebhook()
	return seller.Provisioner{
		Type: m.GetType(),
		Template: seller.Template{
			FrontEndURL: t.GetFrontEndUrl(), AdminURL: t.GetAdminUrl(), UserName: t.GetUserName(), Memo: t.GetMemo(), Licence: t.GetLicence(),
		},
		Webhook: seller.Hook{
			URL: h.GetUrl(), Timeout: r.duration("webhook.timeout", h.GetTimeout()), AskAgain: r.duration("webhook.ask_again", h.GetAskAgain()),
		},
	}, r.err()
}
