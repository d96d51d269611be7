// SPDX-License-Identifier: Apache-2.0

package authcentre

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/koogate/koogate/koogallery/authcentre/conduct"
	"github.com/koogate/koogate/koogallery/authcentre/world"
	"github.com/koogate/koogate/koogallery/checker/rule"
)

// maxBody bounds a form, in bytes.
const maxBody = 64 << 10

// call is one exchange under way. Handlers run while the centre's lock is held, and touch nothing of the network.
type call struct {
	r       *http.Request
	t       *world.Tenant // nil where the address belongs to none
	now     time.Time
	query   url.Values
	form    url.Values // of the body
	badForm string     // why there is no form
	lang    string
	effect  effect

	step conduct.Step
	then conduct.State // of the login, after the step
}

// answer is what a handler wants to be sent.
type answer struct {
	status   int
	kind     string // Content-Type
	body     []byte
	location string
	cookies  []*http.Cookie
	public   bool // may be kept by the browser
}

// handler answers a call.
type handler func(c *Centre, q *call) answer

const (
	jsonKind = "application/json;charset=UTF-8"
	xmlKind  = "application/xml;charset=UTF-8"
	textKind = "text/plain;charset=UTF-8"
	htmlKind = "text/html; charset=utf-8"
	formKind = "application/x-www-form-urlencoded"
)

// serve makes one exchange. tenantID is empty where the address belongs to all.
func (c *Centre) serve(w http.ResponseWriter, r *http.Request, point conduct.Point, tenantID string, h handler) {
	q := &call{r: r, query: r.URL.Query(), form: url.Values{}, step: conduct.Step{Point: point, Method: r.Method}}
	q.readForm(w)
	c.send(w, r, &q.effect, c.handle(q, tenantID, h))
}

// handle finds the answer and notes the step.
func (c *Centre) handle(q *call, tenantID string, h handler) answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	q.now, q.lang = c.now(), c.language(q.r)
	q.t = c.tenant(tenantID)
	if q.t != nil {
		q.step.TenantID = q.t.TenantID
	}
	if q.step.Point == conduct.PointToken && q.form.Get("grant_type") == "refresh_token" {
		q.step.Point = conduct.PointRefresh
	}
	q.effect = c.takeFaults(tenantID, q.step.Point)
	var a answer
	if q.effect.answer != nil {
		a = *q.effect.answer
	} else {
		a = h(c, q)
	}
	q.effect.alter(&a)
	q.step.At, q.step.Status, q.step.Fault = q.now, a.status, strings.Join(q.effect.kinds, ", ")
	if q.effect.cut {
		q.step.Status = 0
	}
	c.journal.Add(q.step, q.then)
	return a
}

// readForm reads the body of a POST.
func (q *call) readForm(w http.ResponseWriter) {
	if q.r.Method != http.MethodPost {
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, q.r.Body, maxBody))
	if err != nil {
		q.badForm = "the body cannot be read"
		if errors.As(err, new(*http.MaxBytesError)) {
			q.badForm = "the body is too long"
		}
		return
	}
	kind, _, _ := strings.Cut(q.r.Header.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(kind), formKind) {
		q.badForm = "the body is " + clip(kind) + " instead of a form"
		if kind == "" {
			q.badForm = "the body has no Content-Type"
		}
		return
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		q.badForm = "the form cannot be read"
		return
	}
	q.form = form
}

// clip bounds what strangers have written.
func clip(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	if len(text) > 100 {
		text = strings.ToValidUTF8(text[:100], "") + "…"
	}
	return text
}

// broke notes that the call breaks a rule.
func (c *Centre) broke(q *call, id, zh, en string, values ...any) {
	tenant := ""
	if q.t != nil {
		tenant = q.t.TenantID
	}
	c.journal.Break(q.now, id, q.step.Login, tenant, say(zh, en, values...))
}

func say(zh, en string, values ...any) rule.Text { return rule.Say(zh, en, values...) }

// of assigns the call to the login of a grant.
func (q *call) of(g *grant) {
	q.step.Login, q.step.AppID, q.step.UserName = g.login, g.appID, g.userName
}

// send writes an answer, as faults want it.
func (c *Centre) send(w http.ResponseWriter, r *http.Request, e *effect, a answer) {
	if e.delay > 0 {
		timer := c.cfg.Clock.NewTimer(e.delay)
		defer timer.Stop()
		select {
		case <-timer.C():
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		}
	}
	h := w.Header()
	h.Set("Content-Type", a.kind)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	if !a.public {
		h.Set("Cache-Control", "no-store")
	}
	if a.kind == htmlKind {
		h.Set("Content-Security-Policy", pagePolicy)
	}
	for _, cookie := range a.cookies {
		http.SetCookie(w, cookie)
	}
	if a.location != "" {
		h.Set("Location", a.location)
	}
	if e.cut {
		h.Set("Content-Length", "1000000") // which never come
	}
	w.WriteHeader(a.status)
	if e.cut {
		_, _ = w.Write(a.body[:len(a.body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(a.body)
	if e.huge {
		blanks := bytes.Repeat([]byte(" "), 64<<10)
		for range hugeBody / len(blanks) {
			if _, err := w.Write(blanks); err != nil {
				return
			}
		}
	}
}

// redirect answers with another address.
func redirect(to string) answer {
	return answer{status: http.StatusFound, kind: textKind, location: to}
}

// object answers with JSON.
func object(status int, v any) answer {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // structs of texts and numbers
	return answer{status: status, kind: jsonKind, body: bytes.TrimSuffix(b.Bytes(), []byte("\n"))}
}

// failure is the form of errors (kit §B.5, §B.6).
type failure struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

// bothFailure is the form of OrgID's errors (kit §B.9).
type bothFailure struct {
	Code    string `json:"error_code"`
	Message string `json:"error_msg"`
	failure
}

// fail answers with an error, in the tenant's form. Whether it is a login's end is then's to say.
func (q *call) fail(status int, code, description string) answer {
	q.step.Error = code
	if q.step.Said == "" {
		q.step.Said = description
	}
	if q.step.Login != 0 && q.then == "" && q.step.Point != conduct.PointRefresh {
		q.then = conduct.Refused
	}
	return failureOf(q.t, status, code, description)
}

func failureOf(t *world.Tenant, status int, code, description string) answer {
	if t != nil && t.Settings.Dialect == world.OrgID {
		return object(status, bothFailure{code, description, failure{code, description}})
	}
	return object(status, failure{code, description})
}

// addTo appends names and values to an address, which stays as it is otherwise. What has no value is left out.
func addTo(address string, pairs ...string) string {
	var b strings.Builder
	b.WriteString(address)
	sign := byte('?')
	if strings.Contains(address, "?") {
		sign = '&'
	}
	for ; len(pairs) >= 2; pairs = pairs[2:] {
		if pairs[1] == "" {
			continue
		}
		b.WriteByte(sign)
		sign = '&'
		b.WriteString(pairs[0])
		b.WriteByte('=')
		b.WriteString(url.QueryEscape(pairs[1]))
	}
	return b.String()
}
