// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	_ "modernc.org/sqlite" // fills the file
)

const (
	noisyToken  = "process-test-token-of-the-noisy-01"
	noisySeller = "  - {name: noisy, api_tokens: [" + noisyToken + "], marketplace: {site: cn, access_key: ak, secret_key: process-test-secret-key-0123}}"
)

// One seller's 24 clients list without pause what has no rows, by filters with an index and by a pair of filters that no index
// serves: another seller's calls are answered, and the lists end or are told to wait. KOOGATE_NEIGHBOURS instances of both sellers;
// with it the quiet seller's times are held to three times those without neighbours, or 30 ms.
func TestNeighbours(t *testing.T) {
	instances, timed := 4000, false
	if text := os.Getenv("KOOGATE_NEIGHBOURS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 2 {
			t.Fatalf("KOOGATE_NEIGHBOURS=%q is not a number of instances", text)
		}
		instances, timed = n, true
	}
	for _, database := range []string{"sqlite", "postgres"} {
		t.Run(database, func(t *testing.T) { neighbours(t, newSite(t, database), instances, timed) })
	}
}

func neighbours(t *testing.T, s *site, instances int, timed bool) {
	s.migrate()
	s.fill(instances)
	p := s.process(false)
	text, err := os.ReadFile(p.config)
	if err != nil {
		t.Fatal(err)
	}
	text = []byte(strings.Replace(string(text), "\nendpoints:", "\n"+noisySeller+"\nendpoints:", 1))
	if err := os.WriteFile(p.config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	p.start()
	defer p.stop()
	phase := 500 * time.Millisecond
	if timed {
		phase = 20 * time.Second
	}
	p.measure(phase/4, instances) // warm
	idle := p.measure(phase, instances)
	var mu sync.Mutex
	lists := make(map[int]int) // by HTTP status
	stop := background(func(ctx context.Context) error {
		var wg sync.WaitGroup
		for client := range 24 {
			wg.Go(func() {
				for n := client; ctx.Err() == nil; n++ {
					status := p.list(ctx, noisyFilters[n%len(noisyFilters)])
					mu.Lock()
					lists[status]++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		return nil
	})
	busy := p.measure(phase, instances)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	delete(lists, 0) // cut off at the end
	for status := range lists {
		if !slices.Contains([]int{http.StatusOK, http.StatusTooManyRequests, http.StatusGatewayTimeout}, status) {
			t.Errorf("%d lists were answered %d", lists[status], status)
		}
	}
	if len(lists) == 0 {
		t.Error("no list was answered")
	}
	t.Logf("%d instances; lists by HTTP status: %v", instances, lists)
	for _, activity := range []string{"newInstance", "queryInstance"} {
		before, during := idle[activity], busy[activity]
		bound := max(3*before.p99, 30*time.Millisecond)
		t.Logf("%-13s p50 %8v p99 %8v alone (%d calls); p50 %8v p99 %8v beside 24 lists (%d calls)", activity,
			before.p50, before.p99, before.calls, during.p50, during.p99, during.calls)
		if before.failed+during.failed > 0 {
			t.Errorf("%s: %d and %d calls were answered otherwise", activity, before.failed, during.failed)
		}
		if timed && during.p99 > bound {
			t.Errorf("%s: p99 %v beside a busy neighbour, want at most %v", activity, during.p99, bound)
		}
	}
}

// noisyFilters find nothing. The last is a pair: each half of it has many rows.
var noisyFilters = []string{
	`charging_mode = "ON_DEMAND"`, `state = "FROZEN"`, `product_id = "none"`, `product_id = "p0" AND charging_mode = "ONE_TIME"`,
}

// list asks for a page as the noisy seller and returns the HTTP status, 0 for none.
func (p *process) list(ctx context.Context, filter string) int {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.api+"/v1/instances?filter="+url.QueryEscape(filter), nil)
	if err != nil {
		return 0
	}
	r.Header.Set("Authorization", "Bearer "+noisyToken)
	res, err := wire.Do(r)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return 0
	}
	return res.StatusCode
}

// times are what the calls of one activity took.
type times struct {
	p50, p99      time.Duration
	calls, failed int
}

// measure makes calls of the quiet seller for a while, an order and a query of an instance in turn.
func (p *process) measure(length time.Duration, instances int) map[string]times {
	p.site.t.Helper()
	took := make(map[string][]time.Duration)
	failed := make(map[string]int)
	call := func(activity, body string) {
		start := time.Now()
		a, err := p.call(context.Background(), body)
		if err != nil {
			p.site.t.Fatal(err)
		}
		took[activity] = append(took[activity], time.Since(start))
		if a.ResultCode != "000004" { // both are being provisioned
			p.site.t.Logf("%s was answered %+v", activity, a)
			failed[activity]++
		}
	}
	for n, end := 0, time.Now().Add(length); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		call("newInstance", newInstanceBody(fmt.Sprintf("CS%d", time.Now().UnixNano())))
		n++
		call("queryInstance", fmt.Sprintf(`{"activity":"queryInstance","instanceId":"filled-%d"}`, n*7919%(instances/2)*2+1))
	}
	out := make(map[string]times)
	for activity, all := range took {
		slices.Sort(all)
		out[activity] = times{
			p50: all[len(all)/2].Round(10 * time.Microsecond), p99: all[len(all)*99/100].Round(10 * time.Microsecond),
			calls: len(all), failed: failed[activity],
		}
	}
	return out
}

// fill writes instances of both sellers, half of them each, with their orders and tasks, past the program.
func (s *site) fill(instances int) {
	s.t.Helper()
	driver, dsn, numbers := "pgx", s.database, fmt.Sprintf("generate_series(1, %d) AS x(n)", instances)
	if file, ok := strings.CutPrefix(s.database, "sqlite:"); ok {
		driver, dsn = "sqlite", "file:"+file
		numbers = fmt.Sprintf("(WITH RECURSIVE x(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM x WHERE n < %d) SELECT n FROM x) AS x", instances)
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	seller := "CASE n % 2 WHEN 0 THEN 'noisy' ELSE 'vendor' END"
	for _, statement := range []string{
		`INSERT INTO orders (seller, order_id, endpoint, order_type, query_state, query_reason, head_seq, head_hash, created_at, updated_at)
		SELECT ` + seller + `, 'CSF' || n, 'main', 'NEW', 'DONE', '', 0, '', n, n FROM ` + numbers,
		`INSERT INTO instances (seller, instance_id, endpoint, order_id, order_line_id, state, frozen, reason, failure_code, product_id, sku_code,
			product_name, charging_mode, linear_value, trial, expire_at, task_seq, created_at, updated_at)
		SELECT ` + seller + `, 'filled-' || n, 'main', 'CSF' || n, '1', 'ACTIVE', 0, '', '', CASE n / 2 % 2 WHEN 0 THEN 'p0' ELSE 'p1' END, 'sku', 'name',
			CASE n / 2 % 2 WHEN 0 THEN 'PERIOD' ELSE 'ONE_TIME' END, 0, 0, 0, 0, n, n FROM ` + numbers,
		`INSERT INTO tasks (id, seller, queue, kind, state, order_id, instance_id, line_order_id, line_id, seq, due_at, deadline, retry_until, attempt,
			worker, fence, payload, result, reason, traceparent, created_at, updated_at)
		SELECT 'filled-' || n, ` + seller + `, 'worker', 'CREATE', 'DONE', 'CSF' || n, 'filled-' || n, '', '', 1, 0, 0, 0, 1, '', 1, '{}', '', '', '', n, n
		FROM ` + numbers,
	} {
		if _, err := db.Exec(statement); err != nil {
			s.t.Fatal(err)
		}
	}
	if driver == "pgx" { // as autovacuum does it within a minute
		if _, err := db.Exec("VACUUM ANALYZE"); err != nil {
			s.t.Fatal(err)
		}
	}
}
