// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/durationpb"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/marketplace"
	"github.com/koogate/koogate/server/telemetry"
)

const (
	tracedOrder    = "CS-TRACED"
	tracedInstance = "biz-CS-TRACED"
	renewalOrder   = "CS-RENEWAL"
	refundOrder    = "CS-REFUND"
	unprovisioned  = "the crm is busy" // what the worker says of its first attempt
)

// canaries are all that must be in no span, log line or event: keys, credentials and personal data.
var canaries = map[string]string{
	"the endpoint's access key":   acmeKey,
	"the seller's API token":      acmeToken,
	"the AK of the open API":      "canary-ak-5521",
	"the SK of the open API":      "canary-sk-8840",
	"the worker's user name":      "canary-user-1207",
	"the worker's password":       "canary-password-6613",
	"the worker's memo":           "canary-memo-3391",
	"the buyer's phone":           "13899001122",
	"the buyer's e-mail":          "canary-buyer@example.com",
	"the buyer's name":            "canary-customer-4478",
	"an extension parameter":      "canary-extend-9034",
	"an unknown member of a body": "canary-unknown-2765",
	"a signature":                 "authToken=",
	"an authorization header":     "Bearer ",
}

// TestOneOrderIsOneTrace takes an order through its life, with a repeated call and a repeated task, and asserts its trace
// span by span. The marketplace calls over HTTP and answers the order query over HTTP; the worker is outside.
func TestOneOrderIsOneTrace(t *testing.T) {
	exported := kept{tracetest.NewInMemoryExporter()}
	r := start(t, tracedBy(t, exported), asking(t, openAPI(t)))
	w := startWorker(t, r)

	create := newInstance(tracedOrder)
	create["customerNote"] = canaries["an unknown member of a body"]
	if a := r.mustCall("worked", create); a.ResultCode != "000004" || a.InstanceID != tracedInstance {
		t.Fatalf("got %+v", a)
	}
	create["businessId"] = "biz-again"
	if a := r.mustCall("worked", create); a.ResultCode != "000004" || a.InstanceID != tracedInstance {
		t.Fatalf("the repeat got %+v", a)
	}
	polls := 0
	eventually(t, "provisioned", func() bool {
		polls++
		q := r.mustCall("worked", map[string]string{"activity": "queryInstance", "instanceId": tracedInstance})
		if q.ResultCode == "000000" && q.Info[0].AppInfo["password"] != canaries["the worker's password"] {
			t.Fatalf("got %+v", q)
		}
		return q.ResultCode == "000000"
	})
	if a := r.mustCall("worked", map[string]string{
		"activity": "refreshInstance", "scene": "RENEWAL", "instanceId": tracedInstance, "orderId": renewalOrder,
		"orderLineId": renewalOrder + "-000001", "expireTime": "20281123155959000", "customerNote": create["customerNote"],
	}); a.ResultCode != "000000" {
		t.Fatalf("got %+v", a)
	}
	w.await(koogatev1.TaskKind_TASK_KIND_REFRESH)
	if a := r.mustCall("worked", map[string]string{
		"activity": "releaseInstance", "instanceId": tracedInstance, "orderId": refundOrder, "orderLineId": refundOrder + "-000001",
	}); a.ResultCode != "000000" {
		t.Fatalf("got %+v", a)
	}
	w.await(koogatev1.TaskKind_TASK_KIND_RELEASE)
	events := eventsOf(t, r, tracedOrder)
	w.stop()
	if err := r.stop(); err != nil { // ends every span and flushes
		t.Fatal(err)
	}

	spans := exported.GetSpans()
	order := assertOneTrace(t, spans)
	assertEdges(t, order, polls)
	assertCallbacks(t, order)
	assertParts(t, order)
	assertNoCanary(t, spans, r.log.String(), events)
}

// assertOneTrace returns the order's spans, after it has made sure that the others have nothing to do with the order.
func assertOneTrace(t *testing.T, spans tracetest.SpanStubs) tracetest.SpanStubs {
	t.Helper()
	var order tracetest.SpanStubs
	outside := make(map[string]bool)
	id := telemetry.TraceID("acme", tracedOrder)
	for _, s := range spans {
		if s.Status.Code == codes.Error || len(s.Links) > 0 || s.EndTime.Before(s.StartTime) {
			t.Errorf("%s: status %+v, links %v, %s to %s", s.Name, s.Status, s.Links, s.StartTime, s.EndTime)
		}
		if s.SpanContext.TraceID() == id {
			order = append(order, s)
			continue
		}
		outside[s.Name] = true
		for _, a := range s.Attributes {
			for _, own := range []string{tracedOrder, tracedInstance, renewalOrder, refundOrder} {
				if strings.Contains(a.Value.String(), own) {
					t.Errorf("%s is in another trace, with %s=%s", s.Name, a.Key, a.Value.String())
				}
			}
		}
	}
	// A lease is asked for before its order is known, an operator's query names no trace, and the worker does not say to
	// which trace its report of the release belongs.
	want := []string{"koogate.v1.OrderService/ListOrderEvents", "koogate.v1.TaskService/CompleteTask", "koogate.v1.TaskService/LeaseTasks"}
	if got := slices.Sorted(maps.Keys(outside)); !slices.Equal(got, want) {
		t.Errorf("outside of the trace are %v, want %v", got, want)
	}
	return order
}

// labels tells spans of one name apart: the call that was repeated, and the attempts of a task.
func labels(t *testing.T, spans tracetest.SpanStubs) map[trace.SpanID]string {
	t.Helper()
	known := make(map[trace.SpanID]string, len(spans))
	for _, s := range spans {
		label := s.Name
		for _, a := range s.Attributes {
			switch {
			case a.Key == "koogate.business_id" && a.Value.String() == "biz-again":
				label += " again"
			case a.Key == "koogate.attempt" && a.Value.String() != "1":
				label += " #" + a.Value.String()
			}
		}
		if _, twice := known[s.SpanContext.SpanID()]; twice {
			t.Errorf("two spans have the ID of %s", label)
		}
		known[s.SpanContext.SpanID()] = label
	}
	return known
}

// assertEdges compares every span and its parent with what the order's life must leave.
func assertEdges(t *testing.T, spans tracetest.SpanStubs, polls int) {
	t.Helper()
	known := labels(t, spans)
	got := make(map[string]int)
	looks, folded := 0, 0
	for _, s := range spans {
		for _, a := range s.Attributes {
			if a.Key == "koogate.polls" {
				looks, folded = looks+1, folded+int(a.Value.AsInt64())
			}
		}
	}
	if looks == 0 || looks > 2 || folded != polls {
		t.Errorf("%d spans stand for %d looks, want %d", looks, folded, polls)
	}
	for _, s := range spans {
		child := known[s.SpanContext.SpanID()]
		if !s.Parent.IsValid() {
			got[child]++
			if s.SpanContext.SpanID() != trace.SpanContextFromContext(telemetry.UnderOrder(t.Context(), "acme", tracedOrder)).SpanID() {
				t.Errorf("the root %s has the span ID %s", child, s.SpanContext.SpanID())
			}
			continue
		}
		parent, there := known[s.Parent.SpanID()]
		if !there || s.Parent.TraceID() != s.SpanContext.TraceID() {
			t.Errorf("the parent of %s is not in the trace", child)
		}
		got[child+" < "+parent]++
	}
	want := map[string]int{
		telemetry.RootName: 1, // the only one without a parent

		"callback newInstance < order":                       1,
		"verify < callback newInstance":                      1,
		"guard < callback newInstance":                       1,
		"transaction < callback newInstance":                 1, // the admission
		"task lease ORDER_QUERY < callback newInstance":      1,
		"order query < task lease ORDER_QUERY":               1, // Koogate's own job works below its lease
		"task complete ORDER_QUERY < task lease ORDER_QUERY": 1,
		"transaction < task complete ORDER_QUERY":            1,

		"callback newInstance again < order":  1, // changes nothing
		"verify < callback newInstance again": 1,
		"guard < callback newInstance again":  1,

		"callback queryInstance < order": looks, // one for each answer's code, for all looks

		"task lease CREATE < callback newInstance":            1, // the call that queued it, not its repeat
		"koogate.v1.TaskService/FailTask < task lease CREATE": 1, // the worker puts its own spans below the lease
		"task fail CREATE < callback newInstance":             1,
		"transaction < task fail CREATE":                      1,

		"task lease CREATE #2 < callback newInstance":                1,
		"koogate.v1.TaskService/CompleteTask < task lease CREATE #2": 1,
		"task complete CREATE #2 < callback newInstance":             1,
		"transaction < task complete CREATE #2":                      1,
		"instance ACTIVE < task complete CREATE #2":                  1,

		"callback refreshInstance < order":                         1,
		"verify < callback refreshInstance":                        1,
		"guard < callback refreshInstance":                         1,
		"transaction < callback refreshInstance":                   1,
		"task lease REFRESH < callback refreshInstance":            1,
		"koogate.v1.TaskService/CompleteTask < task lease REFRESH": 1,
		"task complete REFRESH < callback refreshInstance":         1,
		"transaction < task complete REFRESH":                      1,

		"callback releaseInstance < order":                 1,
		"verify < callback releaseInstance":                1,
		"guard < callback releaseInstance":                 1,
		"transaction < callback releaseInstance":           1,
		"instance RELEASED < callback releaseInstance":     1,
		"order ended < order":                              1,
		"task lease RELEASE < callback releaseInstance":    1,
		"task complete RELEASE < callback releaseInstance": 1,
		"transaction < task complete RELEASE":              1,
	}
	for edge := range got {
		if want[edge] != got[edge] {
			t.Errorf("%d × %s, want %d", got[edge], edge, want[edge])
		}
	}
	for edge := range want {
		if got[edge] == 0 {
			t.Errorf("no %s, want %d", edge, want[edge])
		}
	}
}

// assertCallbacks compares the attributes of the marketplace's calls, and what tells the order of all other spans that
// have any.
func assertCallbacks(t *testing.T, spans tracetest.SpanStubs) {
	t.Helper()
	common := "endpoint=worked instance_id=" + tracedInstance
	tail := " seller=acme"
	line := " order_id=" + tracedOrder + " order_line_id=" + tracedOrder + "-000001 result_code=000004" + tail
	order := " order_id=" + tracedOrder + " result_code="
	want := map[string]bool{ // and whether it has been seen
		"activity=newInstance business_id=" + tracedInstance + " " + common + line: false,
		"activity=newInstance business_id=biz-again " + common + line:              false,
		"activity=queryInstance " + common + order + "000000" + tail:               false,
		"activity=queryInstance " + common + order + "000004" + tail:               true, // none, when the worker is quick
		"activity=refreshInstance " + common + order + "000000" + tail:             false,
		"activity=releaseInstance " + common + order + "000000" + tail:             false,
	}
	for _, s := range spans {
		text := attributes(s)
		switch {
		case strings.HasPrefix(s.Name, "callback "):
			text = polled.ReplaceAllString(text, "")
			if _, known := want[text]; !known || s.SpanKind != trace.SpanKindServer {
				t.Errorf("%s (%s): %s", s.Name, s.SpanKind, text)
			}
			want[text] = true
		case strings.HasPrefix(s.Name, "task "):
			kind := s.Name[strings.LastIndex(s.Name, " ")+1:]
			for _, has := range []string{"seller=acme", "order_id=" + tracedOrder, "instance_id=" + tracedInstance, "task_kind=" + kind, "task_id="} {
				if !strings.Contains(text, has) {
					t.Errorf("%s has no %s: %s", s.Name, has, text)
				}
			}
		}
	}
	for text, seen := range want {
		if !seen {
			t.Errorf("no call has %s", text)
		}
	}
}

var polled = regexp.MustCompile(` polls=\d+`)

// assertParts compares which part of the service each span is of, what the root says, and what the order's end says.
func assertParts(t *testing.T, spans tracetest.SpanStubs) {
	t.Helper()
	got := make(map[string]bool)
	for _, s := range spans {
		service, _ := s.Resource.Set().Value("service.name")
		name, _, _ := strings.Cut(s.Name, " ")
		if strings.HasSuffix(s.Name, "ORDER_QUERY") {
			name += " ORDER_QUERY"
		}
		if name != "transaction" && name != "instance" && name != "verify" && name != "guard" { // they are of whoever caused them
			got[name+" "+service.AsString()] = true
		}
		text := attributes(s)
		switch s.Name {
		case telemetry.RootName:
			want := regexp.MustCompile(`^deadline=20\S+Z endpoint=worked family=saas_v2 instance_id=` + tracedInstance + " order_id=" + tracedOrder +
				" order_line_id=" + tracedOrder + "-000001 seller=acme$")
			if !want.MatchString(text) {
				t.Errorf("the root has %s", text)
			}
		case telemetry.EndName:
			if want := "order_id=" + tracedOrder + " outcome=RELEASED seller=acme"; text != want {
				t.Errorf("the end has %s, want %s", text, want)
			}
		case "instance ACTIVE":
			if !strings.HasPrefix(text, "expires=2027-11-23T15:59:59Z from=PROVISIONING instance_id=") {
				t.Errorf("the state has %s", text)
			}
		}
	}
	want := []string{
		"callback koogate-facade", "koogate.v1.TaskService/CompleteTask koogate-worker", "koogate.v1.TaskService/FailTask koogate-worker",
		"order koogate", "order koogate-jobs", "task ORDER_QUERY koogate-jobs", "task koogate-worker",
	}
	if got := slices.Sorted(maps.Keys(got)); !slices.Equal(got, want) {
		t.Errorf("parts %v, want %v", got, want)
	}
}

// attributes are a span's attributes in order, without their common prefix.
func attributes(s tracetest.SpanStub) string {
	var list []string
	for _, a := range s.Attributes {
		list = append(list, strings.TrimPrefix(string(a.Key), "koogate.")+"="+a.Value.String())
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

// assertNoCanary looks into everything that leaves the process or is kept in the clear.
func assertNoCanary(t *testing.T, spans tracetest.SpanStubs, log string, events []*koogatev1.OrderEvent) {
	t.Helper()
	texts := map[string]string{"the log": log}
	var chain, kinds []string
	for _, e := range events {
		text, err := protojson.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		chain, kinds = append(chain, string(text)), append(kinds, e.GetKind())
	}
	texts["the events"] = strings.Join(chain, "\n")
	for i, s := range spans {
		text, err := json.Marshal(s) // name, attributes, events, links, status, resource
		if err != nil {
			t.Fatal(err)
		}
		texts[fmt.Sprintf("span %d, %s", i, s.Name)] = string(text)
	}
	for where, text := range texts {
		for what, canary := range canaries {
			if strings.Contains(text, canary) {
				t.Errorf("%s is in %s: %s", what, where, text)
			}
		}
	}
	// The search would find nothing in empty texts.
	if !strings.Contains(log, tracedOrder) || !strings.Contains(texts["the events"], unprovisioned) {
		t.Error("the log or the events were not captured")
	}
	want := []string{
		"instance.admitted", "order.queried", "task.failed", "task.completed", "instance.refreshed", "task.completed",
		"instance.released", "task.completed",
	}
	if !slices.Equal(kinds, want) {
		t.Errorf("events %v, want %v", kinds, want)
	}
}

// kept keeps the spans when the server shuts its exporter down.
type kept struct{ *tracetest.InMemoryExporter }

// Shutdown implements sdktrace.SpanExporter.
func (kept) Shutdown(context.Context) error { return nil }

func tracedBy(t *testing.T, e sdktrace.SpanExporter) option {
	return func(_ *config.Config, d *server.Deps) {
		p, err := telemetry.Setup(t.Context(), telemetry.Options{
			Getenv: func(string) string { return "" }, Exporters: []sdktrace.SpanExporter{e}, Logger: d.Log,
		})
		if err != nil {
			t.Fatal(err)
		}
		d.Telemetry = p
	}
}

// asking replaces the stub by the client of the open API.
func asking(t *testing.T, api *httptest.Server) option {
	return func(_ *config.Config, d *server.Deps) {
		client, err := openapi.New(openapi.Config{
			BaseURL: api.URL, HTTPClient: api.Client(), Now: time.Now,
			Credentials: sign.Credentials{AccessKey: canaries["the AK of the open API"], SecretKey: canaries["the SK of the open API"]},
		})
		if err != nil {
			t.Fatal(err)
		}
		d.Marketplace = marketplace.New(func() map[string]marketplace.Querier { return map[string]marketplace.Querier{"acme": client} })
	}
}

// openAPI answers order queries that the secret key has signed, and tells all about the buyer.
func openAPI(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		secret := func(ak string) (string, bool) {
			return canaries["the SK of the open API"], ak == canaries["the AK of the open API"]
		}
		if _, err := sign.VerifyRequest(r, nil, secret, time.Now(), 0); err != nil {
			t.Errorf("an order query: %v", err)
		}
		q := r.URL.Query()
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"resultCode":"MKT.0000","resultMsg":"Success","orderInfo":{"orderId":%q,"orderType":"NEW","orderLine":[{
			"orderLineId":%q,"chargingMode":"PERIOD","expireTime":"20271123155959","productInfo":[
			{"productId":"OFFI-1","skuCode":"sku-1","linearValue":10,"productName":"demo"}],
			"extendParams":[{"name":"domain","value":%q}]}],
			"buyerInfo":{"mobilePhone":%q,"email":%q,"customerName":%q}}}`,
			q.Get("orderId"), q.Get("orderLineId"), canaries["an extension parameter"],
			canaries["the buyer's phone"], canaries["the buyer's e-mail"], canaries["the buyer's name"])
	}))
	t.Cleanup(s.Close)
	return s
}

// worker is a vendor's system outside of the server. It fails its first attempt at a CREATE task, and puts its reports
// below the leases that it was given, but for the release.
type worker struct {
	t     *testing.T
	tasks koogatev1.TaskServiceClient
	done  chan koogatev1.TaskKind // what has been completed
	ended chan error
	stop  func()
}

func startWorker(t *testing.T, r *rig) *worker {
	t.Helper()
	w := &worker{
		t: t, tasks: koogatev1.NewTaskServiceClient(r.dial(acmeToken)), done: make(chan koogatev1.TaskKind, 8), ended: make(chan error, 1),
	}
	ctx, cancel := context.WithCancel(context.Background())
	stopped := make(chan struct{})
	w.stop = func() {
		cancel()
		<-stopped
	}
	t.Cleanup(w.stop)
	go func() {
		defer close(stopped)
		w.ended <- w.work(ctx)
	}()
	return w
}

func (w *worker) work(ctx context.Context) error {
	for ctx.Err() == nil {
		resp, err := w.tasks.LeaseTasks(ctx, &koogatev1.LeaseTasksRequest{Queue: "crm", WorkerId: "w", Wait: durationpb.New(30 * time.Second)})
		if err != nil {
			return err // of no interest once ctx is over
		}
		for _, task := range resp.GetTasks() {
			if err := w.report(ctx, task); err != nil {
				return fmt.Errorf("%s: %w", task.GetKind(), err)
			}
		}
	}
	return ctx.Err()
}

func (w *worker) report(ctx context.Context, task *koogatev1.Task) error {
	if task.GetKind() != koogatev1.TaskKind_TASK_KIND_RELEASE {
		ctx = metadata.AppendToOutgoingContext(ctx, "traceparent", task.GetTraceparent())
	}
	creating := task.GetKind() == koogatev1.TaskKind_TASK_KIND_CREATE
	if creating && task.GetAttempt() == 1 {
		_, err := w.tasks.FailTask(ctx, &koogatev1.FailTaskRequest{
			TaskId: task.GetTaskId(), FencingToken: task.GetFencingToken(), Message: unprovisioned,
			RetryAfter: durationpb.New(50 * time.Millisecond),
		})
		return err
	}
	c := &koogatev1.CompleteTaskRequest{TaskId: task.GetTaskId(), FencingToken: task.GetFencingToken()}
	if creating {
		c.Result = &koogatev1.CompleteTaskRequest_AccessInfo{AccessInfo: &koogatev1.AccessInfo{
			FrontEndUrl: "https://app.example.com/x", UserName: canaries["the worker's user name"],
			Password: canaries["the worker's password"], Memo: canaries["the worker's memo"],
		}}
	}
	if _, err := w.tasks.CompleteTask(ctx, c); err != nil {
		return err
	}
	w.done <- task.GetKind()
	return nil
}

// await waits until a task of that kind is completed.
func (w *worker) await(kind koogatev1.TaskKind) {
	w.t.Helper()
	timeout := time.After(30 * time.Second)
	for {
		select {
		case k := <-w.done:
			if k == kind {
				return
			}
		case err := <-w.ended:
			w.t.Fatalf("the worker ended: %v", err)
		case <-timeout:
			w.t.Fatalf("no %s within 30 s", kind)
		}
	}
}

// eventsOf returns all events of an order.
func eventsOf(t *testing.T, r *rig, order string) []*koogatev1.OrderEvent {
	t.Helper()
	resp, err := koogatev1.NewOrderServiceClient(r.dial(acmeToken)).ListOrderEvents(t.Context(), &koogatev1.ListOrderEventsRequest{OrderId: order})
	if err != nil || resp.GetNextPageToken() != "" {
		t.Fatalf("got %v, %v", resp, err)
	}
	return resp.GetEvents()
}
