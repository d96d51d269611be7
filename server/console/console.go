// SPDX-License-Identifier: Apache-2.0

package console

import (
	"bytes"
	"context"
	"embed"
	"html/template"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/callers"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/download"
)

//go:embed page.html style.css
var files embed.FS

// pageLimit bounds how long a page is made, Jaeger's answer included.
const pageLimit = 10 * time.Second

// Options are what the console works with.
type Options struct {
	API    grpc.ClientConnInterface // the internal API, which authenticates the caller
	Jaeger string                   // base URL of the Jaeger that has the traces; empty for none
	Client *http.Client             // calls Jaeger
	Clock  clock.Clock
	Log    *slog.Logger
}

// Console makes the pages.
type Console struct {
	Options
	orders    koogatev1.OrderServiceClient
	instances koogatev1.InstanceServiceClient
	tasks     koogatev1.TaskServiceClient
	sanctions koogatev1.SanctionServiceClient
	proofs    koogatev1.EvidenceServiceClient
	pages     *template.Template
	style     []byte

	jaegerPages pagesOfJaeger
}

// New returns a console. Errors: of the pages' own text.
func New(o Options) (*Console, error) {
	c := &Console{
		Options: o, orders: koogatev1.NewOrderServiceClient(o.API), instances: koogatev1.NewInstanceServiceClient(o.API),
		tasks: koogatev1.NewTaskServiceClient(o.API), sanctions: koogatev1.NewSanctionServiceClient(o.API),
		proofs: koogatev1.NewEvidenceServiceClient(o.API),
	}
	c.Jaeger = strings.TrimRight(o.Jaeger, "/")
	var err error
	if c.style, err = files.ReadFile("style.css"); err != nil {
		return nil, err
	}
	// Every page binds t and the times to its own reader before it is executed.
	c.pages, err = template.New("").Funcs(reader{}.functions()).ParseFS(files, "page.html")
	return c, err
}

// Handler serves everything below /console/. A browser asks its user for a name and a password: the password is a bearer token of
// the API, the name may be anything.
func (c *Console) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /console/style.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		_, _ = w.Write(c.style)
	})
	mux.HandleFunc("GET /console/orders/{order}", c.order)
	mux.HandleFunc("GET /console/orders/{order}/evidence", c.evidence)
	mux.HandleFunc("GET /console/standing", c.standing)
	mux.Handle("GET /console/{$}", http.RedirectHandler("/console/standing", http.StatusSeeOther))
	return mux
}

// headers hold the browser to what the pages are: no scripts, no frames, nothing from elsewhere.
func headers(h http.Header) {
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
}

// order serves the page of one order.
func (c *Console) order(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(called(r), pageLimit)
	defer cancel()
	read := readerOf(r, c.Clock.Now())
	view, err := c.read(ctx, r.PathValue("order"), read)
	if err != nil {
		c.fault(w, read, err)
		return
	}
	c.write(w, read, http.StatusOK, "order", view)
}

// evidence serves the evidence of one order as a file. It ends with the request and not with a page's limit.
func (c *Console) evidence(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithCancel(called(r))
	defer cancel()
	id := r.PathValue("order")
	var first *koogatev1.ExportOrderEvidenceResponse
	stream, err := c.proofs.ExportOrderEvidence(ctx, &koogatev1.ExportOrderEvidenceRequest{OrderId: id})
	if err == nil {
		first, err = stream.Recv()
	}
	if err != nil {
		c.fault(w, readerOf(r, c.Clock.Now()), err)
		return
	}
	download.Pieces(w, "application/zip", "order-"+id+".zip", c.Clock.Now, first.GetData(), func() ([]byte, error) {
		m, err := stream.Recv()
		return m.GetData(), err
	})
}

// called returns the context of an API call by the request's caller.
func called(r *http.Request) context.Context {
	md := metadata.Pairs("x-forwarded-for", callers.Proxies(nil).Caller(r.RemoteAddr, nil))
	if _, token, ok := r.BasicAuth(); ok {
		md.Set("authorization", "Bearer "+token)
	} else if bearer := r.Header.Get("Authorization"); bearer != "" {
		md.Set("authorization", bearer)
	}
	return metadata.NewOutgoingContext(r.Context(), md)
}

// refusal is what a page of an error shows.
type refusal struct {
	Lang, Other, Title, Text string
}

// fault answers what the API refused.
func (c *Console) fault(w http.ResponseWriter, read reader, err error) {
	code, key := http.StatusInternalServerError, "fault.internal"
	switch status.Code(err) {
	case codes.Unauthenticated:
		w.Header().Set("WWW-Authenticate", `Basic realm="Koogate: any name, an API token as the password", charset="UTF-8"`)
		code, key = http.StatusUnauthorized, "fault.token"
	case codes.PermissionDenied:
		code, key = http.StatusForbidden, "fault.scope"
	case codes.NotFound:
		code, key = http.StatusNotFound, "fault.order"
	case codes.InvalidArgument:
		code, key = http.StatusBadRequest, "fault.request"
	case codes.Unavailable, codes.DeadlineExceeded, codes.ResourceExhausted:
		code, key = http.StatusServiceUnavailable, "fault.busy"
	default:
	}
	c.write(w, read, code, "fault", refusal{Lang: read.lang, Other: read.other(), Title: read.t(key + ".title"), Text: read.t(key)})
}

// write makes a whole page before its first byte is sent, so that an error leaves no half of one.
func (c *Console) write(w http.ResponseWriter, read reader, code int, name string, data any) {
	page, err := c.pages.Clone()
	var b bytes.Buffer
	if err == nil {
		err = page.Funcs(read.functions()).ExecuteTemplate(&b, name, data)
	}
	if err != nil {
		c.Log.Error("a page of the console was not made", "page", name, "error", err)
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	headers(w.Header())
	w.WriteHeader(code)
	_, _ = w.Write(b.Bytes())
}
