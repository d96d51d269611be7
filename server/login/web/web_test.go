// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"strings"
	"testing"
)

// TestBothEntrances: an app that asks, and a tile that is clicked, by OAuth 2.0 and by CAS, with and without a tenant that is known.
func TestBothEntrances(t *testing.T) {
	for _, appID := range []string{oauth, cas} {
		t.Run(appID, func(t *testing.T) {
			r := newRig(t)
			b := r.browser()
			b.opens(r.asks(appID, ask{})).logsIn("zhangsan01", bright).wants("app /callback")
			if got := r.session(appID); got != "zhangsan01 of "+bright {
				t.Error(got)
			}
			// The browser has a session now: the app's next login shows no page.
			b.opens(r.asks(appID, ask{})).wants("app /callback")
			// And another app asks for another tenant, at the tenant's own centre.
			b = r.browser()
			b.opens(r.asks(appID, ask{hint: "sunqi05@crane"}))
			b.sends("account", "sunqi05", "password", password).wants("app /callback")
			if got := r.session(appID); got != "sunqi05 of "+crane {
				t.Error(got)
			}
			// A tile: nobody here has begun it, so the person is asked, and then led to where the app begins its own login.
			b = r.browser()
			b.clicks(acme, "zhangsan01", appID).wants("200 /confirm")
			if !strings.Contains(b.body, "zhangsan01") || !strings.Contains(b.body, "甲方制造") || strings.Contains(b.at.String(), "code=") {
				t.Error(b.at, b.body)
			}
			b.sends("choice", "continue").wants("app /initiate")
			if got := r.session(appID); got != "zhangsan01 of "+acme || b.at.Query().Get("iss") != r.issuer || b.at.Query().Get("login_hint") != acme {
				t.Error(got, b.at)
			}
			b.opens(r.asks(appID, ask{hint: b.at.Query().Get("login_hint")})).wants("app /callback")
		})
	}
}
