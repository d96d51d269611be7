// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/clock/clocktest"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/store"
)

// stuckStore lets the jobs wait until they give up. Its Ping answers as told.
type stuckStore struct {
	store.Store
	ping error
}

func (s stuckStore) Ping(context.Context) error { return s.ping }

func (stuckStore) Lease(ctx context.Context, _ store.LeaseRequest) ([]store.Task, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// brokenLedger fails one round and no other.
type brokenLedger struct{ store.Store }

func (brokenLedger) ProveUsage(context.Context, string, store.UsageWindowKey, int) ([]store.UsageProof, error) {
	return nil, errors.New("canary: the proof fails")
}

// TestReadinessIsProgress: every goroutine runs and the database answers probes, and all the same nothing is completed.
func TestReadinessIsProgress(t *testing.T) {
	for name, c := range map[string]struct {
		option func(d *server.Deps)
		after  time.Duration
		code   int
		want   string // the words of readiness
		detail string
		metric string
	}{
		"in time": {
			func(d *server.Deps) { d.Store = stuckStore{d.Store, nil} }, 29 * time.Second,
			200, "database=ok jobs=ok redis=ok server=ok → ok", "", `koogate_round_late{round="jobs",seller="acme"} 0`,
		},
		"jobs wait for ever": {
			func(d *server.Deps) { d.Store = stuckStore{d.Store, nil} }, 31 * time.Second,
			503, "database=ok jobs=failing redis=ok server=ok → failing", "jobs of acme: nothing completed for 31s",
			`koogate_round_age_seconds{round="jobs",seller="acme"} 31`,
		},
		"the database is read-only": {
			func(d *server.Deps) { d.Store = stuckStore{d.Store, store.ErrReadOnly} }, 31 * time.Second,
			200, "database=degraded jobs=degraded redis=ok server=ok → degraded", "jobs of acme: nothing completed for 31s",
			`koogate_round_late{round="jobs",seller="acme"} 1`,
		},
		"a round fails": {
			func(d *server.Deps) { d.Store = brokenLedger{d.Store} }, 6 * time.Minute,
			200, "database=ok jobs=degraded redis=ok server=ok → degraded", "prove usage of acme: nothing completed for 6m0s",
			`koogate_round_late{round="prove usage",seller="acme"} 1`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			clk := clocktest.New(time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC))
			r := start(t, func(_ *config.Config, d *server.Deps) {
				d.Clock = virtual{clk}
				c.option(d)
			})
			eventually(t, "the loops begin", func() bool {
				_, body, _ := r.http(config.ListenerOps, http.MethodGet, "/metrics", "", "")
				return strings.Contains(body, `koogate_round_age_seconds{round="prove usage",seller="other"} 0`)
			})
			clk.Advance(c.after)
			var body string
			t.Cleanup(func() {
				if t.Failed() {
					t.Log(body)
				}
			})
			eventually(t, c.want, func() bool { // loops that are well catch up first
				var code int
				code, body, _ = r.http(config.ListenerOps, http.MethodGet, "/readyz", "", "")
				return code == c.code && readyWords(t, body) == c.want && strings.Contains(body, c.detail)
			})
			if strings.Contains(body, "canary") {
				t.Error("an error's text in the answer")
			}
			if _, body, _ := r.http(config.ListenerOps, http.MethodGet, "/metrics", "", ""); !strings.Contains(body, c.metric+"\n") {
				t.Errorf("no %s in the metrics", c.metric)
			}
		})
	}
}

// TestALoopThatMakesNoProgressIsLogged: once when it has been late at two looks, and again when it goes on. However often the clock
// jumps, that alone makes no loop late.
func TestALoopThatMakesNoProgressIsLogged(t *testing.T) {
	t.Parallel()
	clk := clocktest.New(time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC))
	var ledger *mendedLedger
	r := start(t, func(_ *config.Config, d *server.Deps) {
		ledger = &mendedLedger{Store: d.Store}
		d.Clock, d.Store = virtual{clk}, ledger
	})
	eventually(t, "the round has failed", func() bool { return ledger.failed.Load() >= 2 }) // that of each seller
	const late, again = `level=ERROR msg="a loop makes no progress" round="prove usage" seller=acme`, `msg="a loop makes progress again" round="prove usage" seller=acme`
	for range 20 {
		clk.Advance(3 * time.Hour)
		time.Sleep(10 * time.Millisecond) // so that the looks follow
	}
	if log := r.log.String(); strings.Contains(log, "makes no progress") {
		t.Fatalf("a jump is told as lateness:\n%s", log)
	}
	forward := func(text string) {
		t.Helper()
		eventually(t, text, func() bool {
			clk.Advance(5 * time.Second)
			return strings.Contains(r.log.String(), text)
		})
	}
	forward(late)
	ledger.mended.Store(true)
	forward(again)
	if log := r.log.String(); strings.Count(log, late) != 1 || strings.Count(log, again) != 1 {
		t.Errorf("told %d times, taken back %d times", strings.Count(log, late), strings.Count(log, again))
	}
}

// mendedLedger fails one round until it is mended.
type mendedLedger struct {
	store.Store
	mended atomic.Bool
	failed atomic.Int64
}

func (l *mendedLedger) ProveUsage(ctx context.Context, seller string, after store.UsageWindowKey, limit int) ([]store.UsageProof, error) {
	if l.mended.Load() {
		return l.Store.ProveUsage(ctx, seller, after, limit)
	}
	l.failed.Add(1)
	return nil, errors.New("the proof fails")
}
