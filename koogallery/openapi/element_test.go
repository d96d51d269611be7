// SPDX-License-Identifier: Apache-2.0

package openapi_test

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/openapi"
)

// One line, product or parameter that cannot be read costs none of the others.
func TestOneBadElementOfAnOrder(t *testing.T) {
	t.Parallel()
	const good = `{"orderLineId":"good","chargingMode":"PERIOD","productInfo":[{"productId":"p","linearValue":3}]}`
	for name, bad := range map[string]string{
		"null": `null`, "text": `"canary"`, "number": `7`, "list": `[1]`, "empty": `{}`, "no id": `{"orderLineId":""}`, "id of another type": `{"orderLineId":{"canary":1}}`,
		"period": `{"orderLineId":"bad","periodNumber":"canary"}`, "period of another type": `{"orderLineId":"bad","periodNumber":[1]}`,
		"mode of another type": `{"orderLineId":"bad","chargingMode":["canary"]}`, "quantity": `{"orderLineId":"bad","productInfo":[{"linearValue":-1}]}`,
		"products": `{"orderLineId":"bad","productInfo":"canary"}`, "first product": `{"orderLineId":"bad","productInfo":[1,{"productId":"p"}]}`,
	} {
		for place, lines := range map[string]string{"before": bad + "," + good, "behind": good + "," + bad} {
			t.Run(name+" "+place, func(t *testing.T) {
				t.Parallel()
				o, err := openapi.DecodeOrder([]byte(`{"orderId":"o","orderLine":[` + lines + `]}`))
				if err != nil {
					t.Fatal(err)
				}
				l, ok := o.Line("good")
				if !ok || len(o.OrderLines) != 1 || l.ProductInfo[0].LinearValue != 3 || o.Unread != 1 || len(o.Doubts) != 1 {
					t.Fatalf("%v, unread %d, doubts %v", o, o.Unread, o.Doubts)
				}
				if want := map[string]string{"before": "orderLine[0]", "behind": "orderLine[1]"}[place]; o.Doubts[0] != want {
					t.Errorf("doubts %v, want %s", o.Doubts, want)
				}
			})
		}
	}
	t.Run("a product behind the first", func(t *testing.T) {
		t.Parallel()
		o, err := openapi.DecodeOrder([]byte(`{"orderId":"o","orderLine":[{"orderLineId":"l","productInfo":[{"productId":"p"},null,{"linearValue":"canary"},{"productId":"q"}]}]}`))
		if err != nil {
			t.Fatal(err)
		}
		if p := o.OrderLines[0].ProductInfo; len(p) != 2 || p[0].ProductID != "p" || p[1].ProductID != "q" || o.Unread != 0 {
			t.Errorf("%v", p)
		}
		if want := []string{"orderLine[0].productInfo[1]", "orderLine[0].productInfo[2].linearValue"}; !slices.Equal(o.Doubts, want) {
			t.Errorf("doubts %v", o.Doubts)
		}
	})
	t.Run("none left", func(t *testing.T) {
		t.Parallel()
		if o, err := openapi.DecodeOrder([]byte(`{"orderId":"o","orderLine":[null,{"orderLineId":"l","periodNumber":"canary"}]}`)); o != nil || !errors.Is(err, openapi.ErrResponse) {
			t.Errorf("%v %v", o, err)
		}
	})
}

// What an answer says beside the order, and what only describes in it, never loses the order.
func TestWhatStandsBesideAnOrder(t *testing.T) {
	t.Parallel()
	for name, beside := range map[string]string{
		"message of another type": `"resultMsg":{"zh":"canary"}`, "gateway's message": `"resultMsg":"ok","error_msg":["canary"]`,
		"request id": `"request_id":{"canary":1}`, "gateway's code": `"error_code":{"canary":1}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := serve(t, reply(200, `{"resultCode":"MKT.0000",`+beside+`,"orderInfo":`+order("", "", "")+`}`))
			o, err := newClient(t, config(m.URL)).QueryOrder(t.Context(), "o", "l")
			if err != nil || o.OrderID != "o" {
				t.Errorf("%v %v", o, err)
			}
		})
	}
}

// A verdict that the answer itself calls a success says nothing against a record.
func TestAVerdictOfSuccessRefusesNothing(t *testing.T) {
	t.Parallel()
	for _, code := range []string{`"000"`, `0`, `"MKT.0000"`} {
		m := serve(t, reply(200, `{"error_code":"94060999","data":{"abnormal_usage_data":[{"metering_sn":"sn-0000","error_code":"003"},{"metering_sn":"sn-0001","error_code":`+code+`}]}}`))
		got, err := newClient(t, usageConfig(m.URL)).PushUsage(t.Context(), records(3))
		if err != nil {
			t.Fatal(err)
		}
		want := []openapi.Outcome{openapi.OutcomeRejected, openapi.OutcomeUnknown, openapi.OutcomeAccepted}
		for i, w := range want {
			if got.Records[i].Outcome != w {
				t.Errorf("%s: record %d is %v, want %s", code, i, got.Records[i], w)
			}
		}
	}
}

// activations refuses every batch, and licence code B alone, with a code.
func activations(bad string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		code, status := "92020000", 200
		if r.URL.Path == openapi.ActivateLicensesPath || strings.Contains(string(body), `"license":"B"`) {
			if code = bad; bad == openapi.CodeRequestParameter {
				status = 400
			}
		}
		reply(status, `{"error_code":"`+code+`","error_msg":"x"}`)(w, r)
	}
}

// One licence code that the marketplace finds malformed does not keep the others from being tried.
func TestActivateEachGoesOnBehindABadCode(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"95000001", "92020002", "92020020"} {
		m := serve(t, activations(bad))
		list, err := newClient(t, config(m.URL)).ActivateEach(t.Context(), []string{"A", "B", "C"}, time.Date(2026, 1, 2, 15, 35, 55, 0, time.UTC))
		if err != nil {
			t.Fatalf("%s: %v", bad, err)
		}
		for i, want := range []openapi.Outcome{openapi.OutcomeAccepted, openapi.OutcomeRejected, openapi.OutcomeAccepted} {
			if list[i].Outcome != want {
				t.Errorf("%s: %s is %s, want %s", bad, list[i].License, list[i].Outcome, want)
			}
		}
	}
}

// One object of an asset that cannot be read costs none of the others.
func TestOneBadObjectOfAnAsset(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{`null`, `"canary"`, `{"asset_id":{}}`, `{"image_deployed_object":"canary"}`, `{"software_pkg_deployed_object":[7]}`} {
		m := serve(t, reply(200, `{"error_code":"MKT.0000","data":[`+bad+`,{"asset_id":"a","image_deployed_object":{"image_id":"i"}}]}`))
		list, err := newClient(t, config(m.URL)).AssetDeployedObject(t.Context(), openapi.AssetQuery{AssetID: "a", DeployedType: openapi.DeployedImage})
		if err != nil || len(list) != 1 || list[0].Image.ImageID != "i" {
			t.Errorf("%s: %v, %v", bad, list, err)
		}
	}
}
