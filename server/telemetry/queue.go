// SPDX-License-Identifier: Apache-2.0

package telemetry

import (
	"math"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Queue is what metrics show of a seller's queue.
type Queue struct {
	Seller, Name      string
	Kinds             []QueueKind
	Waiting           time.Duration // how long what has waited longest could have been leased; 0 when nothing waits
	AskedAt, LeasedAt time.Time     // when a worker last asked for work and last got some; zero for never
	Left              []time.Duration
}

// QueueKind is how much of one kind is open in a queue, and how old the oldest of it is.
type QueueKind struct {
	Kind               string
	Due, Later, Leased int
	Oldest             time.Duration
}

// leftBuckets divide the marketplace's windows, which are three hours long where an order is refunded.
var leftBuckets = []float64{0, 60, 300, 900, 1800, 3600, 7200, 10800}

// queueCollector shows the queues as they are when somebody looks.
type queueCollector struct {
	source atomic.Pointer[func() []Queue]

	tasks, oldest, waiting, asked, leased, left, lefts *prometheus.Desc

	sellers, queues, kinds *bounded
}

func newQueueCollector(r prometheus.Registerer, sellers, queues, kinds *bounded) *queueCollector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, append([]string{"seller", "queue"}, labels...), nil)
	}
	c := &queueCollector{
		tasks: desc("koogate_queue_tasks",
			"Open tasks: due wait for a worker, later pause between attempts, leased are in the hands of workers. Every replica shows the same.",
			"kind", "state"),
		oldest:  desc("koogate_queue_oldest_seconds", "Age of the oldest open task.", "kind"),
		waiting: desc("koogate_queue_waiting_seconds", "How long a task has waited for a worker; 0 when none waits."),
		asked:   desc("koogate_queue_last_ask_timestamp_seconds", "When a worker last asked for work; 0 for never."),
		leased:  desc("koogate_queue_last_lease_timestamp_seconds", "When a worker last got work; 0 for never."),
		left: desc("koogate_queue_window_left_seconds",
			"Time left of the marketplace's window, of the open task with the least; negative when it is over, +Inf when it waits for none."),
		lefts:   desc("koogate_queue_window_seconds", "Time left of the marketplace's windows, of all open tasks for which it waits."),
		sellers: sellers, queues: queues, kinds: kinds,
	}
	r.MustRegister(c)
	return c
}

// Queues says where the queues are read when metrics are collected.
func (m *Metrics) Queues(source func() []Queue) { m.queueState.source.Store(&source) }

// Describe implements prometheus.Collector.
func (c *queueCollector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.tasks, c.oldest, c.waiting, c.asked, c.leased, c.left, c.lefts} {
		out <- d
	}
}

// Collect implements prometheus.Collector. Labels beyond their bounds are left out, because no two series may be the same.
func (c *queueCollector) Collect(out chan<- prometheus.Metric) {
	source := c.source.Load()
	if source == nil {
		return
	}
	for _, q := range (*source)() {
		seller, queue := c.sellers.value(q.Seller), c.queues.value(q.Name)
		if seller == other || queue == other {
			continue
		}
		gauge := func(d *prometheus.Desc, v float64, labels ...string) {
			out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, append([]string{seller, queue}, labels...)...)
		}
		for _, k := range q.Kinds {
			kind := c.kinds.value(k.Kind)
			if kind == other {
				continue
			}
			gauge(c.tasks, float64(k.Due), kind, "due")
			gauge(c.tasks, float64(k.Later), kind, "later")
			gauge(c.tasks, float64(k.Leased), kind, "leased")
			gauge(c.oldest, k.Oldest.Seconds(), kind)
		}
		gauge(c.waiting, q.Waiting.Seconds())
		gauge(c.asked, unix(q.AskedAt))
		gauge(c.leased, unix(q.LeasedAt))
		worst, sum, counts := math.Inf(1), 0.0, make(map[float64]uint64, len(leftBuckets))
		for _, bucket := range leftBuckets {
			counts[bucket] = 0
		}
		for _, left := range q.Left {
			worst, sum = min(worst, left.Seconds()), sum+left.Seconds()
			for _, bucket := range leftBuckets {
				if left.Seconds() <= bucket {
					counts[bucket]++
				}
			}
		}
		gauge(c.left, worst)
		out <- prometheus.MustNewConstHistogram(c.lefts, uint64(len(q.Left)), sum, counts, seller, queue)
	}
}

func unix(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}
