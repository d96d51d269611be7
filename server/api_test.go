// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/emptypb"

	_ "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/koogallery/deadline"
	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/clock/clocktest"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/directory"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/journal"
	"github.com/koogate/koogate/server/login/session"
	"github.com/koogate/koogate/server/work"
	"github.com/koogate/koogate/store"
)

// step is one call of an API case, made over gRPC on one server and over REST on another. A text ${name} stands for what
// an earlier step saved.
type step struct {
	Name      string            `json:"name"`
	Admit     string            `json:"admit"`     // instead of a call: admit this order and do its order query
	Mode      string            `json:"mode"`      // with admit: the charging mode that the order query tells
	Sync      string            `json:"sync"`      // instead of a call: synchronise a directory for this instance
	Refused   string            `json:"refused"`   // instead of a call: a usage record of this instance that the marketplace refused
	Delivered string            `json:"delivered"` // instead of a call: an event of this order was delivered to acme's only webhook
	LoggedIn  string            `json:"logged_in"` // instead of a call: users have logged in to this application, see [rig.loggedIn]
	Ticket    string            `json:"ticket"`    // instead of a call: zhangsan01 has logged in to this application and brings a ticket, ${ticket}
	Called    string            `json:"called"`    // instead of a call: calls of the marketplace about this order were recorded, see [rig.called]
	Failing   string            `json:"failing"`   // instead of a call: an hour ago a creation of this order failed, and a test call, and a call was refused
	Age       string            `json:"age"`       // with refused: how long ago it began
	RPC       string            `json:"rpc"`       // Service/Method of koogate.v1
	Token     *string           `json:"token"`     // acme's when absent; "" for none
	Request   json.RawMessage   `json:"request"`
	REST      string            `json:"rest"` // METHOD path
	Body      json.RawMessage   `json:"body"` // of the REST request
	Code      string            `json:"code"` // gRPC code; OK when absent
	Status    int               `json:"status"`
	Reason    string            `json:"reason"`  // ErrorInfo.reason
	Fields    []string          `json:"fields"`  // BadRequest fields
	Wrapped   string            `json:"wrapped"` // the response's field that REST shows alone
	Want      json.RawMessage   `json:"want"`    // must be in the response; null means absent
	Save      map[string]string `json:"save"`    // name → path in the response, e.g. "tasks.0.taskId"
}

// outcome is what a step got.
type outcome struct {
	code   string // gRPC only
	status int    // REST only
	reason string
	fields []string
	guide  guide
	body   any // the response as JSON, unwrapped
}

// guide is what an error tells its caller to do.
type guide struct {
	retryable string
	page      string
	remedies  map[string]string // by locale
	pause     bool              // it names a delay
}

// judge holds an error of the internal API to its one shape.
func (g guide) judge(t *testing.T, reason string) {
	t.Helper()
	want, ok := errs.GuideTo(errs.Reason(reason))
	if !ok {
		t.Errorf("no guide to the reason %q", reason)
	}
	if g.retryable != strconv.FormatBool(want.Retryable) || g.pause && !want.Retryable {
		t.Errorf("%s: retryable %q, with a delay %v; want %v", reason, g.retryable, g.pause, want.Retryable)
	}
	if g.page != errs.Page+"#"+strings.ToLower(reason) {
		t.Errorf("%s: the link is %q", reason, g.page)
	}
	if len(g.remedies) != 2 || g.remedies["en"] != want.Remedy || g.remedies["zh-CN"] != want.RemedyZH {
		t.Errorf("%s: the remedies are %q", reason, g.remedies)
	}
}

// TestAPI runs every case file over both transports. What a call leaves in the audit is what the contract declares.
func TestAPI(t *testing.T) {
	files, err := filepath.Glob("api/v1/testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	left := map[string]int{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var steps []step
		dec := json.NewDecoder(bytes.NewReader(raw))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&steps); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, transport := range []string{"grpc", "rest"} {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".json")+"/"+transport, func(t *testing.T) {
				r := start(t, withoutJobs, metered, stranger, withLogins)
				audit := trail{r: r, left: left}
				conns := map[string]*grpc.ClientConn{}
				saved := map[string]string{"in 30 days": time.Now().Add(30 * 24 * time.Hour).UTC().Format(time.RFC3339)}
				for _, s := range steps {
					if s.Admit != "" {
						r.market.setMode(cmp.Or(s.Mode, yearly.Product.ChargingMode))
						r.admit(t, s.Admit)
						continue
					}
					if s.Refused != "" {
						r.refuse(t, s.Refused, s.Age)
						continue
					}
					if s.Called != "" {
						r.called(t, s.Called)
						continue
					}
					if s.Failing != "" {
						r.failing(t, s.Failing)
						continue
					}
					if s.Delivered != "" {
						r.delivered(t, s.Delivered)
						continue
					}
					if s.Ticket != "" {
						saved["ticket"] = r.ticket(t, s.Ticket)
						continue
					}
					if s.LoggedIn != "" {
						r.loggedIn(t, s.LoggedIn)
						continue
					}
					if s.Sync != "" {
						r.sync(t, s.Sync)
						continue
					}
					token := acmeToken
					if s.Token != nil {
						token = map[string]string{"": "", "other": otherToken, "support": supportToken, "directory": directoryToken, "queues": queueToken, "keys": keysToken, "tokens": tokensToken, "installer": installerToken, "mover": moverToken, "desk": deskToken, "wrong": "no-such-token"}[*s.Token]
					}
					fill := func(text string) string {
						for k, v := range saved {
							text = strings.ReplaceAll(text, "${"+k+"}", v)
						}
						return text
					}
					call := func(token string) outcome {
						if transport == "rest" {
							return r.rest(t, s, token, fill)
						}
						if conns[token] == nil {
							conns[token] = r.dial(token)
						}
						return invoke(t, s, conns[token], fill)
					}
					if s.Status == http.StatusOK {
						s.tryAsStranger(t, call)
					}
					got := call(token)
					s.judge(t, got, transport, fill)
					via := map[string]string{"grpc": config.ListenerGRPC, "rest": config.ListenerAPI}[transport]
					audit.judge(t, s.Name, s.RPC, via, got.code == "OK" || got.status == http.StatusOK)
					for name, path := range s.Save {
						saved[name] = at(t, got.body, path)
					}
				}
			})
		}
	}
	t.Run("usage of this hour", func(t *testing.T) { usageTrails(t, left) })
	wantTrails(t, left)
}

// refuse books a use of acme's instance that began so long ago, and has the marketplace refuse its record.
func (r *rig) refuse(t *testing.T, instanceID, age string) {
	t.Helper()
	ago, err := time.ParseDuration(age)
	if err != nil {
		t.Fatal(err)
	}
	ctx, ledger, now := t.Context(), r.deps.Store, time.Now().UTC()
	start := now.Add(-ago).Truncate(time.Hour)
	end := start.Add(time.Hour)
	if _, err := ledger.AddUsage(ctx, []store.UsageRaw{{
		Seller: "acme", Key: instanceID + age, InstanceID: instanceID, Meter: "calls", Mode: store.UsageSum, BeginAt: start, EndAt: end, Value: 10000, ReportedAt: end,
		Window: store.UsageWindowTimes{StartAt: start, EndAt: end, DueAt: end, DeadlineAt: end, RefuseAt: start.Add(deadline.UsageAge)},
	}}); err != nil {
		t.Fatal(err)
	}
	made, err := ledger.CloseUsage(ctx, "acme", now, store.SpansApart, 1)
	if err != nil || len(made) != 1 {
		t.Fatal(made, err)
	}
	verdict := store.UsageVerdict{Seller: "acme", ID: made[0].ID, State: store.UsageRefused, Code: "012", DueAt: now}
	if err := ledger.SettleUsage(ctx, []store.UsageVerdict{verdict}, now); err != nil {
		t.Fatal(err)
	}
}

// called records calls of the marketplace to acme's endpoint, from 2026-03-14T15:00:00Z on: a creation of the order that fails, with what was said in it, and is repeated
// an hour later, a call that was refused a second later and five that were only counted, and 30 looks at the instance within a minute; and calls to
// the marketplace at 18:00, an order query without an answer and a second later a push of usage of which a part is not taken. Their IDs end in 1 to 6.
func (r *rig) called(t *testing.T, order string) {
	t.Helper()
	made := time.Date(2026, 3, 14, 15, 0, 0, 0, time.UTC)
	call := func(n int, at time.Duration) store.Call {
		return store.Call{
			Seller: "acme", ID: store.TimedID(fmt.Sprintf("00000000-0000-7000-8000-00000000000%d", n), made.Add(at)), CreatedAt: made.Add(at), LastAt: made.Add(at), Times: 1, Endpoint: "acme-main",
			Family: "saas_v2", Activity: "newInstance", OrderID: order, InstanceID: "biz-" + order, KeyID: "k-1", TraceID: "0af7651916cd43dd8448eb211c80319c",
			Verdict: store.CallAnswered, Code: "000005", Reason: "STORE_UNAVAILABLE", HTTPStatus: 200, Took: 1500 * time.Millisecond, Request: 700, Answer: 60,
			Subject: "s", Series: 4 * time.Hour,
		}
	}
	refused, looks := call(3, time.Hour+time.Second), call(4, 2*time.Hour)
	refused.Family, refused.Activity, refused.OrderID, refused.InstanceID, refused.KeyID, refused.TraceID, refused.Subject = "", "", "", "", "", "", ""
	refused.Verdict, refused.Cause, refused.Code, refused.Reason = store.CallRefused, store.CauseClock, "000002", "stale"
	looks.Activity, looks.Subject, looks.Code, looks.Reason, looks.TraceID = "queryInstance", "", "000000", "", ""
	looks.Times, looks.LastAt = 30, looks.CreatedAt.Add(58*time.Second)
	count := store.CallRefusal{
		Seller: "acme", Endpoint: "acme-main", Cause: store.CauseClock, Hour: made.Add(time.Hour), Calls: 6, FirstAt: refused.CreatedAt,
		LastAt: refused.CreatedAt.Add(time.Minute),
	}
	query, push := call(5, 3*time.Hour), call(6, 3*time.Hour+time.Second)
	for _, out := range []*store.Call{&query, &push} {
		out.Direction, out.Endpoint, out.Family, out.KeyID, out.Subject = store.CallOutbound, "", "", "", ""
	}
	query.Activity, query.Verdict, query.Code, query.Reason, query.HTTPStatus, query.Answer = "order_query", store.CallUnanswered, "", "NETWORK", 0, 0
	query.TaskID, query.Attempt, query.UntilAt = "019cecdc-8180-7000-8000-0000000000ff", 3, made.Add(5*time.Hour)
	push.Activity, push.Code, push.Reason, push.OrderID, push.InstanceID = "usage_push", "94060999", "94060001", "", ""
	push.Records, push.Attempt, push.UntilAt = 1000, 2, made.Add(480*time.Hour)
	first := call(1, 0)
	first.Endpoint = "worked"
	said := journal.Body{
		Door: "/v2/", Request: []byte(`{"activity":"newInstance","orderId":"CS-replayed","orderLineId":"1","businessId":"biz-r","colour":"red","testFlag":"0"}`),
		Answer: []byte(`{"resultCode":"000005","resultMsg":"other internal service error"}`),
	}
	var sealErr error
	if first.Body, sealErr = r.deps.Sealer.Seal(said.Encode(), "call/acme/"+first.ID); sealErr != nil {
		t.Fatal(sealErr)
	}
	err := r.deps.Store.RecordCalls(t.Context(), []store.Call{first, call(2, time.Hour), refused, looks, query, push}, []store.CallRefusal{count})
	if err != nil {
		t.Fatal(err)
	}
}

// delivered has acme's only webhook take an event of an order, at 2026-03-14T15:00:00Z.
func (r *rig) delivered(t *testing.T, order string) {
	t.Helper()
	ctx, st, made := t.Context(), r.deps.Store, time.Date(2026, 3, 14, 15, 0, 0, 0, time.UTC)
	hooks, err := st.Webhooks(ctx, "acme")
	if err != nil || len(hooks) != 1 {
		t.Fatal(hooks, err)
	}
	d := store.Delivery{
		Seller: "acme", ID: store.TimedID("00000000-0000-7000-8000-000000000001", made), CreatedAt: made, WebhookID: hooks[0].ID, OrderID: order, Seq: 1,
		Kind: "order.admitted", InstanceID: "biz-" + order, EventAt: made,
	}
	to := hooks[0].At
	to.Number++
	err = st.AddDeliveries(ctx, store.FeedRead{Seller: "acme", WebhookID: d.WebhookID, From: hooks[0].At, To: to, Deliveries: []store.Delivery{d}})
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = st.EndAttempt(ctx, d, func(w *store.Webhook, d *store.Delivery) {
		d.State, d.Attempts, d.FirstAt, d.LastAt, d.Status, d.Size, d.Took = store.DeliveryDelivered, 1, made, made, 200, 2, time.Second
		w.DeliveredAt = made
	})
	if err != nil {
		t.Fatal(err)
	}
}

// withLogins serves logins.
func withLogins(cfg *config.Config, _ *server.Deps) {
	cfg.Listen.Login, cfg.Listeners.Login.PublicURL = "127.0.0.1:0", "https://login.example.com"
}

// loggedIn has two users of the tenant t1 log in to an application at 2026-03-14T15:00:00Z and a minute later; a third login is refused. Their IDs end in 1 to 3.
func (r *rig) loggedIn(t *testing.T, appID string) {
	t.Helper()
	ctx, st, made := t.Context(), r.deps.Store, time.Date(2026, 3, 14, 15, 0, 0, 0, time.UTC)
	for n, user := range []string{"zhangsan01", "lisi02", ""} {
		at := made.Add(time.Duration(n) * time.Minute)
		req := store.LoginRequest{
			ID: store.TimedID(fmt.Sprintf("00000000-0000-7000-8000-00000000000%d", n+1), at), Seller: "acme", AppID: appID, Entrance: store.LoginByWorkbench,
			Step: store.LoginDone, TenantID: "t1", CreatedAt: at, UpdatedAt: at, ExpiresAt: at.Add(session.RequestLife),
		}
		session.Note(&req, session.Step{Name: session.StepBegun, At: at}, session.Step{Name: session.StepTenant, At: at, Host: "a.example.com"})
		if user == "" {
			req.Step, req.Reason = store.LoginRefused, string(store.EndUserDisabled)
			session.Note(&req, session.Step{Name: session.StepRight, At: at, Fault: req.Reason})
		} else {
			_, digest := session.NewToken()
			s := store.LoginSession{
				ID: req.ID, Seller: "acme", AppID: appID, TenantID: "t1", UserName: user, Entrance: req.Entrance, Protocol: store.LoginOAuth2, Digest: digest,
				CreatedAt: at, LastAt: at, ExpiresAt: at.Add(100 * 365 * 24 * time.Hour), Logout: store.Logout{LogoutState: store.LogoutNone},
			}
			if err := st.AddLoginSession(ctx, &s); err != nil {
				t.Fatal(err)
			}
			req.SessionID = s.ID
		}
		if err := st.AddLoginRequest(ctx, &req); err != nil {
			t.Fatal(err)
		}
	}
}

// ticket has zhangsan01 of t1 log in to an application, and returns the ticket with which the browser goes to the app.
func (r *rig) ticket(t *testing.T, appID string) string {
	t.Helper()
	ctx := t.Context()
	book := session.Book{Store: r.deps.Store, Sealer: r.deps.Sealer, Clock: r.deps.Clock, NewID: r.deps.NewID}
	app, err := r.deps.Store.LoginApplication(ctx, appID)
	if err != nil {
		t.Fatal(err)
	}
	req, err := book.Begin(ctx, &app, store.LoginByWorkbench, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, _, err := book.Enter(ctx, session.Entry{Request: req.ID, App: &app, Protocol: store.LoginOAuth2, TenantID: "t1", UserName: "zhangsan01", Life: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	ticket, err := book.Ticket(ctx, &s, req.ID)
	if err != nil {
		t.Fatal(err)
	}
	return ticket
}

// sync makes the calls that the marketplace makes when an enterprise binds acme's instance, one microsecond apart.
func (r *rig) sync(t *testing.T, instanceID string) {
	t.Helper()
	clk := clocktest.New(time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC))
	d := directory.New(directory.Deps{Store: r.deps.Store, Recorder: r.Core(), Sealer: r.deps.Sealer, Clock: clk})
	scope := directory.Scope{Seller: "acme", InstanceID: instanceID, TenantID: "t1", At: clk.Now()}
	ctx := t.Context()
	for _, call := range []func() (bool, error){
		func() (bool, error) {
			return d.SyncTenant(ctx, directory.Tenant{
				Scope: scope, Flag: directory.Add, OrderID: "CS1", TenantCode: "huawei", Name: "企业", DomainName: "https://a.example.com",
			})
		},
		func() (bool, error) {
			return d.SyncApplication(ctx, directory.Application{
				Scope: scope, Flag: directory.Add, AppID: "app", ClientID: "client", ClientSecret: "canary-secret",
			})
		},
		func() (bool, error) {
			return d.SyncUsers(ctx, directory.Users{Scope: scope, Flag: directory.Add, AppID: "app", Users: []directory.User{{
				UserName: "zhangsan01", Role: "admin", OrgCode: "1", Enabled: true, Profile: directory.Profile{
					Name: "张三", Position: "post", EmployeeCode: "007", EmployeeType: "1", Mobile: "13900000000", Email: "z@example.com",
					WorkPlace: "南京", EntryDate: "2022-11-9", Extension: `{"a":1}`, Extra: `{"unknown":1}`,
				},
			}}})
		},
		func() (bool, error) {
			return d.SyncUsers(ctx, directory.Users{Scope: scope, Flag: directory.Withdraw, AppID: "app", Users: []directory.User{
				{UserName: "lisi02", Role: "user", OrgCode: "2"},
			}})
		},
		func() (bool, error) {
			return d.SyncDepartments(ctx, directory.Departments{Scope: scope, Units: []directory.Unit{{OrgCode: "1", Name: "HQ"}}})
		},
		func() (bool, error) {
			return d.SyncDepartment(ctx, directory.Department{
				Scope: scope, Flag: directory.Add, Unit: directory.Unit{OrgCode: "2", Name: "R&D", ParentCode: "1"},
			})
		},
		func() (bool, error) {
			return d.SyncDepartment(ctx, directory.Department{Scope: scope, Flag: directory.Delete, Unit: directory.Unit{OrgCode: "3"}})
		},
	} {
		if changed, err := call(); err != nil || !changed {
			t.Fatalf("sync: changed %v, %v", changed, err)
		}
		clk.Advance(time.Microsecond)
	}
}

func (s *step) judge(t *testing.T, got outcome, transport string, fill func(string) string) {
	t.Helper()
	want := s.Code
	if want == "" {
		want = "OK"
	}
	if transport == "grpc" && got.code != want || transport == "rest" && got.status != s.Status {
		t.Fatalf("%s: got %s %d %v %s, want %s %d", s.Name, got.code, got.status, got.body, got.reason, want, s.Status)
	}
	if want != "OK" {
		got.guide.judge(t, got.reason)
	}
	if got.reason != s.Reason {
		t.Errorf("%s: reason %q, want %q", s.Name, got.reason, s.Reason)
	}
	fields := slices.Clone(s.Fields)
	if transport == "rest" { // which says the JSON names
		for i := range fields {
			fields[i] = camel(fields[i])
		}
	}
	if got.reason == "INVALID_FIELD" && len(got.fields) == 0 {
		t.Errorf("%s: which field is not said", s.Name)
	}
	if !slices.Equal(got.fields, fields) {
		t.Errorf("%s: fields %q, want %q", s.Name, got.fields, fields)
	}
	if len(s.Want) > 0 {
		var want any
		if err := json.Unmarshal([]byte(fill(string(s.Want))), &want); err != nil {
			t.Fatalf("%s: %v", s.Name, err)
		}
		if diff := missing("", want, got.body); diff != "" {
			t.Errorf("%s: %s\nin %v", s.Name, diff, got.body)
		}
	}
}

// camel is a path of proto names as one of JSON names.
func camel(path string) string {
	return regexp.MustCompile(`_[a-z]`).ReplaceAllStringFunc(path, func(s string) string { return strings.ToUpper(s[1:]) })
}

// missing says what of want is not in got.
func missing(path string, want, got any) string {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return path + " is no object"
		}
		for k, v := range w {
			if v == nil {
				if x, there := g[k]; there && x != nil && x != "" && x != "0" {
					return fmt.Sprintf("%s.%s is %v and should not be there", path, k, x)
				}
				continue
			}
			if d := missing(path+"."+k, v, g[k]); d != "" {
				return d
			}
		}
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return fmt.Sprintf("%s has %d elements, want %d", path, len(g), len(w))
		}
		for i := range w {
			if d := missing(path+"."+strconv.Itoa(i), w[i], g[i]); d != "" {
				return d
			}
		}
	default:
		if fmt.Sprint(want) != fmt.Sprint(got) {
			return fmt.Sprintf("%s is %v, want %v", path, got, want)
		}
	}
	return ""
}

// at follows a path through objects and arrays to a text.
func at(t *testing.T, v any, path string) string {
	t.Helper()
	for part := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[part]
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i >= len(x) {
				t.Fatalf("no %s in %v", path, v)
			}
			v = x[i]
		}
	}
	text, ok := v.(string)
	if !ok {
		t.Fatalf("%s is %v", path, v)
	}
	return text
}

func invoke(t *testing.T, s step, conn *grpc.ClientConn, fill func(string) string) outcome {
	t.Helper()
	service, method, _ := strings.Cut(s.RPC, "/")
	d, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName("koogate.v1." + service))
	if err != nil {
		t.Fatal(err)
	}
	m := d.(protoreflect.ServiceDescriptor).Methods().ByName(protoreflect.Name(method))
	in, out := newMessage(t, m.Input()), newMessage(t, m.Output())
	if len(s.Request) > 0 {
		if err := protojson.Unmarshal([]byte(fill(string(s.Request))), in); err != nil {
			t.Fatalf("%s: %v", s.Name, err)
		}
	}
	var file []byte
	if m.IsStreamingServer() {
		file, err = download(t, conn, m, in)
	} else {
		err = conn.Invoke(t.Context(), "/koogate.v1."+s.RPC, in, out)
	}
	st := status.Convert(err)
	o := outcome{code: st.Code().String()}
	o.code = map[string]string{
		"OK": "OK", "InvalidArgument": "INVALID_ARGUMENT", "NotFound": "NOT_FOUND", "Aborted": "ABORTED",
		"PermissionDenied": "PERMISSION_DENIED",
		"Unauthenticated":  "UNAUTHENTICATED", "FailedPrecondition": "FAILED_PRECONDITION",
		"Unavailable": "UNAVAILABLE",
	}[o.code]
	o.details(st)
	if err == nil && file != nil {
		o.body = filesIn(t, file)
	} else if err == nil {
		text, err := protojson.MarshalOptions{EmitUnpopulated: true}.Marshal(out)
		if err != nil {
			t.Fatal(err)
		}
		_ = json.Unmarshal(text, &o.body)
		if s.Wrapped != "" {
			o.body = o.body.(map[string]any)[s.Wrapped]
		}
	}
	return o
}

func (o *outcome) details(st *status.Status) {
	for _, d := range st.Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			o.reason, o.guide.retryable = d.GetReason(), d.GetMetadata()[errs.MetaRetryable]
		case *errdetails.BadRequest:
			for _, v := range d.GetFieldViolations() {
				o.fields = append(o.fields, v.GetField())
			}
		case *errdetails.RetryInfo:
			o.guide.pause = true
		case *errdetails.Help:
			for _, l := range d.GetLinks() {
				o.guide.page += l.GetUrl()
			}
		case *errdetails.LocalizedMessage:
			if o.guide.remedies == nil {
				o.guide.remedies = map[string]string{}
			}
			o.guide.remedies[d.GetLocale()] += d.GetMessage()
		}
	}
}

func newMessage(t *testing.T, d protoreflect.MessageDescriptor) proto.Message {
	t.Helper()
	typ, err := protoregistry.GlobalTypes.FindMessageByName(d.FullName())
	if err != nil {
		t.Fatal(err)
	}
	return typ.New().Interface()
}

func (r *rig) rest(t *testing.T, s step, token string, fill func(string) string) outcome {
	t.Helper()
	method, path, _ := strings.Cut(fill(s.REST), " ")
	code, text, header := r.http(config.ListenerAPI, method, path, token, fill(string(s.Body)))
	if header.Get("Content-Type") == "application/zip" {
		op, _ := document(t).find(method, path)
		if _, ok := op.Responses["200"].Content["application/zip"]; !ok {
			t.Errorf("%s: the document has no file at %s %s", s.Name, method, path)
		}
		return outcome{status: code, body: filesIn(t, []byte(text))}
	}
	if header.Get("Content-Type") != "application/json" {
		t.Errorf("%s: content type %q", s.Name, header.Get("Content-Type"))
	}
	d := document(t)
	d.judge(t, method, path, code, text)
	if code == http.StatusOK {
		d.judgeRequest(t, method, path, cmp.Or(fill(string(s.Body)), "{}"))
	}
	o := outcome{status: code}
	if err := json.Unmarshal([]byte(text), &o.body); err != nil {
		t.Fatalf("%s: %s: %v", s.Name, text, err)
	}
	if code != http.StatusOK {
		st := status.New(0, "").Proto()
		if err := protojson.Unmarshal([]byte(text), st); err != nil {
			t.Fatalf("%s: %s: %v", s.Name, text, err)
		}
		o.details(status.FromProto(st))
	}
	return o
}

// metered counts the use of the worked endpoint's products.
func metered(cfg *config.Config, _ *server.Deps) {
	p := cfg.Endpoints[0].Products["*"]
	p.Meter = config.Meter{Name: "calls"}
	cfg.Endpoints[0].Products = map[string]config.Product{"*": p}
}

// setMode is the charging mode that order queries tell from now on.
func (m *market) setMode(mode string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.facts.Product.ChargingMode = mode
}

// admit puts an order in place: admitted at the worked endpoint, its order query done, its create task ready.
func (r *rig) admit(t *testing.T, order string) {
	t.Helper()
	if a := r.mustCall("worked", newInstance(order)); a.ResultCode != "000004" {
		t.Fatalf("got %+v", a)
	}
	tasks, err := r.Core().Work.Lease(t.Context(), work.Ask{
		Seller: "acme", Queues: []string{fulfil.QueueOrderQuery}, Worker: "test", Max: 1, For: 60e9,
	})
	if err != nil || len(tasks) != 1 || tasks[0].Kind != store.TaskOrderQuery {
		t.Fatalf("got %v, %v", tasks, err)
	}
	r.Core().RunOrderQuery(t.Context(), tasks[0])
}

// TestRESTErrors covers what only the REST listener can be asked.
func TestRESTErrors(t *testing.T) {
	r := start(t, withoutJobs)
	for name, c := range map[string]struct {
		method, path, body string
		status             int
		reason             errs.Reason
		code               codes.Code
	}{
		"wrong method":        {http.MethodDelete, "/v1/orders/CS1", "", 405, errs.MethodNotAllowed, codes.Unimplemented},
		"no such path":        {http.MethodGet, "/v2/orders", "", 404, errs.PathNotFound, codes.NotFound},
		"no such verb":        {http.MethodPost, "/v1/tasks:burn", "{}", 404, errs.PathNotFound, codes.NotFound},
		"malformed json":      {http.MethodPost, "/v1/tasks/t:complete", `{"accessInfo":{"password":"canary`, 400, errs.InvalidField, codes.InvalidArgument},
		"wrong type":          {http.MethodPost, "/v1/tasks/t:complete", `{"accessInfo":"canary-secret"}`, 400, errs.InvalidField, codes.InvalidArgument},
		"wrong query":         {http.MethodGet, "/v1/orders?page_size=canary", "", 400, errs.InvalidField, codes.InvalidArgument},
		"form fallback":       {http.MethodPost, "/v1/orders", "page_size=1", 405, errs.MethodNotAllowed, codes.Unimplemented},
		"production listener": {http.MethodPost, "/produce/worked/v2/newInstance", "{}", 404, errs.PathNotFound, codes.NotFound},
		"no token":            {http.MethodGet, "/v1/orders", "", 401, errs.TokenInvalid, codes.Unauthenticated},
	} {
		t.Run(name, func(t *testing.T) {
			token := acmeToken
			if c.status == http.StatusUnauthorized {
				token = ""
			}
			code, body, header := r.http(config.ListenerAPI, c.method, c.path, token, c.body)
			st := status.New(0, "").Proto()
			if err := protojson.Unmarshal([]byte(body), st); err != nil {
				t.Fatalf("%d %s: %v", code, body, err)
			}
			var o outcome
			o.details(status.FromProto(st))
			if code != c.status || o.reason != string(c.reason) || st.GetCode() != int32(c.code) {
				t.Fatalf("got %d %s, want %d with %s and %s", code, body, c.status, c.code, c.reason)
			}
			o.guide.judge(t, o.reason)
			if strings.Contains(body, "canary") {
				t.Errorf("the request's text in %s", body)
			}
			if header.Get("X-Content-Type-Options") != "nosniff" {
				t.Error("no nosniff")
			}
		})
	}
	t.Run("two tokens are none", func(t *testing.T) {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+r.Addr(config.ListenerAPI)+"/v1/orders", nil)
		req.Header["Authorization"] = []string{"Bearer " + acmeToken, "Bearer " + otherToken}
		transport := &http.Transport{DisableKeepAlives: true}
		resp, err := (&http.Client{Transport: transport}).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != 401 {
			t.Fatalf("got %d", resp.StatusCode)
		}
	})
	t.Run("metadata header is not a token", func(t *testing.T) {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+r.Addr(config.ListenerAPI)+"/v1/orders", nil)
		req.Header.Set("Grpc-Metadata-Authorization", "Bearer "+acmeToken)
		transport := &http.Transport{DisableKeepAlives: true}
		resp, err := (&http.Client{Transport: transport}).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != 401 {
			t.Fatalf("got %d", resp.StatusCode)
		}
	})
}

// TestGRPCSaysWhatItDoesNotServe: a method that the listener does not have is refused in the shape of every other error.
func TestGRPCSaysWhatItDoesNotServe(t *testing.T) {
	r := start(t, withoutJobs)
	conn := r.dial(acmeToken)
	for _, method := range []string{"/koogate.v1.OrderService/Burn", "/koogate.v2.OrderService/GetOrder", "/nonsense/x"} {
		err := conn.Invoke(t.Context(), method, &emptypb.Empty{}, &emptypb.Empty{})
		st := status.Convert(err)
		var o outcome
		o.details(st)
		if st.Code() != codes.Unimplemented || o.reason != string(errs.PathNotFound) {
			t.Errorf("%s: got %v, want UNIMPLEMENTED and PATH_NOT_FOUND", method, err)
			continue
		}
		o.guide.judge(t, o.reason)
	}
}
