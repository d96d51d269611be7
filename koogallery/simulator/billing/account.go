// SPDX-License-Identifier: Apache-2.0

package billing

import "time"

// Bill is what one collection found for one instance. There are no prices here.
type Bill struct {
	ID         int64     `json:"id"`
	InstanceID string    `json:"instanceId"`
	Billing    Mode      `json:"billing"`
	At         time.Time `json:"at"` // of the collection
	Records    int       `json:"records"`
	Late       int       `json:"late"` // of them
	Amount     Amount    `json:"amount"`
	Packages   Amount    `json:"packages"` // of Amount, deducted from packages
	Oversold   Amount    `json:"oversold"` // of Packages, beyond their quota
}

type bill struct {
	Bill
	rows []int64
}

// Totals are the sums over one instance: Pushed is always Billed and Waiting
// together.
type Totals struct {
	InstanceID     string `json:"instanceId"`
	Records        int    `json:"records"` // taken
	Pushed         Amount `json:"pushed"`
	BilledRecords  int    `json:"billedRecords"`
	Billed         Amount `json:"billed"`
	WaitingRecords int    `json:"waitingRecords"` // for their collection
	Waiting        Amount `json:"waiting"`
	LateRecords    int    `json:"lateRecords"` // that missed their own collection
	Late           Amount `json:"late"`
}

// account holds the totals of an instance, and what was forgotten of them.
type account struct {
	Totals
	rows           int
	forgottenRows  Amount // billed records that are no longer remembered
	forgottenBills Amount
}

// PackageUse is what was deducted from a package.
type PackageUse struct {
	PackageID string `json:"packageId"`
	Records   int    `json:"records"`
	Quota     Amount `json:"quota"`
	Used      Amount `json:"used"`
	Oversold  Amount `json:"oversold"` // of Used, beyond the quota
}
