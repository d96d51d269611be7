// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"google.golang.org/grpc/metadata"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/usage"
	"github.com/koogate/koogate/store"
)

// shifted is the system's clock, put forward.
type shifted struct {
	clock.System
	by atomic.Int64
}

func (c *shifted) Now() time.Time { return c.System.Now().Add(time.Duration(c.by.Load())) }

// taker is a marketplace that takes all usage.
type taker struct {
	mu    sync.Mutex
	taken []store.UsageRecord
}

func (k *taker) PushUsage(_ context.Context, _ string, list []store.UsageRecord) ([]usage.Verdict, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.taken = append(k.taken, list...)
	out := make([]usage.Verdict, len(list))
	for i := range out {
		out[i].Kind = usage.VerdictAccepted
	}
	return out, nil
}

// TestUsageOverEveryListener reports usage by gRPC, by REST and by both kinds of stream, sees it in queryInstance, has it pushed
// by the standing task and proves the ledger.
func TestUsageOverEveryListener(t *testing.T) {
	r, a, now := meteredInstance(t)
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+acmeToken)
	client := koogatev1.NewUsageServiceClient(r.dial(""))
	end := now.Now().Add(time.Second)
	raw := func(key, value string) *koogatev1.RawUsage {
		return &koogatev1.RawUsage{Key: key, InstanceId: a.InstanceID, Value: value, EndTime: timestamppb.New(end)}
	}

	reported, err := client.ReportUsage(ctx, &koogatev1.ReportUsageRequest{Records: []*koogatev1.RawUsage{
		raw("g-1", "1.5"), raw("g-1", "1.5"), raw("g-1", "9"), raw("g-2", "0"), raw("g-3", "0.2500"),
	}})
	if err != nil || reported.GetAdded() != 2 || len(reported.GetResults()) != 3 {
		t.Fatalf("%v, %v", reported, err)
	}
	for i, want := range []koogatev1.UsageOutcome{
		koogatev1.UsageOutcome_USAGE_OUTCOME_DUPLICATE, koogatev1.UsageOutcome_USAGE_OUTCOME_CONFLICT, koogatev1.UsageOutcome_USAGE_OUTCOME_INVALID,
	} {
		if got := reported.GetResults()[i]; got.GetOutcome() != want || i > 0 && got.GetMessage() == "" {
			t.Errorf("%v, want %v", got, want)
		}
	}
	up, err := client.StreamUsage(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		err := up.Send(&koogatev1.StreamUsageRequest{Records: []*koogatev1.RawUsage{raw(fmt.Sprintf("s-%d", n), "1"), raw("s-0", "1"), raw("s-x", "0")}})
		if err != nil {
			t.Fatal(err)
		}
	}
	streamed, err := up.CloseAndRecv()
	if err != nil || streamed.GetAdded() != 3 || streamed.GetDuplicates() != 3 || streamed.GetRejectedCount() != 3 || len(streamed.GetRejected()) != 3 {
		t.Errorf("%v, %v", streamed, err)
	}

	rest := func(method, path, body string, code int) map[string]any {
		t.Helper()
		status, text, _ := r.http(config.ListenerAPI, method, path, acmeToken, body)
		m := make(map[string]any)
		if err := json.Unmarshal([]byte(text), &m); err != nil || status != code {
			t.Fatalf("%s %s: %d %s", method, path, status, text)
		}
		return m
	}
	record := func(key string) string {
		return fmt.Sprintf(`{"records":[{"key":%q,"instanceId":%q,"value":"2","endTime":%q}]}`, key, a.InstanceID, end.Format(time.RFC3339Nano))
	}
	if m := rest(http.MethodPost, "/v1/usage:report", record("r-1"), 200); m["added"] != 1.0 {
		t.Errorf("%v", m)
	}
	if m := rest(http.MethodPost, "/v1/usage:stream", record("r-2")+"\n"+record("r-3"), 200); m["added"] != "2" {
		t.Errorf("%v", m)
	}
	if m := rest(http.MethodPost, "/v1/usage:stream", record("r-4")+"\n{", 400); m["code"] == nil {
		t.Errorf("%v", m)
	}
	if code, text, _ := r.http(config.ListenerAPI, http.MethodPost, "/v1/usage:stream", "", record("r-5")); code != 401 {
		t.Errorf("without a token: %d %s", code, text)
	}
	if m := rest(http.MethodPost, "/v1/usage:correct", `{"key":"c-1","corrects":"g-3","value":"0.75"}`, 200); m["outcome"] != "USAGE_OUTCOME_ADDED" {
		t.Errorf("%v", m)
	}
	rest(http.MethodPost, "/v1/usage:correct", `{"key":"c-2","corrects":"nobody","value":"1"}`, 404)
	if m := rest(http.MethodPost, "/v1/instances/"+a.InstanceID+"/usage:retry", "{}", 200); m["records"] != nil && m["records"] != 0.0 {
		t.Errorf("%v", m)
	}
	rest(http.MethodPost, "/v1/instances/nobody/usage:retry", "{}", 404)

	// 1.5 + 0.75 + 3·1 + 3·2, and the record before the broken line may be there or not.
	p := rest(http.MethodGet, "/v1/usage:prove", "", 200)
	total := fmt.Sprint(p["raw"])
	if total != "11.25" && total != "13.25" || p["difference"] != "0" || p["pending"] != total {
		t.Errorf("%v", p)
	}
	if shown := r.usageInfo("linked", a.InstanceID); len(shown) != 1 || fmt.Sprint(shown[0]["usageValue"]) != total || len(fmt.Sprint(shown[0]["statisticalTime"])) != 17 || shown[0]["relatedInstanceId"] != nil {
		t.Errorf("queryInstance shows %v, want %s", shown, total)
	} else if _, number := shown[0]["usageValue"].(float64); !number {
		t.Errorf("usageValue is a %T", shown[0]["usageValue"]) // saas-v2 §5.2: a Double
	}

	now.by.Store(int64(2 * time.Hour))
	deadline := time.Now().Add(20 * time.Second)
	for {
		list, err := client.ListUsageRecords(ctx, &koogatev1.ListUsageRecordsRequest{Filter: `state = "PUSHED"`})
		if err != nil {
			t.Fatal(err)
		}
		if n := len(list.GetRecords()); n > 0 {
			if got := list.GetRecords()[0]; n != 1 || got.GetValue() != total || got.GetState() != koogatev1.UsageRecordState_USAGE_RECORD_STATE_PUSHED || len(got.GetMeteringSn()) != 36 {
				t.Errorf("%v", list)
			}
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("nothing was pushed: %s", r.log.String())
		}
		time.Sleep(50 * time.Millisecond)
	}
	windows, err := client.ListUsageWindows(ctx, &koogatev1.ListUsageWindowsRequest{Filter: fmt.Sprintf("instance_id = %q", a.InstanceID)})
	if err != nil || len(windows.GetWindows()) != 1 || windows.GetWindows()[0].GetSettled() != total {
		t.Errorf("%v, %v", windows, err)
	}
	if _, text, _ := r.http(config.ListenerOps, http.MethodGet, "/metrics", "", ""); !strings.Contains(text, `koogate_usage_pushed_total{seller="acme"} 1`) {
		t.Error("no metric")
	}
}

// usageInfo is what queryInstance shows of an instance's usage.
func (r *rig) usageInfo(endpoint, instanceID string) []map[string]any {
	r.t.Helper()
	infos := r.usageInfos(endpoint, instanceID)
	if len(infos) != 1 {
		r.t.Fatalf("%v", infos)
	}
	return infos[instanceID]
}

// usageInfos is what queryInstance shows of the usage of instances, by instance.
func (r *rig) usageInfos(endpoint string, instanceIDs ...string) map[string][]map[string]any {
	r.t.Helper()
	body := fmt.Sprintf(`{"activity":"queryInstance","instanceId":%q,"testFlag":"0"}`, strings.Join(instanceIDs, ","))
	u, err := sign.SignURL("http://"+r.Addr(config.ListenerFacade)+"/produce/"+endpoint, acmeKey, rand.Text(), time.Now(), []byte(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, u, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	transport := &http.Transport{DisableKeepAlives: true}
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	var a struct {
		ResultCode string `json:"resultCode"`
		Info       []struct {
			InstanceID string           `json:"instanceId"`
			Usage      []map[string]any `json:"usageInfo"`
		} `json:"info"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&a); err != nil || a.ResultCode != "000000" {
		r.t.Fatalf("%+v, %v", a, err)
	}
	infos := make(map[string][]map[string]any, len(a.Info))
	for _, i := range a.Info {
		infos[i.InstanceID] = i.Usage
	}
	return infos
}

// meteredInstance is a server with a pay-per-use instance whose use is metered, on a clock that can be shifted.
func meteredInstance(t *testing.T) (*rig, answer, *shifted) {
	t.Helper()
	now := &shifted{}
	r := start(t, func(cfg *config.Config, d *server.Deps) {
		d.Clock, d.Pusher = virtual{now}, &taker{}
		for id, p := range cfg.Endpoints[1].Products {
			p.Meter = config.Meter{Name: "sms"}
			cfg.Endpoints[1].Products[id] = p
		}
	})
	r.market.facts.Product.ChargingMode = "ON_DEMAND"
	a, err := r.call("linked", map[string]string{
		"activity": "newInstance", "orderId": "CS1", "orderLineId": "CS1-000001", "businessId": "b-1", "productId": "OFFI-1",
	})
	if err != nil || a.InstanceID == "" {
		t.Fatalf("%+v, %v", a, err)
	}
	return r, a, now
}
