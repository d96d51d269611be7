// SPDX-License-Identifier: Apache-2.0

package forward_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/koogate/koogate/server/forward"
	"github.com/koogate/koogate/server/outbound"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// old is an old server that answers by a function, and a client that may call it.
func old(t *testing.T, answer http.HandlerFunc) (*forward.Client, *url.URL) {
	t.Helper()
	s := httptest.NewServer(answer)
	g := outbound.NewPool([]netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, nil, nil, 8)
	t.Cleanup(func() {
		g.Close()
		s.Close()
	})
	u, err := url.Parse(s.URL + "/produce?b=2&a=%31")
	if err != nil {
		t.Fatal(err)
	}
	return forward.New(g), u
}

// TestACallGoesOutAsItCame, and the answer comes back as it is.
func TestACallGoesOutAsItCame(t *testing.T) {
	var got *http.Request
	var body []byte
	c, u := old(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		w.Header()["Body-Sign"] = []string{`sign_type="HMAC-SHA256", signature= "Ab+/="`}
		w.Header().Set("Content-Type", "application/json;charset=UTF-8")
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, "{ \"resultCode\" : \"000004\",\"resultMsg\":\"später\",\"instanceId\":\"i-1\" , \"x\":[1]}\n")
	})
	a, err := c.Do(t.Context(), forward.Call{
		Method: http.MethodPost, URL: u, Header: http.Header{"x-sign": {"s"}, "authToken": {"T+/="}, "Content-Type": {"application/json"}}, Body: []byte(` {"z":1,"a":2} `), Limit: 1 << 10,
	})
	if err != nil {
		t.Fatal(err)
	}
	if got.Method != http.MethodPost || got.URL.RawQuery != "b=2&a=%31" || got.URL.Path != "/produce" || string(body) != ` {"z":1,"a":2} ` || got.ContentLength != 15 {
		t.Errorf("%s %s %q of %d", got.Method, got.URL, body, got.ContentLength)
	}
	if got.Header.Get("authToken") != "T+/=" || got.Header.Get("x-sign") != "s" || got.Header.Get("Cookie") != "" {
		t.Errorf("headers %v", got.Header)
	}
	if a.Status != http.StatusCreated || !bytes.HasSuffix(a.Body, []byte("\"x\":[1]}\n")) || a.BodySign != `sign_type="HMAC-SHA256", signature= "Ab+/="` ||
		a.Code != "000004" || a.Message != "später" || a.InstanceID != "i-1" || a.ContentType != "application/json;charset=UTF-8" {
		t.Errorf("answer %+v", a)
	}
}

// TestWhatIsNoAnswer: whatever is not one is told apart and handed on to nobody.
func TestWhatIsNoAnswer(t *testing.T) {
	var hits atomic.Int64
	for name, x := range map[string]struct {
		answer http.HandlerFunc
		why    string
	}{
		"redirect":     {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) }, forward.Redirect},
		"a page":       {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>", http.StatusBadGateway) }, forward.NoAnswer},
		"nothing":      {func(http.ResponseWriter, *http.Request) {}, forward.NoAnswer},
		"no code":      {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"code":"000000"}`) }, forward.NoAnswer},
		"a number":     {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"resultCode":0}`) }, forward.NoAnswer},
		"another code": {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"resultCode":"SUCCES"}`) }, forward.NoAnswer},
		"more behind":  {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"resultCode":"000000"}{}`) }, forward.NoAnswer},
		"too long": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"resultCode":"000000"}`+strings.Repeat(" ", 2000))
		}, forward.TooLong},
		"the line breaks": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, outbound.Unreachable},
		"late":            {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, outbound.Timeout},
	} {
		c, u := old(t, func(w http.ResponseWriter, r *http.Request) {
			hits.Add(1)
			_, _ = io.ReadAll(r.Body) // so that the server sees the caller leave
			x.answer(w, r)
		})
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		_, err := c.Do(ctx, forward.Call{Method: http.MethodGet, URL: u, Header: http.Header{}, Limit: 1000})
		cancel()
		var e *forward.Error
		if !errors.As(err, &e) || e.Why != x.why {
			t.Errorf("%s: %v, want %s", name, err, x.why)
		}
	}
	if n := hits.Load(); n != 10 {
		t.Errorf("%d calls arrived, want 10: none is made again", n)
	}
}

// TestAGetIsNotMadeAgain: the transport repeats a GET by itself when a connection that it has kept breaks, and a creation of V1 would be made twice.
func TestAGetIsNotMadeAgain(t *testing.T) {
	var hits atomic.Int64
	c, u := old(t, func(w http.ResponseWriter, _ *http.Request) {
		if hits.Add(1) == 2 {
			panic(http.ErrAbortHandler) // on the kept connection, after the call has arrived
		}
		_, _ = io.WriteString(w, `{"resultCode":"000000"}`)
	})
	get := func() error {
		_, err := c.Do(t.Context(), forward.Call{Method: http.MethodGet, URL: u, Header: http.Header{}, Limit: 1000})
		return err
	}
	if err := get(); err != nil {
		t.Fatal(err)
	}
	if err := get(); err == nil || hits.Load() != 2 {
		t.Errorf("%v after %d calls", err, hits.Load())
	}
}

// TestForbiddenAddressesAreNotCalled.
func TestForbiddenAddressesAreNotCalled(t *testing.T) {
	g := outbound.New(nil, nil, nil)
	defer g.Close()
	u := &url.URL{Scheme: "https", Host: "127.0.0.1:1"}
	_, err := forward.New(g).Do(t.Context(), forward.Call{Method: http.MethodGet, URL: u, Header: http.Header{}, Limit: 1000})
	var e *forward.Error
	if !errors.As(err, &e) || e.Why != outbound.Forbidden {
		t.Errorf("got %v", err)
	}
}
