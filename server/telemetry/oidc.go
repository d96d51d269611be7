// SPDX-License-Identifier: Apache-2.0

package telemetry

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// oidcMetrics tell of callers that are known by JWTs, and of the keys of their issuers.
type oidcMetrics struct {
	refused, fetched *prometheus.CounterVec
	age              *prometheus.Desc
	ages             atomic.Pointer[func() map[string]time.Duration]
}

func newOIDCMetrics(r prometheus.Registerer) *oidcMetrics {
	counter := func(name, help, label string) *prometheus.CounterVec {
		v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{"issuer", label})
		r.MustRegister(v)
		return v
	}
	m := &oidcMetrics{
		refused: counter("koogate_oidc_refused_total", "JWTs of callers that were refused, by cause; the issuer is unknown where none of the configuration made it.", "cause"),
		fetched: counter("koogate_oidc_fetches_total", "Attempts to fetch the keys of an issuer of JWTs, by outcome: ok or failed.", "outcome"),
		age: prometheus.NewDesc("koogate_oidc_keys_age_seconds",
			"Time since the keys of an issuer of JWTs were last fetched. They count until it is access.oidc[].keep.", []string{"issuer"}, nil),
	}
	r.MustRegister(m)
	return m
}

// Describe implements prometheus.Collector.
func (m *oidcMetrics) Describe(c chan<- *prometheus.Desc) { c <- m.age }

// Collect implements prometheus.Collector.
func (m *oidcMetrics) Collect(c chan<- prometheus.Metric) {
	if ask := m.ages.Load(); ask != nil {
		for issuer, age := range (*ask)() {
			c <- prometheus.MustNewConstMetric(m.age, prometheus.GaugeValue, age.Seconds(), issuer)
		}
	}
}

// OIDCKeys tells where to ask how old the keys of the issuers are.
func (m *Metrics) OIDCKeys(ask func() map[string]time.Duration) { m.oidc.ages.Store(&ask) }

// OIDCRefused counts a JWT that was refused. issuer is one of the configuration, or empty; cause is a word of the program.
func (m *Metrics) OIDCRefused(issuer, cause string) {
	if issuer == "" {
		issuer = unnamed
	}
	m.oidc.refused.WithLabelValues(issuer, m.reasons.value(cause)).Inc()
}

// OIDCFetched counts an attempt to fetch the keys of an issuer of the configuration.
func (m *Metrics) OIDCFetched(issuer string, ok bool) {
	outcome := "failed"
	if ok {
		outcome = "ok"
	}
	m.oidc.fetched.WithLabelValues(issuer, outcome).Inc()
}
