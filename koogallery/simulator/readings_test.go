// SPDX-License-Identifier: Apache-2.0

package simulator_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/koogate/koogate/koogallery/simulator/catalogue"

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

func TestReadingsAreChecked(t *testing.T) {
	cfg := simtest.Config(simtest.NewSeller(t, simtest.NewClock(), nil))
	cfg.Readings.ProductInfo = "xml"
	if _, err := simulator.New(cfg); !errors.Is(err, simulator.ErrConfig) {
		t.Errorf("form: %v", err)
	}
	for days, good := range map[int]bool{2: false, 3: true, 180: true, 181: false} {
		cfg := simtest.Config(simtest.NewSeller(t, simtest.NewClock(), nil))
		p := catalogue.DemoProducts()[catalogue.Trial]
		p.PeriodNumber = days
		cfg.Products = map[catalogue.Kind]catalogue.Product{catalogue.Trial: p}
		sim, err := simulator.New(cfg)
		if (err == nil) != good || err != nil && !errors.Is(err, simulator.ErrConfig) {
			t.Errorf("a trial of %d days: %v", days, err)
		}
		if err == nil {
			sim.Close()
		}
	}
}
