// SPDX-License-Identifier: Apache-2.0

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

func ExampleClient_PushUsage() {
	marketplace := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"error_code":"94060999","error_msg":"Failed","data":{"abnormal_usage_data":[{"metering_sn":"sn-2","error_code":"010"}]}}`)
	}))
	defer marketplace.Close()

	client, err := openapi.New(openapi.Config{
		BaseURL:     marketplace.URL,
		Credentials: sign.Credentials{AccessKey: "testAK", SecretKey: "testSK"},
		UsageKey:    "isvAccessKey-0123456789", // bound to the base interface in the seller centre
		Now:         func() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	hour := time.Date(2025, 12, 31, 23, 0, 0, 0, time.UTC)
	records := []openapi.UsageRecord{
		{InstanceID: "instance-1", BeginTime: hour, EndTime: hour.Add(time.Hour), RecordTime: hour.Add(time.Hour), UsageValue: "99", MeteringSN: "sn-1"},
		{InstanceID: "instance-2", BeginTime: hour, EndTime: hour.Add(time.Hour), RecordTime: hour.Add(time.Hour), UsageValue: "0.5", MeteringSN: "sn-2"},
	}
	result, err := client.PushUsage(context.Background(), records)
	if err != nil {
		fmt.Println(err, "repeat:", openapi.Retryable(err), "may have arrived:", openapi.Sent(err))
		return
	}
	for i, r := range result.Records {
		fmt.Println(records[i].MeteringSN, r.Outcome)
		if r.Outcome == openapi.OutcomeRejected {
			fmt.Println(r.Code, r.Code.Meaning()+":", r.Code.Class())
		}
	}
	// Output:
	// sn-1 accepted
	// sn-2 rejected
	// 010 duplicate record: duplicate
}

func ExampleClient_ActivateLicense() {
	marketplace := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == openapi.ActivateLicensePath {
			fmt.Fprint(w, `{"error_code":"92020003","error_msg":"illegal state"}`)
			return
		}
		fmt.Fprint(w, `{"error_code":"92020000","data":{"status":"ALIVE","expire_time":"20261231155959"}}`)
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
	_, err = client.ActivateLicense(context.Background(), "PLXXXXXX", time.Time{})
	if openapi.IsAlreadyActivated(err) || (err != nil && openapi.Sent(err)) { // perhaps by an earlier attempt
		info, err := client.QueryLicense(context.Background(), "PLXXXXXX", nil)
		fmt.Println(info, err)
	}
	// Output:
	// openapi.LicenseInfo{status: "ALIVE", expire: 2026-12-31T15:59:59Z, product: ""} <nil>
}
