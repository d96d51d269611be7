// SPDX-License-Identifier: Apache-2.0

package telemetry

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Round is how a loop of the process fares.
type Round struct {
	Seller, Name string
	Age          time.Duration // since it last completed a turn
	Late         bool
}

// observed are metrics that are read when they are shown, because they change while nothing happens.
type observed struct {
	rounds atomic.Pointer[func() []Round]
	free   atomic.Pointer[func() (int64, error)]

	age, late, bytes *prometheus.Desc
}

func newObserved(r prometheus.Registerer) *observed {
	o := &observed{
		age: prometheus.NewDesc("koogate_round_age_seconds",
			"Time since a loop of this process last completed a turn: its jobs, and the rounds that catch up with what is due.",
			[]string{"seller", "round"}, nil),
		late: prometheus.NewDesc("koogate_round_late",
			"1 while a loop of this process has not completed a turn for longer than it may, else 0.", []string{"seller", "round"}, nil),
		bytes: prometheus.NewDesc("koogate_database_free_bytes",
			"Free space of the file system that holds the SQLite database.", nil, nil),
	}
	r.MustRegister(o)
	return o
}

// Rounds tells where to ask how the loops of the process fare.
func (m *Metrics) Rounds(ask func() []Round) { m.observed.rounds.Store(&ask) }

// DatabaseFree tells where to ask for the free space of the database's file system.
func (m *Metrics) DatabaseFree(ask func() (int64, error)) { m.observed.free.Store(&ask) }

// Describe implements prometheus.Collector.
func (o *observed) Describe(c chan<- *prometheus.Desc) {
	c <- o.age
	c <- o.late
	c <- o.bytes
}

// Collect implements prometheus.Collector. What cannot be read is not shown.
func (o *observed) Collect(c chan<- prometheus.Metric) {
	if ask := o.rounds.Load(); ask != nil {
		for _, r := range (*ask)() {
			c <- prometheus.MustNewConstMetric(o.age, prometheus.GaugeValue, r.Age.Seconds(), r.Seller, r.Name)
			late := 0.0
			if r.Late {
				late = 1
			}
			c <- prometheus.MustNewConstMetric(o.late, prometheus.GaugeValue, late, r.Seller, r.Name)
		}
	}
	if ask := o.free.Load(); ask != nil {
		if n, err := (*ask)(); err == nil {
			c <- prometheus.MustNewConstMetric(o.bytes, prometheus.GaugeValue, float64(n))
		}
	}
}
