// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"maps"
	"strings"
	"testing"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/facade/family"
	"github.com/koogate/koogate/server/fulfil"
)

// visit is how a family's instance is brought at the endpoint every and called at another one of the seller.
type visit struct {
	order string
	bring func(r *rig) reply
	// repeat is the creating call again, at the other endpoint; nil where no call creates.
	repeat func(r *rig) reply
	// act changes the instance from the other endpoint.
	act     func(r *rig) reply
	changes string // the event of that, or empty
}

// visits has an entry for every family but order_notify, which is about an order and no instance.
func visits() map[string]visit {
	v2 := params{"activity": "newInstance", "orderId": "CS9", "orderLineId": "CS9-1", "businessId": "i-9"}
	v1 := v1Purchase.with(params{"orderId": "CS9", "businessId": "i-9"})
	licence := params{"activity": "getLicense", "customerId": "c-1", "orderId": "CS9", "productId": "p-1", "businessId": "i-9"}
	code := params{"activity": "refreshLicenseCode", "scene": "RENEWAL", "orderId": "CS2", "orderLineId": "CS2-1", "license": "PL-1", "expireTime": "20300523201932"}
	async := params{"activity": "getLicenseAsync", "instanceId": "i-9", "effectiveTime": "2026-10-27 10:30:15 z", "expireTime": "2027-10-27 10:30:15 z", "eventId": "e-1"}
	bringV2 := func(r *rig) reply { return r.post("every", v2) }
	tenant := `{"instanceId":"i-9","orderId":"CS9","tenantId":"t-1","tenantCode":"x","name":"x","domainName":"https://x.example","flag":"1","testFlag":"0","timeStamp":"20220413093539534"}`
	all := map[string]visit{
		"saas_v2": {
			"CS9", bringV2, func(r *rig) reply { return r.post("visitor", v2) },
			func(r *rig) reply {
				return r.post("visitor", params{"activity": "updateInstanceStatus", "instanceId": "i-9", "status": "FREEZE"})
			}, "instance.frozen",
		},
		"saas_v1": {
			"CS9", func(r *rig) reply { return r.get("every", v1) }, func(r *rig) reply { return r.get("visitor", v1) },
			func(r *rig) reply { return r.get("visitor", params{"activity": "expireInstance", "instanceId": "i-9"}) }, "instance.frozen",
		},
		"license_v1": {
			"CS9", func(r *rig) reply { return r.get("every", licence) }, func(r *rig) reply { return r.get("visitor", licence) },
			func(r *rig) reply {
				return r.get("visitor", params{"activity": "releaseLicense", "instanceId": "i-9", "orderId": "CS9"})
			}, "instance.released",
		},
		"license_code": {
			fulfil.LicenceInstanceID("acme", "PL-1"), func(r *rig) reply { return r.post("every", code) }, nil,
			func(r *rig) reply {
				return r.post("visitor", params{"activity": "releaseLicenseCode", "license": "PL-1"})
			}, "instance.released",
		},
		"license_online": {"CS9", bringV2, nil, func(r *rig) reply { return r.post("visitor", async) }, "licence.requested"},
	}
	for _, name := range []string{"kit_v1", "kit_v2"} {
		all[name] = visit{"CS9", bringV2, nil, func(r *rig) reply { return r.kit(name, "visitor", "tenantSync", tenant) }, "directory.synced"}
	}
	return all
}

// TestACallByAnotherEndpoint: it works and leaves one event, however often it comes; where the instance's endpoint is isolated it
// is refused as if there were no such instance, changes nothing, and leaves one event as well.
func TestACallByAnotherEndpoint(t *testing.T) {
	all := visits()
	if len(all) != len(family.Names())-1 {
		t.Errorf("%d families are driven, %d are served", len(all), len(family.Names()))
	}
	for name, v := range all {
		for _, isolate := range []bool{false, true} {
			t.Run(name+map[bool]string{true: "/isolated"}[isolate], func(t *testing.T) {
				r := start(t, withEvery, func(cfg *config.Config, _ *server.Deps) {
					home := &cfg.Endpoints[len(cfg.Endpoints)-2]
					visitor := *home
					home.Isolate, visitor.Name = isolate, "visitor"
					cfg.Endpoints = append(cfg.Endpoints, visitor)
				})
				first := v.bring(r)
				if first.code != "000000" {
					t.Fatalf("at home: %s", first.body)
				}
				r.settled(v.order)
				for range 2 {
					if v.repeat != nil {
						again, want := v.repeat(r), "000000"
						if isolate {
							want = "000002"
						}
						if again.code != want || !isolate && again.all["instanceId"] != "i-9" || isolate && strings.Contains(again.body, "i-9") {
							t.Errorf("the creation again: %s, want %s", again.body, want)
						}
					}
					want := "000000"
					if isolate {
						want = "000003"
					}
					if a := v.act(r); a.code != want {
						t.Errorf("the change: %s, want %s", a.body, want)
					}
				}
				r.settled(v.order)
				kinds := map[string]int{}
				for _, e := range eventsOf(t, r, v.order) {
					kinds[e.GetKind()]++
					if e.GetKind() == "call.other_endpoint" {
						want := `"endpoint":"visitor","instanceEndpoint":"every"` + map[bool]string{true: `,"refused":true`}[isolate] + "}"
						if !strings.HasSuffix(e.GetDataJson(), want) || actorOf(t, e) != "marketplace endpoint visitor" {
							t.Errorf("the event tells %s, want %s", e.GetDataJson(), want)
						}
					}
				}
				if kinds["call.other_endpoint"] != 1 || kinds[v.changes] != map[bool]int{false: 1}[isolate] {
					t.Errorf("events %v", kinds)
				}
			})
		}
	}
}

// TestAQueryByAnotherEndpointIsJudgedByElement: of several instances only that of the isolated endpoint is unknown; a repeat leaves no
// second event, not even after a restart.
func TestAQueryByAnotherEndpointIsJudgedByElement(t *testing.T) {
	isolated := func(cfg *config.Config, _ *server.Deps) {
		withEvery(cfg, nil)
		cfg.Endpoints[1].Isolate = true // linked
	}
	r := start(t, isolated)
	for endpoint, order := range map[string]string{"linked": "CS1", "every": "CS2"} {
		if a := r.mustCall(endpoint, newInstance(order)); a.ResultCode != "000000" {
			t.Fatalf("%+v", a)
		}
	}
	query := func(endpoint, ids string) answer {
		return r.mustCall(endpoint, map[string]string{"activity": "queryInstance", "instanceId": ids})
	}
	shown := func(a answer) string {
		var ids []string
		for _, i := range a.Info {
			ids = append(ids, i.InstanceID)
		}
		return a.ResultCode + " " + strings.Join(ids, ",")
	}
	for i := range 2 {
		for _, c := range [][3]string{
			{"linked", "biz-CS1,biz-CS2", "000000 biz-CS1,biz-CS2"}, {"every", "biz-CS1,biz-CS2", "000000 biz-CS2"},
			{"every", "biz-CS1", "000003 "}, {"worked", "biz-CS2", "000000 biz-CS2"},
		} {
			if got := shown(query(c[0], c[1])); got != c[2] {
				t.Errorf("%s at %s: %s, want %s", c[1], c[0], got, c[2])
			}
		}
		count := map[string]int{}
		for _, order := range []string{"CS1", "CS2"} {
			for _, e := range eventsOf(t, r, order) {
				if e.GetKind() == "call.other_endpoint" {
					count[order+" "+actorOf(t, e)]++
				}
			}
		}
		want := map[string]int{
			"CS1 marketplace endpoint every": 1, "CS2 marketplace endpoint linked": 1, "CS2 marketplace endpoint worked": 1,
		}
		if !maps.Equal(count, want) {
			t.Errorf("got %v, want %v", count, want)
		}
		if i == 0 {
			if err := r.stop(); err != nil {
				t.Fatal(err)
			}
			r = startAt(t, r.path, r.deps.Sealer, isolated)
		}
	}
	v, err := koogatev1.NewOrderServiceClient(r.dial(acmeToken)).VerifyOrder(t.Context(), &koogatev1.VerifyOrderRequest{OrderId: "CS1"})
	if err != nil || !v.GetValid() {
		t.Errorf("the chain: %v, %v", v, err)
	}
}
