package postgres_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/koogate/koogate/store/storetest"
)

// BenchmarkApply measures one admission: an order, a line, an instance, two tasks and an event.
func BenchmarkApply(b *testing.B) {
	for _, workers := range []int{1, 32} {
		b.Run(fmt.Sprintf("goroutines=%d", workers), func(b *testing.B) {
			s := open(b, freshSchema(b))
			var next atomic.Int64
			var wg sync.WaitGroup
			b.ReportAllocs()
			b.ResetTimer()
			for range workers {
				wg.Go(func() {
					for {
						n := next.Add(1)
						if n > int64(b.N) {
							return
						}
						if err := s.Apply(b.Context(), storetest.Admission(fmt.Sprintf("CS%015d", n), storetest.Epoch)); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "changes/s")
		})
	}
}

// BenchmarkFullList measures the greatest list of departments that the Kit sends: half of them are there, and as many end.
func BenchmarkFullList(b *testing.B) {
	s := open(b, freshSchema(b))
	b.ResetTimer()
	for n := range b.N {
		if err := s.Apply(b.Context(), storetest.FullList(20000, n+1)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAddUsage measures raw records that come in batches.
func BenchmarkAddUsage(b *testing.B) {
	for _, size := range []int{1, 100, 1000} {
		for _, workers := range []int{1, 8} {
			b.Run(fmt.Sprintf("batch=%d/goroutines=%d", size, workers), func(b *testing.B) {
				s := open(b, freshSchema(b))
				var next atomic.Int64
				var wg sync.WaitGroup
				b.ReportAllocs()
				b.ResetTimer()
				for range workers {
					wg.Go(func() {
						for {
							n := next.Add(1)
							if n > int64(b.N) {
								return
							}
							if _, err := s.AddUsage(b.Context(), storetest.UsageBatch(int(n), size)); err != nil {
								b.Error(err)
								return
							}
						}
					})
				}
				wg.Wait()
				b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "records/s")
			})
		}
	}
}
