package openapi_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/koogallery/sign"
)

func ExampleClient_QueryOrder() {
	marketplace := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"resultCode":"MKT.0000","resultMsg":"Success","orderInfo":{"orderId":"MOCKPERIODYEARNEW","orderType":"NEW",
			"orderLine":[{"orderLineId":"MOCKPERIODYEARNEW-000001","chargingMode":"PERIOD","expireTime":"20230726155959"}],
			"buyerInfo":{"userName":"someone"}}}`)
	}))
	defer marketplace.Close()

	client, err := openapi.New(openapi.Config{
		BaseURL:     marketplace.URL, // or Site: openapi.SiteCN
		Credentials: sign.Credentials{AccessKey: "testAK", SecretKey: "testSK"},
		Now:         func() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }, // a real clock in production
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	order, err := client.QueryOrder(context.Background(), openapi.MockPeriodNew, "")
	if err != nil {
		fmt.Println(err, "retry:", openapi.Retryable(err))
		return
	}
	fmt.Println(order)
	fmt.Println(order.BuyerInfo)
	fmt.Println(order.OrderLines[0].ChargingMode, order.OrderLines[0].ExpireTime)
	// Output:
	// openapi.OrderInfo{orderId: "MOCKPERIODYEARNEW", orderType: "NEW", lines: 1, doubts: 0}
	// openapi.BuyerInfo[redacted]
	// PERIOD 2023-07-26 15:59:59 +0000 UTC
}

func ExampleError() {
	marketplace := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"resultCode":"CBC.0150","resultMsg":"Illegal operation"}`)
	}))
	defer marketplace.Close()

	client, err := openapi.New(openapi.Config{
		BaseURL:     marketplace.URL,
		Credentials: sign.Credentials{AccessKey: "testAK", SecretKey: "testSK"},
		Now:         func() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = client.QueryOrder(context.Background(), "CS2207261447AUY4H", "")
	var failure *openapi.Error
	if errors.As(err, &failure) {
		fmt.Println(failure.Suffix() == openapi.SuffixNotPermitted, failure.Retryable)
	}
	fmt.Println(err)
	// Output:
	// true false
	// openapi: query order: HTTP 401: MKT.0150: Illegal operation
}

func ExampleMockOrders() {
	for _, mock := range openapi.MockOrders()[:2] {
		fmt.Println(mock.OrderID, mock.OrderLineID, mock.Scenario)
	}
	// Output:
	// MOCKPERIODYEARNEW MOCKPERIODYEARNEW-000001 new order, period
	// MOCKONETIMENEW MOCKONETIMENEW-000001 new order, one-time
}
