// SPDX-License-Identifier: Apache-2.0

package rehearsal_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/simulator/market"
	"github.com/koogate/koogate/koogallery/simulator/rehearsal"
	"github.com/koogate/koogate/koogallery/simulator/simtest"
)

func TestLifeOfEveryKind(t *testing.T) {
	const (
		renew, cancel  = "refreshInstance RENEWAL", "refreshInstance UNSUBSCRIBE_RENEWAL_PERIOD"
		freeze, thaw   = "updateInstanceStatus FREEZE", "updateInstanceStatus UNFREEZE"
		create, query  = "newInstance", "queryInstance"
		release        = "releaseInstance"
		convert        = "refreshInstance TRIAL_TO_FORMAL"
		change         = "refreshInstance RENEWAL_CHANGE"
		upgrade, check = "upgradeInstance", "changeInstanceCheck"
	)
	opened := []string{create, create, query}
	frozen := []string{freeze, freeze, thaw, thaw}
	released := []string{release, release}
	want := map[catalogue.Kind][]string{
		catalogue.Period: slices.Concat(opened, []string{renew, renew, cancel, cancel}, frozen,
			[]string{check, change, change, upgrade, upgrade, query}, released),
		catalogue.OneTime:  slices.Concat(opened, released),
		catalogue.OnDemand: slices.Concat(opened, frozen, released),
		catalogue.Package:  slices.Concat(opened, opened, frozen, released, released),
		catalogue.Trial:    slices.Concat(opened, []string{convert, convert, renew}, frozen, released),
	}
	for _, kind := range catalogue.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			c := simtest.NewClock()
			s := simtest.NewSeller(t, c, nil)
			cfg := simtest.Config(s)
			cfg.Strict = true
			sim := simtest.NewSimulator(t, cfg)
			report, err := sim.Life(context.Background(), kind)
			if err != nil || report.Result != rehearsal.Passed {
				t.Fatalf("Life = %+v, %v", report, err)
			}
			simtest.Equal(t, "calls", s.Sequence(), want[kind])
			if len(report.Steps) != len(want[kind]) {
				t.Errorf("%d steps for %d calls", len(report.Steps), len(want[kind]))
			}
			o, err := sim.Order(report.OrderID)
			if err != nil || o.State != market.Completed || !o.Released || o.Frozen || o.InstanceID != report.InstanceID || o.InstanceID == "" {
				t.Errorf("order = %+v, %v", o, err)
			}
			for _, o := range sim.Orders(0) {
				if o.State != market.Completed || o.Refunded {
					t.Errorf("%s order %s is %s", o.Type, o.ID, o.State)
				}
			}
			for i := range s.Sequence() {
				if _, ok := s.Body(i)["testFlag"]; ok {
					t.Error("a production call carries testFlag")
				}
			}
		})
	}
}

// The terms that the calls of a period life carry, against the spec's sample: a
// period ends at 15:59:59 UTC.
func TestLifeTerms(t *testing.T) {
	sim, s, _ := simtest.Fixture(t, nil)
	ctx := context.Background()
	o, err := sim.Place(catalogue.Trial)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sim.Open(ctx, o.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := sim.Renew(ctx, o.ID); !errors.Is(err, market.ErrOrderState) {
		t.Errorf("a trial was renewed: %v", err)
	}
	formal, err := sim.ConvertTrial(ctx, o.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sim.ConvertTrial(ctx, o.ID); !errors.Is(err, market.ErrOrderState) {
		t.Errorf("a trial was converted twice: %v", err)
	}
	if _, err := sim.CancelRenewal(ctx, o.ID); !errors.Is(err, market.ErrOrderState) {
		t.Errorf("a renewal was cancelled that was not made: %v", err)
	}
	for _, call := range []func(context.Context, string) (market.Order, error){sim.Renew, sim.Renew, sim.CancelRenewal} {
		if _, err := call(ctx, o.ID); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := sim.RenewWithChange(ctx, o.ID, 30); err != nil {
		t.Fatal(err)
	}
	want := []string{"20270130155959", "20280130155959", "20290130155959", "20280130155959", "20290130155959"}
	var got []string
	for i, call := range s.Sequence() {
		if strings.HasPrefix(call, "refreshInstance") {
			got = append(got, s.Body(i)["expireTime"].(string))
		}
	}
	simtest.Equal(t, "expiry", got, want)
	if body := s.Body(2); body["productId"] != formal.Product.ProductID || body["orderId"] != formal.ID || body["instanceId"] == "" {
		t.Errorf("conversion = %v", body)
	}
	if _, ok := s.Body(3)["productId"]; ok {
		t.Error("a renewal of the same period type carries productId")
	}
	now, _ := sim.Order(o.ID)
	if now.Present.Product.LinearValue != 30 || now.Product.PeriodType != "day" || now.Present.Product.PeriodType != "year" {
		t.Errorf("order = %+v, present = %+v", now, now.Present)
	}
}

func TestLifeReportsWhatIsWrong(t *testing.T) {
	noAccess := func(w http.ResponseWriter, activity string, _ int) bool {
		if activity != "queryInstance" {
			return false
		}
		simtest.Reply(w, map[string]any{"resultCode": "000000", "resultMsg": "ok", "info": []any{map[string]any{"instanceId": "wrong"}}})
		return true
	}
	second := func(w http.ResponseWriter, activity string, n int) bool {
		if activity != "newInstance" || n != 2 {
			return false
		}
		simtest.Reply(w, map[string]any{"resultCode": "000000", "resultMsg": "ok", "instanceId": "another"})
		return true
	}
	gone := func(w http.ResponseWriter, activity string, n int) bool {
		if activity != "releaseInstance" || n == 1 {
			return false
		}
		simtest.Reply(w, map[string]any{"resultCode": "000003", "resultMsg": "released already"})
		return true
	}
	for name, tc := range map[string]struct {
		hook simtest.Hook
		step string
		err  string
	}{
		"another instance on a duplicate": {second, "create again", "another instance id"},
		"instance never shown":            {noAccess, "query", "not shown yet"},
		"repeated release refused":        {gone, "release again", "000003"},
	} {
		t.Run(name, func(t *testing.T) {
			sim, _, _ := simtest.Fixture(t, tc.hook)
			report, err := sim.Life(context.Background(), catalogue.OneTime)
			if err != nil || report.Result != rehearsal.Failed {
				t.Fatalf("Life = %+v, %v", report, err)
			}
			for _, step := range report.Steps {
				if (step.Err != "") != (step.Name == tc.step) || !strings.Contains(step.Err, map[bool]string{true: tc.err}[step.Name == tc.step]) {
					t.Errorf("step %+v", step)
				}
			}
			if last := report.Steps[len(report.Steps)-1].Name; last != "release again" {
				t.Errorf("the last step is %s", last)
			}
		})
	}
}

func TestLifeEndsWithItsContext(t *testing.T) {
	sim, _, _ := simtest.Fixture(t, nil)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := sim.Life(ctx, catalogue.Period); !errors.Is(err, context.Canceled) {
		t.Errorf("Life = %v", err)
	}
	if _, err := sim.Life(context.Background(), "yearly"); !errors.Is(err, catalogue.ErrKind) {
		t.Errorf("Life = %v", err)
	}
}

// Usage is demanded of metered instances in strict mode only.
func TestLifeUsage(t *testing.T) {
	noUsage := func(s **simtest.Seller) simtest.Hook {
		return func(w http.ResponseWriter, activity string, _ int) bool {
			if activity != "queryInstance" {
				return false
			}
			id := (*s).Body(len((*s).Sequence()) - 1)["instanceId"]
			simtest.Reply(w, map[string]any{"resultCode": "000000", "resultMsg": "ok", "info": []any{map[string]any{
				"instanceId": id, "appInfo": map[string]any{"frontEndUrl": "https://app.example.com"},
			}}})
			return true
		}
	}
	for strict, want := range map[bool]rehearsal.Result{false: rehearsal.Passed, true: rehearsal.Failed} {
		var s *simtest.Seller
		s = simtest.NewSeller(t, simtest.NewClock(), noUsage(&s))
		cfg := simtest.Config(s)
		cfg.Strict = strict
		report, err := simtest.NewSimulator(t, cfg).Life(context.Background(), catalogue.OnDemand)
		if err != nil || report.Result != want {
			t.Errorf("strict %v: %+v, %v", strict, report, err)
		}
	}
}
