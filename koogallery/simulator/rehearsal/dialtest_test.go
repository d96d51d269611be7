// SPDX-License-Identifier: Apache-2.0

package rehearsal_test

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/simulator"
	"github.com/koogate/koogate/koogallery/simulator/market"
	"github.com/koogate/koogate/koogallery/simulator/rehearsal"
	"github.com/koogate/koogate/koogallery/simulator/simtest"
)

func TestDialTestRepeatsTheSavedCases(t *testing.T) {
	sim, s, c := simtest.Fixture(t, nil)
	ctx := context.Background()
	for range 3 {
		report, err := sim.DialTest(ctx)
		if err != nil || report.Result != rehearsal.Passed {
			t.Fatalf("DialTest = %+v, %v", report, err)
		}
		c.Advance(12 * time.Hour)
	}
	calls := s.Sequence()
	one := []string{"newInstance", "queryInstance", "refreshInstance RENEWAL", "updateInstanceStatus FREEZE", "updateInstanceStatus UNFREEZE", "releaseInstance"}
	simtest.Equal(t, "first", calls[:6], one)
	for i := range 6 {
		if first, last := s.Body(i), s.Body(12+i); !reflect.DeepEqual(first, last) || first["testFlag"] != "1" {
			t.Errorf("%v, later %v", first, last)
		}
	}
	if body := s.Body(2); body["orderId"] != "MOCKMONTYRENEW" || body["instanceId"] != s.Body(0)["businessId"] {
		t.Errorf("refresh = %v", body)
	}
	if len(sim.Messages(0)) != 0 || len(sim.Orders(0)) != 0 || len(sim.Calls("")) != 18 {
		t.Error("dial tests made messages or orders")
	}
}

func TestDialTestWantsTheSameAnswers(t *testing.T) {
	for name, answer := range map[string]map[string]any{
		"another instance": {"resultCode": "000000", "resultMsg": "ok", "instanceId": "i-2"},
		"asynchronous":     {"resultCode": "000004", "resultMsg": "ok", "instanceId": "i-1"},
		"refused":          {"resultCode": "000103", "resultMsg": "bought already"},
	} {
		sim, _, _ := simtest.Fixture(t, func(w http.ResponseWriter, activity string, n int) bool {
			switch {
			case activity != "newInstance":
				simtest.Reply(w, map[string]any{"resultCode": "000000", "resultMsg": "ok", "info": []any{map[string]any{"instanceId": "i-1"}}})
			case n == 1:
				simtest.Reply(w, map[string]any{"resultCode": "000000", "resultMsg": "ok", "instanceId": "i-1"})
			default:
				simtest.Reply(w, answer)
			}
			return true
		})
		if report, err := sim.DialTest(context.Background()); err != nil || report.Result != rehearsal.Passed {
			t.Fatalf("%s: first %+v, %v", name, report, err)
		}
		report, err := sim.DialTest(context.Background())
		if err != nil || report.Result != rehearsal.Failed || report.Results[0].Err == "" || report.Results[1].Err != "" {
			t.Errorf("%s: second %+v, %v", name, report, err)
		}
	}
}

// Five failing days in a row hide the product; a passing afternoon does not save
// a failed day, and a passing morning not one that fails later.
func TestDialTestDays(t *testing.T) {
	broken := false
	sim, _, c := simtest.Fixture(t, func(w http.ResponseWriter, _ string, _ int) bool {
		if broken {
			w.WriteHeader(http.StatusBadGateway)
		}
		return broken
	})
	for day, runs := range []struct {
		first, second bool // broken
		want          int
	}{
		{false, true, 1}, {true, false, 2}, {false, true, 3}, {false, false, 3}, {false, false, 0},
		{true, true, 1}, {true, true, 2}, {true, true, 3}, {true, true, 4}, {false, true, 5}, {true, true, 6},
	} {
		for _, broken = range []bool{runs.first, runs.second} {
			if _, err := sim.DialTest(context.Background()); err != nil {
				t.Fatal(err)
			}
			c.Advance(time.Hour)
		}
		if shelf := sim.Shelf(); shelf.FailedDialDays != runs.want || shelf.Hidden != (runs.want >= 5) {
			t.Errorf("day %d: %+v", day, shelf)
		}
		c.Advance(22 * time.Hour)
	}
}

func TestDialTestCustomCasesAndContext(t *testing.T) {
	c := simtest.NewClock()
	s := simtest.NewSeller(t, c, nil)
	cfg := simtest.Config(s)
	cfg.DialCases = []rehearsal.Case{{Activity: judge.ActivityNew, Params: map[string]string{"orderId": "a", "orderLineId": "a-1", "businessId": "b"}}}
	sim := simtest.NewSimulator(t, cfg)
	if report, err := sim.DialTest(context.Background()); err != nil || len(report.Results) != 1 || report.Result != rehearsal.Passed {
		t.Errorf("DialTest = %+v, %v", report, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := sim.DialTest(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("DialTest = %v", err)
	}
	if sim.Shelf().FailedDialDays != 0 {
		t.Error("an interrupted dial test counts")
	}
}

func TestDialTestOfEveryFamily(t *testing.T) {
	base := []string{"newInstance", "refreshInstance", "upgrade", "expireInstance", "releaseInstance"}
	kit := []string{"tenantSync 1", "applicationSync 1", "allOrgSync", "authSync 1", "singleOrgSync 1"}
	v2 := []string{"newInstance", "queryInstance", "refreshInstance RENEWAL", "updateInstanceStatus FREEZE", "updateInstanceStatus UNFREEZE", "releaseInstance"}
	for family, want := range map[judge.Family][]string{
		judge.FamilySaasV1:        base,
		judge.FamilyLicenseV1:     {"getLicense", "refreshLicense", "expireLicense", "releaseLicense"},
		judge.FamilyLicenseCode:   {"refreshLicenseCode RENEWAL", "updateLicenseCodeStatus FREEZE", "releaseLicenseCode"},
		judge.FamilyLicenseOnline: {"newInstance", "refreshInstance RENEWAL", "updateInstanceStatus UNFREEZE", "getLicenseAsync", "releaseInstance"},
		judge.FamilyOrderNotify:   {"orderNotify"},
		judge.FamilyKitV1:         append(slices.Clone(base), kit...),
		judge.FamilyKitV2:         append(slices.Clone(v2), kit...),
	} {
		p := simtest.NewPartner(t, nil)
		p.Debug = true
		sim := simtest.Rehearsal(t, p, nil)
		for range 2 {
			report, err := sim.DialTestOf(context.Background(), family)
			if err != nil || report.Result != rehearsal.Passed || len(report.Results) != len(want) {
				t.Fatalf("DialTestOf(%s) = %+v, %v", family, report, err)
			}
		}
		simtest.Equal(t, string(family), p.Sequence(), append(slices.Clone(want), want...))
		for i, h := range p.Heard {
			again := p.Heard[(i+len(want))%len(p.Heard)]
			if h["testFlag"] != "1" || h["orderId"] != again["orderId"] || h["businessId"] != again["businessId"] ||
				h["expireTime"] != again["expireTime"] || h["instanceId"] != again["instanceId"] {
				t.Errorf("%v, later %v", h, again)
			}
		}
		if len(sim.Messages(0)) != 0 || len(sim.Orders(0)) != 0 || len(sim.Calls("")) != 2*len(want) {
			t.Error("dial tests made messages or orders")
		}
		p.Spoil = simtest.At(p.Heard[0]["activity"], 0, simtest.Code("000005"))
		if report, err := sim.DialTestOf(context.Background(), family); err != nil || report.Result != rehearsal.Failed || sim.Shelf().FailedDialDays != 1 {
			t.Errorf("DialTestOf(%s) = %+v, %v", family, report, err)
		}
	}
	sim := simtest.Rehearsal(t, simtest.NewPartner(t, nil), func(cfg *simulator.Config) { cfg.PublicKey = nil })
	if _, err := sim.DialTestOf(context.Background(), judge.FamilyKitV1); !errors.Is(err, market.ErrConfig) {
		t.Errorf("DialTestOf = %v", err)
	}
	if _, err := sim.DialTestOf(context.Background(), "soap"); !errors.Is(err, judge.ErrFamily) {
		t.Errorf("DialTestOf = %v", err)
	}
}

func TestDialTestOfSaasV2(t *testing.T) {
	sim, s, _ := simtest.Fixture(t, nil)
	if report, err := sim.DialTestOf(context.Background(), judge.FamilySaasV2); err != nil || report.Result != rehearsal.Passed || len(s.Sequence()) != 6 {
		t.Errorf("DialTestOf = %+v, %v", report, err)
	}
}
