// SPDX-License-Identifier: Apache-2.0

// Package orders is the suite of orders: changes that are whole or not at all, rows that come back as they were, lists, watches, the feed, and the
// life of a store.
package orders

import "github.com/koogate/koogate/store/storetest/check"

// Groups are the properties.
var Groups = []check.Group{
	{Name: "Apply", Cases: applyCases},
	{Name: "Rows", Cases: rowCases},
	{Name: "Race", Cases: raceCases},
	{Name: "List", Cases: listCases},
	{Name: "Watch", Cases: watchCases},
	{Name: "Feed", Cases: feedCases},
	{Name: "Life", Cases: lifeCases},
	{Name: "Faulty", Cases: faultyCases},
	{Name: "Text", Cases: textCases},
	{Name: "Side", Cases: sideCases},
}
