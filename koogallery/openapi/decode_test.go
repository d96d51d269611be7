// SPDX-License-Identifier: Apache-2.0

package openapi_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/openapi"
)

// order builds an order with extra members on order, line and product.
func order(onOrder, onLine, onProduct string) string {
	return `{"orderId":"o","orderType":"NEW"` + onOrder + `,"orderLine":[{"orderLineId":"l","chargingMode":"PERIOD"` + onLine +
		`,"productInfo":[{"productId":"p","skuCode":"s","productName":"n"` + onProduct + `}]}]}`
}

func TestDecodeOrderLeniency(t *testing.T) {
	t.Parallel()
	at := time.Date(2023, 7, 26, 15, 59, 59, 0, time.UTC)
	params := []openapi.ExtendParam{{Key: "a", Value: "1"}, {Key: "b", Value: "2"}}
	tests := []struct {
		name, in string
		check    func(o *openapi.OrderInfo, l *openapi.OrderLine) bool
	}{
		{"minimal", `{"orderId":"o","orderLine":[{"orderLineId":"l"}]}`, func(o *openapi.OrderInfo, l *openapi.OrderLine) bool {
			return o.CreateTime.IsZero() && l.ExpireTime.IsZero() && o.BuyerInfo == nil && l.ProductInfo == nil && l.PeriodNumber == 0
		}},
		{"nulls", order(`,"createTime":null,"buyerInfo":null,"extendParams":null`, `,"expireTime":null,"periodNumber":null,"currency":null,"extendParams":null`, `,"linearValue":null`),
			func(o *openapi.OrderInfo, l *openapi.OrderLine) bool {
				return o.CreateTime.IsZero() && o.BuyerInfo == nil && o.ExtendParams == nil && l.PeriodNumber == 0 && l.ProductInfo[0].LinearValue == 0
			}},
		{"line as object", `{"orderId":"o","orderLine":{"orderLineId":"l"}}`, func(_ *openapi.OrderInfo, l *openapi.OrderLine) bool { return l.OrderLineID == "l" }},
		{"product as object", `{"orderId":"o","orderLine":[{"orderLineId":"l","productInfo":{"productId":"p","linearValue":"7"}}]}`,
			func(_ *openapi.OrderInfo, l *openapi.OrderLine) bool {
				return len(l.ProductInfo) == 1 && l.ProductInfo[0].ProductID == "p" && l.ProductInfo[0].LinearValue == 7
			}},
		{"periodNumber as number", order("", `,"periodNumber":3`, ""), func(_ *openapi.OrderInfo, l *openapi.OrderLine) bool { return l.PeriodNumber == 3 }},
		{"periodNumber as string", order("", `,"periodNumber":" 3 "`, ""), func(_ *openapi.OrderInfo, l *openapi.OrderLine) bool { return l.PeriodNumber == 3 }},
		{"linearValue as number", order("", "", `,"linearValue":10`), func(_ *openapi.OrderInfo, l *openapi.OrderLine) bool { return l.ProductInfo[0].LinearValue == 10 }},
		{"linearValue as decimal", order("", "", `,"linearValue":10.00`), func(_ *openapi.OrderInfo, l *openapi.OrderLine) bool { return l.ProductInfo[0].LinearValue == 10 }},
		{"linearValue as empty string", order("", "", `,"linearValue":""`), func(_ *openapi.OrderInfo, l *openapi.OrderLine) bool { return l.ProductInfo[0].LinearValue == 0 }},
		{"expireTime of 14", order("", `,"expireTime":"20230726155959"`, ""), func(_ *openapi.OrderInfo, l *openapi.OrderLine) bool { return l.ExpireTime.Equal(at) }},
		{"expireTime of 17", order("", `,"expireTime":"20230726155959256"`, ""), func(_ *openapi.OrderInfo, l *openapi.OrderLine) bool {
			return l.ExpireTime.Equal(at.Add(256 * time.Millisecond))
		}},
		{"expireTime as number", order("", `,"expireTime":20230726155959`, ""), func(_ *openapi.OrderInfo, l *openapi.OrderLine) bool { return l.ExpireTime.Equal(at) }},
		{"amounts", order("", `,"currency":"100.00","currencyAfterDiscount":-90.5`, ""), func(_ *openapi.OrderInfo, l *openapi.OrderLine) bool {
			return l.Currency == "100.00" && l.CurrencyAfterDiscount == "-90.5"
		}},
		{"extendParams key/value on the order", order(`,"extendParams":[{"key":"a","value":"1"},{"key":"b","value":2}]`, "", ""),
			func(o *openapi.OrderInfo, l *openapi.OrderLine) bool {
				return slices.Equal(o.ExtendParams, params) && slices.Equal(o.AllExtendParams(l), params)
			}},
		{"extendParams name/value on the line", order("", `,"extendParams":[{"name":"a","value":"1"},{"name":"b","value":2}]`, ""),
			func(o *openapi.OrderInfo, l *openapi.OrderLine) bool {
				return slices.Equal(l.ExtendParams, params) && slices.Equal(o.AllExtendParams(l), params)
			}},
		{"extendParams on both, one as object", order(`,"extendParams":{"key":"a","value":"1"}`, `,"extendParams":[{"name":"b","value":"2"}]`, ""),
			func(o *openapi.OrderInfo, l *openapi.OrderLine) bool {
				return slices.Equal(o.AllExtendParams(l), params)
			}},
		{"extendParams of other values", order(`,"extendParams":[{"key":"a","value":{"x":[1]}},{"key":"b","value":null},{"key":"c"},{"key":"d","value":true}]`, "", ""),
			func(o *openapi.OrderInfo, _ *openapi.OrderLine) bool {
				return slices.Equal(o.ExtendParams, []openapi.ExtendParam{{Key: "a", Value: `{"x":[1]}`}, {Key: "b"}, {Key: "c"}, {Key: "d", Value: "true"}})
			}},
		{"unknown enum values", `{"orderId":"o","orderType":"GIFT","orderLine":[{"orderLineId":"l","chargingMode":"SPOT"}]}`,
			func(o *openapi.OrderInfo, l *openapi.OrderLine) bool {
				return o.OrderType == "GIFT" && !o.OrderType.Known() && l.ChargingMode == "SPOT" && !l.ChargingMode.Known()
			}},
		{"unknown fields are in Raw", order(`,"x1":1`, `,"x2":2`, `,"x3":3`), func(o *openapi.OrderInfo, l *openapi.OrderLine) bool {
			return strings.Contains(string(o.Raw), `"x1":1`) && strings.Contains(string(l.Raw), `"x2":2`) && strings.Contains(string(l.ProductInfo[0].Raw), `"x3":3`)
		}},
		{"unknown buyer fields are in Raw", order(`,"buyerInfo":{"customerType":"1","userName":"u"}`, "", ""), func(o *openapi.OrderInfo, _ *openapi.OrderLine) bool {
			return o.BuyerInfo.UserName == "u" && strings.Contains(string(o.BuyerInfo.Raw), "customerType")
		}},
		{"white space", "\n " + order("", "", "") + "\n", func(o *openapi.OrderInfo, _ *openapi.OrderLine) bool { return o.OrderID == "o" }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o, err := openapi.DecodeOrder([]byte(tt.in))
			if err != nil {
				t.Fatal(err)
			}
			if len(o.Doubts) != 0 {
				t.Errorf("doubts %v", o.Doubts)
			}
			line, ok := o.Line("l")
			if !ok || !tt.check(o, line) {
				t.Errorf("decoded wrongly: %v %v", o, line)
			}
		})
	}
}

func TestDecodeOrderDoubts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in string
		want     []string
	}{
		{"createTime", order(`,"createTime":"yesterday"`, "", ""), []string{"createTime"}},
		{"expireTime", order("", `,"expireTime":"20230230000000"`, ""), []string{"orderLine[0].expireTime"}},
		{"buyerInfo", order(`,"buyerInfo":"canary"`, "", ""), []string{"buyerInfo"}},
		{"extendParams", order(`,"extendParams":"canary"`, `,"extendParams":[1,{"value":"canary"},null,{"key":"k"}]`, ""),
			[]string{"orderLine[0].extendParams[0]", "orderLine[0].extendParams[1]", "orderLine[0].extendParams[2]", "extendParams"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o, err := openapi.DecodeOrder([]byte(tt.in))
			if err != nil || !slices.Equal(o.Doubts, tt.want) {
				t.Fatalf("doubts %v, %v; want %v", o.Doubts, err, tt.want)
			}
		})
	}
	many := order(`,"extendParams":[`+strings.Repeat("1,", 10_000)+`1]`, "", "")
	if o, err := openapi.DecodeOrder([]byte(many)); err != nil || len(o.Doubts) != 32 {
		t.Errorf("doubts are not bounded: %d, %v", len(o.Doubts), err)
	}
}

func TestDecodeOrderRefuses(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		``, `null`, `[]`, `"canary"`, `{`, `{}`, `{"orderId":"o"}`, `{"orderId":"o","orderLine":[]}`, `{"orderId":"o","orderLine":null}`,
		`{"orderId":"o","orderLine":"canary"}`, `{"orderId":"o","orderLine":[null]}`, `{"orderId":"o","orderLine":["canary"]}`,
		`{"orderId":"o","orderLine":[{}]}`, `{"orderId":{},"orderLine":[{"orderLineId":"l"}]}`, `{"orderLine":[{"orderLineId":"l"}]}`,
		order("", `,"periodNumber":"canary"`, ""), order("", `,"periodNumber":-1`, ""), order("", `,"periodNumber":1.5`, ""), order("", `,"periodNumber":1e3`, ""),
		order("", "", `,"linearValue":"canary"`), order("", "", `,"linearValue":99999999999999999999`), order("", "", `,"linearValue":[1]`), order("", "", `,"linearValue":true`),
		`{"orderId":"o","orderLine":[{"orderLineId":"l","productInfo":"canary"}]}`, `{"orderId":"o","orderLine":[{"orderLineId":"l","productInfo":[1]}]}`,
	} {
		o, err := openapi.DecodeOrder([]byte(in))
		if o != nil || !errors.Is(err, openapi.ErrResponse) {
			t.Errorf("DecodeOrder(%s) = %v, %v", in, o, err)
			continue
		}
		assertClean(t, err.Error())
	}
}

func TestLineOfNothing(t *testing.T) {
	t.Parallel()
	var o *openapi.OrderInfo
	if _, ok := o.Line("l"); ok {
		t.Error("a line of no order")
	}
	if o.AllExtendParams(nil) != nil {
		t.Error("parameters of no order")
	}
	if _, ok := (&openapi.OrderInfo{}).Line(""); ok {
		t.Error("a line of an empty order")
	}
}

// House rule: no personal datum in logs or error texts, proven with canaries.
func TestBuyerDataIsNeverPrinted(t *testing.T) {
	t.Parallel()
	const in = `{"orderId":"o","orderType":"NEW",
		"buyerInfo":{"mobilePhone":"13800000000","email":"canary@example.com","customerId":"canary","customerName":"canary","userId":"canary","userName":"canary","other":"canary"},
		"extendParams":[{"key":"k","value":"canary"}],
		"orderLine":[{"orderLineId":"l","extendParams":[{"name":"k","value":"canary"}]}]}`
	o, err := openapi.DecodeOrder([]byte(in))
	if err != nil {
		t.Fatal(err)
	}
	if o.BuyerInfo.Email != "canary@example.com" || o.ExtendParams[0].Value != "canary" {
		t.Fatal("the data must be readable as fields")
	}
	values := map[string]any{
		"order": *o, "order pointer": o, "orders": []openapi.OrderInfo{*o}, "in a struct": struct{ O openapi.OrderInfo }{*o}, "in a map": map[string]any{"o": o},
		"buyer": *o.BuyerInfo, "buyer pointer": o.BuyerInfo, "buyer in a struct": struct{ B openapi.BuyerInfo }{*o.BuyerInfo},
		"line": o.OrderLines[0], "lines": o.OrderLines, "param": o.ExtendParams[0], "params": o.ExtendParams,
	}
	for name, value := range values {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%10.3v"} {
				assertClean(t, fmt.Sprintf(verb, value))
			}
			encoded, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			assertClean(t, string(encoded))
			var log strings.Builder
			for _, handler := range []slog.Handler{slog.NewJSONHandler(&log, nil), slog.NewTextHandler(&log, nil)} {
				slog.New(handler).Info("m", "value", value)
			}
			assertClean(t, log.String())
			if s, ok := value.(fmt.Stringer); ok {
				assertClean(t, s.String())
			}
			if s, ok := value.(fmt.GoStringer); ok {
				assertClean(t, s.GoString())
			}
		})
	}
	if text := fmt.Sprintf("%+v", o); !strings.Contains(text, `"o"`) || !strings.Contains(text, "NEW") {
		t.Errorf("the order cannot be recognised: %s", text)
	}
}

func FuzzDecodeOrder(f *testing.F) {
	for _, seed := range []string{
		sampleOrder, order("", "", ""), `{"orderId":"o","orderLine":{"orderLineId":"l","productInfo":{"linearValue":"1.0"}}}`,
		order(`,"createTime":"x","buyerInfo":[],"extendParams":[{"name":"a","value":{"b":null}}]`, `,"periodNumber":"1"`, `,"linearValue":1e9`), `{"orderId":`, `null`,
		"\v" + order("", "", ""), `{"orderId":"o","orderLine":[null,{"orderLineId":"l","productInfo":[{},7]},{"orderLineId":"m","periodNumber":-1}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		o, err := openapi.DecodeOrder(in)
		if err != nil {
			if o != nil || !errors.Is(err, openapi.ErrResponse) {
				t.Fatalf("DecodeOrder = %v, %v", o, err)
			}
			return
		}
		if o.OrderID == "" || len(o.OrderLines) == 0 || len(o.Doubts) > 32 || !json.Valid(o.Raw) {
			t.Fatalf("incomplete order %v", o)
		}
		for _, l := range o.OrderLines {
			if l.OrderLineID == "" || l.PeriodNumber < 0 {
				t.Fatalf("incomplete line %v", l)
			}
			for _, p := range l.ProductInfo {
				if p.LinearValue < 0 {
					t.Fatalf("negative quantity in %v", p)
				}
			}
		}
		if o.BuyerInfo != nil && fmt.Sprintf("%+v", o.BuyerInfo) != "openapi.BuyerInfo[redacted]" {
			t.Fatal("the buyer is printed")
		}
		if _, err := json.Marshal(o); err != nil {
			t.Fatalf("not encodable: %v", err)
		}
		again, err := openapi.DecodeOrder(o.Raw)
		if err != nil || !reflect.DeepEqual(o, again) {
			t.Fatalf("Raw decodes to something else: %v", err)
		}
	})
}
