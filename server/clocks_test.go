// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/store"
)

// offStore is a database whose clock is wrong.
type offStore struct {
	store.Store
	ahead time.Duration
}

func (s offStore) Now(ctx context.Context) (time.Time, error) {
	now, err := s.Store.Now(ctx)
	return now.Add(s.ahead), err
}

// clocksOff gives a server a database and a marketplace whose clocks are ahead of its own; a marketplace that was never heard of
// is silent.
func clocksOff(database, market time.Duration, silent bool) option {
	return func(_ *config.Config, d *server.Deps) {
		d.Store = offStore{d.Store, database}
		if !silent {
			d.Market.Saw(d.Clock.Now().Add(market))
		}
	}
}

// A process is not ready only when its clock disagrees with both others; everything less alarms.
func TestClocksThatDisagree(t *testing.T) {
	const hour = time.Hour
	for name, c := range map[string]struct {
		database, market time.Duration
		silent           bool
		code             int
		status, detail   string
	}{
		"all agree":                         {0, 0, false, 200, "ok", ""},
		"all agree within seconds":          {4 * time.Second, -4 * time.Second, false, 200, "ok", ""},
		"the database's alone is wrong":     {hour, 0, false, 200, "degraded", "the database's clock is 1h0m0s ahead of this machine's"},
		"the marketplace's alone is wrong":  {0, -hour, false, 200, "degraded", "the marketplace's clock is 1h0m0s behind this machine's"},
		"the machine's is wrong":            {-hour, -hour, false, 503, "failing", "this machine's clock is wrong: the database's clock is 1h0m0s behind this machine's, the marketplace's clock is 1h0m0s behind this machine's"},
		"by less than calls may be off":     {-30 * time.Second, -30 * time.Second, false, 200, "degraded", "the database's clock is 30s behind this machine's, the marketplace's clock is 30s behind this machine's"},
		"no word of the marketplace":        {hour, 0, true, 200, "degraded", "the database's clock is 1h0m0s ahead of this machine's"},
		"no word, and the database's agree": {0, 0, true, 200, "ok", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, clocksOff(c.database, c.market, c.silent))
			code, body, _ := r.http(config.ListenerOps, http.MethodGet, "/readyz", "", "")
			var ready struct {
				Checks map[string]struct{ Status, Detail string }
			}
			if err := json.Unmarshal([]byte(body), &ready); err != nil {
				t.Fatal(err)
			}
			if got := ready.Checks["clock"]; code != c.code || got.Status != c.status || got.Detail != c.detail {
				t.Errorf("got %d %+v", code, got)
			}
			if c.status == "ok" {
				return
			}
			for range 200 {
				if strings.Contains(r.log.String(), "the clocks disagree") {
					return
				}
				time.Sleep(10 * time.Millisecond)
			}
			t.Error("nothing is logged")
		})
	}
}

// A database that is an hour ahead of every process orders the work by its own clock: nothing is put off.
func TestWorkGoesOnByTheDatabasesClock(t *testing.T) {
	r := start(t, clocksOff(0, 0, true), func(_ *config.Config, d *server.Deps) {
		d.Clock = behind{}
		d.Market = clock.Witness(d.Clock)
	})
	r.mustCall("linked", newInstance("CS-BEHIND"))
	for range 500 {
		a, err := r.deps.Store.Aggregate(t.Context(), "acme", "CS-BEHIND")
		if err != nil {
			t.Fatal(err)
		}
		if a.Order.QueryState == store.QueryDone {
			if age := time.Since(a.Order.CreatedAt); age < 0 || age > time.Minute {
				t.Errorf("the order is %s old by the database's clock", age)
			}
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("the order query was put off")
}

// behind is the clock of a machine that is half a minute behind, within what calls may be off.
type behind struct{ clock.System }

func (behind) Now() time.Time { return time.Now().UTC().Add(-30 * time.Second) }
