// SPDX-License-Identifier: Apache-2.0

package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// certificateMetrics tell how the certificates of the listeners are.
type certificateMetrics struct{ expiry, unusable *prometheus.GaugeVec }

func newCertificateMetrics(r prometheus.Registerer) certificateMetrics {
	gauge := func(name, help string) *prometheus.GaugeVec {
		v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, []string{"listener"})
		r.MustRegister(v)
		return v
	}
	return certificateMetrics{
		expiry: gauge("koogate_certificate_expiry_seconds",
			"Time until the certificate that the listener shows, or one of its chain, expires; negative when it has."),
		unusable: gauge("koogate_certificate_unusable",
			"1 while the files of the listener's certificate cannot be used and it goes on with what it had, else 0."),
	}
}

// Certificate tells how long a listener's certificate is valid, and whether its files can be used. listener is a word of the
// program.
func (m *Metrics) Certificate(listener string, left time.Duration, usable bool) {
	m.certificates.expiry.WithLabelValues(listener).Set(left.Seconds())
	v := 0.0
	if !usable {
		v = 1
	}
	m.certificates.unusable.WithLabelValues(listener).Set(v)
}
