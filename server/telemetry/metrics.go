// SPDX-License-Identifier: Apache-2.0

package telemetry

import (
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are the service's Prometheus metrics. Each method bounds its arguments, so that values from outside cannot add
// label values without end. All methods are safe for concurrent use.
type Metrics struct {
	facadeCalls     *prometheus.CounterVec
	facadeSeconds   *prometheus.HistogramVec
	rejected        *prometheus.CounterVec
	sides           *prometheus.CounterVec
	shadowed        *prometheus.CounterVec
	shadowDiffers   *prometheus.CounterVec
	unknownEnum     *prometheus.CounterVec
	probeCalls      *prometheus.CounterVec
	tasks           *prometheus.CounterVec
	taskSeconds     *prometheus.HistogramVec
	orderQueries    *prometheus.CounterVec
	personalReads   *prometheus.CounterVec
	guardAway       prometheus.Gauge
	leasesLost      prometheus.Counter
	repeats         *prometheus.CounterVec
	factsKept       prometheus.Counter
	directory       *prometheus.CounterVec
	callsUnrecorded *prometheus.CounterVec
	usage           usageMetrics
	webhooks        webhookMetrics
	logouts         logoutMetrics
	provisioners    provisionerMetrics
	sanctions       sanctionMetrics
	login           loginMetrics
	certificates    certificateMetrics
	oidc            *oidcMetrics
	limits          limitMetrics
	observed        *observed
	clock           clockMetrics
	queueState      *queueCollector
	gap             gapMetrics

	endpoints, queues, kinds, outcomes, reasons, fields, codes *bounded

	sellers, products, usageCodes *bounded
}

// How many values of a label are told apart; the rest count as "other".
const (
	manyValues = 1000 // configured by the operator: endpoints, queues, products
	fewValues  = 100  // words of the program or the contract
)

// NewMetrics makes the metrics and registers them with r. It panics when r has them already.
func NewMetrics(r prometheus.Registerer) *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
		r.MustRegister(v)
		return v
	}
	histogram := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		v := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
		r.MustRegister(v)
		return v
	}
	m := &Metrics{
		sides: counter("koogate_sides_total",
			"Calls to endpoints with an old server, by who answered: OWN, OLD or BOTH.", "endpoint", "side"),
		shadowed: counter("koogate_shadow_total",
			"Calls whose answer by an old server was to be held against Koogate's, by what came of it: SAME, DIFFERS or SKIPPED.", "endpoint", "comparison"),
		shadowDiffers: counter("koogate_shadow_differences_total",
			"Rules by which an old server's answer differed from Koogate's.", "endpoint", "rule"),
		facadeCalls: counter("koogate_facade_calls_total",
			"Calls of the marketplace that were answered, by result code.", "endpoint", "activity", "result_code"),
		facadeSeconds: histogram("koogate_facade_seconds",
			"Time to answer a call of the marketplace.",
			[]float64{.00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}, "activity"),
		callsUnrecorded: counter("koogate_calls_unrecorded_total",
			"Calls that were made or answered and of which no record could be kept.", "what"),
		rejected: counter("koogate_rejected_total",
			"Calls rejected before any work: signature, timestamp, nonce, size, no budget.", "endpoint", "reason"),
		unknownEnum: counter("koogate_unknown_enum_total",
			"Values outside the documented set; the field is quarantined.", "activity", "field"),
		probeCalls: counter("koogate_probe_calls_total",
			"Calls of the seller centre's debugging page.", "endpoint", "activity"),
		tasks: counter("koogate_tasks_total",
			"Tasks whose attempt ended, by outcome.", "queue", "kind", "outcome"),
		taskSeconds: histogram("koogate_task_seconds",
			"Time from a task's creation to its end.",
			[]float64{.01, .05, .1, .5, 1, 5, 10, 30, 60, 300, 900, 3600, 14400, 86400}, "kind"),
		orderQueries: counter("koogate_order_query_total",
			"Order queries to the marketplace, by outcome.", "outcome"),
		personalReads: counter("koogate_personal_reads_total",
			"Readings of personal data through the API; each has an event on its order.", "what"),
		guardAway: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "koogate_guard_away", Help: "1 while Redis does not answer and calls are served without it, else 0.",
		}),
		leasesLost: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "koogate_lease_lost_total", Help: "Completions and heartbeats refused because the lease was over.",
		}),
		repeats: counter("koogate_repeat_total",
			"Repeated calls that are not like the first: differs, which are answered as the first was, and other_instance, which are refused.",
			"activity", "what"),
		directory: counter("koogate_directory_late_total",
			"Directory calls that were ignored, in whole or part, because later calls have said otherwise, or that named a time from the future (ahead).",
			"activity", "what"),
		factsKept: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "koogate_facts_kept_total", Help: "Facts that a late answer did not overwrite because a later call had set them.",
		}),
		endpoints: newBounded(manyValues), queues: newBounded(manyValues),
		kinds: newBounded(fewValues), outcomes: newBounded(fewValues), reasons: newBounded(fewValues),
		fields: newBounded(fewValues), codes: newBounded(fewValues),
		certificates: newCertificateMetrics(r), oidc: newOIDCMetrics(r), limits: newLimitMetrics(r), observed: newObserved(r), clock: newClockMetrics(r), gap: newGapMetrics(r),
		usage: newUsageMetrics(r), webhooks: newWebhookMetrics(r), logouts: newLogoutMetrics(r), provisioners: newProvisionerMetrics(r), sanctions: newSanctionMetrics(r), login: newLoginMetrics(r), sellers: newBounded(manyValues), products: newBounded(manyValues), usageCodes: newBounded(fewValues),
	}
	m.queueState = newQueueCollector(r, m.sellers, m.queues, m.kinds)
	r.MustRegister(m.guardAway, m.leasesLost, m.factsKept)
	return m
}

// FacadeCall counts an answered call of the marketplace. endpoint is a configured one, or empty when the address named
// none; resultCode is the six digits of the answer.
func (m *Metrics) FacadeCall(endpoint, activity, resultCode string, took time.Duration) {
	activity = KnownActivity(activity)
	m.facadeCalls.WithLabelValues(m.endpoints.value(endpoint), activity, m.code(resultCode)).Inc()
	m.facadeSeconds.WithLabelValues(activity).Observe(took.Seconds())
}

// Side counts a call to an endpoint with an old server. side is a word of the program.
func (m *Metrics) Side(endpoint, side string) {
	m.sides.WithLabelValues(m.endpoints.value(endpoint), m.outcomes.value(side)).Inc()
}

// Shadowed counts an old server's answer that was to be compared, and the rules by which it differs.
func (m *Metrics) Shadowed(endpoint, comparison string, rules ...string) {
	m.shadowed.WithLabelValues(m.endpoints.value(endpoint), m.outcomes.value(comparison)).Inc()
	for _, r := range rules {
		m.shadowDiffers.WithLabelValues(m.endpoints.value(endpoint), m.reasons.value(r)).Inc()
	}
}

// Rejected counts a call that was refused before any work. reason is a word of the program.
func (m *Metrics) Rejected(endpoint, reason string) {
	m.rejected.WithLabelValues(m.endpoints.value(endpoint), m.reasons.value(reason)).Inc()
}

// CallsUnrecorded counts calls of which no record could be kept. what is call, look, refusal or sent.
func (m *Metrics) CallsUnrecorded(what string, calls int64) {
	m.callsUnrecorded.WithLabelValues(m.reasons.value(what)).Add(float64(calls))
}

// UnknownEnum counts a value outside the documented set. field is the field's documented name.
func (m *Metrics) UnknownEnum(activity, field string) {
	m.unknownEnum.WithLabelValues(KnownActivity(activity), m.fields.value(field)).Inc()
}

// ProbeCall counts a call of the seller centre's debugging page.
func (m *Metrics) ProbeCall(endpoint, activity string) {
	m.probeCalls.WithLabelValues(m.endpoints.value(endpoint), KnownActivity(activity)).Inc()
}

// Task counts the end of a task's attempt; age is the time since the task was made.
func (m *Metrics) Task(queue, kind, outcome string, age time.Duration) {
	kind = m.kinds.value(kind)
	m.tasks.WithLabelValues(m.queues.value(queue), kind, m.outcomes.value(outcome)).Inc()
	m.taskSeconds.WithLabelValues(kind).Observe(age.Seconds())
}

// GuardAway tells whether the shared guard is away. It fits redis.Options.OnState.
func (m *Metrics) GuardAway(away bool) {
	if away {
		m.guardAway.Set(1)
	} else {
		m.guardAway.Set(0)
	}
}

// OrderQuery counts one query of an order at the marketplace.
func (m *Metrics) OrderQuery(outcome string) {
	m.orderQueries.WithLabelValues(m.outcomes.value(outcome)).Inc()
}

// Repeat counts a repeated call that is not like the first. action is a line's, whose first element is the activity; what is
// "differs" or "other_instance".
func (m *Metrics) Repeat(action, what string) {
	activity, _, _ := strings.Cut(action, "/")
	m.repeats.WithLabelValues(KnownActivity(activity), m.reasons.value(what)).Inc()
}

// FactsKept counts facts that a late answer did not overwrite.
func (m *Metrics) FactsKept(n int) { m.factsKept.Add(float64(n)) }

// Directory counts a directory call of which something was ignored, whose time lies ahead, or which is a full list that leaves
// out what is there. what is "ignored", "ahead", "skipped" or "absent".
func (m *Metrics) Directory(activity, what string) {
	m.directory.WithLabelValues(KnownActivity(activity), m.reasons.value(what)).Inc()
}

// PersonalRead counts a reading of personal data through the API. what is a word of the program.
func (m *Metrics) PersonalRead(what string) {
	m.personalReads.WithLabelValues(m.outcomes.value(what)).Inc()
}

// LeaseLost counts a worker that came back after its lease was over.
func (m *Metrics) LeaseLost() { m.leasesLost.Inc() }

// code keeps six digits only.
func (m *Metrics) code(v string) string {
	if len(v) != 6 || strings.Trim(v, "0123456789") != "" {
		return other
	}
	return m.codes.value(v)
}
