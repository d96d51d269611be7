// SPDX-License-Identifier: Apache-2.0

package web

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/koogate/koogate/server/login/gate"
	"github.com/koogate/koogate/server/login/session"
	"github.com/koogate/koogate/server/login/upstream"
	"github.com/koogate/koogate/server/login/words"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/store"
)

// visit is one request of a browser.
type visit struct {
	s    *Site
	w    http.ResponseWriter
	r    *http.Request
	ctx  context.Context
	lang string
	app  *store.LoginApplication // nil until it is known
	req  *store.LoginRequest     // nil until it is known
	span trace.Span              // of this step of the login; nil before
}

// knows reads the application. It is false when the visit is over.
func (v *visit) knows(appID string) bool {
	a, err := v.s.Store.LoginApplication(v.ctx, appID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		v.fail(words.ApplicationUnknown)
		return false
	case err != nil:
		v.broken(err)
		return false
	}
	v.app = &a
	if a.State != store.LoginEnabled {
		v.fail(string(store.EndApplicationClosed))
		return false
	}
	return true
}

// opens reads a request that is not over, of whichever application, and that this browser has begun. It is false when the visit is over.
func (v *visit) opens(id string) bool {
	r, err := v.s.Book.Open(v.ctx, id)
	switch {
	case errors.Is(err, store.ErrNotFound), errors.Is(err, session.ErrOver):
		v.fail(words.RequestOver)
		return false
	case err != nil:
		v.broken(err)
		return false
	}
	if len(r.Browser) > 0 && !v.isBrowser(r.Browser) {
		v.fail(words.BrowserChanged)
		return false
	}
	v.takes(&r)
	return v.app != nil && v.app.AppID == r.AppID || v.knows(r.AppID)
}

// takes makes a request the visit's, and begins its span.
func (v *visit) takes(r *store.LoginRequest) {
	v.req = r
	if v.span == nil {
		v.ctx, v.span = telemetry.StartLogin(v.ctx, v.s.Tracer, trace.SpanKindServer, "login "+v.r.Method+" "+pathName(v.r), r.ID,
			telemetry.Seller(r.Seller), telemetry.AppID(r.AppID))
	}
}

// pathName is the first part of a path, which the pages have a handful of.
func pathName(r *http.Request) string {
	for i := 1; i < len(r.Pattern); i++ {
		if r.Pattern[i-1] == '/' {
			end := i
			for end < len(r.Pattern) && r.Pattern[end] != '/' {
				end++
			}
			return r.Pattern[i:end]
		}
	}
	return ""
}

// done ends the visit's span.
func (v *visit) done() {
	if v.span != nil {
		v.span.End()
	}
}

// notes writes steps into the visit's request.
func (v *visit) notes(steps ...session.Step) {
	if v.req == nil {
		return
	}
	r, err := v.s.Book.Change(v.ctx, v.req.ID, func(r *store.LoginRequest) error {
		session.Note(r, steps...)
		return nil
	})
	if err == nil {
		v.req = &r
	}
}

func (v *visit) step(name session.StepName) session.Step {
	return session.Step{Name: name, At: v.s.Clock.Now()}
}

// ends ends the visit's request at a step with a fault, and shows the fault.
func (v *visit) ends(at session.StepName, fault, said, host string) {
	v.over(store.LoginFailed, session.Step{Name: at, At: v.s.Clock.Now(), Fault: fault, Said: said, Host: host})
	v.shows(fault)
}

// shows shows the fault with which the visit's request has ended, at an address of its own: it can be looked at again, in another language,
// without the code that the browser was sent here with.
func (v *visit) shows(fault string) {
	if statusOf(fault) >= http.StatusBadRequest {
		telemetry.Fail(v.span, fault)
	}
	v.leads("/ended?request=" + url.QueryEscape(v.req.ID))
}

// ended shows how a login of this browser has ended.
func (s *Site) ended(v *visit) {
	r, err := s.Store.LoginRequest(v.ctx, v.r.URL.Query().Get("request"))
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && (r.Reason == "" || !v.isBrowser(r.Browser)):
		v.fail(words.RequestOver)
		return
	case err != nil:
		v.broken(err)
		return
	}
	v.req = &r
	if a, err := s.Store.LoginApplication(v.ctx, r.AppID); err == nil {
		v.app = &a
	}
	v.fail(r.Reason)
}

// over ends the request, and its trace.
func (v *visit) over(end store.LoginStep, step session.Step) {
	if v.req == nil {
		return
	}
	if err := v.s.Book.Fail(v.ctx, v.req.ID, end, step); err != nil {
		v.s.Log.WarnContext(v.ctx, "the end of a login was not written", slog.String("login", v.req.ID), slog.Any("error", err))
	}
	v.finish(step.Fault, nil)
}

// finish counts the login and sends the root of its trace.
func (v *visit) finish(fault string, orders []string) {
	v.s.Metrics.Login(string(v.req.Entrance), fault)
	telemetry.EndLogin(v.ctx, v.s.Tracer, v.req.Seller, v.req.ID, v.req.CreatedAt, v.s.Clock.Now(), orders, fault,
		telemetry.AppID(v.req.AppID), telemetry.TenantID(v.req.TenantID), telemetry.LoginEntrance(string(v.req.Entrance)))
}

// refused shows why something did not go on, and ends the request at a step: the centre's faults, the gate's refusals, and our own.
func (v *visit) refused(at session.StepName, host string, err error) {
	var f *upstream.Fault
	var no *gate.Refusal
	switch {
	case errors.As(err, &f):
		said := f.Code
		if said == "" && f.Status != 0 {
			said = "HTTP " + strconv.Itoa(f.Status)
		}
		v.ends(at, string(f.Kind), said, host)
	case errors.As(err, &no):
		fault := string(no.Reason)
		switch {
		case no.Unknown:
			fault = words.TenantUnknown
		case no.Unbound:
			fault = words.ClientMissing
		}
		v.over(store.LoginRefused, session.Step{Name: at, At: v.s.Clock.Now(), Fault: fault})
		v.shows(fault)
	default:
		v.broken(err)
	}
}

// statuses are the HTTP statuses of the pages of faults. Those of the directory, which lets somebody not in, are 403.
var statuses = map[string]int{
	words.ApplicationUnknown: http.StatusNotFound, words.NoWayIn: http.StatusNotFound, words.PageUnknown: http.StatusNotFound,
	words.RequestOver: http.StatusGone, words.TooMany: http.StatusTooManyRequests, words.Unavailable: http.StatusServiceUnavailable,
	words.CallbackEmpty: http.StatusBadRequest, words.CallbackRefused: http.StatusBadRequest, words.TenantMissing: http.StatusBadRequest, words.RedirectUnknown: http.StatusBadRequest,
	string(upstream.CodeRefused): http.StatusBadRequest, string(upstream.TicketRefused): http.StatusBadRequest, string(upstream.TokenRefused): http.StatusBadRequest,
	string(upstream.Timeout): http.StatusGatewayTimeout,
	string(upstream.Busy):    http.StatusBadGateway, string(upstream.TLS): http.StatusBadGateway, string(upstream.Unreachable): http.StatusBadGateway,
	string(upstream.Malformed): http.StatusBadGateway, string(upstream.Address): http.StatusBadGateway, string(upstream.ClientRefused): http.StatusBadGateway,
	string(upstream.ClientMismatch): http.StatusBadGateway, string(upstream.Forbidden): http.StatusBadGateway,
	string(upstream.ServiceRefused): http.StatusBadGateway, string(upstream.RequestRefused): http.StatusBadGateway,
	words.Declined: http.StatusOK, string(store.EndLoggedOut): http.StatusOK,
}

func statusOf(fault string) int {
	if status, ok := statuses[fault]; ok {
		return status
	}
	return http.StatusForbidden
}

// broken is a fault of our own. The request stays open: it may go well in a moment.
func (v *visit) broken(err error) {
	v.s.Log.ErrorContext(v.ctx, "a page of the login cannot be served", slog.String("login", v.loginID()), slog.Any("error", err))
	v.fail(words.Unavailable)
}

func (v *visit) loginID() string {
	if v.req == nil {
		return ""
	}
	return v.req.ID
}

// leads sends the browser to another address by a GET.
func (v *visit) leads(to string) {
	http.Redirect(v.w, v.r, to, http.StatusSeeOther) //nolint:gosec // G710: ours, the centre's of a tenant, or one that the application has registered
}

// isBrowser says whether this browser is the one of a digest.
func (v *visit) isBrowser(digest []byte) bool {
	cookie := v.cookie(browserCookie)
	return cookie != "" && subtle.ConstantTimeCompare(session.Digest(cookie), digest) == 1
}

// proof is what a form of a page for this browser has to show.
func (v *visit) proof(about string) string {
	sum := sha256.Sum256([]byte("koogate/login/form\x00" + about + "\x00" + v.cookie(browserCookie)))
	return hex.EncodeToString(sum[:])
}

// proven says whether a form came from a page for this browser, and from this site. It is false when the visit is over.
func (v *visit) proven(about string) bool {
	from := v.r.Header.Get("Sec-Fetch-Site")
	if v.cookie(browserCookie) == "" || from != "" && from != "same-origin" ||
		subtle.ConstantTimeCompare([]byte(v.r.PostFormValue("proof")), []byte(v.proof(about))) != 1 {
		v.fail(words.FormInvalid)
		return false
	}
	return true
}

func seconds(d time.Duration) string { return strconv.Itoa(int(math.Ceil(d.Seconds()))) }
