// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/config"
)

// What another integration has created and the API has imported is served at the marketplace's door as any instance, from the repeat of its newInstance to its release.
func TestAnImportedInstanceLivesOn(t *testing.T) {
	r := start(t)
	instances := koogatev1.NewInstanceServiceClient(r.dial(moverToken))
	request := &koogatev1.ImportInstancesRequest{Reason: "moving in", Rows: []*koogatev1.ImportRow{{
		Endpoint: "linked", OrderId: "CS1", OrderLineId: "CS1-000001", InstanceId: "old-1", ProductId: "OFFI-1", State: koogatev1.ImportState_IMPORT_STATE_EXPIRED,
		ExpireTime: timestamppb.New(time.Now().AddDate(0, 0, -3)), CustomerId: "canary-customer",
		Access: &koogatev1.InstanceAccess{FrontEndUrl: "https://old.example.com/", UserName: "canary-user", Password: "canary-password"},
	}}}
	verdict := func(want koogatev1.ImportVerdict) {
		t.Helper()
		answer, err := instances.ImportInstances(t.Context(), request)
		if err != nil || answer.GetResults()[0].GetVerdict() != want || strings.Contains(answer.String(), "canary") {
			t.Fatalf("%v %v, want %s", answer, err, want)
		}
	}
	call := func(activity, code string, over map[string]string) answer {
		t.Helper()
		body := rightBodies()[activity]
		for name, value := range body {
			if value == "biz-CS1" && name != "businessId" {
				body[name] = "old-1"
			}
		}
		body["activity"] = activity
		maps.Copy(body, over)
		a := r.mustCall("linked", body)
		if a.ResultCode != code {
			t.Errorf("%s %v: %+v, want %s", activity, over, a, code)
		}
		return a
	}
	call("queryInstance", "000003", nil)
	long := &koogatev1.ImportRow{Endpoint: "linked", OrderId: strings.Repeat("canary", 20), OrderLineId: "1", InstanceId: strings.Repeat("canary", 20), ProductId: "OFFI-1"}
	request.Rows = append(request.Rows, long, &koogatev1.ImportRow{})
	verdict(koogatev1.ImportVerdict_IMPORT_VERDICT_CREATED)
	answer, err := instances.ImportInstances(t.Context(), request)
	if err != nil || len(answer.GetResults()) != 3 {
		t.Fatal(answer, err)
	}
	for k, fields := range [][]string{nil, {"order_id", "instance_id", "state"}, {"endpoint", "order_id", "instance_id", "product_id", "state"}} {
		if v := answer.GetResults()[k]; !slices.Equal(slices.Compact(v.GetFields()), fields) || v.GetIndex() != int64(k) || (v.GetInstanceId() != "") != (k == 0) {
			t.Errorf("row %d, by its bounds: %v, want %v", k, v, fields)
		}
	}
	verdict(koogatev1.ImportVerdict_IMPORT_VERDICT_UNCHANGED)
	if a := call("newInstance", "000000", map[string]string{"businessId": "another"}); a.InstanceID != "old-1" {
		t.Errorf("the repeat: %+v", a)
	}
	call("queryInstance", "000000", nil)
	call("refreshInstance", "000000", nil) // which lifts the freeze of its expiry
	call("refreshInstance", "000000", nil)
	call("updateInstanceStatus", "000000", nil)
	call("updateInstanceStatus", "000000", map[string]string{"status": "UNFREEZE"})
	call("changeInstanceCheck", "000000", nil)
	call("upgradeInstance", "000000", nil)
	call("releaseInstance", "000000", nil)
	call("releaseInstance", "000000", nil)
	call("queryInstance", "000003", nil)
	if a := call("newInstance", "000000", nil); a.InstanceID != "old-1" {
		t.Errorf("the late repeat: %+v", a)
	}
	verdict(koogatev1.ImportVerdict_IMPORT_VERDICT_DIFFERS)
	events, err := r.deps.Store.Events(t.Context(), "acme", "CS1", 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, e := range events {
		if !strings.HasPrefix(e.Kind, "task.") && e.Kind != "order.queried" && e.Kind != "change.checked" { // whose place depends on how fast the jobs are
			kinds = append(kinds, e.Kind)
		}
	}
	want := []string{
		"instance.imported", "instance.refreshed", "instance.unfrozen", "instance.frozen", "instance.unfrozen", "instance.upgraded", "instance.released",
	}
	if !slices.Equal(kinds, want) || !strings.Contains(events[0].Data, `"actor":"token mover"`) || !strings.Contains(events[0].Data, `"why":"moving in"`) {
		t.Errorf("events %v, want %v; the first says %s", kinds, want, events[0].Data)
	}
	_, text, _ := r.http(config.ListenerAPI, "GET", "/v1/orders/CS1:explain", acmeToken, "")
	if !strings.Contains(text, "which another integration had created") || strings.Contains(text, "canary") {
		t.Errorf("the account is %s", text)
	}
	if log := r.log.String(); strings.Contains(log, "canary") {
		t.Error("a value is in the log")
	}
}
