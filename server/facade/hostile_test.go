// SPDX-License-Identifier: Apache-2.0

package facade_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"
)

// TestHostileBodies sends signed bodies that no well-behaved marketplace sends. Each has a defined answer.
func TestHostileBodies(t *testing.T) {
	ids := func(n int) string {
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprintf("10e758d0-31ad-4c4b-8f1b-%012d", i)
		}
		return `{"activity":"queryInstance","instanceId":"` + strings.Join(list, ",") + `"}`
	}
	with := func(body, member string) string { return strings.TrimSuffix(body, "}") + "," + member + "}" }
	flag := func(v string) string { return strings.Replace(bodyStatus, `"testFlag":"0"`, `"testFlag":`+v, 1) }
	expire := func(v string) string { return strings.Replace(bodyRefresh, "20221124023618256", v, 1) }
	refreshed := func(at string) []string {
		return []string{"refreshInstance RENEWAL CS2211181819B4LVS CS2211181819B4LVS-000001 10e758d0-31ad-4c4b-8f1b-81d03469a10e OFFI461867333479178240 " + at + " extra="}
	}
	frozen := []string{"updateInstanceStatus 10e758d0-31ad-4c4b-8f1b-81d03469a10e freeze=true"}
	checked := func(p string) []string {
		return []string{"changeInstanceCheck 10e758d0-31ad-4c4b-8f1b-81d03469a10e " + p}
	}
	product := func(v string) string {
		return `{"activity":"changeInstanceCheck","instanceId":"10e758d0-31ad-4c4b-8f1b-81d03469a10e","productInfo":` + v + `}`
	}
	target := checked("{ProductID:p SKUCode:s Name: ChargingMode: LinearValue:7}")
	for _, c := range []struct {
		name, body, code string
		made             []string
		says             string
	}{
		{name: "64 KiB", body: bodyStatus + strings.Repeat(" ", 64<<10-len(bodyStatus)), code: "000000", made: frozen},
		{name: "over 64 KiB", body: bodyStatus + strings.Repeat(" ", 64<<10-len(bodyStatus)+1), code: "000002", says: "too large"},
		{name: "a million brackets", body: strings.Repeat("[", 1_000_000), code: "000002", says: "too large"},
		{name: "64 KiB of brackets", body: strings.Repeat("[", 64<<10), code: "000002", says: "nested too deeply"},
		{name: "64 KiB of braces", body: strings.Repeat(`{"a":`, 13000), code: "000002", says: "nested too deeply"},
		{name: "deep but closed", body: with(bodyStatus, `"x":`+strings.Repeat("[", 63)+strings.Repeat("]", 63)), code: "000000", made: frozen},
		{name: "too deep but closed", body: with(bodyStatus, `"x":`+strings.Repeat("[", 64)+strings.Repeat("]", 64)), code: "000002", says: "nested too deeply"},
		{name: "empty", body: "", code: "000002", says: "not valid JSON"},
		{name: "blank", body: " \n", code: "000002", says: "not valid JSON"},
		{name: "array", body: `[` + bodyStatus + `]`, code: "000002", says: "not a JSON object"},
		{name: "null", body: `null`, code: "000002", says: "not a JSON object"},
		{name: "text", body: `"x"`, code: "000002", says: "not a JSON object"},
		{name: "number", body: `1`, code: "000002", says: "not a JSON object"},
		{name: "cut off", body: bodyStatus[:len(bodyStatus)-1], code: "000002", says: "not valid JSON"},
		{name: "two objects", body: bodyStatus + bodyStatus, code: "000002", says: "not valid JSON"},
		{name: "trailing comma", body: strings.TrimSuffix(bodyStatus, "}") + ",}", code: "000002", says: "not valid JSON"},
		{name: "single quotes", body: strings.ReplaceAll(bodyStatus, `"`, `'`), code: "000002", says: "not valid JSON"},
		{name: "NaN", body: with(bodyStatus, `"x":NaN`), code: "000002", says: "not valid JSON"},
		{name: "NUL byte between", body: "\x00" + bodyStatus, code: "000002", says: "not valid JSON"},
		{name: "NUL byte in a text", body: strings.Replace(bodyStatus, "10e758d0", "10e\x00758d0", 1), code: "000002", says: "not valid JSON"},
		{name: "NUL escaped", body: strings.Replace(bodyStatus, "10e758d0", `10e\u0000758d0`, 1), code: "000002", says: "instanceId"},
		{name: "byte order mark", body: "\ufeff" + bodyStatus, code: "000000", made: frozen},
		{name: "invalid UTF-8", body: strings.Replace(bodyStatus, "10e758d0", "10e\xff", 1), code: "000002", says: "instanceId: must be valid text"},
		{name: "lone surrogate", body: strings.Replace(bodyStatus, "10e758d0", `10e\ud800`, 1), code: "000002", says: "instanceId: must be valid text"},
		{name: "XML", body: "<activity>newInstance</activity>", code: "000002", says: "not valid JSON"},
		{name: "form", body: "activity=newInstance", code: "000002", says: "not valid JSON"},
		{name: "empty object", body: `{}`, code: "000002", says: "activity: required"},

		{name: "member twice: the last counts", body: with(bodyStatus, `"status":"UNFREEZE"`), code: "000000",
			made: []string{"updateInstanceStatus 10e758d0-31ad-4c4b-8f1b-81d03469a10e freeze=false"}},
		{name: "activity twice: the last counts", body: with(bodyRelease, `"activity":"upgradeInstance"`), code: "000000",
			made: []string{"upgradeInstance 10e758d0-31ad-4c4b-8f1b-81d03469a10e CS2211181819B4LVS CS2211181819B4LVS-000001"}},
		{name: "member twice: last is null", body: with(bodyStatus, `"status":null`), code: "000002", says: "status"},
		{name: "name escaped", body: strings.Replace(bodyStatus, `"status"`, `"\u0073tatus"`, 1), code: "000000", made: frozen},
		{name: "name in another case", body: strings.Replace(bodyStatus, `"instanceId"`, `"InstanceId"`, 1), code: "000002", says: "instanceId"},
		{name: "name of the proto", body: strings.Replace(bodyStatus, `"instanceId"`, `"instance_id"`, 1), code: "000002", says: "instanceId"},
		{name: "object for a text", body: strings.Replace(bodyStatus, `"FREEZE"`, `{"a":1}`, 1), code: "000002", says: "status: must be a text"},
		{name: "array for a text", body: strings.Replace(bodyStatus, `"FREEZE"`, `["FREEZE"]`, 1), code: "000002", says: "status: must be a text"},
		{name: "activity is an object", body: `{"activity":{}}`, code: "000002", says: "activity: required"},
		{name: "activity is a number", body: `{"activity":1}`, code: "000002", says: "activity: not served"},

		{name: "another endpoint in the body", body: with(bodyStatus, `"endpoint":"signing"`), code: "000000", made: frozen},
		{name: "our helper in the body", body: with(bodyNew, `"extraJson":"{}","extra_json":"x","endpoint":"signing"`), code: "000000",
			made: []string{`newInstance CS2211181819B4LVS CS2211181819B4LVS-000001 87b94795-0603-4e24-8ae5-69420d60e3c8  extra={"endpoint":"signing","extraJson":"{}","extra_json":"x"} lock=1 arrived=12:00:00`}},
		{name: "unknown members", body: with(bodyNew, ` "zeta" : [ 1 , { "a b" : " c " } ] , "alpha":1e400, "alpha": 1.50, "nothing":null,"中文":"x"`), code: "000000",
			made: []string{`newInstance CS2211181819B4LVS CS2211181819B4LVS-000001 87b94795-0603-4e24-8ae5-69420d60e3c8  extra={"alpha":1.50,"zeta":[1,{"a b":" c "}],"中文":"x"} lock=1 arrived=12:00:00`}},
		{name: "numbers for texts", body: `{"activity":"newInstance","businessId":12345678901234567890123,"orderId":1.10,"orderLineId":true,"productId":-0,"testFlag":0}`, code: "000000",
			made: []string{`newInstance 1.10 true 12345678901234567890123 -0 extra= lock=1 arrived=12:00:00`}},

		{name: `testFlag ""`, body: flag(`""`), code: "000000", made: frozen},
		{name: `testFlag "0"`, body: flag(`"0"`), code: "000000", made: frozen},
		{name: `testFlag "1"`, body: flag(`"1"`), code: "000000"},
		{name: `testFlag 0`, body: flag(`0`), code: "000000", made: frozen},
		{name: `testFlag 1`, body: flag(`1`), code: "000000"},
		{name: `testFlag null`, body: flag(`null`), code: "000000", made: frozen},
		{name: `testFlag true`, body: flag(`true`), code: "000002", says: "testFlag"},
		{name: `testFlag "2"`, body: flag(`"2"`), code: "000002", says: "testFlag"},
		{name: `testFlag absent`, body: strings.Replace(bodyStatus, `,"testFlag":"0"`, "", 1), code: "000000", made: frozen},

		{name: "100 ids", body: ids(100), code: "000000", made: []string{"queryInstance 100 10e758d0-31ad-4c4b-8f1b-000000000000"}},
		{name: "101 ids", body: ids(101), code: "000002", says: "more than 100"},
		{name: "101 ids, debugging", body: with(ids(101), `"testFlag":"1"`), code: "000002", says: "more than 100"},
		{name: "no id", body: `{"activity":"queryInstance","instanceId":""}`, code: "000002", says: "instanceId"},
		{name: "commas only", body: `{"activity":"queryInstance","instanceId":", ,"}`, code: "000002", says: "instanceId"},

		{name: "14 digits", body: expire("20221124023618"), code: "000000", made: refreshed("2022-11-24T02:36:18.000Z")},
		{name: "17 digits", body: expire("20221124023618256"), code: "000000", made: refreshed("2022-11-24T02:36:18.256Z")},
		{name: "expireTime is a number", body: strings.Replace(bodyRefresh, `"20221124023618256"`, `20221124023618256`, 1), code: "000000", made: refreshed("2022-11-24T02:36:18.256Z")},
		{name: "15 digits", body: expire("202211240236182"), code: "000002", says: "expireTime"},
		{name: "30 February", body: expire("20220230000000"), code: "000002", says: "expireTime"},
		{name: "30 February, debugging", body: debugging(expire("20220230000000")), code: "000002", says: "expireTime"},
		{name: "hour 24", body: expire("20220228240000"), code: "000002", says: "expireTime"},
		{name: "another form of date", body: expire("2022-11-24T02:36:18Z"), code: "000002", says: "expireTime"},
		{name: "no expireTime", body: strings.Replace(bodyRefresh, `"expireTime":"20221124023618256",`, "", 1), code: "000002", says: "expireTime"},

		{name: "productInfo object", body: product(`{"productId":"p","skuCode":"s","linearValue":7}`), code: "000000", made: target},
		{name: "productInfo array", body: product(`[{"productId":"p","skuCode":"s","linearValue":"7"},{"productId":"q"}]`), code: "000000", made: target},
		{name: "productInfo text of an object", body: product(`"{\"productId\":\"p\",\"skuCode\":\"s\",\"linearValue\":7.9}"`), code: "000000", made: target},
		{name: "productInfo text of an array", body: product(`" [ {\"productId\":\"p\",\"skuCode\":\"s\",\"linearValue\":7} , null ] "`), code: "000000", made: target},
		{name: "productInfo without quantity", body: product(`{"productId":"p"}`), code: "000000",
			made: checked("{ProductID:p SKUCode: Name: ChargingMode: LinearValue:0}")},
		{name: "productInfo missing", body: strings.Replace(product(`0`), `,"productInfo":0`, "", 1), code: "000002", says: "productInfo"},
		{name: "productInfo null", body: product(`null`), code: "000002", says: "productInfo"},
		{name: "productInfo empty array", body: product(`[]`), code: "000002", says: "productInfo"},
		{name: "productInfo empty text", body: product(`""`), code: "000002", says: "productInfo"},
		{name: "productInfo number", body: product(`7`), code: "000002", says: "productInfo"},
		{name: "productInfo text of no JSON", body: product(`"p"`), code: "000002", says: "productInfo"},
		{name: "productInfo text of a text", body: product(`"\"{}\""`), code: "000002", says: "productInfo"},
		{name: "productInfo of numbers", body: product(`[1]`), code: "000002", says: "productInfo"},
		{name: "productInfo nested arrays", body: product(`[[{}]]`), code: "000002", says: "productInfo"},
		{name: "productInfo too deep", body: product(strings.Repeat(`{"a":`, 70) + "1" + strings.Repeat("}", 70)), code: "000002", says: "nested too deeply"},
		{name: "productInfo deep in a text", body: product(`"` + strings.Repeat("[", 5000) + `"`), code: "000002", says: "productInfo"},
		{name: "productInfo 31 elements", body: product("[" + strings.Repeat("{},", 30) + "{}]"), code: "000002", says: "productInfo"},
		{name: "productInfo 20000 elements", body: product("[" + strings.Repeat("{},", 20000) + "{}]"), code: "000002", says: "productInfo"},
		{name: "linearValue exponent", body: product(`{"linearValue":1e9}`), code: "000002", says: "linearValue"},
		{name: "linearValue negative", body: product(`{"linearValue":-1}`), code: "000002", says: "linearValue"},
		{name: "linearValue two points", body: product(`{"linearValue":"1.2.3"}`), code: "000002", says: "linearValue"},
		{name: "linearValue too large", body: product(`{"linearValue":99999999999999999999}`), code: "000002", says: "linearValue"},

		{name: "orderNotify", body: `{"activity":"orderNotify","orderId":"CS1","orderLineId":"CS1-1","testFlag":"1"}`, code: "000002", says: "not served"},
		{name: "getLicenseAsync", body: `{"activity":"getLicenseAsync"}`, code: "000002", says: "not served"},
		{name: "expireInstance", body: `{"activity":"expireInstance","instanceId":"i"}`, code: "000002", says: "not served"},
		{name: "activity in another case", body: `{"activity":"NewInstance"}`, code: "000002", says: "not served"},
		{name: "activity with a path", body: `{"activity":"newInstance/../queryInstance"}`, code: "000002", says: "not served"},
		{name: "order ID of 65 characters", body: strings.Replace(bodyNew, "CS2211181819B4LVS\"", strings.Repeat("x", 65)+"\"", 1), code: "000002", says: "orderId"},
		{name: "order ID of 64 Chinese characters", body: strings.Replace(bodyNew, `"CS2211181819B4LVS"`, `"`+strings.Repeat("订", 64)+`"`, 1), code: "000000",
			made: []string{"newInstance " + strings.Repeat("订", 64) + " CS2211181819B4LVS-000001 87b94795-0603-4e24-8ae5-69420d60e3c8  extra= lock=1 arrived=12:00:00"}},
		{name: "no businessId", body: strings.Replace(bodyNew, "businessId", "businessID", 1), code: "000002", says: "businessId"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			a := r.call(c.body)
			r.want(a, c.code, c.made...)
			if !strings.Contains(a.msg, c.says) {
				t.Errorf("message %q does not say %q", a.msg, c.says)
			}
		})
	}
}

func TestContentTypes(t *testing.T) {
	for ct, code := range map[string]string{
		"application/json":                  "000000",
		"application/json;charset=utf8":     "000000",
		"application/json; charset=utf-8":   "000000",
		"Application/JSON;charset=GBK":      "000000",
		"application/json;charset=\"":       "000000", // the type is clear, whatever follows
		"application/vnd.api+json":          "000000",
		"text/json":                         "000000",
		"none":                              "000000",
		"text/xml":                          "000002",
		"text/plain":                        "000002",
		"multipart/form-data; boundary=x":   "000002",
		"application/x-www-form-urlencoded": "000002",
		"application/jsonp":                 "000002",
		";;;":                               "000002",

		"application/json, application/json":                           "000000", // added twice, by a sender and a proxy
		"application/json;charset=utf8,application/json;charset=utf-8": "000000",
		"application/json;charset=utf8;charset=utf-8":                  "000000",
		"application/json, charset=utf-8":                              "000000",
		"application/json, text/plain":                                 "000002",
		"text/html, application/json":                                  "000002",
	} {
		r := newRig(t)
		if a := r.call(bodyStatus, request{contentType: ct}); a.code != code {
			t.Errorf("%s: %s", ct, a.body)
		}
	}
}

func TestMethods(t *testing.T) {
	r := newRig(t)
	for _, m := range []string{"GET", "HEAD", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND"} {
		a := r.call(bodyStatus, request{method: m})
		if a.status != http.StatusMethodNotAllowed || a.header.Get("Allow") != "OPTIONS, POST" || m != "HEAD" && a.code != "000002" {
			t.Errorf("%s: HTTP %d, Allow %q, %s", m, a.status, a.header.Get("Allow"), a.body)
		}
	}
	a := r.call("", request{method: http.MethodOptions})
	if a.status != http.StatusNoContent || a.header.Get("Allow") != "OPTIONS, POST" || a.body != "" {
		t.Errorf("OPTIONS: HTTP %d, %q", a.status, a.body)
	}
	// No header makes one method into another.
	r.want(r.call(bodyStatus, request{method: "GET", header: http.Header{"X-Http-Method-Override": {"POST"}}}), "000002")
	r.want(r.call(bodyStatus, request{header: http.Header{"X-Http-Method-Override": {"GET"}, "Grpc-Timeout": {"1n"}, "Te": {"trailers"}, "Accept": {"text/html"}}}),
		"000000", "updateInstanceStatus 10e758d0-31ad-4c4b-8f1b-81d03469a10e freeze=true")
}

func TestPaths(t *testing.T) {
	r := newRig(t)
	for _, p := range []string{
		"/", "/produce", "/produce/", "/produce/demo//", "/produce/demo/v2/newInstance", "/produce/demo%2Fx", "/produce//demo", "/Produce/demo", "/v1/orders",
	} {
		a := r.call(bodyStatus, request{path: p})
		if a.status != http.StatusNotFound || a.code != "000002" {
			t.Errorf("%s: HTTP %d, %s", p, a.status, a.body)
		}
	}
	r.want(answer{code: "000002"}, "000002")
	r.want(r.call(bodyStatus, request{path: "/produce/demo/"}), "000000", froze) // a slash at the end is the same address
}

const froze = "updateInstanceStatus 10e758d0-31ad-4c4b-8f1b-81d03469a10e freeze=true"

// A replay stays one in every lenient form of the call.
func TestLenientFormsAreNoWayAroundTheNonce(t *testing.T) {
	r := newRig(t)
	again := func(q request) request { q.nonce = "fixed-nonce-0001"; return q }
	r.want(r.call(bodyStatus, again(request{})), "000000", froze)
	for name, q := range map[string]request{
		"slash": {path: "/produce/demo/"}, "content type": {contentType: "application/json, application/json"}, "none": {contentType: "none"},
	} {
		if a := r.call(bodyStatus, again(q)); a.code != "000001" {
			t.Errorf("%s: %s", name, a.body)
		}
	}
}

// Text that only describes does not decide a call; what was done about it is told to the order's record.
func TestRepairsAreTold(t *testing.T) {
	r := newRig(t)
	body := strings.Replace(bodyCheck, `"skuCode"`, `"productName":"\ud83d","skuCode"`, 1)
	if body == bodyCheck {
		t.Fatal("no product name in the example")
	}
	r.core.orders["10e758d0-31ad-4c4b-8f1b-81d03469a10e"] = "CS-ROOT"
	if a := r.call(body); a.code != "000000" {
		t.Fatal(a.body)
	}
	if len(r.core.repairs) != 1 || !strings.HasSuffix(r.core.repairs[0], "changeInstanceCheck|productInfo: productName: not valid text, U+FFFD in its place") {
		t.Errorf("%q", r.core.repairs)
	}
	r.call(debugging(body))
	r.call(strings.Replace(bodyStatus, "10e758d0", `10e\ud800`, 1))
	if len(r.core.repairs) != 1 {
		t.Errorf("%q", r.core.repairs)
	}
}

// An endpoint that is not configured cannot be told from one whose key one does not have.
func TestUnknownEndpointLooksLikeAnyOther(t *testing.T) {
	r := newRig(t)
	for name, q := range map[string]request{
		"wrong key":         {key: "wrong"},
		"no signature":      {key: "wrong", query: func(v url.Values) { v.Del("signature") }},
		"no nonce":          {key: "wrong", query: func(v url.Values) { v.Del("nonce") }},
		"no timestamp":      {key: "wrong", query: func(v url.Values) { v.Del("timestamp") }},
		"stale":             {key: "wrong", timestamp: "1"},
		"XML":               {key: "wrong", contentType: "text/xml"},
		"hex of wrong size": {key: "wrong", signature: "00"},
	} {
		for _, body := range []string{bodyNew, "", "[[", strings.Repeat("x", 70_000)} {
			known, unknown := q, q
			known.endpoint, unknown.endpoint = "signing", "nobody"
			a, b := r.call(body, known), r.call(body, unknown)
			if a.body != b.body || a.status != b.status || fmt.Sprint(a.header) != fmt.Sprint(b.header) {
				t.Errorf("%s: known %v %s, unknown %v %s", name, a.header, a.body, b.header, b.body)
			}
		}
	}
	// Not even with a key that is valid elsewhere, or an odd name.
	for _, e := range []string{"nobody", "DEMO", "demo%20", "demo%00", "%F0%9F%98%80"} {
		if a := r.call(bodyNew, request{path: "/produce/" + e}); a.code != "000001" {
			t.Errorf("%s: %s", e, a.body)
		}
	}
	r.want(answer{code: "000001"}, "000001")
}

func TestUnreadableBody(t *testing.T) {
	r := newRig(t)
	req := r.build(bodyStatus, request{})
	req.Body = io.NopCloser(iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader(bodyStatus))))
	req.ContentLength = -1
	r.want(r.do(req), "000002")
	// One byte at a time, of unknown length, is fine.
	req = r.build(bodyStatus, request{})
	req.Body = io.NopCloser(iotest.OneByteReader(strings.NewReader(bodyStatus)))
	req.ContentLength = -1
	r.want(r.do(req), "000000", "updateInstanceStatus 10e758d0-31ad-4c4b-8f1b-81d03469a10e freeze=true")
	// An endless one of unknown length ends at the bound.
	req = r.build(bodyStatus, request{})
	req.Body = io.NopCloser(io.MultiReader(strings.NewReader(bodyStatus), endless{}))
	req.ContentLength = -1
	r.want(r.do(req), "000002")
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// TestEveryHostileBodyUnsigned: without a key no body gets further than the signature.
func TestEveryHostileBodyUnsigned(t *testing.T) {
	r := newRig(t)
	bodies := []string{bodyNew, "", "null", strings.Repeat("[", 64<<10), "\x00", "\xff", `{"a":1,"a":2}`}
	for _, b := range bodies {
		r.want(r.call(b, request{key: "wrong"}), "000001")
	}
}
