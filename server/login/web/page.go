// SPDX-License-Identifier: Apache-2.0

package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/koogate/koogate/koogallery/wiretime"
	"github.com/koogate/koogate/server/login/words"
	"github.com/koogate/koogate/server/telemetry"
)

//go:embed assets
var assets embed.FS

// pagePolicy allows our own style sheet and nothing else. It says nothing of form-action: browsers would hold the redirect behind a form to it,
// which leads to the centre or to the app.
const pagePolicy = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'"

var style = mustRead("assets/login.css")

func mustRead(name string) []byte {
	b, err := assets.ReadFile(name)
	if err != nil {
		panic(err) // it is embedded
	}
	return b
}

// styleName changes with the style sheet, which browsers may keep for good.
func styleName() string {
	sum := sha256.Sum256(style)
	return "login-" + hex.EncodeToString(sum[:6]) + ".css"
}

func (s *Site) style(v *visit) {
	h := v.w.Header()
	h.Set("Content-Type", "text/css; charset=utf-8")
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = v.w.Write(style)
}

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"clock": func(t time.Time) string { return t.In(wiretime.Beijing()).Format(time.DateTime) },
	"t":     func(string) string { return "" }, // replaced for each page by its language's
}).ParseFS(assets, "assets/*.html"))

// shown is what every template gets.
type shown struct {
	Lang, Other, Here string // the language, the other one, and where this page is in it; Here is empty where it cannot be asked for again
	Style, Title      string
	Data              any
}

// page renders a template.
func (v *visit) page(status int, name string, data any) {
	other := words.English
	if v.lang == words.English {
		other = words.Chinese
	}
	here := ""
	if v.r.Method == http.MethodGet && !strings.HasPrefix(v.r.URL.Path, "/callback/") { // what was brought is not brought again
		u := url.URL{Path: v.r.URL.Path}
		q := v.r.URL.Query()
		q.Set("lang", other)
		u.RawQuery = q.Encode()
		here = u.RequestURI()
	}
	title := ""
	if v.app != nil {
		title = v.app.Name
	}
	var b bytes.Buffer
	page, err := templates.Clone()
	if err == nil {
		page.Funcs(template.FuncMap{"t": func(key string) string { return words.Text(key).In(v.lang) }})
		err = page.ExecuteTemplate(&b, name+".html", shown{v.lang, other, here, styleName(), title, data})
	}
	if err != nil { // a template that its own test has not met
		v.s.Log.ErrorContext(v.ctx, "a page of the login cannot be made", slog.String("page", name), slog.Any("error", err))
		http.Error(v.w, "the page cannot be shown", http.StatusInternalServerError)
		return
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.Header().Set("Content-Language", v.lang)
	v.w.WriteHeader(status)
	_, _ = v.w.Write(b.Bytes())
}

// language is that of a browser: what it has chosen, what it prefers, or Chinese.
func (v *visit) language() string {
	known := func(lang string) bool { return lang == words.Chinese || lang == words.English }
	if chosen := v.r.URL.Query().Get("lang"); known(chosen) {
		v.keep(langCookie, chosen, tenantLife)
		return chosen
	}
	if chosen := v.cookie(langCookie); known(chosen) {
		return chosen
	}
	for part := range strings.SplitSeq(v.r.Header.Get("Accept-Language"), ",") {
		switch part = strings.ToLower(strings.TrimSpace(part)); {
		case strings.HasPrefix(part, words.Chinese):
			return words.Chinese
		case strings.HasPrefix(part, words.English):
			return words.English
		}
	}
	return words.Chinese
}

// faultPage is what the page of a fault shows.
type faultPage struct {
	What, Do, Staff string
	Code, Login     string
	Now             time.Time
	Again           string // where to log in again; empty where that does not help
	Good            bool   // nothing went wrong
}

// fail shows a fault, and marks the visit's span with it. It changes no request.
func (v *visit) fail(fault string) { v.shown(fault, statusOf(fault)) }

func (v *visit) shown(fault string, status int) {
	f := words.Of(fault)
	p := faultPage{
		What: f.What.In(v.lang), Do: f.Do.In(v.lang), Staff: f.Staff.In(v.lang), Code: fault, Login: v.loginID(), Now: v.s.Clock.Now(),
		Good: status < http.StatusBadRequest,
	}
	if v.span != nil && !p.Good {
		telemetry.Fail(v.span, fault)
	}
	if v.app != nil && f.Again && (v.app.Settings.InitiateURI != "" || v.app.Settings.TicketURI != "") {
		p.Again = "/start/" + url.PathEscape(v.app.AppID)
	}
	v.page(status, "fault", p)
}

// nothing is the front page, which there is none of.
func (s *Site) nothing(v *visit) { v.fail(words.PageUnknown) }
