// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
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
