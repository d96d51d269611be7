// SPDX-License-Identifier: Apache-2.0

package openapi_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/koogallery/simulator"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/simulator/fault"
	"github.com/koogate/koogate/koogallery/simulator/simtest"
)

func TestQueryOfAPlacedOrder(t *testing.T) {
	sim, _, client, _ := simtest.Serve(t, func(cfg *simulator.Config) { cfg.Strict = true })
	for _, kind := range catalogue.Kinds() {
		o, err := sim.Place(kind)
		if err != nil {
			t.Fatal(err)
		}
		info, err := client.QueryOrder(context.Background(), o.ID, o.LineID)
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		line, ok := info.Line(o.LineID)
		if !ok || len(info.Doubts) != 0 || info.OrderType != o.Type || !info.CreateTime.Equal(simtest.Start()) {
			t.Fatalf("%s: %v, doubts %v", kind, info, info.Doubts)
		}
		p := line.ProductInfo[0]
		if string(line.ChargingMode) != kind.ChargingMode() || !line.ExpireTime.Equal(o.ExpireTime) ||
			p.ProductID != o.Product.ProductID || p.SkuCode != o.Product.SKUCode || int(p.LinearValue) != o.Product.LinearValue {
			t.Errorf("%s: %+v", kind, string(line.Raw))
		}
		if timed := kind == catalogue.Period || kind == catalogue.Trial; timed == line.ExpireTime.IsZero() {
			t.Errorf("%s: expireTime %v", kind, line.ExpireTime)
		}
		b := info.BuyerInfo
		if b == nil || len(b.MobilePhone) != 11 || !strings.HasSuffix(b.Email, "@example.com") || b.CustomerID == "" || b.UserName == "" {
			t.Errorf("%s: buyer of shape %d", kind, len(b.MobilePhone))
		}
	}
}

// A refund order has a negative deal and no amount; the orders of one instance
// have one buyer; an order stays what it was after a renewal.
func TestQueryOfLaterOrders(t *testing.T) {
	sim, _, client, _ := simtest.Serve(t, nil)
	ctx := context.Background()
	o, err := simtest.OpenOrder(t, sim, catalogue.Period)
	if err != nil {
		t.Fatal(err)
	}
	renewal, err := sim.RenewWithChange(ctx, o.ID, 99)
	if err != nil {
		t.Fatal(err)
	}
	refund, err := sim.Unsubscribe(ctx, o.ID)
	if err != nil {
		t.Fatal(err)
	}
	infos := make([]*openapi.OrderInfo, 0, 3)
	for _, id := range []string{o.ID, renewal.ID, refund.ID} {
		info, err := client.QueryOrder(ctx, id, "")
		if err != nil {
			t.Fatal(err)
		}
		infos = append(infos, info)
	}
	if infos[0].OrderLines[0].ProductInfo[0].LinearValue != 10 || infos[1].OrderLines[0].ProductInfo[0].LinearValue != 99 {
		t.Error("quantities are mixed up")
	}
	if l := infos[2].OrderLines[0]; l.Currency != "" || l.CurrencyAfterDiscount != "-1200.00" || infos[2].OrderType != openapi.OrderUnsubscribe {
		t.Errorf("refund = %s", l.Raw)
	}
	if infos[0].BuyerInfo.UserID != infos[2].BuyerInfo.UserID {
		t.Error("another buyer gives the instance back")
	}
}

func TestQueryOfMockOrders(t *testing.T) {
	_, _, client, _ := simtest.Serve(t, func(cfg *simulator.Config) { cfg.Strict = true })
	mocks := openapi.MockOrders()
	if len(mocks) != 9 {
		t.Fatalf("%d mock orders", len(mocks))
	}
	for _, mock := range mocks {
		for _, line := range []string{"", mock.OrderLineID} {
			info, err := client.QueryOrder(context.Background(), mock.OrderID, line)
			if err != nil {
				t.Fatalf("%s: %v", mock.OrderID, err)
			}
			l, ok := info.Line(mock.OrderLineID)
			if !ok || info.OrderType != mock.OrderType || l.ChargingMode != mock.ChargingMode {
				t.Errorf("%s: %v %v", mock.OrderID, info, l)
			}
		}
	}
	info, _ := client.QueryOrder(context.Background(), openapi.MockTrial, "")
	if info.OrderLines[0].PeriodType != "day" {
		t.Error("the trial has no days")
	}
}

func TestQueryOfForeignOrders(t *testing.T) {
	ctx := context.Background()
	_, _, client, _ := simtest.Serve(t, nil)
	const id, line = "CS2207261447AUY4H", "CS2207261447AUY4H-000007"
	first, err := client.QueryOrder(ctx, id, line)
	if err != nil {
		t.Fatal(err)
	}
	again, err := client.QueryOrder(ctx, id, line)
	if err != nil || string(first.Raw) != string(again.Raw) {
		t.Errorf("two answers: %s, %s, %v", first.Raw, again.Raw, err)
	}
	// The sample of open-apis §2.5 has these times.
	if l, ok := first.Line(line); !ok || first.CreateTime.Format(time.DateTime) != "2022-07-26 06:47:00" ||
		l.ExpireTime.Format(time.DateTime) != "2023-07-26 15:59:59" || l.ChargingMode != openapi.ChargePeriod {
		t.Errorf("order = %s", first.Raw)
	}
	for _, bad := range []struct {
		id, line, code string
		status         int
	}{
		{"CS22072614", "", "MKT.0150", 401}, {"XX2207261447AUY4H", "", "MKT.0150", 401}, {"CS2207261447AUY-H", "", "MKT.0150", 401},
		{"CS220726144xAUY4H", "", "MKT.0150", 401}, {id, "other-000001", "MKT.0199", 400}, {id, id + "-1", "MKT.0199", 400},
	} {
		expect(t, client, bad.id, bad.line, bad.status, bad.code)
	}
	if _, err := client.QueryOrder(ctx, "CS9999999999A", ""); err != nil {
		t.Errorf("an id that names no time: %v", err)
	}

	_, _, strict, _ := simtest.Serve(t, func(cfg *simulator.Config) { cfg.Strict = true })
	expect(t, strict, id, line, 401, "MKT.0150")
}

func expect(t *testing.T, client *openapi.Client, id, line string, status int, code string) {
	t.Helper()
	var e *openapi.Error
	if _, err := client.QueryOrder(context.Background(), id, line); !errors.As(err, &e) || e.HTTPStatus != status || e.Code != code {
		t.Errorf("%s %s: %v", id, line, err)
	}
}

func TestQueryAuthentication(t *testing.T) {
	_, server, _, c := simtest.Serve(t, nil)
	good := sign.Credentials{AccessKey: simtest.OpenAK, SecretKey: simtest.OpenSK}
	for name, tc := range map[string]struct {
		keys   sign.Credentials
		at     time.Duration
		spoil  func(*http.Request)
		status int
		code   string
	}{
		"good":           {good, 0, nil, 200, "MKT.0000"},
		"14 minutes old": {good, -14 * time.Minute, nil, 200, "MKT.0000"},
		"stale":          {good, -16 * time.Minute, nil, 401, "APIGW.0301"},
		"ahead":          {good, 16 * time.Minute, nil, 401, "APIGW.0301"},
		"wrong secret":   {sign.Credentials{AccessKey: simtest.OpenAK, SecretKey: "x"}, 0, nil, 401, "APIGW.0301"},
		"unknown key":    {sign.Credentials{AccessKey: "x", SecretKey: simtest.OpenSK}, 0, nil, 401, "CBC.0154"},
		"other order":    {good, 0, func(r *http.Request) { r.URL.RawQuery = "orderId=MOCKONDEMAND" }, 401, "APIGW.0301"},
		"unsigned":       {good, 0, func(r *http.Request) { r.Header.Del("Authorization") }, 401, "APIGW.0301"},
	} {
		t.Run(name, func(t *testing.T) {
			r := request(t, server.URL, url.Values{"orderId": {openapi.MockPeriodNew}})
			if err := sign.SignRequest(r, nil, tc.keys, c.Now().Add(tc.at)); err != nil {
				t.Fatal(err)
			}
			if tc.spoil != nil {
				tc.spoil(r)
			}
			status, answer := simtest.Do(t, server, r)
			code := answer["resultCode"]
			if code == nil {
				code = answer["error_code"]
			}
			if status != tc.status || code != tc.code {
				t.Errorf("%d %v", status, answer)
			}
			if tc.code == "APIGW.0301" && (answer["request_id"] == "" || answer["error_msg"] == "") {
				t.Errorf("%v", answer)
			}
		})
	}
}

func request(t *testing.T, base string, query url.Values) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+openapi.QueryOrderPath+"?"+query.Encode(), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestQueryParameters(t *testing.T) {
	_, server, _, c := simtest.Serve(t, nil)
	for _, tc := range []struct {
		query  url.Values
		status int
		code   string
	}{
		{url.Values{}, 400, "CBC.0101"},
		{url.Values{"orderId": {""}}, 400, "CBC.0101"},
		{url.Values{"orderId": {"A"}, "page": {"1"}}, 400, "CBC.0101"},
		{url.Values{"orderId": {"A", "B"}}, 400, "CBC.0101"},
		{url.Values{"orderId": {strings.Repeat("A", 65)}}, 500, "CBC.0100"},
		{url.Values{"orderId": {"\xff"}}, 500, "CBC.0100"},
	} {
		r := request(t, server.URL, tc.query)
		if err := sign.SignRequest(r, nil, sign.Credentials{AccessKey: simtest.OpenAK, SecretKey: simtest.OpenSK}, c.Now()); err != nil {
			t.Fatal(err)
		}
		if status, answer := simtest.Do(t, server, r); status != tc.status || answer["resultCode"] != tc.code {
			t.Errorf("%v: %d %v", tc.query, status, answer)
		}
	}
}

func TestFaults(t *testing.T) {
	sim, _, client, c := simtest.Serve(t, nil)
	ctx := context.Background()
	sim.SetFaults(fault.Plan{Drop: 1, RateLimit: 1, Fail: 2, Delay: time.Second})
	var got []string
	for range 5 {
		_, err := client.QueryOrder(ctx, openapi.MockPeriodNew, "")
		var e *openapi.Error
		switch {
		case err == nil:
			got = append(got, "ok")
		case errors.As(err, &e):
			got = append(got, fmt.Sprintf("%d %s %v", e.HTTPStatus, e.Code, e.Retryable))
		}
	}
	simtest.Equal(t, "answers", got, []string{"0  true", "406 MKT.0250 true", "500 MKT.0999 true", "500 MKT.0999 true", "ok"})
	if f := sim.Faults(); f != (fault.Plan{Delay: time.Second}) || c.Now().Sub(simtest.Start()) != 5*time.Second {
		t.Errorf("left %+v, waited %v", f, c.Now().Sub(simtest.Start()))
	}
	sim.SetFaults(fault.Plan{Fail: 1, Status: 401, Code: "CBC.0151"})
	expect(t, client, openapi.MockPeriodNew, "", 401, "MKT.0151")
}
