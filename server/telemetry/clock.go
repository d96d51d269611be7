// SPDX-License-Identifier: Apache-2.0

package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// clockMetrics tell whether the clocks that work rests on agree.
type clockMetrics struct {
	offset   *prometheus.GaugeVec
	pulledIn *prometheus.CounterVec
}

func newClockMetrics(r prometheus.Registerer) clockMetrics {
	m := clockMetrics{
		offset: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "koogate_clock_offset_seconds",
			Help: "How far another clock, the database's or the marketplace's, is ahead of this process's; absent while it is not known.",
		}, []string{"against"}),
		pulledIn: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "koogate_pulled_in_total",
			Help: "Tasks and usage records that a wrong clock had put off and that were given their time again.",
		}, []string{"seller"}),
	}
	r.MustRegister(m.offset, m.pulledIn)
	return m
}

// ClockOffset shows how far another clock is ahead, when that is known. against is a word of the program.
func (m *Metrics) ClockOffset(against string, ahead time.Duration, known bool) {
	if !known {
		m.clock.offset.DeleteLabelValues(against)
		return
	}
	m.clock.offset.WithLabelValues(against).Set(ahead.Seconds())
}

// PulledIn counts what a wrong clock had put off.
func (m *Metrics) PulledIn(seller string, n int) {
	m.clock.pulledIn.WithLabelValues(m.sellers.value(seller)).Add(float64(n))
}
