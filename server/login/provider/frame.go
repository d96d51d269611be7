// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/koogate/koogate/server/login/words"
)

// The bounds of a request.
const (
	maxBody  = 64 << 10
	maxQuery = 16 << 10
	budget   = 15 * time.Second
)

// endpoint is how one address may be called.
type endpoint struct {
	methods []string
	// server: an app's own server calls. Its parameters come in the body, so that they are in nobody's log, and its answers are for nobody's
	// cache.
	server bool
	// person: a browser comes, and faults are shown as pages.
	person bool
}

var endpoints = map[string]endpoint{
	PathDiscovery:  {methods: []string{http.MethodGet, http.MethodHead}},
	PathKeys:       {methods: []string{http.MethodGet, http.MethodHead}},
	PathAuthorize:  {methods: []string{http.MethodGet, http.MethodPost}, person: true},
	PathCallback:   {methods: []string{http.MethodGet}, person: true},
	PathEndSession: {methods: []string{http.MethodGet, http.MethodPost}, person: true},
	PathToken:      {methods: []string{http.MethodPost}, server: true},
	PathIntrospect: {methods: []string{http.MethodPost}, server: true},
	PathRevoke:     {methods: []string{http.MethodPost}, server: true},
	PathUserinfo:   {methods: []string{http.MethodGet, http.MethodPost}, server: true},
}

// visit is what a request to the provider is about, for the functions that the library calls without the request.
type visit struct {
	w     http.ResponseWriter
	r     *http.Request
	fault string // of server/login/words, for the page
}

type visitKey struct{}

// visitOf is the visit of a context that the frame has made.
func visitOf(ctx context.Context) *visit {
	v, _ := ctx.Value(visitKey{}).(*visit)
	return v
}

// frame stands around the library: who comes with another method, too much, or the same parameter twice does not reach it.
func (p *Provider) frame(library http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e, ok := endpoints[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		if !slices.Contains(e.methods, r.Method) {
			for _, m := range e.methods {
				h.Add("Allow", m)
			}
			http.Error(w, "the method is not allowed here", http.StatusMethodNotAllowed)
			return
		}
		switch {
		case e.server || e.person:
			h.Set("Cache-Control", "no-store")
			h.Set("Pragma", "no-cache")
		default:
			h.Set("Cache-Control", "public, max-age=300") // well below the time for which a key is published before it signs
		}
		ctx, cancel := context.WithTimeout(r.Context(), budget)
		defer cancel()
		v := &visit{fault: words.FormInvalid}
		r = r.WithContext(context.WithValue(ctx, visitKey{}, v))
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		v.w, v.r = w, r
		if problem := malformed(r, e); problem != "" {
			if e.person {
				p.cfg.Page(w, r, words.FormInvalid, http.StatusBadRequest)
				return
			}
			h.Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"error":"invalid_request","error_description":"` + problem + `"}` + "\n"))
			return
		}
		switch {
		case r.URL.Path == PathCallback:
			p.callback(w, r)
		case e.person:
			page := &pages{ResponseWriter: w}
			library.ServeHTTP(page, r)
			if page.status != 0 {
				h.Del("Content-Type")
				p.cfg.Page(w, r, v.fault, page.status)
			}
		default:
			library.ServeHTTP(&challenges{ResponseWriter: w, path: r.URL.Path}, r)
		}
	})
}

// malformed says what is wrong with the form of a request. Nothing in it is repeated.
func malformed(r *http.Request, e endpoint) string {
	if len(r.URL.RawQuery) > maxQuery {
		return "the query is too long"
	}
	if e.server && r.URL.RawQuery != "" {
		return "parameters belong into the body"
	}
	if r.ParseForm() != nil {
		return "the form cannot be read"
	}
	for name, values := range r.Form {
		if len(values) > 1 && name != "resource" {
			return "a parameter is there twice" // RFC 6749 §3.1
		}
	}
	return ""
}

// pages keeps back what the library writes about a fault: a person gets a page.
type pages struct {
	http.ResponseWriter
	status int // of the fault; 0 without one
}

// WriteHeader implements http.ResponseWriter.
func (w *pages) WriteHeader(status int) {
	if status >= http.StatusBadRequest {
		w.status = status
		return
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *pages) Write(b []byte) (int, error) {
	if w.status != 0 {
		return len(b), nil
	}
	return w.ResponseWriter.Write(b)
}

// challenges says how to authenticate where somebody has not (RFC 6749 §5.2, RFC 6750 §3).
type challenges struct {
	http.ResponseWriter
	path string
}

// WriteHeader implements http.ResponseWriter.
func (w *challenges) WriteHeader(status int) {
	if status == http.StatusUnauthorized {
		challenge := `Basic realm="koogate", charset="UTF-8"`
		if w.path == PathUserinfo {
			challenge = `Bearer realm="koogate", error="invalid_token"`
		}
		w.Header().Set("WWW-Authenticate", challenge)
	}
	w.ResponseWriter.WriteHeader(status)
}
