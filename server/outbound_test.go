// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/marketplace"
)

// The list shows both sides of a purchase: the call, the order query that failed and until when it is tried, and the one that went well, all
// with the order's trace; and no record says what was answered.
func TestWhatTheMarketplaceIsAskedCanBeRead(t *testing.T) {
	var asked atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if asked.Add(1) == 1 {
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = w.Write([]byte(`{"resultCode":"MKT.0999","resultMsg":"canary-message"}`))
			return
		}
		_, _ = w.Write([]byte(`{"resultCode":"MKT.0000","orderInfo":{"orderId":"CS1","orderType":"NEW","orderLine":[{"orderLineId":"CS1-1",
			"chargingMode":"PERIOD","expireTime":"20270726155959","productInfo":[{"productId":"OFFI-1","skuCode":"s"}]}],"buyerInfo":{"userName":"canary-buyer"}}}`))
	}))
	defer srv.Close()
	client, err := openapi.New(openapi.Config{
		BaseURL: srv.URL, HTTPClient: srv.Client(), Timeout: 5 * time.Second, Credentials: sign.Credentials{AccessKey: "ak", SecretKey: "sk"}, Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	r := start(t, func(_ *config.Config, d *server.Deps) {
		d.Marketplace = marketplace.New(func() map[string]marketplace.Querier { return map[string]marketplace.Querier{"acme": client} })
	})
	r.mustCall("worked", map[string]string{"activity": "newInstance", "orderId": "CS1", "orderLineId": "CS1-1", "businessId": "i-1", "testFlag": "0"})
	eventually(t, "both queries are recorded", func() bool { return len(r.listed(`direction%20%3D%20%22OUTBOUND%22`)) == 2 })
	rows := r.listed(`order_id%20%3D%20%22CS1%22%20AND%20instance_id%20%3D%20%22i-1%22`)
	if len(rows) != 3 {
		t.Fatalf("%d records of the order, want 3: %v", len(rows), rows)
	}
	well, failed, call := rows[0], rows[1], rows[2]
	for i, row := range []map[string]any{failed, well} {
		if row["direction"] != "CALL_DIRECTION_OUTBOUND" || row["activity"] != "order_query" || row["attempt"] != float64(i+1) || row["traceId"] != call["traceId"] ||
			row["verdict"] != "CALL_VERDICT_ANSWERED" || row["taskId"] == "" || row["taskId"] != well["taskId"] || row["endpoint"] != "" || row["answerSize"] == "0" {
			t.Errorf("query %d is told as %v", i+1, row)
		}
		for _, v := range row {
			if text, ok := v.(string); ok && strings.Contains(text, "canary") {
				t.Errorf("query %d says what was answered: %v", i+1, row)
			}
		}
	}
	if failed["resultCode"] != "MKT.0999" || failed["reason"] != "MKT.0999" || failed["httpStatus"] != float64(500) {
		t.Errorf("the failure is told as %v", failed)
	}
	if d, ok := failed["tryDeadline"].(map[string]any); !ok || d["end"] != "TRY_END_TASK_FAILS" || d["time"] == "" {
		t.Errorf("the failure is tried until %v", failed["tryDeadline"])
	}
	if well["resultCode"] != "MKT.0000" || well["reason"] != "" || well["httpStatus"] != float64(200) || well["tryDeadline"] != nil || call["direction"] != "CALL_DIRECTION_INBOUND" {
		t.Errorf("the success is told as %v, the call as %v", well, call)
	}
}
