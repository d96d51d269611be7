// SPDX-License-Identifier: Apache-2.0

// Package calls is the suite of the records of calls.
package calls

import "github.com/koogate/koogate/store/storetest/check"

// Groups are the properties.
var Groups = []check.Group{
	{Name: "Calls", Cases: callCases},
}
