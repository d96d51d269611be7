// SPDX-License-Identifier: Apache-2.0

package simulator_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/koogate/koogate/koogallery/simulator"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/simulator/market"
	"github.com/koogate/koogate/koogallery/simulator/rehearsal"
	"github.com/koogate/koogate/koogallery/simulator/simtest"
)

func TestConfigErrors(t *testing.T) {
	good := simtest.Config(simtest.NewSeller(t, simtest.NewClock(), nil))
	for name, spoil := range map[string]func(*simulator.Config){
		"no address":   func(c *simulator.Config) { c.FacadeURL = "" },
		"other scheme": func(c *simulator.Config) { c.FacadeURL = "ftp://example.com" },
		"no key":       func(c *simulator.Config) { c.AccessKey = "" },
		"no clock":     func(c *simulator.Config) { c.Clock = nil },
		"negative":     func(c *simulator.Config) { c.Timeout = -1 },
		"unknown kind": func(c *simulator.Config) {
			c.Products = map[catalogue.Kind]catalogue.Product{"x": {ProductID: "p", SKUCode: "s"}}
		},
		"product no id": func(c *simulator.Config) { c.Products = map[catalogue.Kind]catalogue.Product{catalogue.OneTime: {}} },
		"period of no end": func(c *simulator.Config) {
			c.Products = map[catalogue.Kind]catalogue.Product{catalogue.Period: {ProductID: "p", SKUCode: "s"}}
		},
	} {
		cfg := good
		spoil(&cfg)
		if _, err := simulator.New(cfg); !errors.Is(err, market.ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// With the defaults, ids come from crypto/rand and nothing repeats.
func TestDefaults(t *testing.T) {
	c := simtest.NewClock()
	s := simtest.NewSeller(t, c, nil)
	sim := simtest.NewSimulator(t, simulator.Config{FacadeURL: s.URL, AccessKey: simtest.FacadeKey, Clock: c})
	for _, kind := range catalogue.Kinds() {
		if report, err := sim.Life(context.Background(), kind); err != nil || report.Result != rehearsal.Passed {
			t.Errorf("%s: %+v, %v", kind, report, err)
		}
	}
}

func TestReadingsAreChecked(t *testing.T) {
	cfg := simtest.Config(simtest.NewSeller(t, simtest.NewClock(), nil))
	cfg.Readings.ProductInfo = "xml"
	if _, err := simulator.New(cfg); !errors.Is(err, market.ErrConfig) {
		t.Errorf("form: %v", err)
	}
	for days, good := range map[int]bool{2: false, 3: true, 180: true, 181: false} {
		cfg := simtest.Config(simtest.NewSeller(t, simtest.NewClock(), nil))
		p := catalogue.DemoProducts()[catalogue.Trial]
		p.PeriodNumber = days
		cfg.Products = map[catalogue.Kind]catalogue.Product{catalogue.Trial: p}
		sim, err := simulator.New(cfg)
		if (err == nil) != good || err != nil && !errors.Is(err, market.ErrConfig) {
			t.Errorf("a trial of %d days: %v", days, err)
		}
		if err == nil {
			sim.Close()
		}
	}
}

func TestManyLivesAtOnce(t *testing.T) {
	sim, _, _ := simtest.Fixture(t, nil)
	var group sync.WaitGroup
	for range 4 {
		for _, kind := range catalogue.Kinds() {
			group.Go(func() {
				if report, err := sim.Life(context.Background(), kind); err != nil || report.Result != rehearsal.Passed {
					t.Errorf("%s: %+v, %v", kind, report, err)
				}
			})
		}
		group.Go(func() { _, _, _ = sim.Orders(0), sim.Messages(0), sim.Shelf() })
	}
	group.Wait()
}
