// SPDX-License-Identifier: Apache-2.0

package openapi_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/koogallery/sign"
)

const (
	accessKey = "canary-access-key"
	secretKey = "canary-secret-key"

	sampleOrder = `{"orderId":"CS2207261447AUY4H","orderType":"NEW","createTime":"20220726064736",
  "orderLine":[{"orderLineId":"CS2207261447AUY4H-000001","chargingMode":"PERIOD","periodType":"year",
   "periodNumber":1,"expireTime":"20230726155959",
   "productInfo":[{"productId":"OFFI758576","skuCode":"da9b4d34-ee8a-4355-a823-13e034e49986",
                   "linearValue":10,"productName":"SaaS测试商品,测试规格,基础版"}]}],
  "buyerInfo":{"mobilePhone":"13800000000","email":"canary@example.com","customerId":"c1","customerName":"canary-name","userId":"u1","userName":"canary-user"}}`
	sampleAnswer = `{"resultCode":"MKT.0000","resultMsg":"Success","orderInfo":` + sampleOrder + `}`
)

func fixedNow() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

// marketplace is a stand-in that verifies signatures as the gateway does.
type marketplace struct {
	*httptest.Server
	calls atomic.Int64
}

func serve(t *testing.T, answer http.HandlerFunc) *marketplace {
	t.Helper()
	m := &marketplace{}
	m.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.calls.Add(1)
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		if err != nil {
			t.Errorf("body: %v", err)
		}
		find := func(access string) (string, bool) { return secretKey, access == accessKey }
		if access, err := sign.VerifyRequest(r, body, find, fixedNow().Add(time.Minute), 0); err != nil || access != accessKey {
			t.Errorf("VerifyRequest = %q, %v", access, err)
		}
		if got := r.Header.Get("Content-Type"); got != "application/json;charset=UTF-8" {
			t.Errorf("Content-Type = %q", got)
		}
		if !strings.Contains(r.Header.Get("Authorization"), "SignedHeaders=content-type;host;x-sdk-date") {
			t.Errorf("Authorization = %q", r.Header.Get("Authorization"))
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		answer(w, r)
	}))
	t.Cleanup(m.Close)
	return m
}

func reply(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json;charset=UTF-8")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func config(base string) openapi.Config {
	return openapi.Config{
		BaseURL:     base,
		Credentials: sign.Credentials{AccessKey: accessKey, SecretKey: secretKey},
		Now:         fixedNow,
		Timeout:     5 * time.Second,
	}
}

func newClient(t *testing.T, cfg openapi.Config) *openapi.Client {
	t.Helper()
	if cfg.HTTPClient == nil {
		transport := &http.Transport{}
		t.Cleanup(transport.CloseIdleConnections)
		cfg.HTTPClient = &http.Client{Transport: transport}
	}
	c, err := openapi.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// deadURL is an address at which nothing listens.
func deadURL(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	return s.URL
}

func assertClean(t *testing.T, text string) {
	t.Helper()
	for _, secret := range []string{"canary", "13800000000", fmt.Sprintf("%x", "canary"), fmt.Sprintf("%d", []byte("canary"))[1:20]} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is in %s", secret, text)
		}
	}
}
