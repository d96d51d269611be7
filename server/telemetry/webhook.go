// SPDX-License-Identifier: Apache-2.0

package telemetry

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// webhookMetrics tell what becomes of events on their way to webhooks.
type webhookMetrics struct {
	attempts *prometheus.CounterVec
	seconds  prometheus.Histogram
	backlog  *prometheus.GaugeVec
	disabled *prometheus.GaugeVec
}

func newWebhookMetrics(r prometheus.Registerer) webhookMetrics {
	m := webhookMetrics{
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "koogate_webhook_attempts_total", Help: "Attempts to deliver an event to a webhook, by outcome: DELIVERED, or why not.",
		}, []string{"outcome"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "koogate_webhook_attempt_seconds", Help: "Time that an attempt has taken.", Buckets: []float64{.01, .05, .1, .5, 1, 5, 10},
		}),
		backlog: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "koogate_webhook_backlog", Help: "Deliveries to webhooks that have not ended; at most 10000 of each, the rest waits in the feed.",
		}, []string{"seller"}),
		disabled: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "koogate_webhooks_disabled", Help: "Webhooks that are disabled, by reason; FAILING and GONE want somebody's attention.",
		}, []string{"seller", "reason"}),
	}
	r.MustRegister(m.attempts, m.seconds, m.backlog, m.disabled)
	return m
}

// WebhookAttempt counts an attempt. outcome is a word of the program.
func (m *Metrics) WebhookAttempt(outcome string, took time.Duration) {
	m.webhooks.attempts.WithLabelValues(m.outcomes.value(outcome)).Inc()
	m.webhooks.seconds.Observe(took.Seconds())
}

// Webhooks shows what waits for a seller's webhooks, and how many are disabled for each reason.
func (m *Metrics) Webhooks(seller string, backlog int64, disabled map[string]int) {
	seller = m.sellers.value(seller)
	m.webhooks.backlog.WithLabelValues(seller).Set(float64(backlog))
	for reason, n := range disabled {
		m.webhooks.disabled.WithLabelValues(seller, m.reasons.value(reason)).Set(float64(n))
	}
}

// Webhook names a webhook.
func Webhook(v string) Attr { return text("koogate.webhook_id", v) }

// Delivery names a delivery to a webhook.
func Delivery(v string) Attr { return text("koogate.delivery_id", v) }

// HTTPStatus is the status of an answer, 0 for none.
func HTTPStatus(v int) Attr { return Attr{attribute.Int("http.response.status_code", v)} }

// StartLinked starts a span of a call in a trace of its own that is linked to the order's: what it is about belongs to the order, what
// becomes of it does not.
func StartLinked(ctx context.Context, tracer trace.Tracer, name, seller, orderID string, attrs ...Attr) (context.Context, trace.Span) {
	t, s := orderIDs(seller, orderID)
	link := trace.Link{SpanContext: trace.NewSpanContext(trace.SpanContextConfig{TraceID: t, SpanID: s, TraceFlags: trace.FlagsSampled})}
	ctx, span := tracer.Start(ctx, name, trace.WithNewRoot(), trace.WithSpanKind(trace.SpanKindClient), trace.WithLinks(link))
	Set(span, attrs...)
	return ctx, span
}

// logoutMetrics tell of sessions that have ended, and how applications are told of it.
type logoutMetrics struct {
	ended, attempts, givenUp *prometheus.CounterVec
	seconds                  prometheus.Histogram
	pending, oldest          prometheus.Gauge
}

func newLogoutMetrics(r prometheus.Registerer) logoutMetrics {
	counter := func(name, help, label string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{label})
	}
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	}
	m := logoutMetrics{
		ended: counter("koogate_login_sessions_ended_total",
			"Sessions of joint products that ended because their right was gone or their time over, by reason; without those that ended while they were used.", "reason"),
		attempts: counter("koogate_login_logouts_total", "Attempts to tell an application that a session has ended, by outcome: DELIVERED, or why not.", "outcome"),
		givenUp:  counter("koogate_login_logouts_given_up_total", "Ended sessions of which an application is told no more, by the last reason.", "reason"),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "koogate_login_logout_seconds", Help: "Time that such an attempt has taken.", Buckets: []float64{.01, .05, .1, .5, 1, 5},
		}),
		pending: gauge("koogate_login_logouts_pending", "Ended sessions of which an application is still to be told."),
		oldest:  gauge("koogate_login_logouts_oldest_seconds", "Time since the first of these has ended; 0 for none."),
	}
	r.MustRegister(m.ended, m.attempts, m.givenUp, m.seconds, m.pending, m.oldest)
	return m
}

// LoginEnded counts a session whose right was gone or whose time was over. reason is a word of the program.
func (m *Metrics) LoginEnded(reason string) {
	m.logouts.ended.WithLabelValues(m.reasons.value(reason)).Inc()
}

// LogoutAttempt counts an attempt to tell an application of an end. outcome is a word of the program.
func (m *Metrics) LogoutAttempt(outcome string, took time.Duration) {
	m.logouts.attempts.WithLabelValues(m.outcomes.value(outcome)).Inc()
	m.logouts.seconds.Observe(took.Seconds())
}

// LogoutGivenUp counts an end that an application is told of no more. reason is a word of the program.
func (m *Metrics) LogoutGivenUp(reason string) {
	m.logouts.givenUp.WithLabelValues(m.reasons.value(reason)).Inc()
}

// LogoutsPending shows how many ends applications are still to be told of, and how old the first is.
func (m *Metrics) LogoutsPending(n int, oldest time.Duration) {
	m.logouts.pending.Set(float64(n))
	m.logouts.oldest.Set(oldest.Seconds())
}

// LoginSession names a session of a joint product.
func LoginSession(v string) Attr { return text("koogate.login_session_id", v) }
