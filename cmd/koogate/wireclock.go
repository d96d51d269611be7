// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net/http"
	"time"

	"github.com/koogate/koogate/server/clock"
)

// machine is the machine's clock. A test's process may have a wrong one.
var machine clock.Clock = clock.System{}

// signTolerance is how far this machine's clock may be off before calls to the marketplace are signed by the marketplace's own:
// its gateway refuses what is 15 minutes off (open-apis §6.1).
const signTolerance = time.Minute

// dated tells what the marketplace's answers say of its clock. HTTP dates have no fractions, so a second that has begun has
// passed.
type dated struct {
	http.RoundTripper
	market *clock.Witnessed
}

// RoundTrip implements http.RoundTripper.
func (d dated) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := d.RoundTripper.RoundTrip(r)
	if err == nil {
		if at, bad := http.ParseTime(res.Header.Get("Date")); bad == nil {
			d.market.Saw(at)
		}
	}
	return res, err
}
