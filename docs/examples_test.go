// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"buf.build/go/protovalidate"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/koogate/koogate/docs"
	productionv1 "github.com/koogate/koogate/gen/koogate/production/v1"
	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/server/facade/family"
	"github.com/koogate/koogate/server/facade/wirejson"
)

func examples(t *testing.T) []docs.Example {
	t.Helper()
	list, err := docs.Examples()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// body is what a call says, as one object.
func body(t *testing.T, r docs.Request) []byte {
	t.Helper()
	if r.Query == nil {
		return []byte(r.Body)
	}
	o := make(map[string]string)
	for name, values := range r.Values() {
		o[name] = values[0]
	}
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Every example fits the contract of the rpc that answers it, and every rpc has one.
func TestExamples(t *testing.T) {
	c := newContract(t)
	ids := make(map[string]bool)
	for _, e := range examples(t) {
		t.Run(e.ID, func(t *testing.T) {
			if !kebab.MatchString(e.ID) || ids[e.ID] {
				t.Error("the id is not kebab-case or used twice")
			}
			ids[e.ID] = true
			if !slices.Contains(family.Names(), e.Family) || len(e.Page) == 0 || !slices.Contains([]string{docs.Page, docs.Table, docs.Vector}, e.Source) {
				t.Errorf("family %q, page %q, source %q", e.Family, e.Page, e.Source)
			}
			for _, p := range e.Page {
				if !pageID.MatchString(p) {
					t.Errorf("%q is not the ID of a page", p)
				}
			}
			if code := resultcode.Code(e.Code); !slices.Contains(slices.Concat(resultcode.Common(), resultcode.Creation(), resultcode.License()), code) {
				t.Errorf("no code %s", code)
			}
			call := body(t, e.Request)
			if err := c.check(e.Request.Method, e.Request.Path, call); err != nil {
				t.Error(err)
			}
			if e.Answer == "" {
				return
			}
			if err := e.Check(e.Answer); err != nil {
				t.Error(err)
			}
			for _, own := range e.Own {
				if strings.Contains(e.Tail, own) {
					continue // may be left out
				}
				if err := e.Check(strings.Replace(e.Answer, own, "another", 1)); err != nil || !strings.Contains(e.Answer, own) {
					t.Errorf("own %q: %v", own, err)
				}
			}
		})
	}
	for path, method := range c.rpcs {
		served := slices.ContainsFunc(examples(t), func(e docs.Example) bool {
			return e.Request.Path == path || e.Request.Path == "" && strings.Contains(string(body(t, e.Request)), `"activity":"`+path[len("/v2/"):]+`"`)
		})
		if !served {
			t.Errorf("no example of %s, %s", path, method.FullName())
		}
	}
}

// contract is what the calls of all families must fit.
type contract struct {
	rpcs  map[string]protoreflect.MethodDescriptor // by their paths below the endpoint
	codec *wirejson.Codec
}

func newContract(t *testing.T) contract {
	t.Helper()
	c := contract{rpcs: make(map[string]protoreflect.MethodDescriptor)}
	var services []protoreflect.ServiceDescriptor
	protoregistry.GlobalFiles.RangeFilesByPackage(productionv1.File_koogate_production_v1_kit_proto.Package(), func(f protoreflect.FileDescriptor) bool {
		for i := range f.Services().Len() {
			service := f.Services().Get(i)
			services = append(services, service)
			for k := range service.Methods().Len() {
				method := service.Methods().Get(k)
				rule, _ := proto.GetExtension(method.Options(), annotations.E_Http).(*annotations.HttpRule)
				for _, r := range append(rule.GetAdditionalBindings(), rule) {
					c.rpcs[strings.TrimPrefix(r.GetPost()+r.GetGet(), "/produce/{endpoint}")] = method
				}
			}
		}
		return true
	})
	var err error
	if c.codec, err = wirejson.NewCodec(services...); err != nil {
		t.Fatal(err)
	}
	return c
}

// check holds a call, as one object, to the rpc that answers it.
func (c contract) check(method, path string, call []byte) error {
	var named struct{ Activity string }
	if err := json.Unmarshal(call, &named); err != nil {
		return err
	}
	if path == "" {
		path = map[string]string{"POST": "/v2/", "GET": "/v1/"}[method] + named.Activity
	}
	rpc := c.rpcs[path]
	if rpc == nil {
		return fmt.Errorf("nothing serves %s", path)
	}
	typ, err := protoregistry.GlobalTypes.FindMessageByName(rpc.Input().FullName())
	if err != nil {
		return err
	}
	m := typ.New().Interface()
	if err := c.codec.Unmarshal(call, m); err != nil {
		return err
	}
	m.ProtoReflect().Set(rpc.Input().Fields().ByName("endpoint"), protoreflect.ValueOfString("demo"))
	return protovalidate.Validate(m)
}

// Bounds that the documents leave open or contradict, tried on the examples.
func TestBounds(t *testing.T) {
	c := newContract(t)
	all := make(map[string]docs.Example)
	for _, e := range examples(t) {
		all[e.ID] = e
	}
	for name, b := range map[string]struct{ example, member, good, bad string }{
		"long fingerprint":   {"online-get-license-async", "deviceFingerprint", strings.Repeat("x", 5120), strings.Repeat("x", 5121)},
		"days":               {"v1-new-instance-t5", "periodType", "day", "fortnightly"},
		"any provision type": {"v1-new-instance-t5", "provisionType", "AFTER_ACCEPTANCE", strings.Repeat("x", 33)},
		"charging mode":      {"v1-new-instance-t5", "chargingMode", "1", "9"},
		"tenant flag":        {"kit-v2-tenant-sync", "flag", "2", "3"},
		"tenant flag of V1":  {"kit-v1-tenant-sync", "flag", "2", "3"},
		"user flag of V1":    {"kit-v1-auth-sync", "flag", "3", "4"},
	} {
		e := all[b.example]
		for value, good := range map[string]bool{b.good: true, b.bad: false} {
			var o map[string]any
			if err := json.Unmarshal(body(t, e.Request), &o); err != nil {
				t.Fatal(err)
			}
			o[b.member] = value
			call, err := json.Marshal(o)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.check(e.Request.Method, e.Request.Path, call); (err == nil) != good {
				t.Errorf("%s: %.40q: %v", name, value, err)
			}
		}
	}
}

// The signatures that were computed elsewhere are those that this project computes.
func TestSignedExamples(t *testing.T) {
	count := 0
	for _, e := range examples(t) {
		s := e.Signed
		if s == nil {
			continue
		}
		count++
		var got string
		var err error
		switch e.Family {
		case "saas_v1", "license_v1":
			got, err = sign.AuthTokenQuery(s.Key, e.Request.Values().Encode())
		case "kit_v1":
			got, err = sign.AuthTokenBody(s.Key, []byte(e.Request.Body))
		case "kit_v2":
			got = sign.KitSign(s.Key, s.Nonce, s.Timestamp, []byte(e.Request.Body))
		default:
			got = sign.URLSignature(s.Key, s.Nonce, s.Timestamp, []byte(e.Request.Body))
		}
		if err != nil || !strings.EqualFold(got, s.Signature) || s.Vector == "" {
			t.Errorf("%s: %s, %v; want %s", e.ID, got, err, s.Signature)
		}
	}
	if count < 12 {
		t.Errorf("only %d", count)
	}
}

func TestCheck(t *testing.T) {
	e := docs.Example{
		Code: "000000", Answer: `{"resultCode":"000000","resultMsg":"success.","license":"*****"}`, Own: []string{"*****"},
	}
	for body, good := range map[string]bool{
		`{"resultCode":"000000","resultMsg":"success.","license":"L-1"}`:         true,
		`{"resultCode":"000000","resultMsg":"success.","license":""}`:            false,
		`{"resultCode":"000000","resultMsg":"success","license":"L-1"}`:          false,
		`{"resultCode":"000005","resultMsg":"success.","license":"L-1"}`:         false,
		`{"resultCode":"000000","resultMsg":"success.","license":"L-1","x":"y"}`: false,
		`{"resultCode":"000000"}`: false,
		`[]`:                      false,
	} {
		if err := e.Check(body); (err == nil) != good {
			t.Errorf("%s: %v", body, err)
		}
	}
	e.Tail = `,"a":{"b":"*****"}`
	for body, good := range map[string]bool{
		`{"resultCode":"000000","resultMsg":"success.","license":"L-1"}`:               true,
		`{"resultCode":"000000","resultMsg":"success.","license":"L-1","a":{"b":"u"}}`: true,
		`{"resultCode":"000000","resultMsg":"success.","license":"L-1","a":{"c":"u"}}`: false,
		`{"resultCode":"000000","resultMsg":"success.","license":"L-1","x":"y"}`:       false,
	} {
		if err := e.Check(body); (err == nil) != good {
			t.Errorf("%s: %v", body, err)
		}
	}
	e = docs.Example{Code: "000000", Has: []string{"info[].appInfo.frontEndUrl"}}
	for body, good := range map[string]bool{
		`{"resultCode":"000000","resultMsg":"s","info":[{"appInfo":{"frontEndUrl":"u"}}]}`:     true,
		`{"resultCode":"000000","resultMsg":"s","info":[{"appInfo":{"frontEndUrl":"u"}},{}]}`:  false,
		`{"resultCode":"000000","resultMsg":"s","info":[]}`:                                    false,
		`{"resultCode":"000000","resultMsg":"s","info":[{"appInfo":{"frontEndUrl":""}}]}`:      false,
		`{"resultCode":"000000","resultMsg":"","info":[{"appInfo":{"frontEndUrl":"u"}}]}`:      false,
		`{"resultCode":"000000","resultMsg":"s","info":{"appInfo":{"frontEndUrl":"u"}},"x":1}`: false,
	} {
		if err := e.Check(body); (err == nil) != good {
			t.Errorf("%s: %v", body, err)
		}
	}
}
