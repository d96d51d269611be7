// SPDX-License-Identifier: Apache-2.0

// Package tasks is the suite of tasks: leases, queues, and the clock by which they run.
package tasks

import "github.com/koogate/koogate/store/storetest/check"

// Groups are the properties.
var Groups = []check.Group{
	{Name: "Lease", Cases: leaseCases},
	{Name: "Clock", Cases: clockCases},
	{Name: "Queue", Cases: queueCases},
}
