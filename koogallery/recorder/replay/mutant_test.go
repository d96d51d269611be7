// SPDX-License-Identifier: Apache-2.0

package replay_test

import (
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/recorder/replay"
	"github.com/koogate/koogate/koogallery/seal"
	"github.com/koogate/koogate/koogallery/simulator"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/simulator/simtest"
	"github.com/koogate/koogate/koogallery/simulator/wire"
)

// rules are the rules by which a replay differs, at which activities.
func rules(r *replay.Report) []string {
	var all []string
	for _, d := range r.Differences {
		all = append(all, string(d.Rule)+" "+string(d.Activity))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Whatever a target does differently is found, by the rule meant for it and by no other.
func TestAnotherAnswerIsFound(t *testing.T) {
	p := simtest.NewPartner(t, nil)
	file, _ := record(t, p.URL, p.Clock, func(address string, client *http.Client) {
		sim := simtest.Rehearsal(t, p, func(cfg *simulator.Config) { cfg.FacadeURL, cfg.HTTPClient = address, client })
		for _, f := range []judge.Family{judge.FamilySaasV1, judge.FamilyLicenseV1, judge.FamilyLicenseCode} {
			if _, err := sim.LifeOf(t.Context(), f); err != nil {
				t.Fatal(err)
			}
		}
	})
	var n atomic.Int64
	other := func() string { return fmt.Sprintf("other-%d", n.Add(1)) }
	for name, m := range map[string]struct {
		spoil func(string, int, *simtest.Said)
		want  []string
	}{
		"fails":              {simtest.At("refreshInstance", 0, simtest.Code("000005")), []string{"outcome refreshInstance"}},
		"status":             {simtest.At("upgrade", 2, func(a *simtest.Said) { a.Status = 500 }), []string{"http-status upgrade"}},
		"Body-Sign wrong":    {simtest.At("upgrade", 2, simtest.Header(func(string, []byte) string { return `sign_type="HMAC-SHA256", signature= "x"` })), []string{"body-sign upgrade"}},
		"no Body-Sign":       {simtest.At("expireLicense", 1, func(a *simtest.Said) { a.BodySign = nil }), []string{"body-sign expireLicense"}},
		"another id":         {simtest.At("getLicense", 2, func(a *simtest.Said) { a.Body["instanceId"] = other() }), []string{"identity getLicense"}},
		"one id for all":     {simtest.At("newInstance", 0, simtest.With("instanceId", "one")), []string{"identity newInstance"}},
		"another licence":    {simtest.At("getLicense", 2, simtest.With("license", "another")), []string{"handed-over getLicense"}},
		"another password":   {simtest.At("newInstance", 2, simtest.InApp("password", simtest.Sealed(simtest.FacadeKey, seal.AES128, "new"))), []string{"handed-over newInstance"}},
		"password in clear":  {simtest.At("newInstance", 2, simtest.InApp("password", "clear")), []string{"handed-over newInstance", "objections newInstance"}},
		"no usage":           {simtest.At("queryInstance", 1, func(a *simtest.Said) { delete(info(a), "usageInfo") }), []string{"usage queryInstance"}},
		"no access":          {simtest.At("queryInstance", 1, func(a *simtest.Said) { delete(info(a), "appInfo") }), []string{"access queryInstance"}},
		"another is shown":   {simtest.At("queryInstance", 1, func(a *simtest.Said) { info(a)["instanceId"] = "x" }), []string{"outcome queryInstance"}},
		"no message":         {simtest.At("releaseLicenseCode", 1, simtest.Without("resultMsg")), []string{"objections releaseLicenseCode"}},
		"expiry is refused":  {simtest.At("expireInstance", 2, simtest.Code("000003")), []string{"outcome expireInstance"}},
		"nothing but a page": {simtest.At("releaseInstance", 1, func(a *simtest.Said) { a.ContentType = "text/html" }), []string{"outcome releaseInstance"}},
	} {
		t.Run(name, func(t *testing.T) {
			to := target(t, m.spoil)
			report := play(t, file, to.URL, to.Clock, func(cfg *replay.Config) { cfg.Parallel = 1 })
			if got := rules(report); !slices.Equal(got, m.want) || !report.Differs() {
				t.Errorf("got %q, want %q: %+v", got, m.want, report.Differences)
			}
			to = target(t, m.spoil)
			allowed := play(t, file, to.URL, to.Clock, func(cfg *replay.Config) {
				cfg.Parallel = 1
				for _, d := range report.Differences {
					cfg.Allow = append(cfg.Allow, replay.Allowance{Rule: d.Rule, Activity: d.Activity})
				}
			})
			if allowed.Differs() {
				t.Errorf("allowed differences: %+v", allowed.Differences)
			}
		})
	}
}

func info(a *simtest.Said) map[string]any { return a.Body["info"].([]any)[0].(map[string]any) }

// What is found in SaaS V2.0 only: another result code, at once or later, an answer that comes too late.
func TestAnotherAnswerOfSaasV2(t *testing.T) {
	clock := simtest.NewClock()
	s := simtest.NewSeller(t, clock, nil)
	file, _ := record(t, s.URL, clock, func(address string, client *http.Client) {
		cfg := simtest.Config(s)
		cfg.FacadeURL, cfg.HTTPClient = address, client
		if _, err := simtest.NewSimulator(t, cfg).Life(t.Context(), catalogue.Period); err != nil {
			t.Fatal(err)
		}
		c, err := wire.New(wire.Config{
			FacadeURL: address, AccessKey: simtest.FacadeKey, Clock: clock, NewID: func() string { return "unknown" }, HTTPClient: client,
		})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		r, err := c.Send(t.Context(), wire.Message{Family: judge.FamilySaasV2, Activity: judge.ActivityRelease, Instance: "unknown", Params: map[string]any{"orderId": "CS1"}})
		if err != nil || r.ResultCode != "000003" {
			t.Fatalf("%+v, %v", r, err)
		}
	})
	for name, m := range map[string]struct {
		hook func(*simtest.Clock) simtest.Hook
		want []string
	}{
		"another code": {func(*simtest.Clock) simtest.Hook {
			return func(w http.ResponseWriter, activity string, n int) bool {
				if activity != "releaseInstance" || n < 3 {
					return false
				}
				simtest.Reply(w, map[string]any{"resultCode": "000005", "resultMsg": "no"})
				return true
			}
		}, []string{"result-code releaseInstance"}},
		"too late": {func(c *simtest.Clock) simtest.Hook {
			return func(_ http.ResponseWriter, activity string, n int) bool {
				if activity == "upgradeInstance" && n == 1 {
					c.Advance(6 * time.Second)
				}
				return false
			}
		}, []string{"time upgradeInstance"}},
		"hangs up": {func(*simtest.Clock) simtest.Hook {
			return simtest.Failing("changeInstanceCheck", 1, simtest.Reset)
		}, []string{"time changeInstanceCheck"}},
		"stays under way": {func(*simtest.Clock) simtest.Hook {
			return simtest.Failing("queryInstance", 1000, simtest.Raw(200, "application/json", `{"resultCode":"000004","resultMsg":"wait"}`))
		}, []string{"outcome queryInstance"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := simtest.NewClock()
			to := simtest.NewSeller(t, c, m.hook(c))
			if got := rules(play(t, file, to.URL, c, func(cfg *replay.Config) { cfg.Parallel = 1 })); !slices.Equal(got, m.want) {
				t.Errorf("got %q, want %q", got, m.want)
			}
		})
	}
	t.Run("under way for a while", func(t *testing.T) {
		c := simtest.NewClock()
		to := simtest.NewSeller(t, c, simtest.Failing("queryInstance", 4, simtest.Raw(200, "application/json", `{"resultCode":"000004","resultMsg":"wait"}`)))
		if r := play(t, file, to.URL, c, nil); r.Differs() || r.Later != 1 {
			t.Errorf("%+v", r)
		}
	})
}
