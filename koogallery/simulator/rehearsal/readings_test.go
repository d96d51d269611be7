// SPDX-License-Identifier: Apache-2.0

package rehearsal_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/koogate/koogate/koogallery/simulator"
	"github.com/koogate/koogate/koogallery/simulator/simtest"
)

// The answers of a seller that knows nothing of a reading fail under it, and nothing else does.
func TestReadingsThatDemand(t *testing.T) {
	for name, c := range map[string]struct {
		set    func(r *simulator.Readings)
		answer string
		header string
		dial   bool
	}{
		"as it comes":  {func(*simulator.Readings) {}, "", "", true},
		"no address":   {func(r *simulator.Readings) { r.FrontEndURL = true }, "", "", false},
		"address":      {func(r *simulator.Readings) { r.FrontEndURL = true }, `{"resultCode":"000000","resultMsg":"success","instanceId":"i","appInfo":{"frontEndUrl":"https://a.example"}}`, "", true},
		"no signature": {func(r *simulator.Readings) { r.BodySign = true }, "", "", false},
		"wrong one":    {func(r *simulator.Readings) { r.BodySign = true }, "", `sign_type="HMAC-SHA256", signature= "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="`, false},
	} {
		t.Run(name, func(t *testing.T) {
			clk := simtest.NewClock()
			s := simtest.NewSeller(t, clk, func(w http.ResponseWriter, activity string, _ int) bool {
				if c.header != "" {
					w.Header().Set("Body-Sign", c.header)
				}
				if activity != "newInstance" || c.answer == "" {
					return false
				}
				w.Header().Set("Content-Type", "application/json")
				_, _ = w.Write([]byte(c.answer))
				return true
			})
			cfg := simtest.Config(s)
			c.set(&cfg.Readings)
			sim := simtest.NewSimulator(t, cfg)
			report, err := sim.DialTest(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if len(report.Results) == 0 || report.Results[0].Name != "newInstance" || (report.Results[0].Err == "") != c.dial {
				t.Errorf("%+v", report)
			}
		})
	}
}
