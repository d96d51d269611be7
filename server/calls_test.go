// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/sqlite"
)

// listed is acme's list of calls by REST.
func (r *rig) listed(filter string) []map[string]any {
	r.t.Helper()
	status, body, _ := r.http(config.ListenerAPI, http.MethodGet, "/v1/calls?filter="+filter, acmeToken, "")
	var list struct{ Calls []map[string]any }
	if err := json.Unmarshal([]byte(body), &list); err != nil || status != http.StatusOK {
		r.t.Fatalf("HTTP %d, %v: %s", status, err, body)
	}
	return list.Calls
}

// What the marketplace calls can be read a moment later, with the key that signed it; what is refused is counted.
func TestCallsCanBeRead(t *testing.T) {
	r := start(t)
	r.mustCall("worked", map[string]string{"activity": "newInstance", "orderId": "CS1", "orderLineId": "CS1-1", "businessId": "i-1", "testFlag": "0"})
	forged := r.wire(http.MethodPost, r.address("worked")+"?nonce=n&signature="+strings.Repeat("A", 64)+"&timestamp="+
		time.Now().Format("20060102"), nil, "{}")
	if !strings.Contains(forged.body, "000002") {
		t.Fatalf("the call without a time stamp was answered %s", forged.body)
	}
	eventually(t, "both calls are recorded", func() bool { return len(r.listed("")) == 2 })
	refused, made := r.listed("")[0], r.listed("")[1]
	if made["orderId"] != "CS1" || made["activity"] != "newInstance" || made["instanceId"] != "i-1" || made["keyId"] == "" || len(made["traceId"].(string)) != 32 {
		t.Errorf("the call is told as %v", made)
	}
	if refused["verdict"] != "CALL_VERDICT_REFUSED" || refused["cause"] != "CALL_CAUSE_CLOCK" || refused["orderId"] != "" {
		t.Errorf("the refused call is told as %v", refused)
	}
	_, counts, _ := r.http(config.ListenerAPI, http.MethodGet, "/v1/calls:refusals", acmeToken, "")
	if !strings.Contains(counts, `"CALL_CAUSE_CLOCK"`) || !strings.Contains(counts, `"calls":"1"`) && !strings.Contains(counts, `"calls": "1"`) {
		t.Errorf("the counts are %s", counts)
	}
}

// A stop writes the records of the calls that were answered before it, after the listeners and before the database is closed.
func TestAStopRecordsWhatWasAnswered(t *testing.T) {
	r := start(t, func(cfg *config.Config, _ *server.Deps) { cfg.Jobs.Enabled = false })
	const looks = 5
	for range looks {
		r.mustCall("worked", map[string]string{"activity": "queryInstance", "instanceId": "nobody's"})
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	st, err := sqlite.Open(t.Context(), sqlite.Options{Path: r.path})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = st.Close() }()
	calls, err := st.ListCalls(t.Context(), store.ListQuery{Seller: "acme", Limit: 10})
	if err != nil || len(calls) != 1 || calls[0].Times != looks || calls[0].Code != "000003" {
		t.Fatalf("%+v, %v: want one record of %d looks", calls, err, looks)
	}
}
