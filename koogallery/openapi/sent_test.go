// SPDX-License-Identifier: Apache-2.0

package openapi_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/openapi"
)

// Every documented code of every interface: whether to repeat, and whether the
// call may have taken effect.
func TestCodes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		status      int
		code        string
		retry, sent bool
	}{
		// open-apis §3.6, the newer generation
		{500, openapi.CodeUsageInternal, true, true},
		{401, openapi.CodeUsageAuth, false, false},
		{400, openapi.CodeUsageParameter, false, false},
		{500, "94060003", true, true},
		{200, "94060005", false, true},
		// the older one
		{500, "MKT.0999", true, true},
		{500, "MKT.0100", false, false},
		{400, "CBC.0101", false, false},
		{400, "MKT.0102", false, false},
		{400, "MKT.0199", false, false},
		{401, "MKT.0150", false, false},
		{401, "MKT.0151", false, false},
		{401, "CBC.0154", false, false},
		{406, "CBC.0250", true, false},
		{500, "MKT.9001", false, false},
		{500, "MKT.9002", false, false},
		{500, "MKT.9003", false, false},
		{500, "CBC.9004", false, false},
		{500, "MKT.9005", false, false},
		// saas-v1 §5.2c
		{200, openapi.CodeLicenseInternal, true, true},
		{200, openapi.CodeLicenseParameter, false, false},
		{200, openapi.CodeLicenseState, false, false},
		{200, openapi.CodeLicenseNotReceived, false, false},
		{200, openapi.CodeLicenseUnknown, false, false},
		{200, openapi.CodeLicenseNotActivated, false, false},
		{200, openapi.CodeLicenseInvalidBatch, false, false},
		{200, "92020099", false, true},
		{500, openapi.CodeLicenseSuccess, true, true},
		{400, openapi.CodeRequestParameter, false, false},
		{405, openapi.CodeRequestMethod, false, false},
		{415, openapi.CodeRequestContentType, false, false},
		{400, openapi.CodeRequestUnreadable, false, false},
		// the gateway
		{401, "APIGW.0301", false, false},
		{404, "APIGW.0101", false, false},
		{429, "APIGW.0308", true, false},
		{504, "APIGW.0201", true, true},
		{500, "APIGW.9001", true, true},
		{503, "", true, true},
		{302, "", false, false},
	}
	for _, tt := range tests {
		t.Run(strconv.Itoa(tt.status)+" "+tt.code, func(t *testing.T) {
			t.Parallel()
			m := serve(t, reply(tt.status, `{"error_code":"`+tt.code+`","error_msg":"text"}`))
			c := newClient(t, usageConfig(m.URL))
			_, usageErr := c.PushUsage(t.Context(), records(1))
			_, licenseErr := c.ActivateLicense(t.Context(), "PL1", time.Time{})
			for _, err := range []error{usageErr, licenseErr} {
				var e *openapi.Error
				if !errors.As(err, &e) || e.HTTPStatus != tt.status || !strings.HasSuffix(tt.code, e.Suffix()) {
					t.Fatalf("%v", err)
				}
				if e.Retryable != tt.retry || e.Sent() != tt.sent || openapi.Sent(fmt.Errorf("wrapped: %w", err)) != tt.sent {
					t.Errorf("%v: retryable %v, sent %v", err, e.Retryable, e.Sent())
				}
				if tt.code != "" && openapi.HasCode(err, e.Suffix()) == e.Gateway() {
					t.Errorf("HasCode of %s", e.Code)
				}
			}
		})
	}
}

func TestSentOfAnswers(t *testing.T) {
	t.Parallel()
	for name, a := range map[string]struct {
		status int
		body   string
		sent   bool
	}{
		"HTML":          {200, "<html>", true},
		"no code":       {200, "{}", true},
		"huge":          {200, strings.Repeat("x", 2<<20), true},
		"HTML 502":      {502, "<html>", true},
		"HTML 403":      {403, "<html>", false},
		"huge 404":      {404, strings.Repeat("x", 2<<20), false},
		"empty 429":     {429, "", false},
		"another 2xx":   {202, `{"error_code":"MKT.0000"}`, true},
		"code at fault": {200, `{"error_code":["canary"]}`, true},
	} {
		m := serve(t, reply(a.status, a.body))
		_, err := newClient(t, usageConfig(m.URL)).PushUsage(t.Context(), records(1))
		if err == nil || openapi.Sent(err) != a.sent {
			t.Errorf("%s: %v, sent %v", name, err, openapi.Sent(err))
		}
	}
}

func TestSentOfConnections(t *testing.T) {
	t.Parallel()
	push := func(ctx context.Context, t *testing.T, cfg openapi.Config) error {
		_, err := newClient(t, cfg).PushUsage(ctx, records(1))
		assertNetwork(t, err)
		return err
	}
	t.Run("nobody listens", func(t *testing.T) {
		t.Parallel()
		if err := push(t.Context(), t, usageConfig(deadURL(t))); openapi.Sent(err) {
			t.Error(err)
		}
	})
	t.Run("no such host", func(t *testing.T) {
		t.Parallel()
		cfg := usageConfig("https://mkt.invalid")
		cfg.HTTPClient = &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.DNSError{Err: "no such host", IsNotFound: true}
		}}}
		if err := push(t.Context(), t, cfg); openapi.Sent(err) {
			t.Error(err)
		}
	})
	t.Run("dialling takes too long", func(t *testing.T) {
		t.Parallel()
		cfg := usageConfig("https://mkt.invalid")
		cfg.Timeout = 30 * time.Millisecond
		cfg.HTTPClient = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}}}
		if err := push(t.Context(), t, cfg); openapi.Sent(err) || !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
	t.Run("false certificate", func(t *testing.T) {
		t.Parallel()
		s := httptest.NewUnstartedServer(reply(200, ""))
		s.Config.ErrorLog = discardLog()
		s.StartTLS()
		t.Cleanup(s.Close)
		if err := push(t.Context(), t, usageConfig(s.URL)); openapi.Sent(err) {
			t.Error(err)
		}
	})
	t.Run("given up before", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := push(ctx, t, usageConfig("https://mkt.invalid")); openapi.Sent(err) || !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	t.Run("no answer in time", func(t *testing.T) {
		t.Parallel()
		release := make(chan struct{})
		m := serve(t, func(http.ResponseWriter, *http.Request) { <-release })
		t.Cleanup(func() { close(release) })
		cfg := usageConfig(m.URL)
		cfg.Timeout = 100 * time.Millisecond
		if err := push(t.Context(), t, cfg); !openapi.Sent(err) || !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
	t.Run("caller's deadline", func(t *testing.T) {
		t.Parallel()
		release := make(chan struct{})
		m := serve(t, func(http.ResponseWriter, *http.Request) { <-release })
		t.Cleanup(func() { close(release) })
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if err := push(ctx, t, usageConfig(m.URL)); !openapi.Sent(err) {
			t.Error(err)
		}
	})
	t.Run("connection broken", func(t *testing.T) {
		t.Parallel()
		m := serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
		if err := push(t.Context(), t, usageConfig(m.URL)); !openapi.Sent(err) {
			t.Error(err)
		}
	})
	t.Run("answer broken", func(t *testing.T) {
		t.Parallel()
		m := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, `{"error_code"`)
		})
		if err := push(t.Context(), t, usageConfig(m.URL)); !openapi.Sent(err) {
			t.Error(err)
		}
	})
	t.Run("idle connection, then nobody listens", func(t *testing.T) {
		t.Parallel()
		m := serve(t, reply(200, `{"error_code":"MKT.0000"}`))
		c := newClient(t, usageConfig(m.URL))
		if _, err := c.PushUsage(t.Context(), records(1)); err != nil {
			t.Fatal(err)
		}
		m.Close()
		// Whether the closed connection is noticed before or while writing is a race
		// of the network; either way it is an error that can be repeated.
		_, err := c.PushUsage(t.Context(), records(1))
		assertNetwork(t, err)
	})
}

// transport answers with an error and reports nothing to httptrace.
type transport struct {
	err   error
	calls int
}

func (s *transport) RoundTrip(*http.Request) (*http.Response, error) {
	s.calls++
	return nil, s.err
}

// A transport that cannot be watched is believed only when it failed to dial.
func TestSentOfOtherTransports(t *testing.T) {
	t.Parallel()
	for _, a := range []struct {
		err   error
		sent  bool
		calls int
	}{
		{io.ErrUnexpectedEOF, true, 1},
		{&net.OpError{Op: "read", Err: errors.New("reset")}, true, 1},
		{&net.OpError{Op: "dial", Err: errors.New("refused")}, false, 2},
	} {
		carrier := &transport{err: a.err}
		cfg := usageConfig("https://mkt.invalid")
		cfg.FallbackBaseURL = "https://fallback.invalid"
		cfg.HTTPClient = &http.Client{Transport: carrier}
		_, err := newClient(t, cfg).PushUsage(t.Context(), records(1))
		if openapi.Sent(err) != a.sent || !errors.Is(err, a.err) || carrier.calls != a.calls {
			t.Errorf("%v: sent %v, %d calls", err, openapi.Sent(err), carrier.calls)
		}
	}
}

func TestPushUsageFallsBack(t *testing.T) {
	t.Parallel()
	accepted := func(w http.ResponseWriter, r *http.Request, body []byte) {
		verifyUsage(t, r, body)
		reply(200, `{"error_code":"MKT.0000"}`)(w, r)
	}
	t.Run("no connection", func(t *testing.T) {
		t.Parallel()
		second := serveBodies(t, accepted)
		cfg := usageConfig(deadURL(t))
		cfg.FallbackBaseURL = second.URL
		if _, err := newClient(t, cfg).PushUsage(t.Context(), records(2)); err != nil || second.calls.Load() != 1 {
			t.Errorf("%v, %d calls", err, second.calls.Load())
		}
	})
	t.Run("not after it was sent", func(t *testing.T) {
		t.Parallel()
		for _, answer := range []http.HandlerFunc{
			func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
			reply(503, ""), reply(429, ""), reply(401, `{"error_code":"94060002"}`),
		} {
			first, second := serve(t, answer), serveBodies(t, accepted)
			cfg := usageConfig(first.URL)
			cfg.FallbackBaseURL = second.URL
			if _, err := newClient(t, cfg).PushUsage(t.Context(), records(2)); err == nil || first.calls.Load() != 1 || second.calls.Load() != 0 {
				t.Errorf("%v, %d and %d calls", err, first.calls.Load(), second.calls.Load())
			}
		}
	})
}

func TestSentOfOthers(t *testing.T) {
	t.Parallel()
	for _, err := range []error{nil, io.EOF, &openapi.Error{}, openapi.ErrNetwork} {
		if !openapi.Sent(err) {
			t.Errorf("%v is not sent", err)
		}
	}
	for _, err := range []error{openapi.ErrArgument, openapi.ErrConfig, &openapi.Error{Unsent: true}} {
		if openapi.Sent(err) {
			t.Errorf("%v is sent", err)
		}
	}
	if openapi.HasCode(nil, "") || openapi.HasCode(&openapi.Error{}, "") {
		t.Error("a code out of nothing")
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	date := fixedNow().Add(90 * time.Second).Format(http.TimeFormat)
	for _, a := range []struct {
		status       int
		code, header string
		wait         time.Duration
		ok           bool
	}{
		{429, "APIGW.0308", "7", 7 * time.Second, true},
		{429, "", "", 0, true},
		{406, "CBC.0250", "", 0, true},
		{406, "", date, 90 * time.Second, true},
		{200, "MKT.0250", "", 0, true},
		{503, "", "120", 2 * time.Minute, true},
		{503, "", "", 0, false},
		{503, "", "soon", 0, false},
		{503, "", "-5", 0, false},
		{429, "", "99999999999999999999", 0, true},
		{429, "", "1000000", openapi.MaxRetryAfter, true},
		{429, "", "Thu, 01 Jan 1970 00:00:00 GMT", 0, true},
		{401, "APIGW.0250", "", 0, false},
		{400, "CBC.0101", "", 0, false},
	} {
		m := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if a.header != "" {
				w.Header().Set("Retry-After", a.header)
			}
			reply(a.status, `{"error_code":"`+a.code+`"}`)(w, r)
		})
		_, err := newClient(t, usageConfig(m.URL)).PushUsage(t.Context(), records(1))
		if wait, ok := openapi.RetryAfter(err); wait != a.wait || ok != a.ok {
			t.Errorf("%v with %q: %s, %v", err, a.header, wait, ok)
		}
	}
	if _, ok := openapi.RetryAfter(io.EOF); ok {
		t.Error("another error has a time to wait")
	}
}
