// SPDX-License-Identifier: Apache-2.0

package telemetry

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Of several windows the one with the least time left is shown, whichever place it has, and all of them in the histogram.
func TestTheWindowWithTheLeastTimeLeftIsShown(t *testing.T) {
	r := prometheus.NewRegistry()
	NewMetrics(r).Queues(func() []Queue {
		return []Queue{{Seller: "acme", Name: "crm", Left: []time.Duration{time.Hour, -time.Minute, 2 * time.Hour}}}
	})
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]int{}
	for i, f := range families {
		at[f.GetName()] = i
	}
	if got := families[at["koogate_queue_window_left_seconds"]].GetMetric()[0].GetGauge().GetValue(); got != -60 {
		t.Errorf("left: %v", got)
	}
	all := families[at["koogate_queue_window_seconds"]].GetMetric()[0].GetHistogram()
	within := map[float64]uint64{}
	for _, b := range all.GetBucket() {
		within[b.GetUpperBound()] = b.GetCumulativeCount()
	}
	if all.GetSampleCount() != 3 || all.GetSampleSum() != 3*3600-60 || within[0] != 1 || within[1800] != 1 || within[3600] != 2 || within[7200] != 3 {
		t.Errorf("all: %v", all)
	}
}
