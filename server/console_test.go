// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/telemetry"
)

// fakeJaeger has one trace of two spans, a day apart, and says who asked. It has pages when told so.
func fakeJaeger(t *testing.T, order string, pages bool) *httptest.Server {
	id := telemetry.TraceID("acme", order).String()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/traces/"+id, func(w http.ResponseWriter, r *http.Request) {
		if len(r.Header.Values("Authorization")) > 0 {
			t.Error("Jaeger is told the caller's token")
		}
		fmt.Fprintf(w, `{"data":[{"traceID":"%s","spans":[
			{"spanID":"a","operationName":"order <b>","startTime":1795875778886000,"duration":20100,"processID":"p1","references":[],"tags":[]},
			{"spanID":"b","operationName":"task complete CREATE","startTime":1795962178886000,"duration":2000000,"processID":"p2",
			 "references":[{"refType":"CHILD_OF","spanID":"a"}],
			 "tags":[{"key":"error","type":"bool","value":true},{"key":"otel.status_description","type":"string","value":"the crm is busy"}]}
			],"processes":{"p1":{"serviceName":"koogate"},"p2":{"serviceName":"koogate-worker"}}}]}`, id)
	})
	mux.HandleFunc("GET /search", func(w http.ResponseWriter, _ *http.Request) {
		if pages {
			fmt.Fprint(w, `<div id="jaeger-ui-root"></div>`)
		} else {
			w.WriteHeader(http.StatusNotFound)
		}
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return srv
}

// TestTheOrderPageShowsTheTrace: the page says how the order stands, shows everything that belongs to it and draws the trace that
// Jaeger has, in both languages; it links to Jaeger's own page only where there is one.
func TestTheOrderPageShowsTheTrace(t *testing.T) {
	for _, pages := range []bool{false, true} {
		jaeger := fakeJaeger(t, "CS-PAGE", pages)
		r := start(t, func(cfg *config.Config, _ *server.Deps) { cfg.Tracing.JaegerURL = jaeger.URL + "/" })
		if a := r.mustCall("linked", newInstance("CS-PAGE")); a.ResultCode != "000000" {
			t.Fatalf("got %+v", a)
		}
		var told struct{ TraceURL, Text string }
		status, answer, _ := r.http(config.ListenerAPI, http.MethodGet, "/v1/orders/CS-PAGE:explain", acmeToken, "")
		if err := json.Unmarshal([]byte(answer), &told); err != nil || status != http.StatusOK {
			t.Fatalf("%d %s %v", status, answer, err)
		}
		if link := jaeger.URL + "/trace/" + telemetry.TraceID("acme", "CS-PAGE").String(); told.TraceURL != link || !strings.Contains(told.Text, "Trace: "+link+"\n") {
			t.Errorf("the account's trace is at %q, want %q in\n%s", told.TraceURL, link, told.Text)
		}
		for lang, want := range map[string][]string{
			"zh": {"一切正常，没有待办任务。该订单在用实例：1 个。", "云商店请求开通新实例（调用 newInstance，", "无需任何操作。", "使用中", "⋯ 23 小时 59 分", "失败 the crm is busy"},
			"en": {"All is well, and nothing is left to do. Instances of this order in use: 1.", "The marketplace asked for a new instance (call newInstance,", "Koogate itself did the task", "Nothing has to be done.", "active", "⋯ 23 h 59 min", "failed the crm is busy"},
		} {
			status, page, header := r.http(config.ListenerAPI, http.MethodGet, "/console/orders/CS-PAGE?lang="+lang, acmeToken, "")
			if status != http.StatusOK || header.Get("Cache-Control") != "no-store" || !strings.HasPrefix(header.Get("Content-Security-Policy"), "default-src 'none'; style-src 'self'") {
				t.Fatalf("%d %v", status, header)
			}
			want = append(want, "biz-CS-PAGE", "OFFI-1 sku-1", "instance.admitted", "order &lt;b&gt;", "koogate-worker", "<svg", "20.1 ms", "2.00 s")
			for _, w := range want {
				if !strings.Contains(page, w) {
					t.Errorf("%s: the page does not have %q", lang, w)
				}
			}
			for _, secret := range []string{"canary", acmeToken, "<b>"} {
				if strings.Contains(strings.ReplaceAll(page, "<b>Koogate</b>", ""), secret) {
					t.Errorf("the page has %q", secret)
				}
			}
			if link := strings.Contains(page, jaeger.URL+"/trace/"+telemetry.TraceID("acme", "CS-PAGE").String()); link != pages {
				t.Errorf("a Jaeger with pages: %v; the page links to it: %v", pages, link)
			}
		}
	}
}

// TestTheOrderPageIsForItsReaders: a browser is asked for a token, and the page shows what the token may read.
func TestTheOrderPageIsForItsReaders(t *testing.T) {
	r := start(t)
	r.mustCall("linked", newInstance("CS-PAGE"))
	basic := func(token string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte("anybody:"+token))
	}
	for name, c := range map[string]struct {
		order, authorization string
		status               int
		text                 string
	}{
		"nobody":         {"CS-PAGE", "", http.StatusUnauthorized, "A token is needed"},
		"wrong":          {"CS-PAGE", basic("wrong-token-0123456789abcdef0123456"), http.StatusUnauthorized, "A token is needed"},
		"by password":    {"CS-PAGE", basic(acmeToken), http.StatusOK, "CS-PAGE"},
		"by bearer":      {"CS-PAGE", "Bearer " + acmeToken, http.StatusOK, "CS-PAGE"},
		"cannot read":    {"CS-PAGE", basic(queueToken), http.StatusForbidden, "Not allowed"},
		"another seller": {"CS-PAGE", basic(otherToken), http.StatusNotFound, "No such order"},
		"unknown":        {"CS-NONE", basic(acmeToken), http.StatusNotFound, "No such order"},
		"too long":       {strings.Repeat("x", 65), basic(acmeToken), http.StatusBadRequest, "Not an order ID"},
	} {
		t.Run(name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+r.Addr(config.ListenerAPI)+"/console/orders/"+c.order+"?lang=en", http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			if c.authorization != "" {
				req.Header.Set("Authorization", c.authorization)
			}
			res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			page, err := io.ReadAll(res.Body)
			if err != nil || res.StatusCode != c.status || !strings.Contains(string(page), c.text) {
				t.Errorf("%d, want %d with %q; %v", res.StatusCode, c.status, c.text, err)
			}
			if asks := res.Header.Get("WWW-Authenticate") != ""; asks != (c.status == http.StatusUnauthorized) {
				t.Errorf("the browser is asked for a password: %v", asks)
			}
			if c.status != http.StatusOK && strings.Contains(string(page), "biz-CS-PAGE") {
				t.Error("the instance is told")
			}
		})
	}
}

// TestTheOrderPageWithoutJaeger: a Jaeger that is away, has no such trace or talks nonsense costs the picture and nothing else.
func TestTheOrderPageWithoutJaeger(t *testing.T) {
	nonsense := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }))
	defer nonsense.Close()
	for name, c := range map[string]struct{ url, text string }{
		"none":     {"", "No Jaeger is configured"},
		"away":     {"http://127.0.0.1:1", "Jaeger does not answer"},
		"nonsense": {nonsense.URL, "Jaeger does not answer"},
		"empty":    {fakeJaeger(t, "CS-ELSE", true).URL, "Jaeger has no trace of this order"},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, func(cfg *config.Config, _ *server.Deps) { cfg.Tracing.JaegerURL = c.url })
			r.mustCall("linked", newInstance("CS-PAGE"))
			status, page, _ := r.http(config.ListenerAPI, http.MethodGet, "/console/orders/CS-PAGE?lang=en", acmeToken, "")
			if status != http.StatusOK || !strings.Contains(page, c.text) || !strings.Contains(page, "instance.admitted") || strings.Contains(page, "<svg") {
				t.Errorf("%d without %q", status, c.text)
			}
		})
	}
}

// jaegerThatHangs answers nothing below these paths until the test ends, and counts what it is asked.
func jaegerThatHangs(t *testing.T, order string, hanging ...string) (url string, asked func(prefix string) int64) {
	t.Helper()
	var traces, searches atomic.Int64
	over := make(chan struct{})
	inner := fakeJaeger(t, order, true)
	answers := inner.Config.Handler
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/search") {
			searches.Add(1)
		} else {
			traces.Add(1)
		}
		for _, prefix := range hanging {
			if strings.HasPrefix(r.URL.Path, prefix) {
				select {
				case <-over:
				case <-r.Context().Done():
				}
				return
			}
		}
		answers.ServeHTTP(w, r)
	}))
	t.Cleanup(func() { close(over); srv.Close() })
	return srv.URL, func(prefix string) int64 {
		if prefix == "/search" {
			return searches.Load()
		}
		return traces.Load()
	}
}

// TestAViewAsksJaegerOnce: a view asks for the trace by its ID. Whether Jaeger has pages is asked once for many views.
func TestAViewAsksJaegerOnce(t *testing.T) {
	url, asked := jaegerThatHangs(t, "CS-PAGE")
	r := start(t, func(cfg *config.Config, _ *server.Deps) { cfg.Tracing.JaegerURL = url })
	r.mustCall("linked", newInstance("CS-PAGE"))
	const views = 5
	for range views {
		status, page, _ := r.http(config.ListenerAPI, http.MethodGet, "/console/orders/CS-PAGE?lang=en", acmeToken, "")
		if status != http.StatusOK || !strings.Contains(page, "<svg") || !strings.Contains(page, url+"/trace/") {
			t.Fatalf("%d without the trace or the link to it", status)
		}
	}
	if traces, searches := asked("/api/traces"), asked("/search"); traces != views || searches != 1 {
		t.Errorf("%d views asked for %d traces, and %d times for pages", views, traces, searches)
	}
}

// TestASilentJaegerCostsAPageItsLimit: a page waits 3 s for Jaeger in all, whatever of it is silent, and not again for what it knows to be.
func TestASilentJaegerCostsAPageItsLimit(t *testing.T) {
	const limit, rest = 3 * time.Second, 2 * time.Second // of everything else, on a busy machine
	for name, c := range map[string]struct {
		hanging []string
		text    string
		again   time.Duration // the most that the next view takes
	}{
		"all of it":   {[]string{"/"}, "Jaeger does not answer", limit + rest},
		"its pages":   {[]string{"/search"}, "<svg", rest},
		"its answers": {[]string{"/api"}, "Jaeger does not answer", limit + rest},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, asked := jaegerThatHangs(t, "CS-PAGE", c.hanging...)
			r := start(t, func(cfg *config.Config, _ *server.Deps) { cfg.Tracing.JaegerURL = url })
			r.mustCall("linked", newInstance("CS-PAGE"))
			for n, most := range []time.Duration{limit + rest, c.again} {
				began := time.Now()
				status, page, _ := r.http(config.ListenerAPI, http.MethodGet, "/console/orders/CS-PAGE?lang=en", acmeToken, "")
				if took := time.Since(began); took > most || status != http.StatusOK || !strings.Contains(page, c.text) {
					t.Errorf("view %d took %s: %d without %q", n+1, took, status, c.text)
				}
			}
			if asked("/api/traces") != 2 || asked("/search") != 1 {
				t.Errorf("two views asked for %d traces, and %d times for pages", asked("/api/traces"), asked("/search"))
			}
		})
	}
}
