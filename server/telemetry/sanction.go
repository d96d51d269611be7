// SPDX-License-Identifier: Apache-2.0

package telemetry

import "github.com/prometheus/client_golang/prometheus"

// sanctionMetrics tell how near sellers are to what the marketplace does when their interface fails.
type sanctionMetrics struct{ failed, waiting, days *prometheus.GaugeVec }

func newSanctionMetrics(r prometheus.Registerer) sanctionMetrics {
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
		r.MustRegister(v)
		return v
	}
	return sanctionMetrics{
		failed: gauge("koogate_failed_orders",
			"Failed orders of this Beijing month, by product: with the sixth the marketplace may take the product off the catalogue.", "seller", "product"),
		waiting: gauge("koogate_orders_at_risk", "Orders that count as failed unless they end well before the marketplace's deadline.", "seller"),
		days:    gauge("koogate_probe_days", "Days in a row on which test calls have failed: on the fifth the marketplace may freeze the trade.", "seller", "endpoint"),
	}
}

// Sanctions shows a seller's failed orders by product, how many orders are at risk, and the days of failing test calls by endpoint. What is not
// named is not shown any more.
func (m *Metrics) Sanctions(seller string, failed map[string]int, waiting int, days map[string]int) {
	seller = m.sellers.value(seller)
	m.sanctions.failed.DeletePartialMatch(prometheus.Labels{"seller": seller})
	m.sanctions.days.DeletePartialMatch(prometheus.Labels{"seller": seller})
	for product, n := range failed {
		m.sanctions.failed.WithLabelValues(seller, m.products.value(product)).Add(float64(n))
	}
	m.sanctions.waiting.WithLabelValues(seller).Set(float64(waiting))
	for endpoint, n := range days {
		m.sanctions.days.WithLabelValues(seller, m.endpoints.value(endpoint)).Set(float64(n))
	}
}
