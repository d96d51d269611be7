// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/simulator"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/simulator/rehearsal"
	"github.com/koogate/koogate/koogallery/simulator/simtest"
	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/backendtest"
	"github.com/koogate/koogate/store/sqlite"
)

// told is a clock that tells another one's time, while its timers are those of this machine.
type told struct {
	clock.System
	now func() time.Time
}

// Now implements clock.Clock.
func (c told) Now() time.Time { return c.now() }

// shadowed runs a server whose endpoint "shop" has a partner for its old server, by route shadow.
func shadowed(t *testing.T, old string, now func() time.Time, change ...option) *rig {
	t.Helper()
	key := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(simtest.CredentialKey())}))
	return start(t, append([]option{func(cfg *config.Config, d *server.Deps) {
		d.Clock = virtual{told{now: now}}
		e := config.Endpoint{
			Name: "shop", Seller: "acme", Keys: []config.Secret{"a-newer-key-0123456789", simtest.FacadeKey}, KitKeys: []config.Secret{simtest.KitKey}, KitPrivateKeys: []config.Secret{config.Secret(key)},
			EncryptType: config.EncryptAES128, Products: map[string]config.Product{"*": {Provisioner: "crm"}},
		}
		for _, f := range judge.Families() {
			e.Families = append(e.Families, string(f))
		}
		e.OldURL, e.Route = old+"/produce/demo", config.RouteShadow
		cfg.Endpoints = append(cfg.Endpoints, e)
	}}, change...)...)
}

// steady makes a marketplace's call and returns its answer when it was compared: the simulated time goes on afterwards.
type steady struct {
	http.RoundTripper
	r     *rig
	calls int
}

// RoundTrip implements http.RoundTripper.
func (s *steady) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := s.RoundTripper.RoundTrip(r)
	s.calls++
	eventually(s.r.t, "a call is compared", func() bool { return s.r.compared() >= s.calls })
	return resp, err
}

// compared is how many calls were compared or skipped.
func (r *rig) compared() (n int) {
	families, err := r.deps.Gatherer.Gather()
	if err != nil {
		r.t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "koogate_shadow_total" {
			for _, m := range f.GetMetric() {
				n += int(m.GetCounter().GetValue())
			}
		}
	}
	return n
}

// differences are the calls of an endpoint that are recorded as other than SAME, once the server has ended: activity, comparison, rules, both codes.
func differences(t *testing.T, st store.Store) (list []string, same int) {
	t.Helper()
	calls, err := st.ListCalls(t.Context(), store.ListQuery{Seller: "acme", Limit: 5000})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range calls {
		if c.Comparison == store.CompareSame {
			same += int(c.Times)
			continue
		}
		list = append(list, strings.TrimSpace(fmt.Sprintf("%s %s %s %s %s", c.Activity, c.Comparison, c.Rules, c.Code, c.OwnCode)))
	}
	slices.Sort(list)
	return list, same
}

// reopened ends the server and opens its database again, with all records.
func (r *rig) reopened() store.Store {
	r.t.Helper()
	if err := r.stop(); err != nil {
		r.t.Error(err)
	}
	st, err := sqlite.Open(r.t.Context(), sqlite.Options{Path: r.path})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = st.Close() })
	return st
}

// calledBy sets a simulated marketplace up to call the endpoint: every call is compared before the next one.
func (r *rig) calledBy(cfg *simulator.Config) {
	cfg.FacadeURL = "http://" + r.Addr(config.ListenerFacade) + "/produce/shop"
	cfg.HTTPClient = &http.Client{Transport: &steady{RoundTripper: r.client().Transport, r: r}}
}

func passed(t *testing.T, report rehearsal.Report, err error) {
	t.Helper()
	if err != nil || report.Result != rehearsal.Passed {
		t.Fatalf("%+v, %v", report, err)
	}
}

// recorded are the tables that tell of calls and of sides, and of the keys that verified calls: route forward writes them, too.
var recorded = []string{"calls", "call_bodies", "call_refusals", "sides", "seller_keys"}

// TestADayInTheShadowOnBoth: an old server that does everything right differs in nothing, in any family, and nothing of what was computed is
// in the database: no table but those of calls and sides has another row than before.
func TestADayInTheShadowOnBoth(t *testing.T) {
	backendtest.EachWithRows(t, func(t *testing.T, st store.Store, rows backendtest.Rows) {
		calls := 0
		for k, f := range judge.Families() {
			p := simtest.NewPartner(t, nil)
			old, now := p.URL, p.Clock.Now
			seller := simtest.NewSeller(t, p.Clock, nil)
			if k == 0 {
				old = seller.URL
			}
			r := shadowed(t, old, now, over(st))
			before := rows(recorded...)
			if k == 0 {
				cfg := simtest.Config(seller)
				r.calledBy(&cfg)
				sim := simtest.NewSimulator(t, cfg)
				for _, kind := range catalogue.Kinds() {
					report, err := sim.Life(t.Context(), kind)
					passed(t, report, err)
				}
			} else {
				sim := simtest.Rehearsal(t, p, r.calledBy)
				report, err := sim.LifeOf(t.Context(), f)
				passed(t, report, err)
				if f.Joint() {
					report, err = sim.Joint(t.Context(), f, nil)
					passed(t, report, err)
					report, err = sim.JointShuffled(t.Context(), f, 7, nil)
					passed(t, report, err)
				}
			}
			if err := r.stop(); err != nil {
				t.Error(err)
			}
			list, same := differences(t, st)
			if calls += r.compared(); len(list) > 0 || same != calls {
				t.Errorf("%s: %d of %d calls are the same, and these differ:\n%s", f, same, calls, strings.Join(list, "\n"))
			}
			for table, after := range rows(recorded...) {
				if !slices.Equal(after, before[table]) {
					t.Errorf("%s: rows of %s:\n%s\nwere\n%s", f, table, strings.Join(after, "\n"), strings.Join(before[table], "\n"))
				}
			}
		}
		t.Logf("%d calls", calls)
	})
}

// over runs a server over a store that others use as well.
func over(st store.Store) option {
	return func(cfg *config.Config, d *server.Deps) {
		_ = d.Store.Close()
		d.Store = shared{st}
		cfg.Jobs.Enabled = false
	}
}
