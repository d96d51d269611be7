// SPDX-License-Identifier: Apache-2.0

package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// provisionerMetrics tell what webhook provisioners make of tasks.
type provisionerMetrics struct {
	calls   *prometheus.CounterVec
	seconds *prometheus.HistogramVec
}

func newProvisionerMetrics(r prometheus.Registerer) provisionerMetrics {
	m := provisionerMetrics{
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "koogate_provisioner_calls_total", Help: "Tasks that were sent to a webhook provisioner, by what came of it: DONE, ACCEPTED, REFUSED, OVERTAKEN, or why it is tried again.",
		}, []string{"queue", "outcome"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "koogate_provisioner_call_seconds", Help: "Time that sending a task and its answer have taken.", Buckets: []float64{.01, .05, .1, .5, 1, 5, 10, 30},
		}, []string{"queue"}),
	}
	r.MustRegister(m.calls, m.seconds)
	return m
}

// ProvisionerCall counts a call of a webhook provisioner. outcome is a word of the program.
func (m *Metrics) ProvisionerCall(queue, outcome string, took time.Duration) {
	queue = m.queues.value(queue)
	m.provisioners.calls.WithLabelValues(queue, m.outcomes.value(outcome)).Inc()
	m.provisioners.seconds.WithLabelValues(queue).Observe(took.Seconds())
}
