// SPDX-License-Identifier: Apache-2.0

package authcentre

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/koogate/koogate/koogallery/wiretime"
)

//go:embed assets
var assets embed.FS

// pagePolicy allows our own style sheet and script, and nothing else. It says nothing of form-action: browsers would hold the redirect
// behind a login to it, which leads to the seller.
const pagePolicy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"clock": func(t time.Time) string { return t.In(wiretime.Beijing()).Format(time.DateTime) },
	"t":     func(string) string { return "" }, // replaced for each page by its language's
	"both":  func(any) string { return "" },
}).ParseFS(assets, "assets/*.html"))

// shown is what every template gets.
type shown struct {
	Lang, Other string // and the other language
	Here        string // the address, for the link to the other language
	Now         time.Time
	Data        any
}

// page renders a template.
func (c *Centre) page(q *call, status int, name string, data any) answer {
	return render(q.r, q.lang, q.now, status, name, data)
}

func render(r *http.Request, lang string, now time.Time, status int, name string, data any) answer {
	other := english
	if lang == english {
		other = chinese
	}
	here := *r.URL
	query := here.Query()
	query.Set("lang", other)
	here.RawQuery = query.Encode()
	if r.Method != http.MethodGet || documented(r.URL.Path) {
		here = url.URL{} // what was asked for is not asked again
	}
	var b bytes.Buffer
	page, err := templates.Clone()
	if err == nil {
		page.Funcs(template.FuncMap{
			"t":    func(key string) string { return sentence(key, lang) },
			"both": func(v interface{ In(string) string }) string { return v.In(lang) },
		})
		err = page.ExecuteTemplate(&b, name+".html", shown{lang, other, here.RequestURI(), now, data})
	}
	if err != nil { // a template that its own test has not met
		return answer{status: http.StatusInternalServerError, kind: textKind, body: []byte("the page cannot be shown: " + err.Error())}
	}
	a := answer{status: status, kind: htmlKind, body: b.Bytes()}
	if asked := r.URL.Query().Get("lang"); asked == chinese || asked == english {
		a.cookies = []*http.Cookie{newCookie(r, langCookie, asked, 0)}
	}
	return a
}

const langCookie = "centre-lang"

// newCookie is a cookie until the browser ends, or one that ends now if maxAge is negative.
func newCookie(r *http.Request, name, value string, maxAge int) *http.Cookie {
	return &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: maxAge, SameSite: http.SameSiteLaxMode, HttpOnly: true, Secure: r.TLS != nil} //nolint:gosec // loopback may be without TLS
}

// language is that of a browser: what it has chosen, what it prefers, or the centre's.
func (c *Centre) language(r *http.Request) string {
	chosen := r.URL.Query().Get("lang")
	if cookie, err := r.Cookie(langCookie); chosen == "" && err == nil {
		chosen = cookie.Value
	}
	if chosen == chinese || chosen == english {
		return chosen
	}
	for _, part := range strings.Split(r.Header.Get("Accept-Language"), ",") {
		switch part = strings.ToLower(strings.TrimSpace(part)); {
		case strings.HasPrefix(part, chinese):
			return chinese
		case strings.HasPrefix(part, english):
			return english
		}
	}
	return c.cfg.Language
}

// errorPage says what is wrong and what to do.
func (c *Centre) errorPage(q *call, status int, key string) answer {
	if q.step.Error == "" {
		q.step.Error = sentence(key, english)
	}
	if q.then == "" && q.step.Login != 0 {
		q.then = "REFUSED"
	}
	return c.page(q, status, "error", struct{ Key string }{key})
}

// absolute says whether an address may be led to.
func absolute(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https") && !strings.ContainsFunc(address, func(r rune) bool { return r < ' ' || r == 0x7f })
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
