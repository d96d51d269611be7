// SPDX-License-Identifier: Apache-2.0

// Package sellers is the suite of what an installation sells through: rows with one revision, and who hears of a new one.
package sellers

import "github.com/koogate/koogate/store/storetest/check"

// Groups are the properties.
var Groups = []check.Group{
	{Name: "Sellers", Cases: sellerCases},
}
