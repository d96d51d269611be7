// SPDX-License-Identifier: Apache-2.0

package openapi

import (
	"encoding/json"
	"time"
	"unicode/utf8"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/simulator/billing"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
)

// usageTime is the form of the times (open-apis §3.1).
const usageTime = "20060102T150405Z"

// Limits of a usage push (open-apis §3.7, §3.2; the window is a choice).
const (
	maxUsageRecords = 1000
	maxUsageBody    = 2 << 20
)

// readUsage reads usage_records. ok is false if the body is not what the
// documents say: then nothing of it is looked at. A member that is missing
// altogether is the record's fault and not the body's.
func readUsage(body []byte) (list []billing.Pushed, ok bool) {
	m, ok := judge.Object(body)
	if !ok {
		return nil, false
	}
	elements, ok := m.List("usage_records")
	if !ok || len(elements) == 0 {
		return nil, false
	}
	list = make([]billing.Pushed, 0, len(elements))
	for _, e := range elements {
		var p billing.Pushed
		for name, target := range map[string]*string{
			"instance_id": &p.InstanceID, "metering_sn": &p.MeteringSN, "product_id": &p.ProductID, "relate_pkg_instance": &p.PackageID,
		} {
			if !e.Has(name) {
				continue
			}
			if *target, ok = e.Text(name); !ok || utf8.RuneCountInString(*target) > catalogue.MaxID {
				return nil, false
			}
		}
		for name, target := range map[string]*string{"record_time": &p.RecordTime, "begin_time": &p.BeginTime, "end_time": &p.EndTime} {
			text, _ := e.Text(name)
			*target = judge.Shorten(text, catalogue.MaxID)
		}
		readValue(&p, e["usage_value"])
		readTimes(&p)
		list = append(list, p)
	}
	return list, true
}

// readValue accepts a string, as the Chinese pages have it, and a number, as the
// international ones (open-apis §3.1).
func readValue(p *billing.Pushed, raw json.RawMessage) {
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
	p.Value = judge.Shorten(text, catalogue.MaxID)
	var err error
	p.Amount, err = billing.ParseAmount(text)
	p.Number = err == nil
}

func readTimes(p *billing.Pushed) {
	var produced time.Time
	p.Times = true
	for _, t := range []struct {
		text string
		into *time.Time
	}{{p.RecordTime, &produced}, {p.BeginTime, &p.Begin}, {p.EndTime, &p.End}} {
		at, err := time.Parse(usageTime, t.text)
		if err != nil || len(t.text) != len(usageTime) {
			p.Times = false
			return
		}
		*t.into = at
	}
}
