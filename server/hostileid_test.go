// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/fulfil"
)

// Whatever ID the marketplace made, it can be read by gRPC and by REST: percent-encoded it is one segment and no verb.
func TestHostileIDsCanBeRead(t *testing.T) {
	r := start(t, withoutJobs)
	orders := koogatev1.NewOrderServiceClient(r.dial(acmeToken))
	instances := koogatev1.NewInstanceServiceClient(r.dial(acmeToken))
	ids := []string{
		"CS1", "a/x", "5#?%", "x:verify", ":verify", "a:b:verify", "a//b", "..", ".", "../orders", "%2F", "%252F", "%", "a b", "a+b", "a?b=c&d", "a;b", "订单/1",
		`back\slash`, `"quoted"`, "<b>", "events", "a/events", "a*b", "{order_id}", "😀", "a%00b",
	}
	encode := func(id string) string { // everything, so that no client or proxy takes a dot or colon for its own
		return strings.NewReplacer("+", "%20", ".", "%2E", ":", "%3A").Replace(url.QueryEscape(id))
	}
	ep, ok := r.Core().Endpoint("worked")
	if !ok {
		t.Fatal("no endpoint")
	}
	for n, id := range ids {
		a, err := r.Core().NewInstance(t.Context(), fulfil.NewInstance{
			Endpoint: ep, OrderID: id, OrderLineID: id, BusinessID: id, Arrived: time.Now(),
		})
		if err != nil {
			t.Fatalf("%q: %v", id, err)
		}
		for path, want := range map[string]string{
			"/v1/orders/" + encode(id):              `"orderId"`,
			"/v1/orders/" + encode(id) + "/events":  `"events"`,
			"/v1/orders/" + encode(id) + ":verify":  `"valid"`,
			"/v1/instances/" + encode(a.InstanceID): `"instanceId"`,
			"/v1/instances?filter=" + url.QueryEscape(`order_id="`+strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(id)+`"`): `"instances"`,
		} {
			status, body, _ := r.http("api", http.MethodGet, path, acmeToken, "")
			if status != http.StatusOK || !strings.Contains(body, want) {
				t.Errorf("%q: %s: HTTP %d %s", id, path, status, body)
				continue
			}
			if want == `"orderId"` {
				var got struct{ OrderID string }
				if err := json.Unmarshal([]byte(body), &got); err != nil || got.OrderID != id {
					t.Errorf("%q: REST read %q", id, got.OrderID)
				}
			}
			if want == `"instances"` && strings.Count(body, `"instanceId"`) != 1 {
				t.Errorf("%q: the filter found %s", id, body)
			}
		}
		o, err := orders.GetOrder(t.Context(), &koogatev1.GetOrderRequest{OrderId: id})
		if err != nil || o.GetOrder().GetOrderId() != id {
			t.Errorf("%q: gRPC read %v, %v", id, o, err)
		}
		if i, err := instances.GetInstance(t.Context(), &koogatev1.GetInstanceRequest{InstanceId: a.InstanceID}); err != nil || i.GetInstance().GetOrderId() != id {
			t.Errorf("%q (%d): %v, %v", id, n, i, err)
		}
	}
	for _, path := range []string{"/v1/orders/%FF", "/v1/orders/a%00b", "/v1/instances/%C3%28"} {
		if status, body, _ := r.http("api", http.MethodGet, path, acmeToken, ""); status != http.StatusBadRequest && status != http.StatusNotFound {
			t.Errorf("%s: HTTP %d %s", path, status, body)
		}
	}
}
