// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"fmt"
	"time"

	"github.com/koogate/koogate/store"
)

// Meter is the meter of the fixtures.
const Meter = "calls"

// NewUsage returns one raw record of an hour-long window that starts n hours after the epoch's hour: due five minutes after
// its end, with an hour's deadline, refused after a day.
func NewUsage(key, instanceID string, hour int, value store.Units) store.UsageRaw {
	start := Epoch.Truncate(time.Hour).Add(time.Duration(hour) * time.Hour)
	end := start.Add(time.Hour)
	return store.UsageRaw{
		Seller: Seller, Key: key, InstanceID: instanceID, Meter: Meter, Mode: store.UsageSum, BeginAt: start, EndAt: start.Add(time.Minute),
		Value: value, ReportedAt: start.Add(2 * time.Minute),
		Window: store.UsageWindowTimes{
			StartAt: start, EndAt: end, DueAt: end.Add(5 * time.Minute), DeadlineAt: end.Add(time.Hour), RefuseAt: end.Add(24 * time.Hour),
		},
	}
}

// UsageBatch returns the n-th batch of so many raw records, spread over the windows of ten instances.
func UsageBatch(n, size int) []store.UsageRaw {
	raws := make([]store.UsageRaw, size)
	for i := range raws {
		raws[i] = NewUsage(fmt.Sprintf("host-%02d/%08d/%03d", n%7, n, i), fmt.Sprintf("5f3c9d1e-7f0b-4b35-9e57-%012d", i%10), 0, 12345)
	}
	return raws
}
