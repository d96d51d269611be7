// SPDX-License-Identifier: Apache-2.0

package main

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/server/clock"
)

// skewBy says how far the clock of a test's process is ahead of the machine's.
const skewBy = "KOOGATE_TEST_CLOCK_AHEAD"

// skewed is the clock of a machine whose clock is wrong.
type skewed struct {
	clock.System
	by time.Duration
}

// Now implements clock.Clock.
func (s skewed) Now() time.Time { return s.System.Now().Add(s.by) }

func skewMachine(by string) {
	d, err := time.ParseDuration(by)
	if err != nil {
		panic(err)
	}
	machine = skewed{by: d}
}

// look reads from the listener for health and metrics.
func (p *process) look(path string) (status int, body string) {
	p.site.t.Helper()
	res, err := wire.Get("http://" + p.ops + path)
	if err != nil {
		p.site.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		p.site.t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// offset waits for the gauge of a clock, which is set every two seconds.
func (p *process) offset(against string) (seconds float64) {
	p.site.t.Helper()
	for range 100 {
		_, metrics := p.look("/metrics")
		_, rest, there := strings.Cut(metrics, `koogate_clock_offset_seconds{against="`+against+`"} `)
		if there {
			if _, err := fmt.Sscan(rest, &seconds); err != nil {
				p.site.t.Fatal(err)
			}
			return seconds
		}
		time.Sleep(50 * time.Millisecond)
	}
	p.site.t.Fatalf("no offset against the %s", against)
	return 0
}

// queried waits until so many order queries are done and returns how long the slowest took.
func queried(t *testing.T, p *process, orders int) time.Duration {
	t.Helper()
	began := time.Now()
	for {
		done := p.count("tasks", `kind = "ORDER_QUERY" AND state = "DONE"`)
		took := time.Since(began)
		if done == orders {
			return took
		}
		if took > 15*time.Second {
			t.Fatalf("%d of %d order queries are done after %s", done, orders, took.Round(time.Second))
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// One of two replicas is an hour ahead. It takes its part of the order queries and puts none away, because the database's clock
// orders the work and the marketplace's signs the calls; its readiness and metrics tell of its clock.
func TestAReplicaAnHourAheadPutsNothingAway(t *testing.T) {
	const orders = 37
	for name, ahead := range map[string]time.Duration{"ahead": time.Hour, "behind": -time.Hour} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, "postgres")
			s.migrate()
			right, wrong := s.process(true), s.process(true)
			wrong.env = []string{skewBy + "=" + ahead.String()}
			for _, p := range []*process{wrong, right} {
				p.start()
				defer p.stop()
			}
			for i := range orders {
				if a, err := right.call(t.Context(), newInstanceBody(fmt.Sprintf("CS26112812%06d", i))); err != nil || a.ResultCode != "000004" {
					t.Fatalf("%+v %v", a, err)
				}
			}
			took := queried(t, right, orders)
			t.Logf("%d order queries took %s", orders, took.Round(time.Millisecond))
			var status int
			var body string
			for range 100 { // its clock is looked at every two seconds, its calls wherever they come from
				if status, body = wrong.look("/readyz"); status == http.StatusServiceUnavailable {
					break
				}
				time.Sleep(50 * time.Millisecond)
			}
			var ready struct {
				Checks map[string]struct{ Status, Detail string }
			}
			if err := json.Unmarshal([]byte(body), &ready); err != nil {
				t.Fatal(err)
			}
			if c := ready.Checks["clock"]; status != http.StatusServiceUnavailable || c.Status != "failing" || !strings.Contains(c.Detail, "1h0m0s") {
				t.Errorf("the wrong one answers %d %s", status, body)
			}
			if status, body := right.look("/readyz"); status != http.StatusOK || !strings.Contains(body, `"clock":{"status":"ok"}`) {
				t.Errorf("the right one answers %d %s", status, body)
			}
			for _, against := range []string{"database", "marketplace"} {
				if seconds := wrong.offset(against); math.Abs(seconds+ahead.Seconds()) > 5 {
					t.Errorf("against the %s: %v s", against, seconds)
				}
			}
		})
	}
}

// A machine was eight hours ahead until its clock was corrected, and what it had put off comes to its turn.
func TestWhatAWrongClockPutOffIsPulledIn(t *testing.T) {
	const orders = 5
	s := newSite(t, "postgres")
	s.migrate()
	first := s.process(false)
	first.start()
	for i := range orders {
		if a, err := first.call(t.Context(), newInstanceBody(fmt.Sprintf("CS26112813%06d", i))); err != nil || a.ResultCode != "000004" {
			t.Fatalf("%+v %v", a, err)
		}
	}
	first.stop()
	db, err := sql.Open("pgx", s.database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const eightHours = 8 * 3600 * 1000000
	if _, err := db.Exec(`UPDATE tasks SET due_at = due_at + $1, updated_at = updated_at + $1 WHERE state = 'READY'`, eightHours); err != nil {
		t.Fatal(err)
	}
	p := s.process(true)
	p.start()
	defer p.stop()
	t.Logf("%d order queries took %s", orders, queried(t, p, orders).Round(time.Millisecond))
	if _, metrics := p.look("/metrics"); !strings.Contains(metrics, `koogate_pulled_in_total{seller="vendor"} 5`) {
		t.Error("it is not counted")
	}
}
