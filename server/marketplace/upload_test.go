// SPDX-License-Identifier: Apache-2.0

package marketplace_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/koogate/koogate/server/fulfil"
)

// taking returns a marketplace that answers every upload with status and body, and what the last upload held.
func taking(t *testing.T, status int, body string) (m fulfil.Marketplace, last *string) {
	t.Helper()
	last = new(string)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err != nil || r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/market-event/E1/file") || r.Header.Get("Authorization") == "" {
			t.Errorf("%s %s %v", r.Method, r.URL, err)
		}
		*last = string(text)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(srv.Close)
	return at(t, srv.URL, srv.Client()), last
}

func TestUploadsTextAndFile(t *testing.T) {
	m, last := taking(t, 200, `{"error_code":"CBC.0000","error_msg":"Success"}`)
	if err := m.UploadLicence(t.Context(), "acme", "E1", fulfil.Licence{Text: "the-licence"}); err != nil || !strings.Contains(*last, `"characters":"the-licence"`) {
		t.Errorf("text: %v", err)
	}
	if err := m.UploadLicence(t.Context(), "acme", "E1", fulfil.Licence{FileName: "a.lic", File: []byte("content")}); err != nil || !strings.Contains(*last, `filename="a.lic"`) {
		t.Errorf("file: %v", err)
	}
	err := m.UploadLicence(t.Context(), "acme", "E1", fulfil.Licence{})
	if q := queryError(t, err); q.Code != "ID_INVALID" || q.Retryable {
		t.Errorf("nothing: %+v", q)
	}
	err = m.UploadLicence(t.Context(), "nobody", "E1", fulfil.Licence{Text: "x"})
	if q := queryError(t, err); q.Code != "SELLER_UNKNOWN" || !q.Retryable {
		t.Errorf("unknown seller: %+v", q)
	}
}

func TestUploadFaults(t *testing.T) {
	for name, c := range map[string]struct {
		status    int
		code      string
		want      string
		retryable bool
	}{
		"illegal operation": {403, "CBC.0150", "MKT.0150", false},
		"wrong keys":        {401, "CBC.0154", "MKT.0154", true},
		"gateway":           {403, "APIGW.0301", "APIGW.0301", true},
		"parameter":         {400, "CBC.0101", "MKT.0101", false},
		"no application":    {200, "91381034", "91381034", false},
		"nothing left":      {200, "91381035", "91381035", false},
		"internal":          {500, "CBC.0999", "MKT.0999", true},
		"throttled":         {429, "APIGW.0308", "APIGW.0308", true},
		"bad gateway":       {502, "", "HTTP_502", true},
	} {
		t.Run(name, func(t *testing.T) {
			m, _ := taking(t, c.status, fmt.Sprintf(`{"error_code":%q,"error_msg":"%s"}`, c.code, canary))
			q := queryError(t, m.UploadLicence(t.Context(), "acme", "E1", fulfil.Licence{Text: canary}))
			if q.Code != c.want || q.Retryable != c.retryable {
				t.Errorf("got %s retryable %v, want %s %v", q.Code, q.Retryable, c.want, c.retryable)
			}
			if text := fmt.Sprintf("%v %v", q, q.Cause); strings.Contains(text, canary) {
				t.Errorf("the licence is in %q", text)
			}
		})
	}
}
