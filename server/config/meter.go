// SPDX-License-Identifier: Apache-2.0

package config

import (
	"time"
	"unicode/utf8"
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
	AggregateSum, AggregateMax, AggregateLast, AggregateCount = "sum", "max", "last", "count"
	BillHourly, BillDaily                                     = "hourly", "daily"

	day          = 24 * time.Hour
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
	f.choice(at+".aggregate", m.Aggregate, AggregateSum, AggregateMax, AggregateLast, AggregateCount)
	if m.Window != 0 && m.Window != time.Hour && m.Window != day {
		f.add(at+".window", msgMeterWindow, m.Window)
	}
	if m.Settle != nil {
		f.between(at+".settle", *m.Settle, 0, maxSettle)
	}
	f.choice(at+".bill", m.Bill, BillHourly, BillDaily)
	if m.Window == day && m.Bill == BillHourly {
		f.add(at+".bill", msgMeterBill)
	}
}

// sums says whether the meter adds up.
func (m Meter) sums() bool { return m.Aggregate == "" || m.Aggregate == AggregateSum }
