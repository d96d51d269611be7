// SPDX-License-Identifier: Apache-2.0

package marketplace_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/marketplace"
	"github.com/koogate/koogate/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	orderID = "CS2207261447AUY4H"
	lineID  = "CS2207261447AUY4H-000001"
	canary  = "canary-buyer-7731"
)

// answering returns a marketplace whose open API answers every query with status and body.
func answering(t *testing.T, status int, body string) *marketplace.Marketplace {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != openapi.QueryOrderPath || r.URL.Query().Get("orderId") == "" || r.Header.Get("Authorization") == "" {
			t.Errorf("asked %s without signature or ID", r.URL)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(srv.Close)
	return at(t, srv.URL, srv.Client())
}

func at(t *testing.T, url string, c *http.Client) *marketplace.Marketplace {
	t.Helper()
	client, err := openapi.New(openapi.Config{
		BaseURL: url, HTTPClient: c, Timeout: 5 * time.Second,
		Credentials: sign.Credentials{AccessKey: "ak", SecretKey: "sk"},
		Now:         func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return marketplace.New(func() map[string]marketplace.Querier { return map[string]marketplace.Querier{"acme": client} })
}

func orderBody(mode, expire, linear, extra string) string {
	return fmt.Sprintf(`{"resultCode":"MKT.0000","resultMsg":"Success","orderInfo":{"orderId":%q,"orderType":"NEW",
		"createTime":"20220726064736","orderLine":[
		{"orderLineId":"CS2207261447AUY4H-000002","chargingMode":"ONE_TIME","productInfo":[{"productId":"P2","skuCode":"S2","productName":"two"}]},
		{"orderLineId":%q,"chargingMode":%q%s,"productInfo":[{"productId":"P1","skuCode":"S1","linearValue":%s,"productName":"one"}]}]%s}}`,
		orderID, lineID, mode, expire, linear, extra)
}

func TestFactsOfTheLine(t *testing.T) {
	for mode, expire := range map[string]time.Time{
		"PERIOD":        time.Date(2023, 7, 26, 15, 59, 59, 0, time.UTC),
		"ONE_TIME":      {},
		"ON_DEMAND":     {},
		"ON_DEMAND_PKG": time.Date(2023, 7, 26, 15, 59, 59, 0, time.UTC),
		"NEW_MODE":      {},
	} {
		t.Run(mode, func(t *testing.T) {
			text := ""
			if !expire.IsZero() {
				text = `,"expireTime":"20230726155959"`
			}
			m := answering(t, 200, orderBody(mode, text, `"10"`, ""))
			got, err := m.QueryOrder(t.Context(), "acme", orderID, lineID)
			if err != nil {
				t.Fatal(err)
			}
			want := store.Product{ProductID: "P1", SKUCode: "S1", Name: "one", ChargingMode: mode, LinearValue: 10}
			if got.OrderType != "NEW" || got.Product != want || !got.ExpireAt.Equal(expire) || got.Buyer != nil {
				t.Fatalf("got %+v, want product %+v expiring %v", got, want, expire)
			}
		})
	}
}

// Text that only describes never loses an order; what identifies is taken as it is or not at all.
func TestBrokenTextInAnAnswer(t *testing.T) {
	for name, c := range map[string]struct{ was, is, product, code string }{
		"half an emoji":        {`"productName":"one"`, `"productName":"one\ud83d"`, "one\ufffd", ""},
		"NUL":                  {`"productName":"one"`, `"productName":"one\u0000"`, "one\ufffd", ""},
		"GBK":                  {`"productName":"one"`, "\"productName\":\"\xc4\xe3\"", "\ufffd\ufffd", ""},
		"a name that is none":  {`"productName":"one"`, `"productName":{"zh":"名"}`, `{"zh":"名"}`, ""},
		"buyer with NUL":       {`"userName":"u"`, `"userName":"\u0000\ud83d","x":"\udc00"`, "one", ""},
		"buyer in GBK":         {`"userName":"u"`, "\"userName\":\"\xc4\xe3\"", "one", ""},
		"buyer of other types": {`"userName":"u"`, `"userName":["u"]`, "one", ""},
		"currency of another":  {`"chargingMode":"PERIOD"`, `"chargingMode":"PERIOD","currency":{"a":1},"expireTime":[1]`, "one", ""},
		"product ID with NUL":  {`"productId":"P1"`, `"productId":"P1\u0000"`, "", marketplace.CodeAnswer},
		"order type with NUL":  {`"orderType":"NEW"`, `"orderType":"NEW\u0000"`, "", marketplace.CodeAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			body := orderBody("PERIOD", "", "1", `,"buyerInfo":{"userName":"u"}`)
			broken := strings.Replace(body, c.was, c.is, 1)
			if broken == body {
				t.Fatal("nothing was broken")
			}
			got, err := answering(t, 200, broken).QueryOrder(t.Context(), "acme", orderID, lineID)
			if q := (*fulfil.QueryError)(nil); c.code != "" {
				if !errors.As(err, &q) || q.Code != c.code {
					t.Fatalf("got %v", err)
				}
				return
			}
			if err != nil || got.Product.Name != c.product || !json.Valid(got.Buyer) || store.CheckText(got.Product) != nil {
				t.Fatalf("got %+v %q, %v", got.Product, got.Buyer, err)
			}
		})
	}
}

// A line beside ours that cannot be read costs ours nothing and is told; when ours is not there it may be the one, and the query is
// repeated.
func TestOneBadLineInAnAnswer(t *testing.T) {
	const other = `{"orderLineId":"CS2207261447AUY4H-000002","chargingMode":"ONE_TIME",`
	whole := orderBody("PERIOD", "", "1", `,"extendParams":[7]`)
	body := strings.Replace(whole, other, other+`"periodNumber":"`+canary+`",`, 1)
	got, err := answering(t, 200, body).QueryOrder(t.Context(), "acme", orderID, lineID)
	if err != nil || got.Product.ProductID != "P1" || !slices.Equal(got.Unread, []string{"orderLine[0]", "extendParams[0]"}) {
		t.Errorf("%+v, %v", got, err)
	}
	_, err = answering(t, 200, body).QueryOrder(t.Context(), "acme", orderID, "CS2207261447AUY4H-000002")
	if q := queryError(t, err); q.Code != marketplace.CodeAnswer || !q.Retryable {
		t.Errorf("the line that cannot be read: %+v", q)
	}
}

func TestBuyerIsKeptWhole(t *testing.T) {
	m := answering(t, 200, orderBody("PERIOD", "", "1",
		`,"buyerInfo":{"userName":"`+canary+`","newMember":{"a":1}},"extendParams":[{"name":"domain","value":"example.com"}]`))
	got, err := m.QueryOrder(t.Context(), "acme", orderID, lineID)
	if err != nil {
		t.Fatal(err)
	}
	var b struct {
		UserName string `json:"userName"`
		Params   []struct{ Key, Value string }
		Extend   []struct{ Key, Value string } `json:"extendParams"`
		Raw      map[string]any                `json:"raw"`
	}
	if err := json.Unmarshal(got.Buyer, &b); err != nil {
		t.Fatal(err)
	}
	if b.UserName != canary || len(b.Extend) != 1 || b.Extend[0].Key != "domain" || b.Raw["newMember"] == nil {
		t.Fatalf("got %s", got.Buyer)
	}
}

func TestFaults(t *testing.T) {
	code := func(c string) string {
		return `{"resultCode":"` + c + `","resultMsg":"` + canary + `@example.com 13800138000"}`
	}
	for name, c := range map[string]struct {
		status    int
		body      string
		line      string
		code      string
		retryable bool
	}{
		"other line":       {200, orderBody("PERIOD", "", "1", ""), "CS2207261447AUY4H-000009", "LINE_MISSING", false},
		"other order":      {200, strings.ReplaceAll(orderBody("PERIOD", "", "1", ""), `"orderId":"CS`, `"orderId":"XX`), lineID, "ORDER_MISMATCH", true},
		"no product":       {200, `{"resultCode":"MKT.0000","orderInfo":{"orderId":"` + orderID + `","orderLine":{"orderLineId":"` + lineID + `"}}}`, lineID, "PRODUCT_MISSING", true},
		"huge quantity":    {200, orderBody("PERIOD", "", "9007199254740992", ""), lineID, "QUANTITY_BOUNDS", false},
		"unreadable line":  {200, orderBody("PERIOD", "", "-1", ""), lineID, "ANSWER_MALFORMED", true},
		"not json":         {200, "<html>", lineID, "ANSWER_MALFORMED", true},
		"no order":         {200, `{"resultCode":"MKT.0000"}`, lineID, "ANSWER_MALFORMED", true},
		"internal":         {500, code("CBC.0999"), lineID, "MKT.0999", true},
		"bad parameter":    {400, code("CBC.0101"), lineID, "MKT.0101", false},
		"rate limit":       {406, code("CBC.0250"), lineID, "MKT.0250", true},
		"wrong keys":       {401, code("CBC.0154"), lineID, "MKT.0154", true},
		"other seller":     {401, code("CBC.0150"), lineID, "MKT.0150", true},
		"gateway":          {401, `{"error_code":"APIGW.0301","error_msg":"Incorrect IAM authentication information"}`, lineID, "APIGW.0301", true},
		"bad gateway":      {502, `{}`, lineID, "HTTP_502", true},
		"not found":        {404, `{}`, lineID, "HTTP_404", false},
		"redirect refused": {302, `{}`, lineID, "HTTP_302", false},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := answering(t, c.status, c.body).QueryOrder(t.Context(), "acme", orderID, c.line)
			q := queryError(t, err)
			if q.Code != c.code || q.Retryable != c.retryable {
				t.Fatalf("got %s retryable %v (%v), want %s %v", q.Code, q.Retryable, q.Cause, c.code, c.retryable)
			}
			if text := fmt.Sprintf("%v %+v %v", err, q.Code, q.Cause); strings.Contains(text, canary) || strings.Contains(text, "138001") {
				t.Fatalf("personal data in %q", text)
			}
		})
	}
}

func TestNoAnswerIsRetried(t *testing.T) {
	srv := httptest.NewServer(http.NotFoundHandler())
	url := srv.URL
	srv.Close()
	_, err := at(t, url, nil).QueryOrder(t.Context(), "acme", orderID, lineID)
	if q := queryError(t, err); q.Code != "NETWORK" || !q.Retryable {
		t.Fatalf("got %+v", q)
	}
}

func TestArgumentsAndSellers(t *testing.T) {
	m := answering(t, 200, "{}")
	_, err := m.QueryOrder(t.Context(), "acme", "bad\x00id", lineID)
	if q := queryError(t, err); q.Code != "ID_INVALID" || q.Retryable {
		t.Fatalf("got %+v", q)
	}
	_, err = m.QueryOrder(t.Context(), "nobody", orderID, lineID)
	if q := queryError(t, err); q.Code != "SELLER_UNKNOWN" || !q.Retryable {
		t.Fatalf("got %+v", q)
	}
}

func queryError(t *testing.T, err error) *fulfil.QueryError {
	t.Helper()
	var q *fulfil.QueryError
	if !errors.As(err, &q) {
		t.Fatalf("got %v, want a *fulfil.QueryError", err)
	}
	return q
}
