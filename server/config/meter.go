// SPDX-License-Identifier: Apache-2.0

package server

import (
	"time"
	"unicode/utf8"

	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/usage"
	"github.com/koogate/koogate/store"
)

// Meter is how a product's usage is counted and billed.
type Meter struct {
	Name      string         `koanf:"name"`      // of what is counted, 1 to 64 characters
	Aggregate string         `koanf:"aggregate"` // of the records of a window: sum (default), max, last or count
	Window    time.Duration  `koanf:"window"`    // 1h (default), by UTC hours, or 24h, by Beijing days
	Settle    *time.Duration `koanf:"settle"`    // how long after its end a window waits for late records, 0s to 10m; 1m when left out
	Bill      string         `koanf:"bill"`      // hourly or daily; as the window when left out
}

// The choices of a meter; the first is the default.
const (
	aggregateSum, aggregateMax, aggregateLast, aggregateCount = "sum", "max", "last", "count"
	billHourly, billDaily                                     = "hourly", "daily"

	maxSettle    = 10 * time.Minute
	maxMeterName = 64
)

func (m Meter) check(f *findings, at string) {
	if m == (Meter{}) {
		return
	}
	if n := utf8.RuneCountInString(m.Name); n < 1 || n > maxMeterName {
		f.add(at+".name", msgMeterName)
	}
	f.choice(at+".aggregate", m.Aggregate, aggregateSum, aggregateMax, aggregateLast, aggregateCount)
	if m.Window != 0 && m.Window != usage.Hour && m.Window != usage.Day {
		f.add(at+".window", msgMeterWindow, m.Window)
	}
	if m.Settle != nil {
		f.between(at+".settle", *m.Settle, 0, maxSettle)
	}
	f.choice(at+".bill", m.Bill, billHourly, billDaily)
	if m.Window == usage.Day && m.Bill == billHourly {
		f.add(at+".bill", msgMeterBill)
	}
}

// meter is the domain's.
func (m Meter) meter() usage.Meter {
	out := usage.Meter{Name: m.Name, Mode: store.UsageSum, Window: m.Window, Settle: usage.DefaultSettle, Daily: m.Bill == billDaily || m.Window == usage.Day}
	switch m.Aggregate {
	case aggregateMax:
		out.Mode = store.UsageMax
	case aggregateLast:
		out.Mode = store.UsageLast
	case aggregateCount:
		out.Mode = store.UsageCount
	}
	if out.Window == 0 {
		out.Window = usage.Hour
	}
	if m.Settle != nil {
		out.Settle = *m.Settle
	}
	return out
}

// meters are the meters of all endpoints. A product without one in its own entry has none, even if "*" has.
func (c *Config) meters() map[string]map[string]usage.Meter {
	all := make(map[string]map[string]usage.Meter)
	for _, e := range c.Endpoints {
		products := make(map[string]usage.Meter)
		for id, p := range e.Products {
			products[id] = p.Meter.meter()
		}
		all[e.Name] = products
	}
	return all
}

// UsageKey signs the seller's usage pushes: its own setting, or the first key of its first endpoint. Empty when there is
// neither.
func (c *Config) UsageKey(seller string) Secret {
	for _, s := range c.Sellers {
		if s.Name == seller && s.Marketplace.UsageKey != "" {
			return s.Marketplace.UsageKey
		}
	}
	for _, e := range c.Endpoints {
		if e.Seller == seller && len(e.Keys) > 0 {
			return e.Keys[0]
		}
	}
	return ""
}

// Core is the fulfilment of orders for commands that read the database without a server; it cannot call the marketplace.
func (c *Config) Core(d fulfil.Deps) (*fulfil.Service, error) {
	return fulfil.New(fulfil.Config{}, c.fulfilEndpoints(), d)
}

// UsageService is the usage domain for commands that read the ledger without a server; it cannot push.
func (c *Config) UsageService(d usage.Deps) *usage.Service {
	return usage.New(usage.Config{Meters: c.meters(), Spans: c.spans()}, d)
}
