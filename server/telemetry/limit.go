// SPDX-License-Identifier: Apache-2.0

package telemetry

import "github.com/prometheus/client_golang/prometheus"

// limitMetrics tell how often callers call, and how often too often.
type limitMetrics struct {
	calls     *prometheus.CounterVec
	strangers prometheus.Counter
}

func newLimitMetrics(r prometheus.Registerer) limitMetrics {
	m := limitMetrics{
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "koogate_api_calls_total",
			Help: "Calls of the internal API by class, by whose budget decided (shared: Redis; process: this one's, without Redis or while it is away), and by outcome: taken or limited.",
		}, []string{"class", "budget", "outcome"}),
		strangers: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "koogate_api_strangers_limited_total", Help: "Calls of nobody that is known, from addresses that were refused too often.",
		}),
	}
	r.MustRegister(m.calls, m.strangers)
	return m
}

// CallCounted counts a call of the internal API. class and by are words of the program.
func (m *Metrics) CallCounted(class, by string, limited bool) {
	outcome := "taken"
	if limited {
		outcome = "limited"
	}
	m.limits.calls.WithLabelValues(class, by, outcome).Inc()
}

// StrangerLimited counts a call of nobody that is known, from an address that was refused too often.
func (m *Metrics) StrangerLimited() { m.limits.strangers.Inc() }
