// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"fmt"
	"html"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/koogate/koogate/koogallery/authcentre"
	"github.com/koogate/koogate/koogallery/authcentre/conduct"
	"github.com/koogate/koogate/server/login/logintest"
	"github.com/koogate/koogate/server/login/registry"
	"github.com/koogate/koogate/server/login/session"
	"github.com/koogate/koogate/server/login/web"
	"github.com/koogate/koogate/server/login/words"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/store"
)

// centreFaults are the errors of the authentication centre's documents (kit §B.5 to §B.8), and the ways in which a centre fails, with the
// fault that each is for the login and the call that it shows at.
var centreFaults = []struct {
	app, kind   string
	point       conduct.Point
	status      int
	fault, call string
}{
	{oauth, "invalid-code", "token", 400, "CODE_REFUSED", "token"},
	{oauth, "client-mismatch", "token", 502, "CLIENT_MISMATCH", "token"},
	{oauth, "bad-client", "token", 502, "CLIENT_REFUSED", "token"},
	{oauth, "forbidden", "token", 502, "FORBIDDEN", "token"},
	{oauth, "unavailable", "token", 502, "BUSY", "token"},
	{oauth, "slow", "token", 504, "TIMEOUT", "token"},
	{oauth, "cut", "token", 502, "UNREACHABLE", "token"},
	{oauth, "huge", "token", 502, "MALFORMED", "token"},
	{oauth, "unauthorized", "userinfo", 400, "TOKEN_REFUSED", "userinfo"},
	{oauth, "unavailable", "userinfo", 502, "BUSY", "userinfo"},
	{oauth, "slow", "userinfo", 504, "TIMEOUT", "userinfo"},
	{oauth, "cut", "userinfo", 502, "UNREACHABLE", "userinfo"},
	{cas, "invalid-ticket", "validate", 400, "TICKET_REFUSED", "validate"},
	{cas, "invalid-service", "validate", 502, "SERVICE_REFUSED", "validate"},
	{cas, "invalid-request", "validate", 502, "REQUEST_REFUSED", "validate"},
	{cas, "internal-error", "validate", 502, "BUSY", "validate"},
	{cas, "unavailable", "validate", 502, "BUSY", "validate"},
	{cas, "slow", "validate", 504, "TIMEOUT", "validate"},
	{cas, "cut", "validate", 502, "UNREACHABLE", "validate"},
}

// TestEveryErrorOfTheCentre: each leads to a page in both languages that says what happened and what to do, to steps that say where, and to a
// trace whose one failed call is the one that failed. The next login goes well.
func TestEveryErrorOfTheCentre(t *testing.T) {
	for _, c := range centreFaults {
		t.Run(c.kind+" at "+string(c.point), func(t *testing.T) {
			t.Parallel()
			for _, lang := range []string{words.Chinese, words.English} {
				r := newRig(t)
				r.fault(authcentre.Fault{Kind: c.kind, Point: c.point, Times: 1, Delay: "3s"})
				b := r.browser()
				b.lang = lang
				r.spans.Reset()
				b.opens(r.asks(c.app, ask{})).logsIn("sunqi05", crane).wants(fmt.Sprintf("%d %s", c.status, c.fault))
				f := words.Of(c.fault)
				for _, text := range []string{f.What.In(lang), f.Do.In(lang), f.Staff.In(lang)} {
					if !strings.Contains(html.UnescapeString(b.body), text) {
						t.Errorf("%s: the page does not say %q", lang, text)
					}
				}
				if !strings.Contains(b.body, `<html lang="`+lang+`">`) || b.header.Get("Content-Language") != lang {
					t.Errorf("the page is not in %s", lang)
				}
				r.failedAt(c.call, c.fault)
				if got := strings.Join(r.counted, ", "); got != "APP "+c.fault {
					t.Errorf("counted %s", got)
				}
				r.browser().opens(r.asks(c.app, ask{})).logsIn("sunqi05", crane).wants("app /callback")
			}
		})
	}
}

// failedAt compares the last login's steps and its trace.
func (r *rig) failedAt(call, fault string) {
	r.t.Helper()
	page, err := r.store.ListLoginRequests(r.t.Context(), store.ListQuery{Seller: logintest.Seller, Desc: true, Limit: 1})
	r.world.Must(err)
	q := page[0]
	steps := session.Steps(&q)
	last := steps[len(steps)-1]
	at := map[string]session.StepName{"token": session.StepToken, "userinfo": session.StepPerson, "validate": session.StepPerson}[call]
	if q.Step != store.LoginFailed || q.Reason != fault || last.Name != at || last.Fault != fault || last.Host == "" {
		r.t.Errorf("%s %s, %+v", q.Step, q.Reason, last)
	}
	var failed []string
	traces := make(map[trace.TraceID]bool)
	roots := 0
	for _, s := range r.spans.GetSpans() {
		traces[s.SpanContext.TraceID()] = true
		if s.Status.Code == codes.Error {
			failed = append(failed, s.Name+": "+s.Status.Description)
		}
		if s.Name == telemetry.LoginName {
			roots++
			if s.Parent.IsValid() || !s.StartTime.Equal(q.CreatedAt) {
				r.t.Errorf("the root has a parent, or begins at %s", s.StartTime)
			}
		}
	}
	slices.Sort(failed)
	if len(traces) != 1 || roots != 1 || !slices.Contains(failed, "centre "+call+": "+fault) || len(failed) != 2 {
		r.t.Errorf("%d traces, %d roots, failed spans %q", len(traces), roots, failed)
	}
}

// TestEveryPageInBothLanguages: no key is left unsaid, and the language stays what the person has chosen.
func TestEveryPageInBothLanguages(t *testing.T) {
	r := newRig(t)
	r.settings(oauth, func(s *store.LoginSettings) { s.PostLogoutURIs = []string{app + "/bye"} })
	a, err := r.store.LoginApplication(t.Context(), oauth)
	r.world.Must(err)
	trial, err := r.book.Begin(t.Context(), &a, store.LoginByTrial, nil)
	r.world.Must(err)
	b := r.browser()
	pages := []func(){
		func() { b.opens(r.asks(oauth, ask{choose: true})).wants("200 /tenant") },
		func() { b.sends("choice", "code", "code", "nobody").wants("404 /tenant") },
		func() { b.opens(r.unused(oauth, "sunqi05", crane)).wants("200 /confirm") },
		func() { b.sends("choice", "no").wants("200 DECLINED") },
		func() { b.opens(registry.TrialURL(r.issuer, trial.ID)).wants("200 /try/" + trial.ID) },
		func() {
			b.opens(r.asks(oauth, ask{hint: crane}))
			b.sends("account", "sunqi05", "password", password).wants("app /callback")
		},
		func() { b.opens(web.LogoutURL(r.issuer, oauth, "")).wants("200 /logout") },
		func() { b.sends().wants("200 LOGGED_OUT") },
		func() { b.opens(r.issuer + "/").wants("404 PAGE_UNKNOWN") },
	}
	for _, lang := range []string{words.English, words.Chinese} {
		b = r.browser()
		b.opens(r.issuer + "/?lang=" + lang)
		b.lang = "fr"
		for i, page := range pages {
			page()
			if strings.HasPrefix(b.at.String(), app) {
				continue
			}
			if !strings.Contains(b.body, `<html lang="`+lang+`">`) {
				t.Errorf("page %d is not in %s:\n%s", i, lang, b.body)
			}
			if key := regexp.MustCompile(`>(tenant|confirm|logout|trial|code)[A-Z][a-zA-Z]+<`).FindString(b.body); key != "" {
				t.Errorf("page %d says %q", i, key)
			}
			h := b.header
			if h.Get("Cache-Control") != "no-store" || h.Get("Referrer-Policy") != "no-referrer" || !strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
				t.Errorf("page %d: %v", i, h)
			}
		}
	}
}

// TestNothingThatIsTypedIsCode: names and texts of others are shown as texts.
func TestNothingThatIsTypedIsCode(t *testing.T) {
	const code = `"><script>alert(1)</script>`
	r := newRig(t)
	for _, address := range []string{
		"/callback/" + oauth + "?tenant=" + crane + "&error=" + code, "/login?request=" + code, "/start/" + code, "/?lang=" + code,
		"/callback/" + oauth + "?code=1&state=" + code, "/logout?client_id=" + oauth + "&post_logout_redirect_uri=" + code, "/logout?client_id=" + code,
	} {
		b := r.browser()
		u := r.issuer + strings.ReplaceAll(strings.ReplaceAll(address, `"`, "%22"), " ", "%20")
		b.do(http.MethodGet, u, nil)
		if strings.Contains(b.body, "<script") {
			t.Errorf("%s: %s", address, b.body)
		}
	}
	b := r.browser()
	b.opens(r.asks(oauth, ask{choose: true}))
	b.sends("choice", "code", "code", code).wants("404 /tenant")
	if strings.Contains(b.body, "<script") || !strings.Contains(b.body, html.EscapeString(code)) {
		t.Error(b.body)
	}
}
