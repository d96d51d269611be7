// SPDX-License-Identifier: Apache-2.0

package openapi_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/koogallery/sign"
)

func TestQueryOrder(t *testing.T) {
	t.Parallel()
	var query url.Values
	m := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.Path != "/prefix"+openapi.QueryOrderPath {
			t.Errorf("%s %s", r.Method, r.URL.Path)
		}
		query = r.URL.Query()
		reply(200, sampleAnswer)(w, r)
	})
	c := newClient(t, config(m.URL+"/prefix/"))
	o, err := c.QueryOrder(t.Context(), "CS2207261447AUY4H", "CS2207261447AUY4H-000001")
	if err != nil {
		t.Fatal(err)
	}
	if query.Get("orderId") != "CS2207261447AUY4H" || query.Get("orderLineId") != "CS2207261447AUY4H-000001" || len(query) != 2 {
		t.Errorf("query %v", query)
	}
	if o.OrderID != "CS2207261447AUY4H" || o.OrderType != openapi.OrderNew || !o.CreateTime.Equal(time.Date(2022, 7, 26, 6, 47, 36, 0, time.UTC)) || len(o.Doubts) != 0 {
		t.Errorf("order %v, doubts %v", o, o.Doubts)
	}
	line, ok := o.Line("CS2207261447AUY4H-000001")
	if !ok {
		t.Fatal("no line")
	}
	if line.ChargingMode != openapi.ChargePeriod || line.PeriodType != "year" || line.PeriodNumber != 1 || !line.ExpireTime.Equal(time.Date(2023, 7, 26, 15, 59, 59, 0, time.UTC)) {
		t.Errorf("line %v", line)
	}
	if p := line.ProductInfo; len(p) != 1 || p[0].ProductID != "OFFI758576" || p[0].SkuCode != "da9b4d34-ee8a-4355-a823-13e034e49986" || p[0].LinearValue != 10 || p[0].ProductName != "SaaS测试商品,测试规格,基础版" {
		t.Errorf("products %+v", p)
	}
	if b := o.BuyerInfo; b == nil || b.MobilePhone != "13800000000" || b.Email != "canary@example.com" || b.CustomerID != "c1" || b.CustomerName != "canary-name" || b.UserID != "u1" || b.UserName != "canary-user" {
		t.Error("buyer is incomplete")
	}

	if _, err := c.QueryOrder(t.Context(), openapi.MockPeriodNew, ""); err != nil {
		t.Fatal(err)
	}
	if query.Get("orderId") != "MOCKPERIODYEARNEW" || len(query) != 1 {
		t.Errorf("query without a line %v", query)
	}
}

func TestQueryOrderEscapes(t *testing.T) {
	t.Parallel()
	const id = "a b+c&d=e/f?g#中%41"
	m := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if got := r.URL.Query().Get("orderId"); got != id {
			t.Errorf("orderId = %q", got)
		}
		reply(200, sampleAnswer)(w, r)
	})
	if _, err := newClient(t, config(m.URL)).QueryOrder(t.Context(), id, ""); err != nil {
		t.Fatal(err)
	}
}

func TestQueryOrderArguments(t *testing.T) {
	t.Parallel()
	m := serve(t, reply(200, sampleAnswer))
	c := newClient(t, config(m.URL))
	long := strings.Repeat("x", openapi.MaxID+1)
	for _, ids := range [][2]string{{"", ""}, {"", "l"}, {long, ""}, {"o", long}, {"o\n", ""}, {"o", "l\x00"}, {"\xff", ""}, {"o\x7f", ""}} {
		if _, err := c.QueryOrder(t.Context(), ids[0], ids[1]); !errors.Is(err, openapi.ErrArgument) || openapi.Retryable(err) {
			t.Errorf("QueryOrder(%q, %q) = %v", ids[0], ids[1], err)
		}
	}
	if m.calls.Load() != 0 {
		t.Error("a request was sent")
	}
}

func TestTemporaryCredentials(t *testing.T) {
	t.Parallel()
	m := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Security-Token") != "canary-token" || !strings.Contains(r.Header.Get("Authorization"), ";x-security-token,") {
			t.Error("the token is not sent or not signed")
		}
		reply(200, sampleAnswer)(w, r)
	})
	cfg := config(m.URL)
	cfg.Credentials.SecurityToken = "canary-token"
	if _, err := newClient(t, cfg).QueryOrder(t.Context(), "o", ""); err != nil {
		t.Fatal(err)
	}
}

func TestFallback(t *testing.T) {
	t.Parallel()
	ok := reply(200, sampleAnswer)
	t.Run("no connection", func(t *testing.T) {
		t.Parallel()
		second := serve(t, ok)
		cfg := config(deadURL(t))
		cfg.FallbackBaseURL = second.URL
		if _, err := newClient(t, cfg).QueryOrder(t.Context(), "o", ""); err != nil || second.calls.Load() != 1 {
			t.Errorf("err %v, calls %d", err, second.calls.Load())
		}
	})
	t.Run("switched off for one interface", func(t *testing.T) {
		t.Parallel()
		second := serve(t, ok)
		cfg := config(deadURL(t))
		cfg.FallbackBaseURL, cfg.NoFallback = second.URL, []openapi.API{openapi.APIOrderQuery}
		c := newClient(t, cfg)
		_, err := c.QueryOrder(t.Context(), "o", "")
		assertNetwork(t, err)
		if second.calls.Load() != 0 {
			t.Error("the order was asked for at the fallback host")
		}
		if _, err := c.QueryLicense(t.Context(), "PL1", nil); err == nil || second.calls.Load() != 1 {
			t.Errorf("the licence was not asked for at the fallback host: %v", err)
		}
		cfg.NoFallback = []openapi.API{"orders"}
		if _, err := openapi.New(cfg); !errors.Is(err, openapi.ErrConfig) {
			t.Errorf("an unknown interface: %v", err)
		}
	})
	t.Run("neither answers", func(t *testing.T) {
		t.Parallel()
		cfg := config(deadURL(t))
		cfg.FallbackBaseURL = deadURL(t)
		_, err := newClient(t, cfg).QueryOrder(t.Context(), "o", "")
		assertNetwork(t, err)
	})
	t.Run("none configured", func(t *testing.T) {
		t.Parallel()
		_, err := newClient(t, config(deadURL(t))).QueryOrder(t.Context(), "o", "")
		assertNetwork(t, err)
		var op *net.OpError
		if !errors.As(err, &op) {
			t.Errorf("the cause is lost: %v", err)
		}
	})
	t.Run("not after an HTTP error", func(t *testing.T) {
		t.Parallel()
		first, second := serve(t, reply(503, "")), serve(t, ok)
		cfg := config(first.URL)
		cfg.FallbackBaseURL = second.URL
		_, err := newClient(t, cfg).QueryOrder(t.Context(), "o", "")
		if !openapi.Retryable(err) || first.calls.Load() != 1 || second.calls.Load() != 0 {
			t.Errorf("err %v, calls %d and %d", err, first.calls.Load(), second.calls.Load())
		}
	})
	t.Run("not after a lost answer", func(t *testing.T) {
		t.Parallel()
		first := serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
		second := serve(t, ok)
		cfg := config(first.URL)
		cfg.FallbackBaseURL = second.URL
		_, err := newClient(t, cfg).QueryOrder(t.Context(), "o", "")
		assertNetwork(t, err)
		if second.calls.Load() != 0 {
			t.Error("the fallback was tried")
		}
	})
	t.Run("not after a false certificate", func(t *testing.T) {
		t.Parallel()
		first := httptest.NewUnstartedServer(ok)
		first.Config.ErrorLog = discardLog()
		first.StartTLS()
		t.Cleanup(first.Close)
		second := serve(t, ok)
		cfg := config(first.URL)
		cfg.FallbackBaseURL = second.URL
		_, err := newClient(t, cfg).QueryOrder(t.Context(), "o", "")
		assertNetwork(t, err)
		var certificate *tls.CertificateVerificationError
		if !errors.As(err, &certificate) || second.calls.Load() != 0 {
			t.Errorf("err %v, calls %d", err, second.calls.Load())
		}
	})
	t.Run("not after the caller gave up", func(t *testing.T) {
		t.Parallel()
		second := serve(t, ok)
		cfg := config(deadURL(t))
		cfg.FallbackBaseURL = second.URL
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := newClient(t, cfg).QueryOrder(ctx, "o", "")
		if !errors.Is(err, context.Canceled) || second.calls.Load() != 0 {
			t.Errorf("err %v, calls %d", err, second.calls.Load())
		}
	})
}

func assertNetwork(t *testing.T, err error) {
	t.Helper()
	var e *openapi.Error
	if !errors.As(err, &e) || !errors.Is(err, openapi.ErrNetwork) || !e.Retryable || !openapi.Retryable(fmt.Errorf("wrapped: %w", err)) {
		t.Fatalf("err = %v", err)
	}
	assertClean(t, err.Error())
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	m := serve(t, func(http.ResponseWriter, *http.Request) { <-release })
	t.Cleanup(func() { close(release) })
	cfg := config(m.URL)
	cfg.Timeout = 50 * time.Millisecond
	_, err := newClient(t, cfg).QueryOrder(t.Context(), "o", "")
	assertNetwork(t, err)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("err = %v", err)
	}
}

func TestVerifiedTLS(t *testing.T) {
	t.Parallel()
	s := httptest.NewTLSServer(reply(200, sampleAnswer))
	t.Cleanup(s.Close)
	cfg := config(s.URL)
	cfg.HTTPClient = s.Client()
	if _, err := newClient(t, cfg).QueryOrder(t.Context(), "o", ""); err != nil {
		t.Fatal(err)
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	elsewhere := serve(t, reply(200, sampleAnswer))
	m := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
		http.Redirect(w, r, elsewhere.URL+r.URL.RequestURI(), http.StatusFound)
	})
	_, err := newClient(t, config(m.URL)).QueryOrder(t.Context(), "o", "")
	var e *openapi.Error
	if !errors.As(err, &e) || e.HTTPStatus != 302 || e.Retryable || elsewhere.calls.Load() != 0 {
		t.Errorf("err %v, calls %d", err, elsewhere.calls.Load())
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	insecure := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} // must be refused
	tests := []struct {
		name   string
		change func(*openapi.Config)
		ok     bool
	}{
		{"site", func(c *openapi.Config) { c.BaseURL, c.Site = "", openapi.SiteCN }, true},
		{"international", func(c *openapi.Config) { c.BaseURL, c.Site = "", openapi.SiteIntl }, true},
		{"Europe", func(c *openapi.Config) { c.BaseURL, c.Site = "", openapi.SiteEU }, true},
		{"https", func(c *openapi.Config) { c.BaseURL = "https://mkt.example.com:8443/x" }, true},
		{"loopback", func(c *openapi.Config) { c.BaseURL = "http://127.0.0.1:8088" }, true},
		{"loopback v6", func(c *openapi.Config) { c.BaseURL = "http://[::1]:8088" }, true},
		{"localhost", func(c *openapi.Config) { c.BaseURL = "http://localhost:8088" }, true},
		{"neither site nor address", func(c *openapi.Config) { c.BaseURL = "" }, false},
		{"unknown site", func(c *openapi.Config) { c.BaseURL, c.Site = "", "moon" }, false},
		{"plain http", func(c *openapi.Config) { c.BaseURL = "http://mkt.example.com" }, false},
		{"name that begins like loopback", func(c *openapi.Config) { c.BaseURL = "http://127.0.0.1.example.com" }, false},
		{"other scheme", func(c *openapi.Config) { c.BaseURL = "ftp://127.0.0.1" }, false},
		{"relative", func(c *openapi.Config) { c.BaseURL = "/x" }, false},
		{"no host", func(c *openapi.Config) { c.BaseURL = "https://:443" }, false},
		{"opaque", func(c *openapi.Config) { c.BaseURL = "https:mkt" }, false},
		{"unparsable", func(c *openapi.Config) { c.BaseURL = "https://%zz" }, false},
		{"password", func(c *openapi.Config) { c.BaseURL = "https://u:canary@mkt.example.com" }, false},
		{"query", func(c *openapi.Config) { c.BaseURL = "https://mkt.example.com?a=b" }, false},
		{"fragment", func(c *openapi.Config) { c.BaseURL = "https://mkt.example.com#a" }, false},
		{"plain fallback", func(c *openapi.Config) { c.FallbackBaseURL = "http://mkt.example.com" }, false},
		{"no clock", func(c *openapi.Config) { c.Now = nil }, false},
		{"no keys", func(c *openapi.Config) { c.Credentials = sign.Credentials{} }, false},
		{"unsendable key", func(c *openapi.Config) { c.Credentials.AccessKey = "canary\n" }, false},
		{"negative timeout", func(c *openapi.Config) { c.Timeout = -1 }, false},
		{"negative bound", func(c *openapi.Config) { c.MaxResponse = -1 }, false},
		{"unverified TLS", func(c *openapi.Config) { c.HTTPClient = insecure }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg := config("https://mkt.example.com")
			tt.change(&cfg)
			c, err := openapi.New(cfg)
			if tt.ok != (err == nil) || tt.ok != (c != nil) {
				t.Fatalf("New = %v", err)
			}
			if err != nil {
				if !errors.Is(err, openapi.ErrConfig) {
					t.Errorf("not ErrConfig: %v", err)
				}
				assertClean(t, err.Error())
				return
			}
			for _, verb := range []string{"%v", "%+v", "%#v"} {
				assertClean(t, fmt.Sprintf(verb, c))
				assertClean(t, fmt.Sprintf(verb, cfg))
			}
		})
	}
}

func TestSites(t *testing.T) {
	t.Parallel()
	tests := []struct {
		site           openapi.Site
		base, fallback string
	}{
		{openapi.SiteCN, "https://mkt.myhuaweicloud.com", "https://mkt.myhuaweicloud.cn"},
		{openapi.SiteIntl, "https://mkt-intl.myhuaweicloud.com", ""},
		{openapi.SiteEU, "https://mkt.myhuaweicloud.eu", ""},
		{"", "", ""},
	}
	for _, tt := range tests {
		if tt.site.BaseURL() != tt.base || tt.site.FallbackURL() != tt.fallback {
			t.Errorf("%q: %s, %s", tt.site, tt.site.BaseURL(), tt.site.FallbackURL())
		}
	}
}

// The caller's client is copied: its redirect policy and jar stay as they were.
func TestHTTPClientIsNotChanged(t *testing.T) {
	t.Parallel()
	mine := &http.Client{}
	cfg := config("https://mkt.example.com")
	cfg.HTTPClient = mine
	newClient(t, cfg)
	if mine.CheckRedirect != nil {
		t.Error("the caller's client was changed")
	}
}

func TestMockOrders(t *testing.T) {
	t.Parallel()
	want := []string{
		"MOCKPERIODYEARNEW", "MOCKONETIMENEW", "MOCKONDEMAND", "MOCKONDEMANDPKG", "MOCKPERIODDAYTRIAL",
		"MOCKMONTYTRIALTOFORMAL", "MOCKMONTYUNSUBSCRIBE", "MOCKMONTYRENEW", "MOCKMONTYCHANGE",
	}
	got := openapi.MockOrders()
	if len(got) != len(want) {
		t.Fatalf("%d orders", len(got))
	}
	for i, o := range got {
		if o.OrderID != want[i] || o.OrderLineID != want[i]+"-000001" || o.Scenario == "" || !o.OrderType.Known() || !o.ChargingMode.Known() {
			t.Errorf("%+v", o)
		}
		if o.InEU != !strings.HasPrefix(o.OrderID, "MOCKONDEMAND") {
			t.Errorf("%s: InEU %v", o.OrderID, o.InEU)
		}
	}
	got[0].OrderID = "changed"
	if openapi.MockOrders()[0].OrderID != want[0] {
		t.Error("the list is shared")
	}
}
