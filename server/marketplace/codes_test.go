// SPDX-License-Identifier: Apache-2.0

package marketplace_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/server/licence"
	"github.com/koogate/koogate/server/marketplace"
)

const licenceCode = "PL-" + canary

// licensing returns a marketplace that answers every call about licence codes with status and body, and what the last held.
func licensing(t *testing.T, status int, body string) (m *marketplace.Marketplace, last *string) {
	t.Helper()
	last = new(string)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err != nil || r.Method != http.MethodPost || !strings.Contains(r.URL.Path, "/license/") || r.Header.Get("Authorization") == "" {
			t.Errorf("%s %s %v", r.Method, r.URL, err)
		}
		*last = r.URL.Path + string(text)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(srv.Close)
	return at(t, srv.URL, srv.Client()), last
}

func TestActivateCode(t *testing.T) {
	m, last := licensing(t, 200, `{"error_code":"92020000","error_msg":"success","data":{"license_code_info":"{\"status\":\"ALIVE\",\"expire_time\":\"20230726121646\",\"product_id\":\"12345\",\"amount\":2,\"order_id\":\"CS123\"}"}}`)
	got, err := m.ActivateCode(t.Context(), "acme", licenceCode, time.Date(2026, 1, 2, 15, 35, 55, 0, time.UTC))
	want := licence.Facts{
		Status: "ALIVE", ExpireAt: time.Date(2023, 7, 26, 12, 16, 46, 0, time.UTC), ProductID: "12345", OrderID: "CS123", Amount: 2,
	}
	if err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	if *last != openapi.ActivateLicensePath+`{"license":"`+licenceCode+`","real_effect_time":"20260102153555"}` {
		t.Errorf("sent %s", *last)
	}
}

func TestQueryCode(t *testing.T) {
	m, _ := licensing(t, 200, `{"error_code":"92020000","error_msg":"success","data":{"license_code":"`+licenceCode+`","status":"EXPIRED","activate_time":"20220726121646","expire_time":"20230726121646","product_id":"12345"}}`)
	got, err := m.QueryCode(t.Context(), "acme", licenceCode)
	want := licence.Facts{
		Status: "EXPIRED", ActivateAt: time.Date(2022, 7, 26, 12, 16, 46, 0, time.UTC),
		ExpireAt: time.Date(2023, 7, 26, 12, 16, 46, 0, time.UTC), ProductID: "12345",
	}
	if err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestReportUse(t *testing.T) {
	m, last := licensing(t, 200, `{"error_code":"92020000","error_msg":"success"}`)
	refused, unread, err := m.ReportUse(t.Context(), "acme", []licence.CodeUse{{Code: "PL1", Clients: 100}, {Code: "PL2", Clients: 1}})
	if err != nil || unread != 0 || len(refused) != 0 {
		t.Errorf("got %v %d %v", refused, unread, err)
	}
	if *last != openapi.LicenseUsagePath+`{"usage_info":[{"license":"PL1","software_usage_Info":[{"active_num":100}]},{"license":"PL2","software_usage_Info":[{"active_num":1}]}]}` {
		t.Errorf("sent %s", *last)
	}
	m, _ = licensing(t, 200, `{"error_code":"92020000","data":{"check_fail_list":[{"license":"PL2","error_code":"92020005"},{"license":"other"}]}}`)
	refused, unread, err = m.ReportUse(t.Context(), "acme", []licence.CodeUse{{Code: "PL1", Clients: 100}, {Code: "PL2", Clients: 1}})
	if err != nil || unread != 1 || len(refused) != 1 || refused[0].Code != "PL2" || refused[0].Reason != "92020005" {
		t.Errorf("got %d %d %v", len(refused), unread, err)
	}
}

func TestCodeFaults(t *testing.T) {
	for name, c := range map[string]struct {
		status  int
		code    string
		want    string
		refusal licence.Refusal
		sent    bool
	}{
		"unknown":         {200, "92020005", "92020005", licence.Unknown, false},
		"not collected":   {200, "92020004", "92020004", licence.NotReceived, false},
		"not activated":   {200, "92020011", "92020011", licence.NotActivated, false},
		"activated":       {200, "92020003", "92020003", licence.WrongState, false},
		"parameter":       {200, "92020002", "92020002", licence.Other, false},
		"pattern":         {400, "95000001", "95000001", licence.Other, false},
		"internal":        {200, "92020001", "92020001", licence.Away, true},
		"wrong keys":      {401, "CBC.0154", "MKT.0154", licence.Away, false},
		"gateway":         {401, "APIGW.0301", "APIGW.0301", licence.Away, false},
		"throttled":       {429, "APIGW.0308", "APIGW.0308", licence.Away, false},
		"bad gateway":     {502, "", "HTTP_502", licence.Away, true},
		"not of this API": {200, "94060999", "94060999", licence.Away, true},
	} {
		t.Run(name, func(t *testing.T) {
			m, _ := licensing(t, c.status, fmt.Sprintf(`{"error_code":%q,"error_msg":"%s"}`, c.code, licenceCode))
			_, aerr := m.ActivateCode(t.Context(), "acme", licenceCode, time.Time{})
			_, qerr := m.QueryCode(t.Context(), "acme", licenceCode)
			_, _, uerr := m.ReportUse(t.Context(), "acme", []licence.CodeUse{{Code: licenceCode, Clients: 1}})
			for _, err := range []error{aerr, qerr, uerr} {
				var e *licence.CallError
				if !errors.As(err, &e) || e.Code != c.want || e.Refusal != c.refusal || e.Sent != c.sent {
					t.Fatalf("got %+v, want %+v", e, c)
				}
				if text := fmt.Sprintf("%v %+v %v", err, e, e.Cause); strings.Contains(text, canary) {
					t.Errorf("the code is in %q", text)
				}
			}
		})
	}
	m, _ := licensing(t, 200, `{}`)
	var e *licence.CallError
	if _, err := m.QueryCode(t.Context(), "nobody", licenceCode); !errors.As(err, &e) || e.Code != "SELLER_UNKNOWN" || e.Refusal != licence.Away || e.Sent {
		t.Errorf("unknown seller: %+v", e)
	}
	if _, err := m.QueryCode(t.Context(), "acme", ""); !errors.As(err, &e) || e.Code != "ID_INVALID" || e.Refusal != licence.Other {
		t.Errorf("no code: %+v", e)
	}
}
