// SPDX-License-Identifier: Apache-2.0

package config

import (
	"time"
	"unicode/utf8"
)

// The choices of a meter; the first is the default.
const (
	AggregateSum   = "sum"
	AggregateMax   = "max"
	AggregateLast  = "last"
	AggregateCount = "count"

	BillHourly = "hourly"
	BillDaily  = "daily"

	day          = 24 * time.Hour
	maxSettle    = 10 * time.Minute
	maxMeterName = 64
)

func checkMeter(f *findings, m Meter, at string) {
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
func sums(m Meter) bool { return m.Aggregate == "" || m.Aggregate == AggregateSum }
