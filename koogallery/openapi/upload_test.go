// SPDX-License-Identifier: Apache-2.0

package openapi_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/koogallery/sign"
)

// uploaded is an upload as the marketplace receives it.
type uploaded struct {
	path, event, fileName string
	request               map[string]string
	file                  []byte
}

// receive is a stand-in that verifies the signature over the body and takes the parts.
func receive(t *testing.T, got *uploaded, answer http.HandlerFunc) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /prefix/api/mkp-openapi-public/global/v1/market-event/{event_id}/file", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 20<<20))
		if err != nil {
			t.Errorf("body: %v", err)
		}
		find := func(access string) (string, bool) { return secretKey, access == accessKey }
		if _, err := sign.VerifyRequest(r, body, find, fixedNow().Add(time.Minute), 0); err != nil {
			t.Errorf("VerifyRequest: %v", err)
		}
		if _, err := sign.VerifyRequest(r, body[1:], find, fixedNow(), 0); !errors.Is(err, sign.ErrSignature) {
			t.Errorf("the body is not signed: %v", err)
		}
		if !strings.Contains(r.Header.Get("Authorization"), "SignedHeaders=content-type;host;x-sdk-date") {
			t.Errorf("Authorization = %q", r.Header.Get("Authorization"))
		}
		*got = uploaded{path: r.URL.EscapedPath(), event: r.PathValue("event_id")}
		kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err != nil || kind != "multipart/form-data" {
			t.Errorf("Content-Type %q: %v", kind, err)
		}
		parts := multipart.NewReader(bytes.NewReader(body), params["boundary"])
		for {
			p, err := parts.NextPart()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Errorf("parts: %v", err)
				break
			}
			content, err := io.ReadAll(p)
			if err != nil {
				t.Errorf("part: %v", err)
			}
			switch p.FormName() {
			case "isvUpdateFileReq":
				if p.Header.Get("Content-Type") != "application/json" || json.Unmarshal(content, &got.request) != nil {
					t.Errorf("request part %q", p.Header.Get("Content-Type"))
				}
			case "file":
				got.fileName, got.file = p.FileName(), content
			default:
				t.Errorf("part %q", p.FormName())
			}
		}
		answer(w, r)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

const accepted = `{"error_code":"CBC.0000","error_msg":"Success"}`

func TestUploadText(t *testing.T) {
	t.Parallel()
	var got uploaded
	s := receive(t, &got, reply(200, accepted))
	c := newClient(t, config(s.URL+"/prefix/"))
	text := `canary "证" & <licence>`
	if err := c.UploadLicence(t.Context(), "E 1/ü", openapi.Upload{Characters: text}); err != nil {
		t.Fatal(err)
	}
	if got.event != "E 1/ü" || !strings.HasSuffix(got.path, "/E%201%2F%C3%BC/file") {
		t.Errorf("event %q at %s", got.event, got.path)
	}
	if len(got.request) != 2 || got.request["type"] != "CHARACTERS" || got.request["characters"] != text || got.file != nil {
		t.Errorf("%d members, file %v", len(got.request), got.file != nil)
	}
}

func TestUploadFile(t *testing.T) {
	t.Parallel()
	var got uploaded
	s := receive(t, &got, reply(200, `{"error_code":"MKT.0000"}`))
	c := newClient(t, config(s.URL+"/prefix"))
	file := bytes.Repeat([]byte{0, 1, '\r', '\n', '-', 0xff}, 100_000)
	name := `li"cence 证.lic`
	if err := c.UploadLicence(t.Context(), "E1", openapi.Upload{FileName: name, File: file}); err != nil {
		t.Fatal(err)
	}
	hash := sha256.Sum256(file)
	if len(got.request) != 3 || got.request["type"] != "FILE" || got.request["file_name"] != name || got.request["sha256"] != hex.EncodeToString(hash[:]) {
		t.Errorf("request %v", got.request)
	}
	if got.fileName != name || !bytes.Equal(got.file, file) {
		t.Errorf("file %q of %d bytes", got.fileName, len(got.file))
	}
}

func TestUploadArguments(t *testing.T) {
	t.Parallel()
	c := newClient(t, config(deadURL(t)))
	ok := openapi.Upload{Characters: "x"}
	for name, a := range map[string]struct {
		event string
		u     openapi.Upload
	}{
		"no event": {"", ok}, "control character": {"E\n", ok}, "dots": {"..", ok}, "dot": {".", ok}, "long event": {strings.Repeat("e", 65), ok},
		"nothing": {"E", openapi.Upload{}}, "both": {"E", openapi.Upload{Characters: "x", FileName: "f", File: []byte("x")}},
		"long text": {"E", openapi.Upload{Characters: strings.Repeat("证", openapi.MaxCharacters+1)}}, "not UTF-8": {"E", openapi.Upload{Characters: "\xff"}},
		"no name": {"E", openapi.Upload{File: []byte("x")}}, "name with a line break": {"E", openapi.Upload{FileName: "a\r\nb", File: []byte("x")}},
		"large file": {"E", openapi.Upload{FileName: "f", File: make([]byte, openapi.MaxFile+1)}},
	} {
		if err := c.UploadLicence(t.Context(), a.event, a.u); !errors.Is(err, openapi.ErrArgument) || openapi.Retryable(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestUploadFailures(t *testing.T) {
	t.Parallel()
	for name, a := range map[string]struct {
		status    int
		code      string
		retryable bool
	}{
		"illegal operation": {403, "CBC.0150", false}, "parameter": {400, "CBC.0101", false}, "no application": {200, "91381034", false},
		"invalid resource": {200, "91381033", false}, "nothing left": {200, "91381035", false}, "final at any status": {500, "91381034", false}, "unknown code": {200, "91389999", false},
		"internal": {500, "CBC.0999", true}, "rate limit": {429, "APIGW.0308", true}, "bad gateway": {502, "", true},
		"success that is none": {500, "CBC.0000", true}, "no code": {200, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got uploaded
			s := receive(t, &got, reply(a.status, fmt.Sprintf(`{"error_code":%q,"error_msg":"refused canary-licence-7 of canary@example.com","request_id":"rq-1"}`, a.code)))
			err := newClient(t, config(s.URL+"/prefix")).UploadLicence(t.Context(), "E1", openapi.Upload{Characters: "canary-licence-7"})
			var e *openapi.Error
			if !errors.As(err, &e) || e.HTTPStatus != a.status || e.Retryable != a.retryable || e.RequestID != "rq-1" {
				t.Fatalf("%#v", e)
			}
			if !strings.HasPrefix(err.Error(), "openapi: upload licence: HTTP ") {
				t.Errorf("%v", err)
			}
			assertClean(t, err.Error())
		})
	}
	var got uploaded
	s := receive(t, &got, reply(200, "<html>"))
	if err := newClient(t, config(s.URL+"/prefix")).UploadLicence(t.Context(), "E1", openapi.Upload{Characters: "x"}); !errors.Is(err, openapi.ErrResponse) || !openapi.Retryable(err) {
		t.Errorf("not JSON: %v", err)
	}
}

func TestUploadFallsBack(t *testing.T) {
	t.Parallel()
	var got uploaded
	second := receive(t, &got, reply(200, accepted))
	cfg := config(deadURL(t) + "/prefix")
	err := newClient(t, cfg).UploadLicence(t.Context(), "E1", openapi.Upload{Characters: "x"})
	if !errors.Is(err, openapi.ErrNetwork) || !openapi.Retryable(err) {
		t.Errorf("no host: %v", err)
	}
	cfg.FallbackBaseURL = second.URL + "/prefix"
	if err := newClient(t, cfg).UploadLicence(t.Context(), "E1", openapi.Upload{Characters: "x"}); err != nil || got.event != "E1" {
		t.Errorf("fallback: %v", err)
	}
}

func TestUploadIsNotPrinted(t *testing.T) {
	t.Parallel()
	u := openapi.Upload{Characters: "canary", File: []byte("canary")}
	assertClean(t, fmt.Sprintf("%v %+v %#v %s", u, u, u, u))
}
