// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"encoding/json"
	"time"
	"unicode/utf8"

	"github.com/koogate/koogate/koogallery/deadline"
	"github.com/koogate/koogate/koogallery/judge"
)

// Codes of abnormal usage records (open-apis §3.5). They are written here a
// second time, apart from package openapi, as the shapes are.
const (
	recordUnknown    = "001"
	recordTimeFormat = "002"
	recordValue      = "003"
	recordNoSerial   = "004"
	recordSerial     = "005"
	recordDelisted   = "006"
	recordOld        = "007"
	recordForeign    = "009"
	recordDuplicate  = "010"
	recordRange      = "011"
	recordPrepaid    = "012"
	recordState      = "013"
)

// recordText explains a code.
func recordText(code string) string {
	switch code {
	case recordUnknown:
		return "The instance does not exist."
	case recordTimeFormat:
		return "The time format is wrong."
	case recordValue:
		return "The usage value is wrong."
	case recordNoSerial:
		return "metering_sn is missing."
	case recordSerial:
		return "metering_sn is duplicated."
	case recordDelisted:
		return "The product has been delisted."
	case recordOld:
		return "The record time has expired."
	case recordForeign:
		return "The instance does not belong to the seller."
	case recordDuplicate:
		return "Duplicate record."
	case recordRange:
		return "The time range is invalid."
	case recordPrepaid:
		return "The instance is not pay-per-use."
	case recordState:
		return "The state of the instance is abnormal."
	default:
		return "Injected fault."
	}
}

// UsageState is where a usage record stands.
type UsageState string

// The states of a usage record.
const (
	UsageAccepted UsageState = "ACCEPTED" // waits for the collection
	UsageBilled   UsageState = "BILLED"
	UsageAbnormal UsageState = "ABNORMAL" // not taken; Code says why
)

// UsageRecord is one row of 话单管理 (open-apis §3.7). The texts are as received,
// at most 64 characters of each.
type UsageRecord struct {
	Seq        int64      `json:"seq"` // in the order of arrival
	API        API        `json:"api"`
	InstanceID string     `json:"instanceId"`
	MeteringSN string     `json:"meteringSn,omitempty"`
	ProductID  string     `json:"productId,omitempty"` // old interface only
	PackageID  string     `json:"packageId,omitempty"` // relate_pkg_instance
	RecordTime string     `json:"recordTime"`
	BeginTime  string     `json:"beginTime"`
	EndTime    string     `json:"endTime"`
	Value      string     `json:"value"`
	ReceivedAt time.Time  `json:"receivedAt"`
	State      UsageState `json:"state"`
	Code       string     `json:"code,omitempty"` // of an abnormal record

	// Of a record that was taken:
	Amount    Amount    `json:"amount,omitempty"`
	CollectAt time.Time `json:"collectAt,omitzero"` // of the bill that it belongs to
	BillID    int64     `json:"billId,omitempty"`   // once it is billed
	Late      bool      `json:"late,omitempty"`     // its own collection was over when it arrived
	Oversold  Amount    `json:"oversold,omitempty"` // what the package had no quota for
}

// usageTime is the form of the times (open-apis §3.1).
const usageTime = "20060102T150405Z"

// Limits of a usage push (open-apis §3.7, §3.2; the window is a choice).
const (
	maxUsageRecords = 1000
	maxUsageBody    = 2 << 20
	maxUsageAge     = deadline.UsageAge
	usageSkew       = 15 * time.Minute
)

// pushed is a record as it arrived.
type pushed struct {
	UsageRecord
	number     bool // the value could be read
	begin, end time.Time
	times      bool // all three could be read
}

// readUsage reads usage_records. ok is false if the body is not what the
// documents say: then nothing of it is looked at. A member that is missing
// altogether is the record's fault and not the body's.
func readUsage(body []byte) (list []pushed, ok bool) {
	m, ok := judge.Object(body)
	if !ok {
		return nil, false
	}
	elements, ok := m.List("usage_records")
	if !ok || len(elements) == 0 {
		return nil, false
	}
	list = make([]pushed, 0, len(elements))
	for _, e := range elements {
		var p pushed
		for name, target := range map[string]*string{
			"instance_id": &p.InstanceID, "metering_sn": &p.MeteringSN, "product_id": &p.ProductID, "relate_pkg_instance": &p.PackageID,
		} {
			if !e.Has(name) {
				continue
			}
			if *target, ok = e.Text(name); !ok || utf8.RuneCountInString(*target) > maxID {
				return nil, false
			}
		}
		for name, target := range map[string]*string{"record_time": &p.RecordTime, "begin_time": &p.BeginTime, "end_time": &p.EndTime} {
			text, _ := e.Text(name)
			*target = judge.Shorten(text, maxID)
		}
		p.readValue(e["usage_value"])
		p.readTimes()
		list = append(list, p)
	}
	return list, true
}

// readValue accepts a string, as the Chinese pages have it, and a number, as the
// international ones (open-apis §3.1).
func (p *pushed) readValue(raw json.RawMessage) {
	if len(raw) == 0 {
		return
	}
	text := string(raw)
	if raw[0] == '"' {
		if json.Unmarshal(raw, &text) != nil {
			return
		}
	} else if string(raw) == "null" {
		return
	}
	p.Value = judge.Shorten(text, maxID)
	var err error
	p.Amount, err = ParseAmount(text)
	p.number = err == nil
}

func (p *pushed) readTimes() {
	var produced time.Time
	p.times = true
	for _, t := range []struct {
		text string
		into *time.Time
	}{{p.RecordTime, &produced}, {p.BeginTime, &p.begin}, {p.EndTime, &p.end}} {
		at, err := time.Parse(usageTime, t.text)
		if err != nil || len(t.text) != len(usageTime) {
			p.times = false
			return
		}
		*t.into = at
	}
}
