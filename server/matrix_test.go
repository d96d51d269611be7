// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/access"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/interceptor"
)

// What becomes of every rpc of the internal API, over both transports, is shown in three ways: what is alike for all is walked here, by what the contract says of each;
// what needs something that is there is in the case files, which TestAPI plays, with every success first tried by a stranger; and TestEveryRpcHasItsCases
// holds the files to the contract, so that a new rpc is shown in all that can become of it.

// publicRPCs are the rpcs of the internal API by Service/Method.
func publicRPCs() map[string]protoreflect.MethodDescriptor {
	all := map[string]protoreflect.MethodDescriptor{}
	for name, m := range rpcs() {
		if short, ok := strings.CutPrefix(name, "/koogate.v1."); ok {
			all[short] = m
		}
	}
	return all
}

// operationOf is what the API's description says of an rpc.
func operationOf(t *testing.T, m protoreflect.MethodDescriptor) operation {
	t.Helper()
	id := strings.ToLower(string(m.Name()[:1])) + string(m.Name()[1:])
	for _, op := range document(t).calls() {
		if op.ID == id {
			return op
		}
	}
	t.Fatalf("the document has no %s", m.FullName())
	return operation{}
}

// refuses says whether the description has answers of a status.
func (op operation) refuses(status string) bool {
	_, ok := op.Responses[status]
	return ok
}

func has(m protoreflect.MethodDescriptor, field protoreflect.Name) bool {
	return m.Input().Fields().ByName(field) != nil
}

// elsewhere are rpcs whose successes no case can show, with the test that does.
var elsewhere = map[string]string{
	"EventService/WatchEvents":      "TestWatch…: it does not end",
	"UsageService/StreamUsage":      "TestUsage…, TestStreamUsage…: it is a stream of requests",
	"UsageService/ListUsageWindows": "TestAPI/usage_of_this_hour: usage of this hour has times of its own",
	"UsageService/ReportUsage":      "TestAPI/usage_of_this_hour",
	"UsageService/CorrectUsage":     "TestAPI/usage_of_this_hour",
	"UsageService/ProveUsage":       "TestAPI/usage_of_this_hour",
}

// TestEveryRpcHasItsCases: success, not found and the wrong etag are in the case files.
func TestEveryRpcHasItsCases(t *testing.T) {
	files, err := filepath.Glob("api/v1/testdata/*.json")
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string][]step{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var steps []step
		if err := json.Unmarshal(raw, &steps); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, s := range steps {
			cases[s.RPC] = append(cases[s.RPC], s)
		}
	}
	for rpc, m := range publicRPCs() {
		for _, want := range []struct {
			name  string
			wants bool
			shows func(s step) bool
		}{
			{"success", elsewhere[rpc] == "", func(s step) bool { return s.Status == http.StatusOK }},
			{"not found", operationOf(t, m).refuses("404"), func(s step) bool { return s.Status == http.StatusNotFound }},
			{"wrong etag", has(m, "etag"), func(s step) bool { return s.Reason == "ETAG_MISMATCH" }},
		} {
			if want.wants && !slices.ContainsFunc(cases[rpc], want.shows) {
				t.Errorf("%s has no case of this: %s", rpc, want.name)
			}
		}
	}
}

// strangerToken may do everything that is a seller's own, for a seller who has nothing.
const strangerToken = "token-of-a-stranger-0123456789abcdef"

// stranger adds the seller of strangerToken.
func stranger(cfg *config.Config, _ *server.Deps) {
	scopes := []string{}
	for _, s := range access.OfSeller() {
		scopes = append(scopes, string(s))
	}
	cfg.Sellers = append(cfg.Sellers, config.Seller{Name: "stranger", Tokens: []config.Token{{Name: "stranger", Secret: strangerToken, Scopes: scopes}}})
}

// everybodys are rpcs that answer every seller alike: what they tell is the marketplace's.
var everybodys = []string{"LicenceService/ActivateLicence", "LicenceService/QueryLicence"}

// tryAsStranger makes a call that is about to succeed as another seller first: to whom nothing of it is there. What has no place that might not be there, as what creates
// something, is left alone.
func (s step) tryAsStranger(t *testing.T, call func(token string) outcome) {
	t.Helper()
	m := publicRPCs()[s.RPC]
	if op := operationOf(t, m); slices.Contains(everybodys, s.RPC) || !op.refuses("404") && !has(m, "page_token") {
		return
	}
	if slices.Contains(interceptor.Declared("/koogate.v1."+s.RPC), access.Installation) { // no seller's own
		return
	}
	got := call(strangerToken)
	if got.reason == "PAGE_TOKEN_INVALID" || strings.HasSuffix(got.reason, "_NOT_FOUND") && (got.code == "NOT_FOUND" || got.status == http.StatusNotFound) {
		return
	}
	text, err := json.Marshal(got.body)
	if got.code != "OK" && got.status != http.StatusOK || err != nil || strings.Contains(string(text), "acme") || strings.Contains(string(text), "biz-") {
		t.Errorf("%s: %s as a stranger: got %s %d %s %.300s", s.Name, s.RPC, got.code, got.status, got.reason, text)
	}
}

// bad is a request that an rpc refuses, and why.
type bad struct {
	name, reason string
	field        string // that the refusal names; empty for none
	request      proto.Message
	token        string
	unknown      bool // the REST request has a field that there is not, too
}

// badRequests are those that follow from the contract: no token, a token without the scope, every bound of a field of the request overstepped, a page token and a filter that
// are none. Over REST a field that there is not.
func badRequests(m protoreflect.MethodDescriptor, all, none string) (list []bad) {
	with := func(f protoreflect.FieldDescriptor, v protoreflect.Value) proto.Message {
		r := least(m)
		r.Set(f, v)
		return r
	}
	empty := dynamicpb.NewMessage(m.Input())
	list = append(list, bad{name: "no token", reason: "TOKEN_INVALID", request: empty}, bad{name: "wrong scope", reason: "SCOPE_MISSING", request: empty, token: none})
	if !m.IsStreamingClient() {
		list = append(list, bad{name: "unknown field", reason: "INVALID_FIELD", field: "noSuchField", request: empty, token: all, unknown: true})
	}
	for i := range m.Input().Fields().Len() {
		f := m.Input().Fields().Get(i)
		for _, v := range beyond(f) {
			list = append(list, bad{name: "over the limits of " + string(f.Name()), reason: "INVALID_FIELD", field: string(f.Name()), request: with(f, v), token: all})
		}
		switch f.Name() {
		case "page_token", "resume_token":
			list = append(list, bad{name: "bad page token", reason: "PAGE_TOKEN_INVALID", field: string(f.Name()), request: with(f, protoreflect.ValueOfString("x")), token: all})
		case "filter":
			list = append(list, bad{name: "bad filter", reason: "FILTER_INVALID", field: "filter", request: with(f, protoreflect.ValueOfString("no_such_field = \"x\"")), token: all})
		}
	}
	return list
}

// least is a request with no more than what an rpc requires.
func least(m protoreflect.MethodDescriptor) *dynamicpb.Message {
	r := dynamicpb.NewMessage(m.Input())
	for i := range m.Input().Fields().Len() {
		f := m.Input().Fields().Get(i)
		rules, _ := proto.GetExtension(f.Options(), validate.E_Field).(*validate.FieldRules)
		switch {
		case f.Kind() == protoreflect.StringKind && rules.GetString().GetMinLen() > 0 && !f.IsList():
			r.Set(f, protoreflect.ValueOfString("x"))
		case f.Message() != nil && f.Message().FullName() == "google.protobuf.Timestamp" && rules.GetRequired():
			r.Set(f, protoreflect.ValueOfMessage(timestamppb.Now().ProtoReflect()))
		}
	}
	return r
}

// beyond are values of a field that overstep its bounds; none when it has no bound that one value oversteps.
func beyond(f protoreflect.FieldDescriptor) (list []protoreflect.Value) {
	rules, _ := proto.GetExtension(f.Options(), validate.E_Field).(*validate.FieldRules)
	switch {
	case rules.GetRepeated().HasMaxItems() && f.IsList() && f.Kind() == protoreflect.StringKind:
		l := dynamicpb.NewMessage(f.ContainingMessage()).NewField(f)
		for n := range rules.GetRepeated().GetMaxItems() + 1 {
			l.List().Append(protoreflect.ValueOfString(fmt.Sprintf("x%d", n)))
		}
		list = append(list, l)
	case f.IsList() || f.IsMap():
	case rules.GetString().HasMaxLen():
		list = append(list, protoreflect.ValueOfString(strings.Repeat("x", int(rules.GetString().GetMaxLen())+1)))
	case rules.GetInt32().HasLte():
		list = append(list, protoreflect.ValueOfInt32(rules.GetInt32().GetLte()+1))
	case rules.GetInt64().HasLte():
		list = append(list, protoreflect.ValueOfInt64(rules.GetInt64().GetLte()+1))
	}
	if rules.GetInt32().HasGte() && !f.IsList() {
		list = append(list, protoreflect.ValueOfInt32(rules.GetInt32().GetGte()-1))
	}
	if rules.GetInt64().HasGte() && !f.IsList() {
		list = append(list, protoreflect.ValueOfInt64(rules.GetInt64().GetGte()-1))
	}
	return list
}

var pathField = regexp.MustCompile(`\{([a-z0-9_]+)\}`)

// restOf is a request as REST has it; a field of the path that is not set is x.
func restOf(t *testing.T, m protoreflect.MethodDescriptor, request proto.Message, unknown bool) (method, path, body string) {
	t.Helper()
	rule, _ := proto.GetExtension(m.Options(), annotations.E_Http).(*annotations.HttpRule)
	switch p := rule.GetPattern().(type) {
	case *annotations.HttpRule_Get:
		method, path = http.MethodGet, p.Get
	case *annotations.HttpRule_Put:
		method, path = http.MethodPut, p.Put
	case *annotations.HttpRule_Post:
		method, path = http.MethodPost, p.Post
	case *annotations.HttpRule_Delete:
		method, path = http.MethodDelete, p.Delete
	case *annotations.HttpRule_Patch:
		method, path = http.MethodPatch, p.Patch
	}
	r := proto.Clone(request).ProtoReflect()
	path = pathField.ReplaceAllStringFunc(path, func(v string) string {
		f := m.Input().Fields().ByName(protoreflect.Name(strings.Trim(v, "{}")))
		text := r.Get(f).String()
		r.Clear(f)
		if text == "" || f.Kind() != protoreflect.StringKind && !r.Has(f) && text == "0" {
			text = "x"
		}
		return url.PathEscape(text)
	})
	inBody := func(of protoreflect.Message) string {
		text, err := protojson.Marshal(of.Interface())
		if err != nil {
			t.Fatal(err)
		}
		if unknown {
			text = append([]byte(`{"noSuchField":1`+map[bool]string{true: ",", false: ""}[len(text) > 2]), text[1:]...)
		}
		return string(text)
	}
	query := url.Values{}
	switch rule.GetBody() {
	case "*":
		return method, path, inBody(r)
	case "":
		if unknown {
			query.Set("noSuchField", "1")
		}
	default:
		f := m.Input().Fields().ByName(protoreflect.Name(rule.GetBody()))
		body = inBody(r.Mutable(f).Message())
		r.Clear(f)
	}
	r.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if f.IsList() {
			for i := range v.List().Len() {
				query.Add(f.JSONName(), v.List().Get(i).String())
			}
		} else {
			query.Set(f.JSONName(), v.String())
		}
		return true
	})
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return method, path, body
}

// TestEveryRpcRefusesAlike makes every bad request that the contract tells of, by gRPC and by REST: each has its status, its reason and the name of its field, in the caller's
// own naming.
func TestEveryRpcRefusesAlike(t *testing.T) {
	const all, none = "token-of-all-scopes-0123456789abcdef", "token-of-stand-in-alone-0123456789ab"
	r := start(t, withoutJobs, metered, func(cfg *config.Config, _ *server.Deps) {
		scopes := []string{string(access.Installation)}
		for _, s := range access.OfSeller() {
			scopes = append(scopes, string(s))
		}
		cfg.Sellers[0].Tokens = append(cfg.Sellers[0].Tokens, config.Token{Name: "all", Secret: all, Scopes: scopes}, config.Token{Name: "none", Secret: none, Scopes: []string{"admin"}})
	})
	codes := map[string]struct {
		grpc string
		rest int
	}{
		"TOKEN_INVALID": {"Unauthenticated", 401}, "SCOPE_MISSING": {"PermissionDenied", 403}, "INVALID_FIELD": {"InvalidArgument", 400},
		"PAGE_TOKEN_INVALID": {"InvalidArgument", 400}, "FILTER_INVALID": {"InvalidArgument", 400},
	}
	tried := map[string]int{}
	for rpc, m := range publicRPCs() {
		for _, b := range badRequests(m, all, none) {
			name := rpc + ", " + b.name
			want := codes[b.reason]
			kind, _, _ := strings.Cut(b.name, " of ")
			tried[kind]++
			if !b.unknown { // gRPC takes what a newer caller sends
				err := r.ask(t, m, b.request, b.token)
				var o outcome
				o.details(status.Convert(err))
				if got := status.Code(err).String(); got != want.grpc || o.reason != b.reason || b.field != "" && !slices.Contains(o.fields, b.field) {
					t.Errorf("%s: gRPC: got %s %s of %v, want %s %s of %q", name, got, o.reason, o.fields, want.grpc, b.reason, b.field)
				}
			}
			if m.IsStreamingClient() && b.field != "" { // what is wrong in a stream ends it, which TestRESTIsStrict shows
				continue
			}
			method, path, body := restOf(t, m, b.request, b.unknown)
			code, text, _ := r.http(config.ListenerAPI, method, path, b.token, body)
			st := status.New(0, "").Proto()
			if err := protojson.Unmarshal([]byte(text), st); err != nil {
				t.Errorf("%s: %s %s: %d %s", name, method, path, code, text)
				continue
			}
			var o outcome
			o.details(status.FromProto(st))
			field := b.field
			if f := m.Input().Fields().ByName(protoreflect.Name(field)); f != nil {
				field = f.JSONName()
			}
			named := slices.ContainsFunc(o.fields, func(got string) bool { return got == field || strings.HasSuffix(got, "."+field) })
			if code != want.rest || o.reason != b.reason || field != "" && !named {
				t.Errorf("%s: %s %.100s: got %d %s of %v, want %d %s of %q", name, method, path, code, o.reason, o.fields, want.rest, b.reason, field)
			}
		}
	}
	t.Logf("%d rpcs: %v", len(publicRPCs()), tried)
	for _, kind := range []string{"no token", "wrong scope", "unknown field", "over the limits", "bad page token", "bad filter"} {
		if tried[kind] < 10 {
			t.Errorf("%s was tried %d times", kind, tried[kind])
		}
	}
}

// ask makes a call by gRPC, as a stream where it is one.
func (r *rig) ask(t *testing.T, m protoreflect.MethodDescriptor, request proto.Message, token string) error {
	t.Helper()
	conn := r.dial(token)
	name := fmt.Sprintf("/%s/%s", m.Parent().FullName(), m.Name())
	out := dynamicpb.NewMessage(m.Output())
	if !m.IsStreamingClient() && !m.IsStreamingServer() {
		return conn.Invoke(t.Context(), name, request, out)
	}
	stream, err := conn.NewStream(t.Context(), &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, name)
	if err != nil {
		return err
	}
	if err := stream.SendMsg(request); err == nil {
		_ = stream.CloseSend()
	}
	return stream.RecvMsg(out)
}
