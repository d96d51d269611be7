// SPDX-License-Identifier: Apache-2.0

package pages

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"strconv"
	"time"

	"github.com/koogate/koogate/koogallery/clock"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/simulator/billing"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/simulator/market"
	"github.com/koogate/koogate/koogallery/wiretime"
)

const (
	pageRows = 100
	patience = 4 * time.Second // of a browser that has started something
)

//go:embed page.html
var pageText string

//go:embed page.css
var pageStyle string

// pageTemplate and pagePolicy are fixed by the embedded files: the policy allows
// that one style sheet and forms to this origin, and nothing else.
var (
	pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
		"clock":   func(t time.Time) string { return t.In(wiretime.Beijing()).Format(time.DateTime) },
		"explain": billing.CodeText,
		"label":   label,
	}).Parse(pageText))
	pagePolicy = "default-src 'none'; style-src 'sha256-" + styleHash(pageStyle) +
		"'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

func styleHash(style string) string {
	sum := sha256.Sum256([]byte(style))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// pageData is what the template shows.
type pageData struct {
	Style    template.CSS
	Facade   string
	Now      time.Time
	Shelf    market.Shelf
	Limit    int
	Kinds    []catalogue.Kind
	Families []judge.Family
	Orders   []market.Order
	Messages []market.Message
	Usage    []billing.Record
	Bills    []billing.Bill
	Packages []billing.PackageUse
	Requests []market.Request
}

func (s *Pages) page(w http.ResponseWriter, r *http.Request) {
	data := pageData{
		Style:    template.CSS(pageStyle), //nolint:gosec // embedded, no input
		Facade:   s.cfg.Facade,
		Now:      s.cfg.Clock.Now(),
		Shelf:    s.market.Shelf(),
		Limit:    market.MaxFailedOrders,
		Kinds:    catalogue.Kinds(),
		Families: judge.Families(),
		Orders:   s.market.Orders(pageRows),
		Messages: s.market.Messages(pageRows),
		Usage:    s.market.UsageRecords("", pageRows),
		Bills:    s.market.Bills("", pageRows),
		Packages: s.market.PackageUses(),
		Requests: s.market.Requests(pageRows),
	}
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, data); err != nil {
		s.cfg.Log.ErrorContext(r.Context(), "page", "err", err)
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	_, _ = b.WriteTo(w)
}

// postRestart is the button 重新启动 of a row.
func (s *Pages) postRestart(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	id, err := strconv.ParseInt(r.PostFormValue("message"), 10, 64)
	if err != nil {
		http.Error(w, "want message, a number", http.StatusBadRequest)
		return
	}
	done, err := s.background(func(ctx context.Context) {
		if _, err := s.market.RestartMessage(ctx, id); err != nil {
			s.cfg.Log.WarnContext(ctx, "restart", "message", id, "err", err)
		}
	})
	s.back(w, r, done, err)
}

// postPlace is the form that places an order; without a family it is one of SaaS
// V2.0.
func (s *Pages) postPlace(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	_, done, err := s.start(r.PostFormValue("family"), r.PostFormValue("kind"))
	s.back(w, r, done, err)
}

// back returns to the page when the work is done, or when the browser has waited
// long enough: the work itself goes on.
func (s *Pages) back(w http.ResponseWriter, r *http.Request, done <-chan struct{}, err error) {
	if err != nil {
		writeProblem(w, err)
		return
	}
	ctx, cancel := clock.WithTimeout(r.Context(), s.cfg.Clock, patience)
	defer cancel()
	select {
	case <-done:
	case <-ctx.Done():
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
