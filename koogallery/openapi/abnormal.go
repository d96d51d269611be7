// SPDX-License-Identifier: Apache-2.0

package openapi

import (
	"encoding/json"
	"strings"
)

// UsageResult is what became of the records of a call.
type UsageResult struct {
	// Records has one element for each record of the call, in the same order.
	Records []RecordOutcome

	// Unmatched counts what the answer named as abnormal and no record of the call
	// could be found for, or what of it could not be read. If it is not zero no
	// record counts as accepted.
	Unmatched int

	// RequestID is the gateway's id of the request. May be "".
	RequestID string
}

// RecordOutcome is what became of one record.
type RecordOutcome struct {
	// Outcome is OutcomeRejected if the answer names the record as abnormal. It is
	// OutcomeUnknown if the answer named something as abnormal that may be this
	// record: push it again, and a duplicate will show that it was accepted.
	Outcome Outcome

	// Code is the code of a record that is not accepted. May be "" and may be a
	// value that is not Known.
	Code RecordCode

	// Message is the server's text, cleaned as Error.Message is. May be "".
	Message string
}

// Count returns how many records have the outcome.
func (r UsageResult) Count(o Outcome) int {
	n := 0
	for _, record := range r.Records {
		if record.Outcome == o {
			n++
		}
	}
	return n
}

// period identifies a record without a metering_sn.
type period struct{ instance, begin, end string }

// matchAbnormal reads data of an answer (open-apis §3.4). The members of its
// elements were never seen: names are accepted in both spellings, codes as
// numbers too, and the elements themselves under data or in it. An element
// belongs to the record with its metering_sn, else to the one with its instance,
// begin and end. failed says that the answer reports abnormal records, so that
// there have to be some.
func matchAbnormal(wire []usageRecord, data json.RawMessage, failed bool) UsageResult {
	result := UsageResult{Records: make([]RecordOutcome, len(wire))}
	bySN, byPeriod := make(map[string]int, len(wire)), make(map[period][]int, len(wire))
	for i, r := range wire {
		if r.MeteringSN != "" {
			bySN[r.MeteringSN] = i
		}
		p := period{r.InstanceID, instant(r.BeginTime), instant(r.EndTime)}
		byPeriod[p] = append(byPeriod[p], i)
	}

	elements, ok := abnormalElements(data)
	if !ok || (failed && len(elements) == 0) {
		result.Unmatched++
	}
	for _, raw := range elements {
		m, ok := readMembers(raw)
		if !ok {
			result.Unmatched++
			continue
		}
		var matches []int
		if i, ok := bySN[m.text("meteringsn")]; ok {
			matches = []int{i}
		} else {
			matches = byPeriod[period{m.text("instanceid"), instant(m.text("begintime")), instant(m.text("endtime"))}]
		}
		outcome := RecordOutcome{Outcome: OutcomeRejected, Code: recordCode(m), Message: m.message()}
		if code := m.rawCode(); code != "" && strings.Trim(suffix(code), "0") == "" { // named, and nothing said against it
			outcome.Outcome, outcome.Code = OutcomeUnknown, ""
		}
		switch len(matches) {
		case 0:
			result.Unmatched++
			continue
		case 1:
		default: // one of them is meant
			outcome.Outcome = OutcomeUnknown
		}
		for _, i := range matches {
			if result.Records[i].Outcome != OutcomeRejected {
				result.Records[i] = outcome
			}
		}
	}
	for i := range result.Records {
		if result.Records[i].Outcome != "" {
			continue
		}
		result.Records[i].Outcome = OutcomeAccepted
		if result.Unmatched > 0 {
			result.Records[i].Outcome = OutcomeUnknown
		}
	}
	return result
}

// abnormalElements finds the list: in the member abnormal_usage_data, or data itself.
func abnormalElements(data json.RawMessage) ([]json.RawMessage, bool) {
	data = unwrap(data)
	if isNull(data) || string(data) == `""` {
		return nil, true
	}
	if data[0] != '{' {
		return oneOrMany(data)
	}
	m := make(members)
	if !m.add(data, false) {
		return nil, false
	}
	if list, ok := m["abnormalusagedata"]; ok {
		return oneOrMany(unwrap(list))
	}
	// Without the list an object is an abnormal record itself, or says nothing.
	if m.text("meteringsn", "instanceid") != "" || recordCode(m) != "" {
		return []json.RawMessage{data}, true
	}
	for _, raw := range m {
		if unwrap(raw)[0] == '[' || unwrap(raw)[0] == '{' {
			return nil, false
		}
	}
	return nil, true
}

// recordCode brings 5, "5" and "MKT.005" into three digits. The prefix that
// normalise gives to four digits does not occur.
func recordCode(m members) RecordCode {
	code := suffix(m.rawCode())
	if code != "" && len(code) < recordCodeLen {
		code = strings.Repeat("0", recordCodeLen-len(code)) + code
	}
	return RecordCode(code)
}
