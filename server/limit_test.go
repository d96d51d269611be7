// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/interceptor"
	"github.com/koogate/koogate/server/limit"
	"github.com/koogate/koogate/store/guardtest"
	"github.com/koogate/koogate/store/redis"
)

// scarce lets every caller read five times, write three times, lease and watch once, and then once in a hundred seconds or so.
func scarce(cfg *config.Config, _ *server.Deps) {
	cfg.Access.Limits = limit.Limits{
		Reads: limit.Rate{Rate: 1, Burst: 5}, Writes: limit.Rate{Rate: 1, Burst: 3}, Leases: limit.Rate{Rate: 1, Burst: 1}, Exports: limit.Rate{Rate: 1, Burst: 1},
		Rules: []limit.Rule{{Seller: "acme", Caller: "token keys", Reads: &limit.Rate{Rate: 1, Burst: 40}}},
	}
}

// waitOf is how long an error tells its caller to wait.
func waitOf(err error) time.Duration {
	for _, d := range status.Convert(err).Details() {
		if info, ok := d.(*errdetails.RetryInfo); ok {
			return info.GetRetryDelay().AsDuration()
		}
	}
	return 0
}

// TestACallerThatCallsTooOften is told how long to wait, by gRPC and by REST, and no other caller is.
func TestACallerThatCallsTooOften(t *testing.T) {
	r := start(t, withoutJobs, scarce)
	orders := koogatev1.NewOrderServiceClient(r.dial(acmeToken))
	list := func(c koogatev1.OrderServiceClient) error {
		_, err := c.ListOrders(t.Context(), &koogatev1.ListOrdersRequest{})
		return err
	}
	began, taken := time.Now(), 0
	var err error
	for taken < 50 && err == nil {
		if err = list(orders); err == nil {
			taken++
		}
	}
	if most := 5 + int(time.Since(began).Seconds()) + 1; taken < 5 || taken > most {
		t.Errorf("%d are taken", taken)
	}
	if wait := waitOf(err); status.Code(err) != codes.ResourceExhausted || refusedAs(err) != "RATE_LIMITED" || wait <= 0 || wait > time.Second {
		t.Errorf("%v, to wait %s", err, wait)
	}
	var code int
	var text string
	var header http.Header
	for range 10 { // a second may have passed
		if code, text, header = r.http(config.ListenerAPI, http.MethodGet, "/v1/orders", acmeToken, ""); code != http.StatusOK {
			break
		}
	}
	if code != http.StatusTooManyRequests || header.Get("Retry-After") != "1" || !strings.Contains(text, `"reason":"RATE_LIMITED"`) || !strings.Contains(text, `"retryable":"true"`) {
		t.Errorf("%d %v %s", code, header, text)
	}
	// Other callers, other classes, a caller with a rule, and the same one a moment later.
	for _, token := range []string{tokensToken, otherToken} {
		if err := list(koogatev1.NewOrderServiceClient(r.dial(token))); err != nil {
			t.Errorf("another caller: %v", err)
		}
	}
	for range 30 {
		if err := list(koogatev1.NewOrderServiceClient(r.dial(keysToken))); err != nil {
			t.Fatalf("a caller with a rule: %v", err)
		}
	}
	tasks := koogatev1.NewTaskServiceClient(r.dial(acmeToken))
	if _, err := tasks.LeaseTasks(t.Context(), &koogatev1.LeaseTasksRequest{Queue: "crm", WorkerId: "w"}); err != nil {
		t.Error(err)
	}
	if _, err := tasks.LeaseTasks(t.Context(), &koogatev1.LeaseTasksRequest{Queue: "crm", WorkerId: "w"}); refusedAs(err) != "RATE_LIMITED" {
		t.Errorf("the second lease: %v", err)
	}
	eventually(t, "the wait is over", func() bool { return list(orders) == nil })
	r.watch(t.Context(), t, acmeToken, &koogatev1.WatchEventsRequest{})
	second, err := koogatev1.NewEventServiceClient(r.dial(acmeToken)).WatchEvents(t.Context(), &koogatev1.WatchEventsRequest{})
	if err == nil {
		_, err = second.Recv()
	}
	if refusedAs(err) != "RATE_LIMITED" || waitOf(err) <= 0 {
		t.Errorf("the second watch: %v", err)
	}
	_, metrics, _ := r.http(config.ListenerOps, http.MethodGet, "/metrics", "", "")
	for _, line := range []string{
		`koogate_api_calls_total{budget="process",class="leases",outcome="taken"} 1`, `koogate_api_calls_total{budget="process",class="leases",outcome="limited"} 1`,
		`koogate_api_calls_total{budget="process",class="exports",outcome="taken"} 1`,
	} {
		if !strings.Contains(metrics, line) {
			t.Errorf("no metric %s", line)
		}
	}
	// What was refused has left no trace, and no scope was looked at.
	if strings.Contains(r.log.String(), "call failed") {
		t.Error("a refusal is logged as a fault")
	}
}

// TestAStreamOfUsageIsSlowedDown and not ended: its first message counts when it begins, and every further one when it is read.
func TestAStreamOfUsageIsSlowedDown(t *testing.T) {
	r := start(t, withoutJobs, metered, func(cfg *config.Config, _ *server.Deps) {
		cfg.Access.Limits = limit.Limits{Writes: limit.Rate{Rate: 10, Burst: 3}}
	})
	stream, err := koogatev1.NewUsageServiceClient(r.dial(acmeToken)).StreamUsage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	const messages = 13
	for i := range messages {
		if err := stream.Send(&koogatev1.StreamUsageRequest{Records: []*koogatev1.RawUsage{{Key: fmt.Sprint("k", i), InstanceId: "no-such", Value: "1"}}}); err != nil {
			t.Fatal(err)
		}
	}
	resp, err := stream.CloseAndRecv()
	if err != nil || resp.GetRejectedCount() != messages {
		t.Errorf("%v, %v", resp, err)
	}
	if took := time.Since(began); took < 900*time.Millisecond { // ten of them wait for a tenth of a second
		t.Errorf("it took %s", took)
	}
}

// TestTwoReplicasHaveOneBudget, which is in Redis, and budgets of their own when Redis dies.
func TestTwoReplicasHaveOneBudget(t *testing.T) {
	own := guardtest.StartRedis(t)
	replica := func() *rig {
		shared, err := redis.Open(redis.Options{Addrs: []string{own.Addr}, Now: clock.System{}.Now})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = shared.Close() })
		return start(t, withoutJobs, func(cfg *config.Config, d *server.Deps) {
			cfg.Access.Limits = limit.Limits{Reads: limit.Rate{Rate: 1, Burst: 20}}
			d.Limiter = shared
		})
	}
	one, two := replica(), replica()
	began, taken := time.Now(), 0
	for i := range 60 {
		r := []*rig{one, two}[i%2]
		if code, _, _ := r.http(config.ListenerAPI, http.MethodGet, "/v1/orders", acmeToken, ""); code == http.StatusOK {
			taken++
		}
	}
	if most := 20 + int(time.Since(began).Seconds()) + 1; taken < 20 || taken > most {
		t.Errorf("both together take %d, at most %d", taken, most)
	}
	for _, r := range []*rig{one, two} {
		if _, metrics, _ := r.http(config.ListenerOps, http.MethodGet, "/metrics", "", ""); !strings.Contains(metrics, `koogate_api_calls_total{budget="shared",class="reads",outcome="taken"}`) {
			t.Error("the shared budget has not decided")
		}
	}
	own.Kill()
	taken = 0
	for range 30 {
		if code, _, _ := one.http(config.ListenerAPI, http.MethodGet, "/v1/orders", acmeToken, ""); code == http.StatusOK {
			taken++
		}
	}
	if taken < 20 || taken == 30 {
		t.Errorf("without Redis %d of 30 are taken", taken)
	}
}

// TestStrangersAreRefusedOnceAndForAll: an address that was refused too often is told so without a look, whatever it shows, while
// callers that are known are let in from it.
func TestStrangersAreRefusedOnceAndForAll(t *testing.T) {
	l := newLogin(t)
	r := start(t, withoutJobs, l.trusted, func(cfg *config.Config, _ *server.Deps) {
		cfg.Access.Limits.Strangers = limit.Rate{Rate: 1, Burst: 10}
		cfg.TrustedProxies = []string{"127.0.0.1"}
	})
	seen, unseen := l.token(time.Hour, "viewer"), l.token(2*time.Hour, "viewer")
	get := func(token, from string) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+r.Addr(config.ListenerAPI)+"/v1/orders", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", cmp.Or(token, "Bearer x"))
		req.Header.Set("X-Forwarded-For", from)
		resp, err := r.client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp.StatusCode, resp.Header.Get("Retry-After")
	}
	if code, _ := get("Bearer "+seen, "198.51.100.7"); code != http.StatusOK {
		t.Fatalf("a good token: %d", code)
	}
	codes := map[int]int{}
	for range 40 {
		code, after := get("", "198.51.100.7")
		if codes[code]++; code == http.StatusTooManyRequests && after != "1" {
			t.Errorf("Retry-After is %q", after)
		}
	}
	if codes[http.StatusUnauthorized] < 10 || codes[http.StatusUnauthorized] > 15 || codes[http.StatusTooManyRequests] != 40-codes[http.StatusUnauthorized] {
		t.Errorf("answered were %v", codes)
	}
	if n := strings.Count(r.log.String(), "call refused"); n != codes[http.StatusUnauthorized] {
		t.Errorf("%d refusals are logged of %v", n, codes)
	}
	weary := func() bool { code, _ := get("", "198.51.100.7"); return code == http.StatusTooManyRequests }
	for name, c := range map[string]struct {
		token, from string
		code        int
	}{
		"a token":              {"Bearer " + acmeToken, "198.51.100.7", 200},
		"a JWT that was there": {"Bearer " + seen, "198.51.100.7", 200},
		"a new JWT":            {"Bearer " + unseen, "198.51.100.7", 429},
		"from elsewhere":       {"Bearer " + unseen, "198.51.100.8", 200},
		"and then from there":  {"Bearer " + acmeToken, "198.51.100.7", 200},
		"a stranger elsewhere": {"", "198.51.100.9", 401},
	} {
		if name == "a new JWT" {
			unseen := l.token(3*time.Hour, "viewer") // which nobody has shown elsewhere
			c.token = "Bearer " + unseen
			for !weary() {
			}
		}
		if code, _ := get(c.token, c.from); code != c.code {
			t.Errorf("%s: %d, want %d", name, code, c.code)
		}
	}
	_, metrics, _ := r.http(config.ListenerOps, http.MethodGet, "/metrics", "", "")
	if !strings.Contains(metrics, "koogate_api_strangers_limited_total ") || strings.Contains(metrics, "koogate_api_strangers_limited_total 0") {
		t.Error("strangers are not counted")
	}
	page, _, _ := r.http(config.ListenerAPI, http.MethodGet, "/console/standing", "", "") // the console, from this machine
	if page != http.StatusUnauthorized {
		t.Errorf("the console answers %d", page)
	}
	for range 20 {
		page, _, _ = r.http(config.ListenerAPI, http.MethodGet, "/console/standing", "wrong", "")
	}
	if page != http.StatusServiceUnavailable {
		t.Errorf("the console answers a stranger with %d", page)
	}
}

// TestEveryMethodHasItsClass: what REST reads by GET is a read, and the streams and the lease have budgets of their own.
func TestEveryMethodHasItsClass(t *testing.T) {
	classes := map[limit.Class][]string{}
	for method := range rpcs() {
		if strings.HasPrefix(method, "/koogate.v1.") {
			c := interceptor.ClassOf(method)
			classes[c] = append(classes[c], method)
			name := method[strings.LastIndexByte(method, '/')+1:]
			reads := strings.HasPrefix(name, "Get") || strings.HasPrefix(name, "List")
			if reads != (c == limit.Reads) && name != "CheckQuota" && name != "ExplainOrder" && name != "VerifyOrder" && name != "ProveUsage" {
				t.Errorf("%s is one of %s", method, c)
			}
		}
	}
	slices.Sort(classes[limit.Exports])
	if got := fmt.Sprint(classes[limit.Leases], classes[limit.Exports]); got != "[/koogate.v1.TaskService/LeaseTasks] [/koogate.v1.EventService/WatchEvents /koogate.v1.EvidenceService/ExportOrderEvidence]" {
		t.Errorf("leases and exports are %s", got)
	}
}
