// SPDX-License-Identifier: Apache-2.0

package wirejson_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	productionv1 "github.com/koogate/koogate/gen/koogate/production/v1"
	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/server/facade/wirejson"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func codec(t testing.TB) *wirejson.Codec {
	t.Helper()
	c, err := wirejson.NewCodec(productionv1.File_koogate_production_v1_saas_v2_proto.Services().Get(0))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestRequests(t *testing.T) {
	for _, c := range []struct {
		name, body string
		want       proto.Message
	}{
		{"texts", `{"activity":"newInstance","orderId":"a\"\\\/\b\f\n\r\tA\u4e2d\ud83d\ude00"}`,
			&productionv1.NewInstanceRequest{Activity: "newInstance", OrderId: "a\"\\/\b\f\n\r\tA中😀"}},
		{"literals", `{"orderId":-1.50e+10,"orderLineId":true,"businessId":false,"testFlag":null}`,
			&productionv1.NewInstanceRequest{OrderId: "-1.50e+10", OrderLineId: "true", BusinessId: "false"}},
		{"last counts", `{"orderId":"a","orderId":null,"orderLineId":null,"orderLineId":"b","x":1,"x":2}`,
			&productionv1.NewInstanceRequest{OrderLineId: "b", ExtraJson: `{"x":2}`}},
		{"last null of an unknown member", `{"x":1,"x":null}`, &productionv1.NewInstanceRequest{}},
		{"helpers", `{"endpoint":"e","extraJson":"x","extra_json":"y"}`,
			&productionv1.NewInstanceRequest{ExtraJson: `{"endpoint":"e","extraJson":"x","extra_json":"y"}`}},
		{"space is not kept", "{ \"b\" :\t[ 1 ,\r\n{ \"c d\" : \" e\\\" \" } ] , \"a\" : 0.10 }",
			&productionv1.NewInstanceRequest{ExtraJson: `{"a":0.10,"b":[1,{"c d":" e\" "}]}`}},
		{"unknown inside of productInfo", `{"productInfo":[{"productId":"p","color":"red"}]}`,
			&productionv1.ChangeInstanceCheckRequest{
				ProductInfo: []*productionv1.ProductInfo{{ProductId: "p"}}, ExtraJson: `{"productInfo":[{"productId":"p","color":"red"}]}`,
			}},
		{"productInfo twice", `{"productInfo":[{"productId":"p"}],"productInfo":{"productId":"q"}}`,
			&productionv1.ChangeInstanceCheckRequest{ProductInfo: []*productionv1.ProductInfo{{ProductId: "q"}}}},
		{"single message", `{"appInfo":"{\"memo\":\"x\"}","instanceId":1}`,
			&productionv1.InstanceInfo{InstanceId: "1", AppInfo: &productionv1.AppInfo{Memo: "x"}}},
		{"single message twice", `{"appInfo":{"memo":"x"},"appInfo":{"userName":"y"}}`,
			&productionv1.InstanceInfo{AppInfo: &productionv1.AppInfo{UserName: "y"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := c.want.ProtoReflect().New().Interface()
			if err := codec(t).Unmarshal([]byte(c.body), got); err != nil {
				t.Fatal(err)
			}
			if !proto.Equal(got, c.want) {
				t.Errorf("got  %v\nwant %v", got, c.want)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	for body, want := range map[string]error{
		"": wirejson.ErrSyntax, "{": wirejson.ErrSyntax, "{}{}": wirejson.ErrSyntax, "{\"a\"}": wirejson.ErrSyntax, "{a:1}": wirejson.ErrSyntax,
		"[1": wirejson.ErrSyntax, "[1,]": wirejson.ErrSyntax, "01": wirejson.ErrSyntax, "1 2": wirejson.ErrSyntax, `{"a":01}`: wirejson.ErrSyntax,
		`{"a":+1}`: wirejson.ErrSyntax, `{"a":1.}`: wirejson.ErrSyntax, `{"a":.1}`: wirejson.ErrSyntax, `{"a":1e}`: wirejson.ErrSyntax,
		`{"a":tru}`: wirejson.ErrSyntax, `{"a":nul}`: wirejson.ErrSyntax, `{"a":"\x"}`: wirejson.ErrSyntax, `{"a":"\u12"}`: wirejson.ErrSyntax,
		`{"a":"\ud800\u12"}`: wirejson.ErrSyntax, `{"a":"\ud800\x"}`: wirejson.ErrSyntax, "\ufeff\ufeff{}": wirejson.ErrSyntax,
		"{\"a\":\"\n\"}": wirejson.ErrSyntax, `{"a":"\`: wirejson.ErrSyntax, "\xed\xa0\x80": wirejson.ErrSyntax, "\xfe\xff\x00{\x00}": wirejson.ErrSyntax,
		"null": wirejson.ErrObject, "[{}]": wirejson.ErrObject, `"a"`: wirejson.ErrObject, "-0.5e-3 ": wirejson.ErrObject, "true": wirejson.ErrObject,
		strings.Repeat("[", 100): wirejson.ErrDepth, `{"a":` + strings.Repeat("[", 64): wirejson.ErrDepth,
	} {
		var o wirejson.Object
		if err := o.Parse([]byte(body)); !errors.Is(err, want) {
			t.Errorf("%.40q: %v, want %v", body, err, want)
		}
		if o.Text("a") != "" {
			t.Errorf("%.40q left a member behind", body)
		}
	}
}

func TestTextOfAMember(t *testing.T) {
	var o wirejson.Object
	if err := o.Parse([]byte(`{"a":"x","n":12e3,"t":true,"z":null,"l":[1],"o":{},"a":"\u0079","\u0062":"z"}`)); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"a": "y", "b": "z", "n": "12e3", "t": "true", "z": "", "l": "", "o": "", "none": ""} {
		if got := o.Text(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if o.Reset(); o.Text("a") != "" {
		t.Error("Reset forgets nothing")
	}
}

// What is decoded must not change with the buffer that it came from.
func TestNothingRefersToTheBuffer(t *testing.T) {
	body := []byte(`{"activity":"newInstance","orderId":"order","businessId":12345,"x":"unknown"}`)
	var o wirejson.Object
	if err := o.Parse(body); err != nil {
		t.Fatal(err)
	}
	var got productionv1.NewInstanceRequest
	if err := codec(t).Decode(&o, &got); err != nil {
		t.Fatal(err)
	}
	before := proto.Clone(&got)
	for i := range body {
		body[i] = '#'
	}
	if !proto.Equal(before, &got) {
		t.Errorf("got %v", &got)
	}
}

func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		m    proto.Message
		want string
	}{
		{&productionv1.RefreshInstanceResponse{}, `{}`},
		{&productionv1.NewInstanceResponse{InstanceId: "i", ResultMsg: "m", ResultCode: "c"}, `{"resultCode":"c","resultMsg":"m","instanceId":"i"}`},
		{&productionv1.QueryInstanceResponse{ResultCode: "c", Info: []*productionv1.InstanceInfo{
			{InstanceId: "1", AppInfo: &productionv1.AppInfo{FrontEndUrl: "u", Memo: "中文\u007f\u2028<&>"}}, {InstanceId: "2"},
		}}, `{"resultCode":"c","info":[{"instanceId":"1","appInfo":{"frontEndUrl":"u","memo":"\u4e2d\u6587\u007f\u2028<&>"}},{"instanceId":"2"}]}`},
	} {
		got, err := codec(t).Marshal(c.m)
		if err != nil || string(got) != c.want {
			t.Errorf("got %s, %v\nwant %s", got, err, c.want)
		}
	}
}

func TestAppendText(t *testing.T) {
	for in, want := range map[string]string{
		"": `""`, "a\"b\\c/": `"a\"b\\c/"`, "\x00\x1f\n\r\t\x7f": `"\u0000\u001f\n\r\t\u007f"`, "é中😀": `"\u00e9\u4e2d\ud83d\ude00"`,
		"\xff\xc3a": `"\ufffd\ufffda"`, "\U0010ffff": `"\udbff\udfff"`,
	} {
		if got := string(wirejson.AppendText(nil, in)); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}

func TestForeignMessages(t *testing.T) {
	c := codec(t)
	if _, err := c.Marshal(&structpb.Struct{}); err == nil {
		t.Error("a message of no service was written")
	}
	if err := c.Unmarshal([]byte("{}"), &structpb.Struct{}); err == nil {
		t.Error("a message of no service was read")
	}
	for _, f := range []func() error{
		func() error { _, err := c.Marshal(1); return err },
		func() error { return c.Unmarshal([]byte("{}"), 1) },
		func() error { return c.NewDecoder(wirejson.Parsed{Object: new(wirejson.Object)}).Decode(1) },
		func() error { return c.NewDecoder(nil).Decode(&productionv1.NewInstanceRequest{}) },
	} {
		if f() == nil {
			t.Error("no error")
		}
	}
	if _, err := wirejson.NewCodec(koogatev1.File_koogate_v1_order_service_proto.Services().Get(0)); err == nil {
		t.Error("a service with numbers and enums was accepted")
	}
}

func TestMarshaler(t *testing.T) {
	c := codec(t)
	var got productionv1.NewInstanceRequest
	if err := c.NewDecoder(strings.NewReader(`{"orderId":"a"}`)).Decode(&got); err != nil || got.GetOrderId() != "a" {
		t.Errorf("%v, %v", &got, err)
	}
	var o wirejson.Object
	if err := o.Parse([]byte(`{"orderId":"b"}`)); err != nil {
		t.Fatal(err)
	}
	p := wirejson.Parsed{Object: &o}
	got.Reset()
	if err := c.NewDecoder(p).Decode(&got); err != nil || got.GetOrderId() != "b" {
		t.Errorf("%v, %v", &got, err)
	}
	if n, err := io.Copy(io.Discard, p); n != 0 || err != nil || p.Close() != nil {
		t.Errorf("a parsed body has %d bytes, %v", n, err)
	}
	var out strings.Builder
	if err := c.NewEncoder(&out).Encode(&productionv1.NewInstanceResponse{ResultCode: "c"}); err != nil || out.String() != `{"resultCode":"c"}` {
		t.Errorf("%s, %v", out.String(), err)
	}
	if c.ContentType(nil) != "application/json" {
		t.Error(c.ContentType(nil))
	}
}

// FuzzDecode holds the parser to encoding/json and to the verifier's, and what it decodes to what it may be.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		`{"activity":"changeInstanceCheck","productInfo":"[{\"linearValue\":1.0,\"q\":[]}]","a":{"b":"\ud83d\ude00"},"a":null}`,
		`{"productInfo":{"productId":true},"instanceId":-1e9}`, `{`, `[]`, `"\ud800"`, "\xff", ` { "a" : [ { } , [ ] ] } `, `{"a":"\u0000"}`,
		"\ufeff{}", `{"productInfo":{"productName":"\ud83d \udc00\u0000"},"x":"\ud800"}`, "{\"productInfo\":{\"productName\":\"\xc4\xe3\"},\"\xff\":\"\xfe\"}",
	} {
		f.Add([]byte(s))
	}
	c := codec(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		var o wirejson.Object
		err := o.Parse(body)
		var std map[string]any
		d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(body, []byte("\ufeff"))))
		d.UseNumber() // a number beyond float64 is a number
		if stdErr := d.Decode(&std); err == nil && (stdErr != nil || !json.Valid(bytes.TrimPrefix(body, []byte("\ufeff")))) {
			t.Fatalf("accepted what encoding/json refuses: %v", stdErr)
		}
		if _, signErr := sign.Canonical(body); err != nil && signErr == nil { // the verifier repairs nothing
			t.Fatalf("Parse: %v, though sign.Canonical takes it", err)
		}
		if err != nil {
			return
		}
		var m productionv1.ChangeInstanceCheckRequest
		if err := c.Decode(&o, &m); err != nil {
			if fe := (*wirejson.FieldError)(nil); !errors.As(err, &fe) {
				t.Fatal(err)
			}
			return
		}
		if m.GetEndpoint() != "" {
			t.Fatal("the body set a helper field")
		}
		if x := m.GetExtraJson(); x != "" && (!json.Valid([]byte(x)) || !utf8.ValidString(x) || len(x) > 3*len(body)) {
			t.Fatalf("extra_json %q", x)
		}
		if _, err := proto.Marshal(&m); err != nil {
			t.Fatal(err)
		}
		if want, ok := std["activity"].(string); ok && m.GetActivity() != want {
			t.Fatalf("activity %q, encoding/json says %q", m.GetActivity(), want)
		}
		out, err := c.Marshal(&productionv1.NewInstanceResponse{ResultMsg: m.GetActivity()})
		var back struct{ ResultMsg string }
		if err != nil || json.Unmarshal(out, &back) != nil || back.ResultMsg != m.GetActivity() {
			t.Fatalf("%s does not read back as %q: %v", out, m.GetActivity(), err)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	body := []byte(`{"activity":"newInstance","businessId":"87b94795-0603-4e24-8ae5-69420d60e3c8","orderId":"CS2211181819B4LVS","orderLineId":"CS2211181819B4LVS-000001","testFlag":"1"}`)
	c := codec(b)
	var o wirejson.Object
	b.ReportAllocs()
	for b.Loop() {
		var m productionv1.NewInstanceRequest
		if err := o.Parse(body); err != nil {
			b.Fatal(err)
		}
		if err := c.Decode(&o, &m); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	m := &productionv1.QueryInstanceResponse{ResultCode: "000000", ResultMsg: "success", Info: []*productionv1.InstanceInfo{{
		InstanceId: "87b94795-0603-4e24-8ae5-69420d60e3c8",
		AppInfo:    &productionv1.AppInfo{FrontEndUrl: "https://front.example.com/login", UserName: "admin", Password: "initial", Memo: "首次登录请修改密码"},
	}}}
	c := codec(b)
	var out []byte
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if out, err = c.Append(out[:0], m); err != nil {
			b.Fatal(err)
		}
	}
}
