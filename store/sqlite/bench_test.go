// SPDX-License-Identifier: Apache-2.0

package sqlite_test

import (
	"bytes"
	"database/sql"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/sqlite"
	"github.com/koogate/koogate/store/storetest"
)

// BenchmarkApply measures one admission: an order, a line, an instance, two tasks and an event.
func BenchmarkApply(b *testing.B) {
	for _, workers := range []int{1, 32} {
		b.Run(fmt.Sprintf("goroutines=%d", workers), func(b *testing.B) {
			s, err := sqlite.Open(b.Context(), sqlite.Options{Path: filepath.Join(b.TempDir(), "koogate.db"), Migrate: true})
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = s.Close() }()
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
	s, err := sqlite.Open(b.Context(), sqlite.Options{Path: filepath.Join(b.TempDir(), "koogate.db"), Migrate: true})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
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
				s, err := sqlite.Open(b.Context(), sqlite.Options{Path: filepath.Join(b.TempDir(), "koogate.db"), Migrate: true})
				if err != nil {
					b.Fatal(err)
				}
				defer func() { _ = s.Close() }()
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

// BenchmarkAddUsageFloor is what BenchmarkAddUsage cannot be faster than: the same rows from a hand-written loop, without a
// look at keys or windows, one transaction a batch on a connection with the same settings.
func BenchmarkAddUsageFloor(b *testing.B) {
	for _, size := range []int{1, 100, 1000} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "koogate.db")
			if _, err := sqlite.Migrate(b.Context(), path); err != nil {
				b.Fatal(err)
			}
			db, err := sql.Open("sqlite", path+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=cache_size(-65536)")
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = db.Close() }()
			conn, err := db.Conn(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			insert, err := conn.PrepareContext(b.Context(), `INSERT INTO usage_raw VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, '')`)
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = insert.Close() }()
			b.ResetTimer()
			for n := range b.N {
				if _, err := conn.ExecContext(b.Context(), "BEGIN IMMEDIATE"); err != nil {
					b.Fatal(err)
				}
				for _, r := range storetest.UsageBatch(n, size) {
					_, err := insert.ExecContext(b.Context(), r.Seller, r.Key, r.InstanceID, r.Window.StartAt.UnixMicro(), r.PackageID,
						r.Meter, string(r.Mode), r.BeginAt.UnixMicro(), r.EndAt.UnixMicro(), int64(r.Value), r.ReportedAt.UnixMicro(), r.Corrects)
					if err != nil {
						b.Fatal(err)
					}
				}
				if _, err := conn.ExecContext(b.Context(), "COMMIT"); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

// BenchmarkRecordCalls measures what a record of a call costs the one writer, in batches of 32: a purchase's call, and the order query that
// follows it, and a call with what was said. cpu-ns/call is the whole process's time.
func BenchmarkRecordCalls(b *testing.B) {
	const batch = 32
	for _, name := range []string{"inbound", "outbound", "body"} {
		b.Run(name, func(b *testing.B) {
			body := bytes.Repeat([]byte("x"), 900)
			s, err := sqlite.Open(b.Context(), sqlite.Options{Path: filepath.Join(b.TempDir(), "koogate.db"), Migrate: true})
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = s.Close() }()
			calls := make([]store.Call, batch)
			at, before := storetest.Epoch, processTime(b)
			b.ResetTimer()
			for range b.N {
				for i := range calls {
					at = at.Add(time.Millisecond)
					id := storetest.NewIDAt(at)
					calls[i] = store.Call{
						Seller: storetest.Seller, ID: id, CreatedAt: at, LastAt: at, Times: 1, Endpoint: "main", Family: "saas_v2", Activity: "newInstance",
						OrderID: "CS" + id, InstanceID: id, KeyID: id, TraceID: "0af7651916cd43dd8448eb211c80319c", Verdict: store.CallAnswered, Code: "000000",
						HTTPStatus: 200, Request: 700, Answer: 200, Subject: "d" + id[:31], Series: 4 * time.Hour,
					}
					c := &calls[i]
					switch name {
					case "body":
						c.Body = body
					case "outbound":
						c.Direction, c.Endpoint, c.Family, c.Activity, c.KeyID, c.Subject, c.Code = store.CallOutbound, "", "", "order_query", "", "", "MKT.0000"
						c.TaskID, c.Attempt = id, 1
					}
				}
				if err := s.RecordCalls(b.Context(), calls, nil); err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			b.ReportMetric(float64(processTime(b)-before)/float64(b.N*batch), "cpu-ns/call")
		})
	}
}

// processTime is how much of processors this process has used, in nanoseconds.
func processTime(b *testing.B) int64 {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}
