// SPDX-License-Identifier: Apache-2.0

// Package gaps is the suite of gaps, and of questions about instances that are not known.
package gaps

import "github.com/koogate/koogate/store/storetest/check"

// Groups are the properties.
var Groups = []check.Group{
	{Name: "Gap", Cases: gapCases},
	{Name: "Question", Cases: questionCases},
}
