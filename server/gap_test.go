// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"crypto/rand"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/store"
)

// openGap opens a gap of the seller acme past the running server, as the command does.
func openGap(t *testing.T, r *rig) store.Gap {
	t.Helper()
	g := store.Gap{
		Seller: "acme", ID: rand.Text(), Since: time.Now().Add(-time.Hour).UTC().Truncate(time.Microsecond), OpenedAt: time.Now(), OpenedBy: "ann",
		OpenedWhy: "restored",
	}
	if err := r.deps.Store.OpenGap(t.Context(), g); err != nil {
		t.Fatal(err)
	}
	return g
}

func closeGap(t *testing.T, r *rig, g store.Gap) {
	t.Helper()
	g.ClosedAt, g.ClosedBy, g.ClosedWhy = time.Now(), "ann", "all adopted"
	if err := r.deps.Store.CloseGap(t.Context(), g); err != nil {
		t.Fatal(err)
	}
}

// withRefusing adds an endpoint that refuses what it does not know wherever it has the choice.
func withRefusing(cfg *config.Config, d *server.Deps) {
	withEvery(cfg, d)
	refusing := cfg.Endpoints[len(cfg.Endpoints)-2]
	refusing.Name, refusing.Codes, refusing.Unknown = "refusing", "refuse", "refuse"
	cfg.Endpoints = append(cfg.Endpoints, refusing)
}

// aboutUnknown are calls about an instance that is not known, in each family that answers 000003 to it.
func aboutUnknown(r *rig, id string) map[string]func() reply {
	post := func(p params) func() reply { return func() reply { return r.post("refusing", p) } }
	get := func(p params) func() reply { return func() reply { return r.get("refusing", p) } }
	v2 := params{"orderId": "CS77", "orderLineId": "CS77-1", "instanceId": id}
	v1 := params{"orderId": "CS78", "instanceId": id}
	code := params{"orderId": "CS79", "orderLineId": "CS79-1", "license": id}
	return map[string]func() reply{
		"queryInstance":           post(v2.with(params{"activity": "queryInstance"})),
		"queryInstance, several":  post(v2.with(params{"activity": "queryInstance", "instanceId": "i-9," + id})),
		"refreshInstance":         post(v2.with(params{"activity": "refreshInstance", "scene": "RENEWAL", "expireTime": "20301231155959"})),
		"updateInstanceStatus":    post(v2.with(params{"activity": "updateInstanceStatus", "status": "FREEZE"})),
		"releaseInstance":         post(v2.with(params{"activity": "releaseInstance"})),
		"upgradeInstance":         post(v2.with(params{"activity": "upgradeInstance"})),
		"changeInstanceCheck":     post(v2.with(params{"activity": "changeInstanceCheck", "productInfo": `[{"productId":"p","linearValue":2}]`})),
		"getLicenseAsync":         post(v2.with(params{"activity": "getLicenseAsync", "effectiveTime": "2026-10-27 10:30:15 z", "expireTime": "2027-10-27 10:30:15 z", "eventId": "e-1"})),
		"refreshLicenseCode":      post(code.with(params{"activity": "refreshLicenseCode", "scene": "RENEWAL", "expireTime": "20300523201932"})),
		"updateLicenseCodeStatus": post(code.with(params{"activity": "updateLicenseCodeStatus", "status": "FREEZE"})),
		"releaseLicenseCode":      post(code.with(params{"activity": "releaseLicenseCode"})),
		"V1 queryInstance":        get(v1.with(params{"activity": "queryInstance"})),
		"V1 refreshInstance":      get(v1.with(params{"activity": "refreshInstance", "expireTime": "20300727153156"})),
		"V1 expireInstance":       get(v1.with(params{"activity": "expireInstance"})),
		"V1 releaseInstance":      get(v1.with(params{"activity": "releaseInstance"})),
		"V1 upgrade":              get(v1.with(params{"activity": "upgrade", "skuCode": "s", "productId": "p", "amount": "1"})),
		"V1 instanceStatus":       get(v1.with(params{"activity": "instanceStatus", "instanceStatus": "FREEZE"})),
		"V1 refreshLicense":       get(v1.with(params{"activity": "refreshLicense", "expireTime": "20300523201932"})),
		"V1 expireLicense":        get(v1.with(params{"activity": "expireLicense"})),
		"V1 releaseLicense":       get(v1.with(params{"activity": "releaseLicense"})),
	}
}

// Inside a gap no family and no rpc says that an instance does not exist: the marketplace and the vendor's own systems are told
// to come again, and what they asked for is listed. Before and after it they are told the truth.
func TestNothingIsNotFoundInsideAGap(t *testing.T) {
	r := start(t, withRefusing)
	bought(r)
	rest := map[string][3]string{
		"GetInstance":  {http.MethodGet, "/v1/instances/lost", ""},
		"ListQuotas":   {http.MethodGet, "/v1/instances/lost/quotas", ""},
		"ReserveQuota": {http.MethodPost, "/v1/instances/lost/quotas:reserve", `{"reservationId":"r-1","amount":"1"}`},
	}
	report := `{"records":[{"key":"k-1","instanceId":"lost","endTime":"` + time.Now().UTC().Format(time.RFC3339) + `","value":"1"}]}`
	expect := func(when, code string, status int, reason, usage string) {
		t.Helper()
		for name, call := range aboutUnknown(r, "lost") {
			if a := call(); a.code != code {
				t.Errorf("%s, %s: %s, want %s", when, name, a.body, code)
			}
		}
		for name, c := range rest {
			if got, body, _ := r.http("api", c[0], c[1], acmeToken, c[2]); got != status || !strings.Contains(body, reason) {
				t.Errorf("%s, %s: HTTP %d %s", when, name, got, body)
			}
		}
		if got, body, _ := r.http("api", http.MethodPost, "/v1/usage:report", acmeToken, report); got != http.StatusOK || !strings.Contains(body, usage) {
			t.Errorf("%s, ReportUsage: HTTP %d %s", when, got, body)
		}
	}
	expect("before", "000003", http.StatusNotFound, "INSTANCE_NOT_FOUND", "there is no such instance")
	g := openGap(t, r)
	expect("inside", "000005", http.StatusServiceUnavailable, "RESTORE_GAP", "report it again")
	expect("inside, again", "000005", http.StatusServiceUnavailable, "RESTORE_GAP", "report it again")
	tenant := `{"instanceId":"lost","tenantId":"t-1","tenantCode":"x","name":"x","domainName":"https://x.example","flag":1,"testFlag":0,"timeStamp":"20220413093539534"}`
	if a := r.kit("kit_v2", "refusing", "tenantSync", tenant); a.code != "000000" {
		t.Errorf("tenantSync: %s", a.body)
	}
	// What is known goes on, and what is not known costs it nothing where unknown IDs are left out.
	if a := r.post("every", params{"activity": "queryInstance", "instanceId": "i-9,lost"}); a.code != "000000" || !strings.Contains(a.body, `"i-9"`) {
		t.Errorf("a known instance among others: %s", a.body)
	}
	if a := r.post("every", params{"activity": "newInstance", "orderId": "CS5", "orderLineId": "CS5-1", "businessId": "i-5"}); a.code != "000000" {
		t.Errorf("a new order: %s", a.body)
	}
	calls, err := r.deps.Store.GapCalls(t.Context(), "acme", g.ID)
	if err != nil {
		t.Fatal(err)
	}
	var seen []string
	for _, c := range calls {
		if c.InstanceID == "lost" {
			seen = append(seen, c.Activity)
		} else if !strings.HasPrefix(c.InstanceID, "licence-") || c.Activity != "license" {
			t.Errorf("listed: %+v", c)
		}
	}
	slices.Sort(seen)
	want := []string{
		"GetInstance", "Quota", "ReportUsage", "changeInstanceCheck", "expireInstance", "expireLicense", "getLicenseAsync", "instanceStatus", "queryInstance",
		"refreshInstance", "refreshLicense", "releaseInstance", "releaseLicense", "tenantSync", "updateInstanceStatus", "upgrade", "upgradeInstance",
	}
	if !slices.Equal(seen, want) {
		t.Errorf("listed activities:\n%q, want\n%q", seen, want)
	}
	_, metrics, _ := r.http("ops", http.MethodGet, "/metrics", "", "")
	for _, line := range []string{`koogate_gap_calls_total{activity="releaseLicense",seller="acme"} 2`, `koogate_gap_calls_total{activity="upgrade",seller="acme"} 2`} {
		if !strings.Contains(metrics, line+"\n") {
			t.Errorf("no %s in the metrics", line)
		}
	}
	closeGap(t, r, g)
	expect("after", "000003", http.StatusNotFound, "INSTANCE_NOT_FOUND", "there is no such instance")
}

// Every replica sees a gap at once: each reads the row when it misses an instance.
func TestAGapIsOfOneSeller(t *testing.T) {
	r := start(t)
	openGap(t, r)
	body := map[string]string{"activity": "updateInstanceStatus", "instanceId": "lost", "status": "FREEZE"}
	if a := r.mustCall("worked", body); a.ResultCode != "000005" {
		t.Errorf("the seller of the gap: %+v", a)
	}
	if a := r.mustCall("foreign", body); a.ResultCode != "000003" {
		t.Errorf("another seller: %+v", a)
	}
	r.breakStore()
	if a := r.mustCall("foreign", body); a.ResultCode != "000005" {
		t.Errorf("without a database: %+v", a)
	}
}

// The gap is in the metrics as long as it is open.
func TestAnOpenGapIsNotForgotten(t *testing.T) {
	r := start(t, func(_ *config.Config, d *server.Deps) {
		g := store.Gap{Seller: "acme", ID: "g", Since: time.Now(), OpenedAt: time.Now()}
		if err := d.Store.OpenGap(t.Context(), g); err != nil {
			t.Fatal(err)
		}
	})
	eventually(t, "the gauges", func() bool {
		_, metrics, _ := r.http("ops", http.MethodGet, "/metrics", "", "")
		return strings.Contains(metrics, `koogate_gap_open{seller="acme"} 1`) && strings.Contains(metrics, `koogate_gap_open{seller="other"} 0`)
	})
}
