// SPDX-License-Identifier: Apache-2.0

package telemetry

import "github.com/prometheus/client_golang/prometheus"

// gapMetrics tell of what a restore has left open.
type gapMetrics struct {
	calls *prometheus.CounterVec
	open  *prometheus.GaugeVec
}

func newGapMetrics(r prometheus.Registerer) gapMetrics {
	g := gapMetrics{
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "koogate_gap_calls_total", Help: "Calls about instances that are not known since a restore; they are answered with a code that makes the caller repeat them.",
		}, []string{"seller", "activity"}),
		open: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "koogate_gap_open", Help: "1 while a gap is open that a restore has left, else 0.",
		}, []string{"seller"}),
	}
	r.MustRegister(g.calls, g.open)
	return g
}

// GapCall counts a call about an instance that is not known while a gap is open.
func (m *Metrics) GapCall(seller, activity string) {
	m.gap.calls.WithLabelValues(m.sellers.value(seller), KnownActivity(activity)).Inc()
}

// GapOpen tells whether a gap of the seller is open.
func (m *Metrics) GapOpen(seller string, open bool) {
	v := 0.0
	if open {
		v = 1
	}
	m.gap.open.WithLabelValues(m.sellers.value(seller)).Set(v)
}
