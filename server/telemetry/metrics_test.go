// SPDX-License-Identifier: Apache-2.0

package telemetry

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

func TestMetrics(t *testing.T) {
	r := prometheus.NewPedanticRegistry()
	m := NewMetrics(r)
	m.FacadeCall("demo", "newInstance", "000000", 3*time.Millisecond)
	m.Rejected("demo", "signature")
	m.UnknownEnum("newInstance", "chargingMode")
	m.ProbeCall("demo", "queryInstance")
	m.Task("default", "CREATE", "done", time.Second)
	m.GuardAway(true)
	m.OrderQuery("done")
	m.PersonalRead("task_input")
	m.LeaseLost()
	m.UsagePushed("acme")
	m.UsageRefused("acme", "012")
	m.UsageDuplicate("acme")
	m.UsageLate("acme")
	m.UsageCall("ok")
	m.UsageBacklog("acme", 1, 2, 3, time.Minute, true)
	m.UsageDifference("acme", 0)
	m.ClockOffset("database", time.Second, true)
	m.ClockOffset("marketplace", time.Second, true)
	m.ClockOffset("marketplace", 0, false)
	m.PulledIn("acme", 2)
	m.WebhookAttempt("DELIVERED", time.Second)
	m.Webhooks("acme", 1, map[string]int{"FAILING": 1})
	m.LoginEnded("EXPIRED")
	m.LogoutAttempt("DELIVERED", time.Second)
	m.LogoutGivenUp("REFUSED")
	m.LogoutsPending(1, time.Minute)
	m.Sanctions("acme", map[string]int{"OFFI-1": 2}, 1, map[string]int{"demo": 3})
	m.OIDCRefused("", "expired")
	m.OIDCFetched("https://sso.example.com", false)
	m.OIDCKeys(func() map[string]time.Duration {
		return map[string]time.Duration{"https://sso.example.com": time.Minute}
	})
	m.CallCounted("reads", "shared", true)
	m.StrangerLimited()
	m.Queues(func() []Queue {
		return []Queue{{Seller: "acme", Name: "default", Kinds: []QueueKind{{Kind: "CREATE", Due: 1}}, Left: []time.Duration{time.Hour, -time.Hour}}}
	})
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range families {
		var labels []string
		for _, l := range f.GetMetric()[0].GetLabel() {
			labels = append(labels, l.GetName()+"="+l.GetValue())
		}
		got[f.GetName()] = strings.Join(labels, ",")
	}
	want := map[string]string{
		"koogate_facade_calls_total": "activity=newInstance,endpoint=demo,result_code=000000",
		"koogate_facade_seconds":     "activity=newInstance",
		"koogate_rejected_total":     "endpoint=demo,reason=signature",
		"koogate_unknown_enum_total": "activity=newInstance,field=chargingMode",
		"koogate_probe_calls_total":  "activity=queryInstance,endpoint=demo",
		"koogate_tasks_total":        "kind=CREATE,outcome=done,queue=default",
		"koogate_task_seconds":       "kind=CREATE",
		"koogate_guard_away":         "",
		"koogate_order_query_total":  "outcome=done",
		"koogate_lease_lost_total":   "",

		"koogate_usage_pushed_total":     "seller=acme",
		"koogate_usage_refused_total":    "code=012,seller=acme",
		"koogate_usage_duplicates_total": "seller=acme",
		"koogate_usage_late_total":       "seller=acme",
		"koogate_usage_calls_total":      "outcome=ok",
		"koogate_usage_backlog":          "seller=acme,state=record",
		"koogate_usage_deadline_seconds": "seller=acme",
		"koogate_usage_difference":       "seller=acme",
		"koogate_personal_reads_total":   "what=task_input",
		"koogate_facts_kept_total":       "",

		"koogate_clock_offset_seconds": "against=database",
		"koogate_pulled_in_total":      "seller=acme",

		"koogate_webhook_attempts_total":  "outcome=DELIVERED",
		"koogate_webhook_attempt_seconds": "",
		"koogate_webhook_backlog":         "seller=acme",
		"koogate_webhooks_disabled":       "reason=FAILING,seller=acme",

		"koogate_login_sessions_ended_total":   "reason=EXPIRED",
		"koogate_login_logouts_total":          "outcome=DELIVERED",
		"koogate_login_logouts_given_up_total": "reason=REFUSED",
		"koogate_login_logout_seconds":         "",
		"koogate_login_logouts_pending":        "",
		"koogate_login_logouts_oldest_seconds": "",

		"koogate_oidc_refused_total":          "cause=expired,issuer=unknown",
		"koogate_oidc_fetches_total":          "issuer=https://sso.example.com,outcome=failed",
		"koogate_oidc_keys_age_seconds":       "issuer=https://sso.example.com",
		"koogate_api_calls_total":             "budget=shared,class=reads,outcome=limited",
		"koogate_api_strangers_limited_total": "",

		"koogate_failed_orders":  "product=OFFI-1,seller=acme",
		"koogate_orders_at_risk": "seller=acme",
		"koogate_probe_days":     "endpoint=demo,seller=acme",

		"koogate_queue_tasks":                        "kind=CREATE,queue=default,seller=acme,state=due",
		"koogate_queue_oldest_seconds":               "kind=CREATE,queue=default,seller=acme",
		"koogate_queue_waiting_seconds":              "queue=default,seller=acme",
		"koogate_queue_last_ask_timestamp_seconds":   "queue=default,seller=acme",
		"koogate_queue_last_lease_timestamp_seconds": "queue=default,seller=acme",
		"koogate_queue_window_left_seconds":          "queue=default,seller=acme",
		"koogate_queue_window_seconds":               "queue=default,seller=acme",
	}
	for name, labels := range want {
		if g, ok := got[name]; !ok || g != labels {
			t.Errorf("%s{%s}, want {%s}", name, g, labels)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d families, want %d", len(got), len(want))
	}
}

// Whatever callers send, the number of series stays bounded and every value is valid.
func TestLabelsAreBounded(t *testing.T) {
	r := prometheus.NewPedanticRegistry()
	m := NewMetrics(r)
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 2000 {
				v := fmt.Sprint("v", i)
				m.FacadeCall("demo", v, fmt.Sprintf("%06d", i), 0)
				m.FacadeCall("demo", "newInstance\xff", "secret", 0)
				m.Rejected(v, "signature")
				m.UnknownEnum("newInstance", strings.Repeat("f", 100+w))
				m.OrderQuery(v + "\xff")
				m.Task(v, v, v, 0)
			}
		})
	}
	wg.Wait()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		limit := manyValues + fewValues
		if f.GetName() == "koogate_facade_calls_total" || f.GetName() == "koogate_task_seconds" {
			limit = fewValues + 2
		}
		if n := len(f.GetMetric()); n > limit {
			t.Errorf("%s has %d series", f.GetName(), n)
		}
	}
}

func BenchmarkFacadeCall(b *testing.B) {
	m := NewMetrics(prometheus.NewRegistry())
	b.ReportAllocs()
	for b.Loop() {
		m.FacadeCall("demo", "newInstance", "000000", time.Millisecond)
	}
}
