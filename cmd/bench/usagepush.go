// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/koogate/koogate/server/usage"
	"github.com/koogate/koogate/store"
)

// The backlog of a push: usage of owners instances in so many hours that they have ended and the marketplace still takes
// them. The order of deadlines is not that of the primary keys.
const (
	owners   = 10_000
	maxHours = 500 // the marketplace refuses what is 504 hours old
)

// pushed is what a process that pushed a backlog found out.
type pushed struct {
	Records int
	Took    time.Duration
	Heap    [10]uint64    // greatest in each tenth of the backlog, in bytes; with garbage
	RSS     uint64        // greatest, SQLite's cache in it
	Ages    time.Duration // the longest time of the query behind the backlog's metrics and alarms
}

// pushing pushes backlogs of two sizes, each in a process of its own.
func (b *bench) pushing(ctx context.Context, kind string) error {
	t := &table{
		part:    "usage/" + kind,
		title:   fmt.Sprintf("Push of a backlog of %s, SQLite, every verdict durable, to a marketplace that answers at once; batches of 1000", kind),
		columns: []string{"pending", "records/s", "heap max", "in each tenth, MB", "RSS max", "metrics query max"},
	}
	var heap []uint64
	for _, n := range []int{b.backlog / 10, b.backlog} {
		progress("push of %d %s", n, kind)
		path := filepath.Join(b.dir, fmt.Sprintf("push-%s-%d.db", kind, n))
		if err := newBacklog(ctx, path, kind, n); err != nil {
			return err
		}
		p, err := pushApart(ctx, path, n)
		if err := errors.Join(err, remove(path)); err != nil {
			return err
		}
		var tenths []string
		for _, h := range p.Heap {
			tenths = append(tenths, fmt.Sprintf("%.0f", float64(h)/1e6))
		}
		most := slices.Max(p.Heap[:])
		heap = append(heap, most)
		t.add(count(n), number(float64(p.Records)/p.Took.Seconds(), 0), megabytes(float64(most)), word(strings.Join(tenths, " ")),
			megabytes(float64(p.RSS)), micros(p.Ages))
	}
	progress("")
	t.note("heap max at ten times the backlog: RATIO %.2f", float64(heap[1])/float64(heap[0]))
	return b.out.add(t)
}

func remove(path string) error {
	for _, suffix := range []string{"", "-wal", "-shm", ".lock"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// The kinds of a backlog.
const (
	kindRecords = "records" // made of windows already
	kindWindows = "windows" // that are due
)

// newBacklog makes a database with something to push, past the service: indexes are made at the end.
func newBacklog(ctx context.Context, path, kind string, n int) error {
	if n > owners*maxHours {
		return fmt.Errorf("a backlog of %d: at most %d is young enough", n, owners*maxHours)
	}
	if err := newLedger(ctx, path, owners); err != nil {
		return err
	}
	table := "usage_" + kind
	indexes, err := definitions(ctx, path, table)
	if err != nil {
		return err
	}
	// Dropping an index drops what the migrations told the planner of it.
	drop := []string{"CREATE TEMP TABLE told AS SELECT * FROM sqlite_stat1"}
	var restore []string
	for name, text := range indexes {
		drop, restore = append(drop, "DROP INDEX "+name), append(restore, text)
	}
	restore = append(restore, "DELETE FROM sqlite_stat1", "INSERT INTO sqlite_stat1 SELECT * FROM told", "ANALYZE sqlite_schema")
	hour := time.Hour.Microseconds()
	hours := (n + owners - 1) / owners
	first := time.Now().UTC().Truncate(time.Hour).Add(-time.Duration(hours+1) * time.Hour).UnixMicro()
	// m runs through 0 to n-1 in an order of its own: the factor is a prime.
	rows := fmt.Sprintf(`WITH RECURSIVE k (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM k WHERE n < %[1]d - 1),
		r AS (SELECT n, n * 2654435761 %% %[1]d AS m FROM k),
		u AS (SELECT n, m, printf('5f3c9d1e-7f0b-4b35-9e57-%%012d', m %% %[2]d) AS instance_id, %[3]d + m / %[2]d * %[4]d AS start_at FROM r)
		`, n, owners, first, hour)
	due, refuse := time.Minute.Microseconds(), 21*24*hour
	insert := rows + fmt.Sprintf(`INSERT INTO usage_records (seller, id, instance_id, start_at, package_id, part, meter, begin_at, end_at, value,
			state, code, attempt, due_at, deadline_at, refuse_at, created_at, updated_at)
		SELECT 'bench', printf('00000000-0000-8000-8000-%%012x', n), instance_id, start_at, '', 0, 'calls', start_at, start_at + %[1]d, 12345,
			'SENDING', '', 0, start_at + %[1]d + %[2]d + m, start_at + %[1]d + 15 * %[2]d, start_at + %[3]d, start_at + %[1]d, start_at + %[1]d
		FROM u`, hour, due, refuse)
	if kind == kindWindows {
		// In the order of the primary key, for the sake of time; deadlines cross it.
		insert = rows + fmt.Sprintf(`INSERT INTO usage_windows (seller, instance_id, start_at, package_id, id, meter, mode, end_at, total, settled, open,
				records, last_end_at, last_reported_at, last_key, due_at, deadline_at, refuse_at, created_at, updated_at)
			SELECT 'bench', instance_id, start_at, '', printf('%%064x', m), 'calls', 'SUM', start_at + %[1]d, 12345, 0, 1,
				1, 0, 0, '', start_at + %[1]d + %[2]d, start_at + %[1]d + 15 * %[2]d, start_at + %[3]d, start_at, start_at
			FROM u ORDER BY instance_id, start_at`, hour, due, refuse)
	}
	return alter(ctx, path, slices.Concat(drop, []string{insert}, restore)...)
}

// definitions are a table's indexes, by name.
func definitions(ctx context.Context, path, table string) (map[string]string, error) {
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }()
	rows, err := db.QueryContext(ctx, `SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = $1 AND sql IS NOT NULL`, table)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	out := make(map[string]string)
	for rows.Next() {
		var name, text string
		if err := rows.Scan(&name, &text); err != nil {
			return nil, err
		}
		out[name] = text
	}
	return out, rows.Err()
}

// pushApart pushes in a process of its own, whose memory holds nothing else.
func pushApart(ctx context.Context, path string, n int) (p pushed, err error) {
	self, err := os.Executable()
	if err != nil {
		return p, err
	}
	cmd := exec.CommandContext(ctx, self, "-push", path, "-backlog", strconv.Itoa(n)) //nolint:gosec // ourselves
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return p, fmt.Errorf("push: %w", err)
	}
	return p, json.Unmarshal(out, &p)
}

// taker is a marketplace that takes everything at once.
type taker struct{}

// PushUsage implements usage.Pusher.
func (taker) PushUsage(_ context.Context, _ string, records []store.UsageRecord) ([]usage.Verdict, error) {
	verdicts := make([]usage.Verdict, len(records))
	for i := range verdicts {
		verdicts[i].Kind = usage.VerdictAccepted
	}
	return verdicts, nil
}

// watched counts what was taken, for the one who watches the memory.
type watched struct {
	taker
	progress chan<- int
}

// PushUsage implements usage.Pusher.
func (w watched) PushUsage(ctx context.Context, seller string, records []store.UsageRecord) ([]usage.Verdict, error) {
	w.progress <- len(records)
	return w.taker.PushUsage(ctx, seller, records)
}

// pushAll is the process: it pushes as the standing task does, round by round, and prints what it found out.
func pushAll(ctx context.Context, path string, n int) (err error) {
	taken := make(chan int)
	svc, st, err := openService(ctx, path, watched{progress: taken})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	p := pushed{}
	seen := make(chan struct{})
	go func() {
		defer close(seen)
		watch(&p, n, taken)
	}()
	begin := time.Now()
	for p.Records < n {
		r, err := svc.Push(ctx, seller)
		if err != nil {
			return err
		}
		if r.Pushed == 0 {
			return fmt.Errorf("%d of %d records pushed, and no more", p.Records, n)
		}
		p.Records += r.Pushed
		from := time.Now()
		if _, err := st.UsageAges(ctx, seller); err != nil {
			return err
		}
		p.Ages = max(p.Ages, time.Since(from))
	}
	p.Took = time.Since(begin)
	close(taken)
	<-seen
	return json.NewEncoder(os.Stdout).Encode(p)
}

// watch looks at the memory ten times a second.
func watch(p *pushed, n int, taken <-chan int) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for done := 0; ; {
		select {
		case k, ok := <-taken:
			if !ok {
				return
			}
			done += k
		case <-tick.C:
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			tenth := min(done*10/n, 9)
			p.Heap[tenth] = max(p.Heap[tenth], m.HeapAlloc)
			p.RSS = max(p.RSS, uint64(memoryUsed(os.Getpid())))
		}
	}
}

// inOrder compares the time of a batch in the order of deadlines with few and with many pending.
func (b *bench) inOrder(ctx context.Context) (err error) {
	sizes := []int{10_000, b.pending}
	var stores []store.Ledger
	for _, n := range sizes {
		progress("%d pending records", n)
		path := filepath.Join(b.dir, fmt.Sprintf("order-%d.db", n))
		if err := newBacklog(ctx, path, kindRecords, n); err != nil {
			return err
		}
		_, st, err := openService(ctx, path, nil)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, st.Close(), remove(path)) }()
		stores = append(stores, st)
	}
	var took [2][]time.Duration
	for range 30 {
		for i, st := range stores {
			from := time.Now()
			list, err := st.SendingUsage(ctx, seller, from.UTC(), 1000)
			took[i] = append(took[i], time.Since(from))
			if err != nil {
				return err
			}
			if len(list) != 1000 {
				return fmt.Errorf("%d records instead of 1000 among %d", len(list), sizes[i])
			}
		}
	}
	few, all := percentile(took[0], 50), percentile(took[1], 50)
	progress("")
	t := &table{part: "usage/order", title: "The next 1000 records by deadline", columns: []string{"pending", "p50", "GROWTH"}}
	t.add(count(sizes[0]), micros(few), ratio(1, 1))
	t.add(count(sizes[1]), micros(all), ratio(float64(all), float64(few)))
	return b.out.add(t)
}
