// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/durationpb"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/access"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/interceptor"
	"github.com/koogate/koogate/server/usage"
	"github.com/koogate/koogate/server/work"
)

// rpcs are the methods of every service of the contract, with their descriptors.
func rpcs() map[string]protoreflect.MethodDescriptor {
	all := map[string]protoreflect.MethodDescriptor{}
	protoregistry.GlobalFiles.RangeFiles(func(f protoreflect.FileDescriptor) bool {
		if !strings.HasPrefix(string(f.Package()), "koogate.") {
			return true
		}
		for i := range f.Services().Len() {
			s := f.Services().Get(i)
			for k := range s.Methods().Len() {
				all["/"+string(s.FullName())+"/"+string(s.Methods().Get(k).Name())] = s.Methods().Get(k)
			}
		}
		return true
	})
	return all
}

// refusalOf calls a method with an empty request, as a stream where it is one, and returns the code and the scope that is missing.
func refusalOf(t *testing.T, conn *grpc.ClientConn, method string, d protoreflect.MethodDescriptor) (code codes.Code, reason, scope string) {
	t.Helper()
	in, out := dynamicpb.NewMessage(d.Input()), dynamicpb.NewMessage(d.Output())
	var err error
	if d.IsStreamingClient() || d.IsStreamingServer() {
		var stream grpc.ClientStream
		stream, err = conn.NewStream(t.Context(), &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, method)
		if err == nil {
			_ = stream.CloseSend()
			if err = stream.RecvMsg(out); err == io.EOF { //nolint:errorlint // grpc returns the value itself
				err = nil
			}
		}
	} else {
		err = conn.Invoke(t.Context(), method, in, out)
	}
	reason, scope = reasonOf(err)
	return status.Code(err), reason, scope
}

// walk makes every call of the internal API as a caller who has some scopes, or whom nobody knows: who lacks what the contract declares is refused with the
// scope's name, and nobody else is.
func walk(t *testing.T, dial func() *grpc.ClientConn, name string, has []access.Scope) {
	t.Helper()
	conn, calls := dial(), 0
	defer func() { _ = conn.Close() }()
	for method, d := range rpcs() {
		if !strings.HasPrefix(method, "/koogate.v1.") {
			continue
		}
		if calls++; calls%50 == 0 { // a connection ends after a hundred refusals of whom nobody knows
			_ = conn.Close()
			conn = dial()
		}
		code, reason, scope := refusalOf(t, conn, method, d)
		lacks, lack := access.Principal{Scopes: has}.Lacks(interceptor.Declared(method))
		switch {
		case has == nil:
			if code != codes.Unauthenticated || reason != "TOKEN_INVALID" {
				t.Errorf("%s by %s: %v %s", method, name, code, reason)
			}
		case lack:
			if code != codes.PermissionDenied || reason != "SCOPE_MISSING" || scope != string(lacks) {
				t.Errorf("%s by %s: %v %s %q, want the scope %s", method, name, code, reason, scope, lacks)
			}
		case code == codes.PermissionDenied || code == codes.Unauthenticated:
			t.Errorf("%s by %s: %v %s %q", method, name, code, reason, scope)
		}
	}
}

// reasonOf is an error's reason, and the scope that it names.
func reasonOf(err error) (reason, scope string) {
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			return info.GetReason(), info.GetMetadata()[errs.MetaScope]
		}
	}
	return "", ""
}

// TestEveryMethodWithEveryPrincipal walks every rpc of the contract with a token of each scope, with one of none, without a token,
// and as the marketplace: who lacks what the contract declares is refused with the scope's name, and nobody else is.
func TestEveryMethodWithEveryPrincipal(t *testing.T) {
	scopes := slices.Clone(access.Grantable())
	secret := func(s access.Scope) string { return "token-of-the-scope-" + string(s) + "-0123456789abcdef" }
	const customary = "token-of-no-scope-0123456789abcdef"
	r := start(t, withoutJobs, standIn, func(cfg *config.Config, _ *server.Deps) {
		for _, s := range scopes {
			cfg.Sellers[0].Tokens = append(cfg.Sellers[0].Tokens, config.Token{
				Name: "scope-" + strings.ReplaceAll(string(s), "_", "-"), Secret: config.Secret(secret(s)), Scopes: []string{string(s)},
			})
		}
		cfg.Sellers[0].Tokens = append(cfg.Sellers[0].Tokens, config.Token{Name: "customary", Secret: customary})
	})
	principals := map[string][]access.Scope{"": nil, customary: access.Customary(), acmeToken: access.Customary()}
	for _, s := range scopes {
		principals[secret(s)] = []access.Scope{s}
	}
	principals[directoryToken] = []access.Scope{access.Directory, access.Secrets, access.PersonalData}
	principals[moverToken] = []access.Scope{access.Configure, access.Secrets, access.PersonalData}
	principals[deskToken] = []access.Scope{access.Read, access.PersonalData, access.Login}
	principals[installerToken] = []access.Scope{access.Configure, access.Installation}
	calls, opened := 0, map[string]int{}
	methods := rpcs()
	for token, has := range principals {
		conn, strange := r.dial(token), 0
		for method, d := range methods {
			if strange++; token == "" && strange%50 == 0 { // a connection ends after a hundred refusals
				conn = r.dial(token)
			}
			declared := interceptor.Declared(method)
			if len(declared) == 0 {
				t.Errorf("%s declares no scope", method)
				continue
			}
			code, reason, scope := refusalOf(t, conn, method, d)
			lacks, lack := access.Principal{Scopes: has}.Lacks(declared)
			calls++
			switch {
			case token == "":
				if code != codes.Unauthenticated || reason != "TOKEN_INVALID" {
					t.Errorf("%s without a token: %v %s", method, code, reason)
				}
			case lack:
				if code != codes.PermissionDenied || reason != "SCOPE_MISSING" || scope != string(lacks) {
					t.Errorf("%s with %v: %v %s %q, want the scope %s", method, has, code, reason, scope, lacks)
				}
			default:
				opened[method]++
				if code == codes.PermissionDenied || code == codes.Unauthenticated || code == codes.Unimplemented {
					t.Errorf("%s with %v: %v %s %q", method, has, code, reason, scope)
				}
			}
		}
	}
	for method := range methods {
		if opened[method] == 0 {
			t.Errorf("no token opens %s", method)
		}
	}
	t.Logf("%d methods, %d calls", len(methods), calls)
	r.marketplaceMayCallOnly(t, methods)
}

// marketplaceMayCallOnly holds the marketplace to its own services, over the interceptor that stands behind every listener.
func (r *rig) marketplaceMayCallOnly(t *testing.T, methods map[string]protoreflect.MethodDescriptor) {
	t.Helper()
	demand := interceptor.Demand(r.deps.Log)
	for _, method := range slices.Sorted(maps.Keys(methods)) {
		production := strings.HasPrefix(method, "/koogate.production.v1.")
		for name, p := range map[string]access.Principal{
			"the marketplace": {Kind: access.Signature, Seller: "acme", Subject: "worked", Scopes: []access.Scope{access.Marketplace}},
			"a job":           {Kind: access.Job},
			"a process":       {Kind: access.Process, Seller: "acme", Subject: "test"},
		} {
			through := false
			_, err := demand.Unary(access.With(t.Context(), p), nil, &grpc.UnaryServerInfo{FullMethod: method}, func(context.Context, any) (any, error) {
				through = true
				return nil, nil
			})
			if want := production && p.Kind == access.Signature; through != want || (err == nil) != want {
				t.Errorf("%s by %s: %v", method, name, err)
			}
		}
	}
}

// TestProductionIsNotServedToTokens: unless a setting brings them back, the marketplace's calls exist on no private listener.
func TestProductionIsNotServedToTokens(t *testing.T) {
	r := start(t, withoutJobs)
	seen := 0
	for _, token := range []string{acmeToken, standInToken} {
		conn := r.dial(token)
		for method, d := range rpcs() {
			if !strings.HasPrefix(method, "/koogate.production.v1.") {
				continue
			}
			seen++
			if code, _, _ := refusalOf(t, conn, method, d); code != codes.Unimplemented {
				t.Errorf("%s: %v", method, code)
			}
			path := "/produce/worked"
			if status, body, _ := r.http(config.ListenerAPI, http.MethodPost, path, token, `{}`); status != http.StatusNotFound {
				t.Errorf("%s: %d %s", path, status, body)
			}
		}
	}
	if seen == 0 {
		t.Error("the contract has no production service")
	}
}

// TestARestCallWithoutItsScopeIs403 names the scope in the answer.
func TestARestCallWithoutItsScopeIs403(t *testing.T) {
	r := start(t, withoutJobs)
	for path, scope := range map[string]string{"/v1/orders": "read", "/v1/instances/i/tenants/t/applications/a": "directory"} {
		status, body, _ := r.http(config.ListenerAPI, http.MethodGet, path, queueToken, "")
		if status != http.StatusForbidden || !strings.Contains(body, `"reason":"SCOPE_MISSING"`) || !strings.Contains(body, `"scope":"`+scope+`"`) {
			t.Errorf("%s: %d %s", path, status, body)
		}
		if !strings.Contains(r.log.String(), `scope=`+scope+` caller="token queue" seller=acme listener=api`) {
			t.Errorf("%s: the log does not say who lacked what", path)
		}
	}
}

// TestARefusedQueueIsNamed: a worker that is configured wrongly learns at once which queue it cannot have.
func TestARefusedQueueIsNamed(t *testing.T) {
	r := start(t, withoutJobs)
	for _, c := range []struct {
		queue, token, reason string
		status               int
	}{
		{"links", acmeToken, "QUEUE_NOT_FOR_WORKERS", 400}, {usage.QueuePush, acmeToken, "QUEUE_NOT_FOR_WORKERS", 400},
		{"nobodys", acmeToken, "QUEUE_NOT_FOUND", 404}, {"crm", queueToken, "SCOPE_MISSING", 403}, {"lic", queueToken, "", 200}, {"crm", acmeToken, "", 200},
	} {
		status, body, _ := r.http(config.ListenerAPI, http.MethodPost, "/v1/tasks:lease", c.token, `{"queue":"`+c.queue+`","workerId":"w"}`)
		named := strings.Contains(body, `"queue":"`+c.queue+`"`) && strings.Contains(body, `"reason":"`+c.reason+`"`)
		if status != c.status || named != (c.reason != "") {
			t.Errorf("%s: %d %s", c.queue, status, body)
		}
	}
}

// TestEventsSayWhoActed follows an order that the marketplace, Koogate, a worker and an operator have a hand in.
func TestEventsSayWhoActed(t *testing.T) {
	r := start(t)
	id := r.mustCall("worked", newInstance("CS1")).InstanceID
	r.work(t, acmeToken)
	if status, text, _ := r.http(config.ListenerAPI, http.MethodPatch, "/v1/instances/"+id+"/access", supportToken, `{"memo":"m"}`); status != http.StatusOK {
		t.Fatalf("%d %s", status, text)
	}
	r.mustCall("linked", map[string]string{"activity": "releaseInstance", "instanceId": id})
	actors := map[string]string{}
	for _, e := range eventsOf(t, r, "CS1") {
		actors[e.GetKind()] = actorOf(t, e)
	}
	want := map[string]string{
		"instance.admitted": "marketplace endpoint worked", "order.queried": "koogate", "task.completed": "api token",
		"access.changed": "token support", "call.other_endpoint": "marketplace endpoint linked", "instance.released": "marketplace endpoint linked",
	}
	if !maps.Equal(actors, want) {
		t.Errorf("got %v, want %v", actors, want)
	}
}

// work leases a task of crm and completes it.
func (r *rig) work(t *testing.T, token string) {
	t.Helper()
	tasks := koogatev1.NewTaskServiceClient(r.dial(token))
	leased, err := tasks.LeaseTasks(t.Context(), &koogatev1.LeaseTasksRequest{Queue: "crm", WorkerId: "w", Wait: durationpb.New(20 * time.Second)})
	if err != nil || len(leased.GetTasks()) != 1 {
		t.Fatalf("%v, %v", leased, err)
	}
	if _, err := tasks.CompleteTask(t.Context(), completion(leased.GetTasks()[0])); err != nil {
		t.Fatal(err)
	}
}

// actorOf is who acted by an event's data.
func actorOf(t *testing.T, e *koogatev1.OrderEvent) string {
	t.Helper()
	var data map[string]any
	if err := json.Unmarshal([]byte(e.GetDataJson()), &data); err != nil {
		t.Fatal(err)
	}
	who, _ := data["actor"].(string)
	return who
}

// TestAFenceThatIsGuessedOpensNothing: fencing tokens are small numbers, so a worker could guess those of tasks that it cannot
// lease: of another queue, of a template, of Koogate itself.
func TestAFenceThatIsGuessedOpensNothing(t *testing.T) {
	r := start(t, withoutJobs, func(cfg *config.Config, _ *server.Deps) {
		cfg.Endpoints[1].Products = map[string]config.Product{"*": {Provisioner: "links"}}
	})
	ctx := t.Context()
	r.mustCall("worked", newInstance("CS1"))
	r.mustCall("linked", newInstance("CS2"))
	queries, err := r.Core().Work.Lease(ctx, work.Ask{Seller: "acme", Queues: []string{fulfil.QueueOrderQuery}, Worker: "w", Max: 2, For: time.Minute})
	if err != nil || len(queries) != 2 {
		t.Fatalf("%v, %v", queries, err)
	}
	for _, q := range queries {
		r.Core().RunOrderQuery(ctx, q)
	}
	for _, c := range []struct{ queue, token, reason string }{
		{"crm", queueToken, "SCOPE_MISSING"}, {"links", acmeToken, "TASK_NOT_FOUND"},
	} {
		leased, err := r.Core().Work.Lease(ctx, work.Ask{Seller: "acme", Queues: []string{c.queue}, Worker: "w", Max: 1, For: time.Minute})
		if err != nil || len(leased) != 1 {
			t.Fatalf("%s: %v, %v", c.queue, leased, err)
		}
		id, fence := leased[0].ID, leased[0].Fence
		tasks := koogatev1.NewTaskServiceClient(r.dial(c.token))
		_, beat := tasks.HeartbeatTask(ctx, &koogatev1.HeartbeatTaskRequest{TaskId: id, FencingToken: fence})
		_, fail := tasks.FailTask(ctx, &koogatev1.FailTaskRequest{TaskId: id, FencingToken: fence, Message: "m"})
		_, done := tasks.CompleteTask(ctx, &koogatev1.CompleteTaskRequest{
			TaskId: id, FencingToken: fence, Result: &koogatev1.CompleteTaskRequest_AccessInfo{AccessInfo: &koogatev1.AccessInfo{FrontEndUrl: "https://forged.example.com"}},
		})
		for verb, err := range map[string]error{"heartbeat": beat, "fail": fail, "complete": done} {
			if got, _ := reasonOf(err); got != c.reason {
				t.Errorf("%s of a task of %s: %v", verb, c.queue, err)
			}
		}
	}
}
