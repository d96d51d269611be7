// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

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

// BenchmarkAddUsage measures raw records that come in batches, with and without the audit row of the call.
func BenchmarkAddUsage(b *testing.B) {
	for _, size := range []int{1, 100, 1000} {
		for _, c := range []struct {
			workers int
			audited bool
		}{{1, false}, {1, true}, {8, false}, {8, true}} {
			b.Run(fmt.Sprintf("batch=%d/goroutines=%d/audited=%v", size, c.workers, c.audited), func(b *testing.B) {
				ctx := b.Context()
				if c.audited {
					ctx = storetest.AuditedCall(ctx)
				}
				s := open(b, freshSchema(b))
				var next atomic.Int64
				var wg sync.WaitGroup
				b.ReportAllocs()
				b.ResetTimer()
				for range c.workers {
					wg.Go(func() {
						for {
							n := next.Add(1)
							if n > int64(b.N) {
								return
							}
							if _, err := s.AddUsage(ctx, storetest.UsageBatch(int(n), size)); err != nil {
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

// BenchmarkAddUsageFloor is what BenchmarkAddUsage cannot be faster than: the same rows by COPY, without a look at keys or
// windows, one transaction a batch.
func BenchmarkAddUsageFloor(b *testing.B) {
	columns := []string{
		"seller", "key", "instance_id", "start_at", "package_id", "meter", "mode", "begin_at", "end_at", "value", "reported_at", "corrects",
		"counted", "replaced_by",
	}
	for _, size := range []int{1, 100, 1000} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			url := freshSchema(b)
			open(b, url)
			conn, err := pgx.Connect(b.Context(), url)
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = conn.Close(context.Background()) }()
			b.ResetTimer()
			for n := range b.N {
				raws := storetest.UsageBatch(n, size)
				rows := pgx.CopyFromSlice(len(raws), func(i int) ([]any, error) {
					r := &raws[i]
					return []any{
						r.Seller, r.Key, r.InstanceID, r.Window.StartAt.UnixMicro(), r.PackageID, r.Meter, string(r.Mode), r.BeginAt.UnixMicro(),
						r.EndAt.UnixMicro(), int64(r.Value), r.ReportedAt.UnixMicro(), r.Corrects, 1, "",
					}, nil
				})
				if _, err := conn.CopyFrom(b.Context(), pgx.Identifier{"usage_raw"}, columns, rows); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "records/s")
		})
	}
}
