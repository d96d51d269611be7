// SPDX-License-Identifier: Apache-2.0

package openapi_test

import (
	"errors"
	"io"
	"log"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/koogate/koogate/koogallery/openapi"
)

func discardLog() *log.Logger { return log.New(io.Discard, "", 0) }

// The table of open-apis §2.6, each code with both prefixes, and the gateway's.
func TestErrorCodes(t *testing.T) {
	t.Parallel()
	type row struct {
		status       int
		code, want   string
		retry, gates bool
	}
	var tests []row
	for _, r := range []struct {
		status int
		suffix string
		retry  bool
	}{
		{500, openapi.SuffixInternal, true},
		{500, openapi.SuffixParameterValue, false},
		{400, openapi.SuffixParameter, false},
		{400, openapi.SuffixRequest, false},
		{401, openapi.SuffixNotPermitted, false},
		{401, openapi.SuffixNoAuthority, false},
		{401, openapi.SuffixToken, false},
		{406, openapi.SuffixRateLimit, true},
		{200, openapi.SuffixRateLimit, true},
		{200, openapi.SuffixInternal, true},
		{200, openapi.SuffixNotPermitted, false},
		{500, "9001", false},
		{500, "9002", false},
		{500, "9003", false},
		{500, "9004", false},
		{500, "9005", false},
		{500, "7777", true},
		{400, "7777", false},
		{200, "7777", false},
		{500, openapi.SuffixSuccess, true},
		{404, openapi.SuffixSuccess, false},
	} {
		for _, prefix := range []string{"MKT.", "CBC.", "mkt.", ""} {
			tests = append(tests, row{r.status, prefix + r.suffix, "MKT." + r.suffix, r.retry, false})
		}
	}
	tests = append(tests,
		row{401, "APIGW.0301", "APIGW.0301", false, true},
		row{429, "APIGW.0308", "APIGW.0308", true, true},
		row{400, "APIGW.0308", "APIGW.0308", true, true},
		row{404, "APIGW.0101", "APIGW.0101", false, true},
		row{504, "APIGW.0201", "APIGW.0201", true, true},
		row{500, "APIGW.0100", "APIGW.0100", true, true}, // not the marketplace's 0100
		row{200, "APIGW.0000", "APIGW.0000", false, true},
	)
	for _, tt := range tests {
		t.Run(strconv.Itoa(tt.status)+" "+tt.code, func(t *testing.T) {
			t.Parallel()
			body := `{"resultCode":"` + tt.code + `","resultMsg":"text","extra_info":{"a":"b"}}`
			if tt.gates {
				body = `{"error_code":"` + tt.code + `","error_msg":"text","request_id":"req-1"}`
			}
			m := serve(t, reply(tt.status, body))
			o, err := newClient(t, config(m.URL)).QueryOrder(t.Context(), "o", "")
			var e *openapi.Error
			if o != nil || !errors.As(err, &e) {
				t.Fatalf("QueryOrder = %v, %v", o, err)
			}
			if e.HTTPStatus != tt.status || e.Code != tt.want || e.Message != "text" || e.Retryable != tt.retry || e.Gateway() != tt.gates {
				t.Errorf("%+v", *e)
			}
			if e.Suffix() != tt.want[strings.LastIndex(tt.want, ".")+1:] {
				t.Errorf("Suffix = %s", e.Suffix())
			}
			if tt.gates != (e.RequestID == "req-1") {
				t.Errorf("RequestID = %q", e.RequestID)
			}
			if m.calls.Load() != 1 {
				t.Errorf("%d calls, want one attempt", m.calls.Load())
			}
		})
	}
}

func TestSuccessCodes(t *testing.T) {
	t.Parallel()
	for _, code := range []string{`"MKT.0000"`, `"CBC.0000"`, `"0000"`, `"000000"`} {
		m := serve(t, reply(200, `{"resultCode":`+code+`,"orderInfo":`+sampleOrder+`}`))
		if _, err := newClient(t, config(m.URL)).QueryOrder(t.Context(), "o", ""); err != nil {
			t.Errorf("%s: %v", code, err)
		}
	}
}

func TestHostileAnswers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		status int
		body   string
		retry  bool
		want   error
	}{
		{"empty", 200, "", true, openapi.ErrResponse},
		{"HTML", 200, "<html>canary</html>", true, openapi.ErrResponse},
		{"HTML 502", 502, "<html>canary</html>", true, openapi.ErrResponse},
		{"HTML 403", 403, "<html>canary</html>", false, openapi.ErrResponse},
		{"empty 429", 429, "", true, openapi.ErrResponse},
		{"empty 406", 406, "", true, openapi.ErrResponse},
		{"empty 408", 408, "", true, openapi.ErrResponse},
		{"broken JSON", 200, sampleAnswer[:len(sampleAnswer)-1], true, openapi.ErrResponse},
		{"trailing text", 200, sampleAnswer + "x", true, openapi.ErrResponse},
		{"array", 200, "[" + sampleAnswer + "]", true, openapi.ErrResponse},
		{"null", 200, "null", true, openapi.ErrResponse},
		{"no code", 200, `{"orderInfo":` + sampleOrder + `}`, true, openapi.ErrResponse},
		{"code of another kind", 200, `{"resultCode":{"a":1}}`, true, openapi.ErrResponse},
		{"code with text in it", 200, `{"resultCode":"MKT.0000 canary\n"}`, true, openapi.ErrResponse},
		{"endless code", 200, `{"resultCode":"` + strings.Repeat("0", 1000) + `"}`, true, openapi.ErrResponse},
		{"no order", 200, `{"resultCode":"MKT.0000"}`, true, openapi.ErrNoOrder},
		{"null order", 200, `{"resultCode":"MKT.0000","orderInfo":null}`, true, openapi.ErrNoOrder},
		{"text for an order", 200, `{"resultCode":"MKT.0000","orderInfo":"canary"}`, false, openapi.ErrResponse},
		{"order without lines", 200, `{"resultCode":"MKT.0000","orderInfo":{"orderId":"canary"}}`, false, openapi.ErrResponse},
		{"deep nesting", 200, `{"resultCode":"MKT.0000","orderInfo":` + strings.Repeat("[", 400_000), true, openapi.ErrResponse},
		{"deep and closed", 200, `{"x":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`, true, openapi.ErrResponse},
		{"huge", 200, `{"resultCode":"MKT.0000","x":"` + strings.Repeat("x", 2<<20) + `"}`, false, openapi.ErrResponseSize},
		{"huge 500", 500, strings.Repeat("x", 2<<20), true, openapi.ErrResponseSize},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := serve(t, reply(tt.status, tt.body))
			o, err := newClient(t, config(m.URL)).QueryOrder(t.Context(), "o", "")
			var e *openapi.Error
			if o != nil || !errors.As(err, &e) || !errors.Is(err, tt.want) {
				t.Fatalf("QueryOrder = %v, %v; want %v", o, err, tt.want)
			}
			if e.HTTPStatus != tt.status || e.Retryable != tt.retry {
				t.Errorf("status %d, retryable %v", e.HTTPStatus, e.Retryable)
			}
			assertClean(t, err.Error())
		})
	}
}

func TestResponseBoundIsExact(t *testing.T) {
	t.Parallel()
	m := serve(t, reply(200, sampleAnswer))
	cfg := config(m.URL)
	cfg.MaxResponse = int64(len(sampleAnswer))
	if _, err := newClient(t, cfg).QueryOrder(t.Context(), "o", ""); err != nil {
		t.Errorf("at the bound: %v", err)
	}
	cfg.MaxResponse--
	if _, err := newClient(t, cfg).QueryOrder(t.Context(), "o", ""); !errors.Is(err, openapi.ErrResponseSize) {
		t.Errorf("beyond the bound: %v", err)
	}
}

func TestCutAnswerIsANetworkError(t *testing.T) {
	t.Parallel()
	m := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, `{"resultCode"`)
	})
	_, err := newClient(t, config(m.URL)).QueryOrder(t.Context(), "o", "")
	assertNetwork(t, err)
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("err = %v", err)
	}
}

func TestMessagesAreClean(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, msg, want string }{
		{"keys", "AK " + accessKey + " SK " + secretKey + " failed", "AK [redacted] SK [redacted] failed"},
		{"mail", "buyer canary@example.com is unknown", "buyer [redacted] is unknown"},
		{"phone", "phone +8613800000000, order CS2207261447AUY4H", "phone +[redacted], order CS2207261447AUY4H"},
		{"control characters", `a\r\nb\u0000\u001b[31m\u202ec\td`, "a b[31mc d"},
		{"long", strings.Repeat("界", 300), strings.Repeat("界", 256)},
		{"very long", strings.Repeat("x", 100_000), strings.Repeat("x", 256)},
		{"empty", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := serve(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("X-Request-Id", "header-id")
				reply(400, `{"resultCode":"CBC.0101","resultMsg":"`+tt.msg+`"}`)(w, r)
			})
			_, err := newClient(t, config(m.URL)).QueryOrder(t.Context(), "o", "")
			var e *openapi.Error
			if !errors.As(err, &e) || e.Message != tt.want || e.RequestID != "header-id" {
				t.Fatalf("message %q, want %q, id %q", e.Message, tt.want, e.RequestID)
			}
			if utf8.RuneCountInString(e.Message) > 256 || strings.ContainsFunc(err.Error(), unicode.IsControl) {
				t.Errorf("error text %q", err)
			}
			assertClean(t, err.Error())
		})
	}
}

func TestRetryableOfOthers(t *testing.T) {
	t.Parallel()
	if openapi.Retryable(nil) || openapi.Retryable(io.EOF) || openapi.Retryable(&openapi.Error{}) {
		t.Error("retryable by mistake")
	}
	if !openapi.Retryable(&openapi.Error{Retryable: true}) {
		t.Error("not retryable")
	}
	if err := (&openapi.Error{HTTPStatus: 400, Code: "MKT.0101", Message: "m", RequestID: "r"}); err.Error() != "openapi: query order: HTTP 400: MKT.0101: m (request r)" {
		t.Errorf("%s", err)
	}
}
