// SPDX-License-Identifier: Apache-2.0

// Package billing is the suite of what is billed: the usage ledger, the quotas and the licence codes.
package billing

import "github.com/koogate/koogate/store/storetest/check"

// Groups are the properties.
var Groups = []check.Group{
	{Name: "Usage", Cases: usageCases},
	{Name: "Correction", Cases: correctionCases},
	{Name: "Record", Cases: recordCases},
	{Name: "UsageList", Cases: usageListCases},
	{Name: "UsageRace", Cases: usageRaceCases},
	{Name: "UsageModel", Cases: usageModelCases},
	{Name: "Quota", Cases: quotaCases},
	{Name: "Items", Cases: itemCases},
	{Name: "Licence", Cases: licenceCases},
	{Name: "UsageClock", Cases: usageClockCases},
	{Name: "FaultyUsage", Cases: faultyUsageCases},
	{Name: "UsageText", Cases: usageTextCases},
}
