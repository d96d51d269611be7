// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	productionv1 "github.com/koogate/koogate/gen/koogate/production/v1"
)

// activityCase is one call of an order's life. over changes members of the activity's right body; "" removes one.
type activityCase struct {
	activity string
	over     map[string]string
	code     string
	grpc     codes.Code // instead of a code, when the contract refuses it
}

// rightBodies holds a right body of every activity, about the instance of order CS1.
func rightBodies() map[string]map[string]string {
	const id = "biz-CS1"
	return map[string]map[string]string{
		"newInstance":   {"orderId": "CS1", "orderLineId": "CS1-000001", "businessId": id},
		"queryInstance": {"instanceId": id},
		"refreshInstance": {
			"scene": "RENEWAL", "orderId": "CSr", "orderLineId": "CSr-000001", "instanceId": id, "expireTime": "20301231155959",
		},
		"updateInstanceStatus": {"instanceId": id, "status": "FREEZE"},
		"releaseInstance":      {"instanceId": id, "orderId": "CSu", "orderLineId": "CSu-000001"},
		"upgradeInstance":      {"instanceId": id, "orderId": "CSc", "orderLineId": "CSc-000001"},
		"changeInstanceCheck":  {"instanceId": id, "productInfo": `[{"productId":"OFFI-2","skuCode":"sku-2","linearValue":"20"}]`},
	}
}

// The life of an order with every wrong turn, in order. Both listeners must tell the same.
var activityCases = []activityCase{
	{activity: "queryInstance", code: "000003"},
	{activity: "refreshInstance", code: "000003"},
	{activity: "updateInstanceStatus", code: "000003"},
	{activity: "releaseInstance", code: "000003"},
	{activity: "upgradeInstance", code: "000003"},
	{activity: "changeInstanceCheck", code: "000003"},
	{activity: "newInstance", over: map[string]string{"orderId": ""}, code: "000002", grpc: codes.InvalidArgument},
	{activity: "newInstance", over: map[string]string{"businessId": strings.Repeat("b", 65)}, code: "000002", grpc: codes.InvalidArgument},
	{activity: "newInstance", code: "000000"},
	{activity: "newInstance", over: map[string]string{"businessId": "another"}, code: "000000"},
	{activity: "newInstance", over: map[string]string{"orderId": "CSother", "testFlag": "1"}, code: "000000"},
	{activity: "queryInstance", code: "000000"},
	{activity: "queryInstance", over: map[string]string{"instanceId": strings.Repeat("x,y,", 50) + strings.Repeat("z", 60)}, code: "000003"},
	{activity: "queryInstance", over: map[string]string{"instanceId": manyIDs(101)}, code: "000002"},
	{activity: "refreshInstance", over: map[string]string{"expireTime": "2030123115595"}, code: "000002", grpc: codes.InvalidArgument},
	{activity: "refreshInstance", over: map[string]string{"expireTime": "20300230155959"}, code: "000002"},
	{activity: "refreshInstance", over: map[string]string{"scene": "NO_SUCH_SCENE"}, code: "000002", grpc: codes.InvalidArgument},
	{activity: "refreshInstance", code: "000000"},
	{activity: "refreshInstance", over: map[string]string{"expireTime": "20301231155959000"}, code: "000000"}, // the same moment
	{activity: "refreshInstance", over: map[string]string{"expireTime": "20311231155959"}, code: "000000"},    // a repeat that differs
	{activity: "refreshInstance", over: map[string]string{"scene": "UNSUBSCRIBE_RENEWAL_PERIOD", "expireTime": "20291231155959"}, code: "000000"},
	{activity: "updateInstanceStatus", over: map[string]string{"status": "NORMAL"}, code: "000002", grpc: codes.InvalidArgument},
	{activity: "updateInstanceStatus", code: "000000"},
	{activity: "updateInstanceStatus", code: "000000"},
	{activity: "updateInstanceStatus", over: map[string]string{"status": "UNFREEZE"}, code: "000000"},
	{activity: "changeInstanceCheck", code: "000000"},
	{activity: "changeInstanceCheck", over: map[string]string{"productInfo": ""}, code: "000002", grpc: codes.InvalidArgument},
	{activity: "upgradeInstance", code: "000000"},
	{activity: "upgradeInstance", code: "000000"},
	{activity: "upgradeInstance", over: map[string]string{"orderLineId": ""}, code: "000002", grpc: codes.InvalidArgument},
	{activity: "releaseInstance", over: map[string]string{"testFlag": "1"}, code: "000000"}, // a debugging call: nothing is released
	{activity: "queryInstance", code: "000000"},
	{activity: "releaseInstance", code: "000000"},
	{activity: "releaseInstance", code: "000000"},
	{activity: "queryInstance", code: "000003"},
	{activity: "updateInstanceStatus", code: "000003"},
	{activity: "newInstance", over: map[string]string{"businessId": "late"}, code: "000000"},
}

func manyIDs(n int) string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = string(rune('a'+i%26)) + string(rune('a'+i/26))
	}
	return strings.Join(ids, ",")
}

// TestActivities drives the same life over the REST facade and over the generated gRPC client.
func TestActivities(t *testing.T) {
	for listener, call := range map[string]func(r *rig, c activityCase, body map[string]string) (answer, error){
		"facade": func(r *rig, _ activityCase, body map[string]string) (answer, error) { return r.call("linked", body) },
		"grpc":   (*rig).callGRPC,
	} {
		t.Run(listener, func(t *testing.T) {
			r := start(t, standIn)
			seen := map[string]bool{}
			for i, c := range activityCases {
				seen[c.activity] = true
				body := rightBodies()[c.activity]
				body["activity"] = c.activity
				maps.Copy(body, c.over)
				maps.DeleteFunc(body, func(_, v string) bool { return v == "" })
				a, err := call(r, c, body)
				if listener == "grpc" && c.grpc != codes.OK {
					if status.Code(err) != c.grpc {
						t.Errorf("step %d, %s %v: %v, want %s", i, c.activity, c.over, err, c.grpc)
					}
					continue
				}
				if err != nil {
					t.Fatalf("step %d, %s %v: %v", i, c.activity, c.over, err)
				}
				if a.ResultCode != c.code || a.ResultMsg == "" {
					t.Errorf("step %d, %s %v: %s %q, want %s", i, c.activity, c.over, a.ResultCode, a.ResultMsg, c.code)
				}
				if a.InstanceID != "" && a.InstanceID != "biz-CS1" && c.over["testFlag"] == "" {
					t.Errorf("step %d: instance %s", i, a.InstanceID)
				}
			}
			if len(seen) != productionv1.File_koogate_production_v1_saas_v2_proto.Services().Get(0).Methods().Len() {
				t.Errorf("activities driven: %v", seen)
			}
		})
	}
}

// callGRPC makes the call over the gRPC listener with the generated client.
func (r *rig) callGRPC(c activityCase, body map[string]string) (a answer, err error) {
	service := productionv1.File_koogate_production_v1_saas_v2_proto.Services().Get(0)
	method := service.Methods().ByName(protoreflect.Name(strings.ToUpper(c.activity[:1]) + c.activity[1:]))
	fields := map[string]any{"endpoint": "linked"}
	for k, v := range body {
		fields[k] = v
		if k == "productInfo" {
			fields[k] = json.RawMessage(v)
		}
	}
	text, err := json.Marshal(fields)
	if err != nil {
		return a, err
	}
	kind, err := protoregistry.GlobalTypes.FindMessageByName(method.Input().FullName())
	if err != nil {
		return a, err
	}
	in := kind.New().Interface()
	if err := protojson.Unmarshal(text, in); err != nil {
		return a, err
	}
	rpc := reflect.ValueOf(productionv1.NewSaasV2ServiceClient(r.dial(standInToken))).MethodByName(string(method.Name()))
	result := rpc.Call([]reflect.Value{reflect.ValueOf(r.t.Context()), reflect.ValueOf(in)})
	if err, _ := result[1].Interface().(error); err != nil {
		return a, err
	}
	if text, err = protojson.Marshal(result[0].Interface().(proto.Message)); err != nil {
		return a, err
	}
	return a, json.Unmarshal(text, &a)
}
