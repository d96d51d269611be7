// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/server/telemetry"
)

// One order through two processes and an outside worker, read back from a real Jaeger: one trace, one root, every other
// span below a span of the same trace, and spans of both processes in it.
func TestJaeger(t *testing.T) {
	bin := os.Getenv("KOOGATE_TEST_JAEGER")
	if bin == "" {
		t.Skip("needs Jaeger: make jaeger-test")
	}
	ui, otlp := startJaeger(t, bin)
	s := newSite(t, "postgres")
	s.env = []string{"OTEL_EXPORTER_OTLP_ENDPOINT=http://" + otlp, "OTEL_EXPORTER_OTLP_PROTOCOL=grpc", "OTEL_BSP_SCHEDULE_DELAY=100"}
	s.migrate()
	front, back := s.process(false), s.process(true) // one takes the calls, the other runs the jobs and takes the later calls
	front.start()
	back.start()
	const order = "CS2611231200JAEGER"
	stopWork := background(func(ctx context.Context) error { return back.work(ctx, "jaeger-worker") })
	say := func(p *process, body, want string) answer {
		t.Helper()
		a, err := p.call(t.Context(), body)
		if err != nil || a.ResultCode != want {
			t.Fatalf("%s: %+v %v", body, a, err)
		}
		return a
	}
	id := say(front, newInstanceBody(order), "000004").InstanceID
	// The retry, which may find the instance there already.
	if a, err := front.call(t.Context(), newInstanceBody(order)); err != nil || a.InstanceID != id || a.ResultCode != "000004" && a.ResultCode != "000000" {
		t.Fatalf("the retry: %+v %v", a, err)
	}
	query := fmt.Sprintf(`{"activity":"queryInstance","instanceId":"%s"}`, id)
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		a, err := back.call(t.Context(), query)
		if err == nil && a.ResultCode == "000000" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("not provisioned: %+v %v", a, err)
		}
	}
	say(back, fmt.Sprintf(`{"activity":"refreshInstance","expireTime":"20301231155959","instanceId":"%s","orderId":"CS2611231200RENEW","orderLineId":"1","scene":"RENEWAL"}`, id), "000000")
	say(front, fmt.Sprintf(`{"activity":"releaseInstance","instanceId":"%s"}`, id), "000000")
	for range 200 {
		if back.count("tasks", `order_id = "`+order+`" AND state = "DONE"`) == 4 { // query, create, refresh, release
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if err := stopWork(); err != nil {
		t.Error(err)
	}
	front.stop()
	back.stop()

	trace := readTrace(t, ui, telemetry.TraceID("vendor", order).String())
	checkTree(t, trace)
	for _, want := range []string{
		"order", "order ended", "instance ACTIVE", "instance RELEASED", "callback newInstance", "callback queryInstance", "callback refreshInstance", "callback releaseInstance", "verify",
		"guard", "transaction", "order query", "task lease CREATE", "task complete CREATE", "task lease REFRESH", "task complete REFRESH",
		"task lease RELEASE", "task complete RELEASE",
	} {
		if !slices.ContainsFunc(trace.Spans, func(s jaegerSpan) bool { return s.OperationName == want }) {
			t.Errorf("no span %q", want)
		}
	}
	services, replicas := make(map[string]bool), make(map[any]bool)
	for _, p := range trace.Processes {
		services[p.ServiceName] = true
		for _, tag := range p.Tags {
			if tag.Key == "service.instance.id" {
				replicas[tag.Value] = true
			}
		}
	}
	if got := slices.Sorted(maps.Keys(services)); !slices.Equal(got, []string{"koogate", "koogate-facade", "koogate-jobs", "koogate-worker"}) || len(replicas) != 2 {
		t.Errorf("services %v of %d replicas", got, len(replicas))
	}
	for _, s := range trace.Spans {
		if len(s.Warnings) > 0 {
			t.Errorf("Jaeger warns of %s: %v", s.OperationName, s.Warnings)
		}
		for _, tag := range s.Tags {
			if tag.Key == "error" {
				t.Errorf("%s of a healthy order is marked as failed", s.OperationName)
			}
		}
	}
	text, err := json.Marshal(trace)
	if err != nil || strings.Contains(string(text), "canary") {
		t.Error("a canary secret is in the trace")
	}
	t.Logf("%d spans of %d services at %s/trace/%s", len(trace.Spans), len(trace.Processes), ui, trace.TraceID)
}

type jaegerTrace struct {
	TraceID   string       `json:"traceID"`
	Spans     []jaegerSpan `json:"spans"`
	Processes map[string]struct {
		ServiceName string      `json:"serviceName"`
		Tags        []jaegerTag `json:"tags"`
	} `json:"processes"`
}

type jaegerTag struct {
	Key   string `json:"key"`
	Value any    `json:"value"`
}

type jaegerSpan struct {
	SpanID        string `json:"spanID"`
	OperationName string `json:"operationName"`
	References    []struct {
		RefType string `json:"refType"`
		SpanID  string `json:"spanID"`
		TraceID string `json:"traceID"`
	} `json:"references"`
	Tags      []jaegerTag `json:"tags"`
	ProcessID string      `json:"processID"`
	Warnings  []string    `json:"warnings"`
}

func readTrace(t *testing.T, ui, id string) jaegerTrace {
	t.Helper()
	var last int
	for range 100 {
		var found struct {
			Data []jaegerTrace `json:"data"`
		}
		res, err := http.Get(ui + "/api/traces/" + id)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if res.StatusCode == http.StatusOK && json.Unmarshal(text, &found) == nil && len(found.Data) == 1 {
			if n := len(found.Data[0].Spans); n == last {
				return found.Data[0]
			} else {
				last = n
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("trace %s is not in Jaeger", id)
	return jaegerTrace{}
}

// checkTree checks that the spans are one tree.
func checkTree(t *testing.T, trace jaegerTrace) {
	t.Helper()
	byID := map[string]jaegerSpan{}
	for _, s := range trace.Spans {
		if _, twice := byID[s.SpanID]; twice {
			t.Errorf("span %s %s is there twice", s.SpanID, s.OperationName)
		}
		byID[s.SpanID] = s
	}
	var roots []string
	for _, s := range trace.Spans {
		parents := 0
		for _, r := range s.References {
			if r.RefType != "CHILD_OF" {
				continue
			}
			parents++
			if _, ok := byID[r.SpanID]; !ok {
				t.Errorf("span %s: its parent %s is missing", s.OperationName, r.SpanID)
			}
		}
		if parents == 0 {
			roots = append(roots, s.OperationName)
		}
	}
	if !slices.Equal(roots, []string{"order"}) {
		t.Errorf("roots %v, want one: order", roots)
	}
}

// startJaeger runs Jaeger on free ports and returns the address of its pages and of its OTLP gRPC port.
func startJaeger(t *testing.T, bin string) (ui, otlp string) {
	t.Helper()
	addr := freeAddrs(t, 7)
	cmd := exec.Command(bin, "--query.http-server.host-port="+addr[0], "--collector.otlp.enabled=true", "--collector.otlp.grpc.host-port="+addr[1],
		"--collector.otlp.http.host-port="+addr[2], "--collector.grpc-server.host-port="+addr[3], "--collector.http-server.host-port="+addr[4],
		"--query.grpc-server.host-port="+addr[5], "--admin.http.host-port="+addr[6])
	cmd.Env = append(os.Environ(), "SPAN_STORAGE_TYPE=memory")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for range 300 {
		if res, err := http.Get("http://" + addr[0] + "/api/services"); err == nil {
			_ = res.Body.Close()
			return "http://" + addr[0], addr[1]
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("jaeger does not answer")
	return "", ""
}
