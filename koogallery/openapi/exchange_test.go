// SPDX-License-Identifier: Apache-2.0

package openapi_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/koogallery/sign"
)

// A call tells who asks what went over the wire, and nothing of what was said.
func TestExchange(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for name, c := range map[string]struct {
		status   int
		body     string
		id       string
		base     string
		fallback bool
		want     openapi.Exchange
	}{
		"a success":      {200, sampleAnswer, "CS2207261447AUY4H", "", false, openapi.Exchange{Tries: 1, HTTPStatus: 200, Code: "MKT.0000", Answer: len(sampleAnswer)}},
		"a refusal":      {401, `{"resultCode":"CBC.0150"}`, "CS1", "", false, openapi.Exchange{Tries: 1, HTTPStatus: 401, Code: "MKT.0150", Answer: 25}},
		"no JSON":        {502, `bad gateway`, "CS1", "", false, openapi.Exchange{Tries: 1, HTTPStatus: 502, Answer: 11}},
		"no connection":  {0, "", "CS1", gone.URL, false, openapi.Exchange{Tries: 1}},
		"the other host": {200, sampleAnswer, "CS2207261447AUY4H", gone.URL, true, openapi.Exchange{Tries: 2, HTTPStatus: 200, Code: "MKT.0000", Answer: len(sampleAnswer)}},
		"no call":        {200, sampleAnswer, "CS\x00", "", false, openapi.Exchange{}},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(reply(c.status, c.body))
			defer s.Close()
			cfg := openapi.Config{BaseURL: s.URL, Credentials: sign.Credentials{AccessKey: accessKey, SecretKey: secretKey}, Now: fixedNow, Timeout: 5 * time.Second}
			if c.base != "" {
				cfg.BaseURL = c.base
			}
			if c.fallback {
				cfg.FallbackBaseURL = s.URL
			}
			client, err := openapi.New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			ctx, x := openapi.WithExchange(context.Background())
			_, _ = client.QueryOrder(ctx, c.id, "")
			if c.want.Tries > 0 {
				c.want.Asked = []byte(`{"orderId":"` + c.id + `"}`)
			}
			if c.want.HTTPStatus > 0 {
				c.want.Said = []byte(c.body)
			}
			if !reflect.DeepEqual(*x, c.want) {
				t.Errorf("%+v, want %+v", *x, c.want)
			}
		})
	}
}
