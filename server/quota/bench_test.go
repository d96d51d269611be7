// SPDX-License-Identifier: Apache-2.0

package quota_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/koogate/koogate/server/decimal"
)

// BenchmarkReserve measures reservations of one instance with three packages, the worst case: all contend for one row.
// What is refused is measured apart.
func BenchmarkReserve(b *testing.B) {
	for name, open := range backends {
		for _, refused := range []bool{false, true} {
			b.Run(fmt.Sprintf("%s/refused=%v", name, refused), func(b *testing.B) {
				r := over(b, open(b))
				for _, p := range []string{"P1", "P2", "P3"} {
					r.pack(p, "99999999.9999")
				}
				amount := r.units("0.0001")
				if refused {
					amount = decimal.Max*3 + 1
				}
				var next atomic.Int64
				var group sync.WaitGroup
				b.ResetTimer()
				for range 64 {
					group.Go(func() {
						for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
							_, err := r.Reserve(b.Context(), seller, "inst-OD", fmt.Sprint("r", n), amount, time.Hour)
							if (err != nil) != refused {
								b.Error(err)
								return
							}
						}
					})
				}
				group.Wait()
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "reserves/s")
			})
		}
	}
}
