// SPDX-License-Identifier: Apache-2.0

package telemetry

import (
	"cmp"
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

// loginMetrics tell what becomes of logins of joint products, and how the authentication centres answer.
type loginMetrics struct {
	logins *prometheus.CounterVec
	centre *prometheus.HistogramVec
}

func newLoginMetrics(r prometheus.Registerer) loginMetrics {
	m := loginMetrics{
		logins: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "koogate_logins_total", Help: "Logins of joint products that are over, by where they began and outcome: DONE, or why not.",
		}, []string{"entrance", "outcome"}),
		centre: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "koogate_login_centre_seconds", Help: "Time of calls to authentication centres, by outcome: ok, or what went wrong.",
			Buckets: []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"call", "outcome"}),
	}
	r.MustRegister(m.logins, m.centre)
	return m
}

// Login counts a login that is over. Both are words of the program; fault is empty when it has led to a session.
func (m *Metrics) Login(entrance, fault string) {
	m.login.logins.WithLabelValues(m.kinds.value(entrance), m.reasons.value(cmp.Or(fault, "DONE"))).Inc()
}

// Centre measures a call to an authentication centre. Both are words of the program; fault is empty when it went well.
func (m *Metrics) Centre(call, fault string, took time.Duration) {
	m.login.centre.WithLabelValues(m.kinds.value(call), m.reasons.value(cmp.Or(fault, "ok"))).Observe(took.Seconds())
}
