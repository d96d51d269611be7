// SPDX-License-Identifier: Apache-2.0

package billing

import (
	"time"

	"github.com/koogate/koogate/koogallery/deadline"
)

// Interface is one of the two by which usage is pushed.
type Interface string

// The interfaces.
const (
	InterfaceNew Interface = "usage"     // 按需使用量推送（新） (open-apis §3)
	InterfaceOld Interface = "usage-old" // 按需使用量推送（旧） (open-apis §4)
)

// State is where a usage record stands.
type State string

// The states of a usage record.
const (
	Accepted State = "ACCEPTED" // waits for the collection
	Billed   State = "BILLED"
	Abnormal State = "ABNORMAL" // not taken; Code says why
)

// Record is one row of 话单管理 (open-apis §3.7). The texts are as received,
// at most 64 characters of each.
type Record struct {
	Seq        int64     `json:"seq"` // in the order of arrival
	API        Interface `json:"api"` // by which it came
	InstanceID string    `json:"instanceId"`
	MeteringSN string    `json:"meteringSn,omitempty"`
	ProductID  string    `json:"productId,omitempty"` // old interface only
	PackageID  string    `json:"packageId,omitempty"` // relate_pkg_instance
	RecordTime string    `json:"recordTime"`
	BeginTime  string    `json:"beginTime"`
	EndTime    string    `json:"endTime"`
	Value      string    `json:"value"`
	ReceivedAt time.Time `json:"receivedAt"`
	State      State     `json:"state"`
	Code       string    `json:"code,omitempty"` // of an abnormal record

	// Of a record that was taken:
	Amount    Amount    `json:"amount,omitempty"`
	CollectAt time.Time `json:"collectAt,omitzero"` // of the bill that it belongs to
	BillID    int64     `json:"billId,omitempty"`   // once it is billed
	Late      bool      `json:"late,omitempty"`     // its own collection was over when it arrived
	Oversold  Amount    `json:"oversold,omitempty"` // what the package had no quota for
}

// MaxAge is how old the begin of a record may be (open-apis §3.7).
const MaxAge = deadline.UsageAge

// Skew is how far clocks may differ (open-apis §3.2; the window is a choice).
const Skew = 15 * time.Minute

// Pushed is a record as it arrived.
type Pushed struct {
	Record
	Number     bool // the value could be read
	Begin, End time.Time
	Times      bool // all three could be read
}
