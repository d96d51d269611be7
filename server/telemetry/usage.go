// SPDX-License-Identifier: Apache-2.0

package telemetry

import (
	"math"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// usageMetrics tell what becomes of usage on its way to the marketplace.
type usageMetrics struct {
	pushed, refused, duplicates, late, calls *prometheus.CounterVec

	backlog, deadline, difference *prometheus.GaugeVec
}

func newUsageMetrics(r prometheus.Registerer) usageMetrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
		r.MustRegister(v)
		return v
	}
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
		r.MustRegister(v)
		return v
	}
	return usageMetrics{
		pushed: counter("koogate_usage_pushed_total", "Usage records that the marketplace has.", "seller"),
		refused: counter("koogate_usage_refused_total",
			"Usage records that the marketplace will not have, by its code.", "seller", "code"),
		duplicates: counter("koogate_usage_duplicates_total",
			"Usage records that the marketplace had already when they were sent; a part of those pushed.", "seller"),
		late:  counter("koogate_usage_late_total", "Usage records pushed after their bill was collected; a part of those pushed.", "seller"),
		calls: counter("koogate_usage_calls_total", "Usage pushes to the marketplace, by outcome.", "outcome"),
		backlog: gauge("koogate_usage_backlog",
			"Usage that waits: open windows, records to be sent, records refused.", "seller", "state"),
		deadline: gauge("koogate_usage_deadline_seconds",
			"Time to the earliest deadline of what waits; negative when it was missed, +Inf when nothing waits.", "seller"),
		difference: gauge("koogate_usage_difference",
			"What the ledger is off by, recomputed every hour: 0, or something is wrong.", "seller"),
	}
}

// UsagePushed counts a usage record that the marketplace has.
func (m *Metrics) UsagePushed(seller string) {
	m.usage.pushed.WithLabelValues(m.sellers.value(seller)).Inc()
}

// UsageRefused counts a usage record that the marketplace has refused for good.
func (m *Metrics) UsageRefused(seller, code string) {
	m.usage.refused.WithLabelValues(m.sellers.value(seller), m.usageCodes.value(code)).Inc()
}

// UsageDuplicate counts a usage record that the marketplace had already.
func (m *Metrics) UsageDuplicate(seller string) {
	m.usage.duplicates.WithLabelValues(m.sellers.value(seller)).Inc()
}

// UsageLate counts a usage record that came after its bill.
func (m *Metrics) UsageLate(seller string) {
	m.usage.late.WithLabelValues(m.sellers.value(seller)).Inc()
}

// UsageCall counts a call. outcome is a word of the program.
func (m *Metrics) UsageCall(outcome string) {
	m.usage.calls.WithLabelValues(m.outcomes.value(outcome)).Inc()
}

// UsageBacklog shows how much waits. left is the time to the earliest deadline; it has no meaning when waits is false.
func (m *Metrics) UsageBacklog(seller string, windows, records, refused int64, left time.Duration, waits bool) {
	seller = m.sellers.value(seller)
	m.usage.backlog.WithLabelValues(seller, "window").Set(float64(windows))
	m.usage.backlog.WithLabelValues(seller, "record").Set(float64(records))
	m.usage.backlog.WithLabelValues(seller, "refused").Set(float64(refused))
	seconds := math.Inf(1)
	if waits {
		seconds = left.Seconds()
	}
	m.usage.deadline.WithLabelValues(seller).Set(seconds)
}

// UsageDifference shows what the ledger is off by, in units of the meter.
func (m *Metrics) UsageDifference(seller string, amount float64) {
	m.usage.difference.WithLabelValues(m.sellers.value(seller)).Set(amount)
}
