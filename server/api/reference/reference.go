// SPDX-License-Identifier: Apache-2.0

package reference

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"github.com/swaggest/swgui/v5/static"
)

// Path is where the page is served. It reads the document one level above.
const Path = "/docs/"

//go:embed page.html page.js page.css
var own embed.FS

// policy lets the browser load what the listener serves and nothing else. The pictures of Swagger UI's style sheet stand in it.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Handler serves everything below [Path]. Errors: a file that is not embedded.
func Handler() (http.Handler, error) {
	mux := http.NewServeMux()
	for _, f := range []struct {
		from             fs.FS
		path, name, kind string
	}{
		{own, "{$}", "page.html", "text/html; charset=utf-8"},
		{own, "page.js", "page.js", "text/javascript; charset=utf-8"},
		{own, "page.css", "page.css", "text/css; charset=utf-8"},
		{static.FS, "swagger-ui-bundle.js", "swagger-ui-bundle.js.gz", "text/javascript; charset=utf-8"},
		{static.FS, "swagger-ui.css", "swagger-ui.css.gz", "text/css; charset=utf-8"},
		{static.FS, "favicon-32x32.png", "favicon-32x32.png", "image/png"},
	} {
		data, err := fs.ReadFile(f.from, f.name)
		if err != nil {
			return nil, fmt.Errorf("reference: %w", err)
		}
		mux.Handle("GET "+Path+f.path, &file{
			kind: f.kind, tag: fmt.Sprintf("%x", sha256.Sum256(data)), data: data, compressed: strings.HasSuffix(f.name, ".gz"),
		})
	}
	return mux, nil
}

// file is one file of the page. Those of Swagger UI stay compressed in memory, as they are embedded.
type file struct {
	kind, tag  string
	data       []byte
	compressed bool
}

// ServeHTTP implements http.Handler. Browsers keep a file and ask whether it is still the same.
func (f *file) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-cache")
	tag, data := f.tag, f.data
	if f.compressed {
		h.Set("Vary", "Accept-Encoding")
		if takesGzip(r) {
			tag += "-gzip"
			h.Set("Content-Encoding", "gzip")
		} else {
			var err error
			if data, err = plain(data); err != nil {
				http.Error(w, "the file cannot be read", http.StatusInternalServerError)
				return
			}
		}
	}
	h.Set("ETag", `"`+tag+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
}

// takesGzip reports whether the caller accepts compressed answers, as every browser does.
func takesGzip(r *http.Request) bool {
	for _, accepted := range r.Header.Values("Accept-Encoding") {
		for coding := range strings.SplitSeq(accepted, ",") {
			name, weight, _ := strings.Cut(coding, ";")
			if strings.EqualFold(strings.TrimSpace(name), "gzip") && !refused(weight) {
				return true
			}
		}
	}
	return false
}

// refused reports whether a weight such as "q=0.000" excludes its coding.
func refused(weight string) bool {
	value, ok := strings.CutPrefix(strings.ReplaceAll(weight, " ", ""), "q=")
	return ok && strings.Trim(value, "0.") == ""
}

func plain(compressed []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}
