// SPDX-License-Identifier: Apache-2.0

package openapi

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/koogate/koogate/koogallery/sign"
)

const (
	// UsagePath is the path of the new usage push interface (open-apis §3.1).
	UsagePath = "/api/mkp-openapi-public/global/v1/isv/usage-data"

	// UsageOldPath is the path of the old usage push interface (open-apis §4.1).
	UsageOldPath = "/rest/marketplace/v1/isv/usage-data"

	// MaxUsageRecords bounds the records of a call, on both interfaces.
	MaxUsageRecords = 1000

	// MaxUsageValue is the longest usage value, in characters.
	MaxUsageValue = 20

	// usageDecimals bounds the digits after the point.
	usageDecimals = 4

	// usageTime is the form of times, in UTC.
	usageTime = "20060102T150405Z"
)

// UsageRecord is one record for the new interface (open-apis §3.1).
type UsageRecord struct {
	// InstanceID is the pay-per-use instance that the seller returned for the
	// order, never that of a package. 1 to 64 characters.
	InstanceID string

	// RecordTime is when the record was produced; BeginTime and EndTime are the
	// metered period. All are required and sent in UTC with whole seconds; the
	// end must not lie before the begin. How old a record may be, 21 days, is not
	// checked here.
	RecordTime, BeginTime, EndTime time.Time

	// UsageValue is an exact decimal like 99 or 0.0001: above 0, digits with at
	// most one point, at most 4 digits after it, at most 20 characters, no sign,
	// exponent or superfluous leading zero.
	UsageValue string

	// MeteringSN is the seller's unique id of the record, by which repeats are
	// recognised. 1 to 64 characters, unique in a call.
	MeteringSN string

	// RelatePkgInstance is the instance of the package that the usage is deducted
	// from. Mandatory for packages that stop when used up; else "". At most 64
	// characters.
	RelatePkgInstance string
}

// OldUsageRecord is one record for the old interface (open-apis §4.1). The
// fields are those of UsageRecord, but there is no MeteringSN.
type OldUsageRecord struct {
	InstanceID string

	// ProductID is the product of the instance. 1 to 64 characters.
	ProductID string

	RecordTime, BeginTime, EndTime time.Time
	UsageValue                     string
	RelatePkgInstance              string
}

// usageRecord is a record on the wire, of either interface. The members are in
// the ascending order of their names because the new interface is said to sign
// the body "after natural sorting" (open-apis §3.2).
type usageRecord struct {
	BeginTime         string `json:"begin_time"`
	EndTime           string `json:"end_time"`
	InstanceID        string `json:"instance_id"`
	MeteringSN        string `json:"metering_sn,omitempty"`
	ProductID         string `json:"product_id,omitempty"`
	RecordTime        string `json:"record_time"`
	RelatePkgInstance string `json:"relate_pkg_instance,omitempty"`
	UsageValue        string `json:"usage_value"`
}

// PushUsage reports usage records to the new interface (open-apis §3). The body
// is rendered once, compact and with sorted names, and these bytes are signed
// with Config.UsageKey and sent; AK/SK comes on top unless
// Config.UsageWithoutAKSK. Attempts and hosts are as for QueryOrder. Repeating a
// call with the same records is safe: metering_sn identifies them.
//
// Success of the call is not success of each record: look at the result. And an
// accepted record is only taken in: the marketplace checks again in the
// background and shows what it finds in the seller centre (open-apis §3.7).
//
// Errors: ErrConfig without a UsageKey; ErrArgument for no or more than
// MaxUsageRecords records, an unusable record, or a repeated MeteringSN, with a
// text that names record and field; otherwise an *Error, which concerns all
// records. Use Sent to tell an unknown outcome and Retryable to decide about
// repeating. With an error the result is empty.
func (c *Client) PushUsage(ctx context.Context, records []UsageRecord) (UsageResult, error) {
	if c.usageSign == nil {
		return UsageResult{}, fmt.Errorf("%w: UsageKey is required to push usage", ErrConfig)
	}
	wire := make([]usageRecord, 0, min(len(records), MaxUsageRecords))
	seen := make(map[string]bool, cap(wire))
	for i, r := range records[:cap(wire)] {
		w, field := r.wire()
		if field == "" && seen[r.MeteringSN] {
			field = "metering_sn"
		}
		if field != "" {
			return UsageResult{}, badArgument("usage_records", i, field)
		}
		seen[r.MeteringSN] = true
		wire = append(wire, w)
	}
	body, err := usageBody(len(records), wire)
	if err != nil {
		return UsageResult{}, err
	}
	ts, nonce := strconv.FormatInt(c.now().UnixMilli(), 10), rand.Text()
	r := post(callUsage, UsagePath, body)
	r.unsigned = c.usageOnly
	r.header = make(http.Header)
	r.header.Set(sign.UsageTSHeader, ts)
	r.header.Set(sign.UsageNonceHeader, nonce)
	r.header.Set(sign.UsageSignatureHeader, c.usageSign(ts, nonce, body))
	return c.pushUsage(ctx, r, wire)
}

// PushUsageOld reports usage records to the old interface with AK/SK (open-apis
// §4). Without a metering_sn the marketplace recognises a repeat by instance,
// begin and end alone. Its answer was not seen; it is read like that of the new
// interface. Result and errors are as for PushUsage, and no UsageKey is needed.
func (c *Client) PushUsageOld(ctx context.Context, records []OldUsageRecord) (UsageResult, error) {
	wire := make([]usageRecord, 0, min(len(records), MaxUsageRecords))
	for i, r := range records[:cap(wire)] {
		w, field := r.wire()
		if field != "" {
			return UsageResult{}, badArgument("usage_records", i, field)
		}
		wire = append(wire, w)
	}
	body, err := usageBody(len(records), wire)
	if err != nil {
		return UsageResult{}, err
	}
	return c.pushUsage(ctx, post(callUsageOld, UsageOldPath, body), wire)
}

func (c *Client) pushUsage(ctx context.Context, r call, wire []usageRecord) (UsageResult, error) {
	answer, err := c.attempt(ctx, r)
	if err != nil {
		return UsageResult{}, err
	}
	e, failure := c.judge(r.name, answer)
	abnormal := failure != nil && HasCode(failure, CodeUsageAbnormal)
	if failure != nil && !abnormal {
		return UsageResult{}, failure
	}
	result := matchAbnormal(wire, e.Data, abnormal)
	result.RequestID = answer.requestID
	if id := cleanID(string(e.RequestID)); id != "" {
		result.RequestID = id
	}
	for i := range result.Records {
		result.Records[i].Message = c.scrub(result.Records[i].Message)
	}
	return result, nil
}

// usageBody renders the body in the form in which the marketplace signs:
// compact, names sorted at both levels, strings escaped as Jackson does.
func usageBody(count int, wire []usageRecord) ([]byte, error) {
	if count == 0 || count > MaxUsageRecords {
		return nil, fmt.Errorf("%w: usage_records: want 1 to %d", ErrArgument, MaxUsageRecords)
	}
	body, err := json.Marshal(map[string][]usageRecord{"usage_records": wire})
	if err == nil {
		body, err = sign.Canonical(body)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: usage_records", ErrArgument)
	}
	return body, nil
}

// wire renders a record, or returns the name of the field that is unusable.
func (r UsageRecord) wire() (w usageRecord, field string) {
	if !validID(r.MeteringSN) {
		return w, "metering_sn"
	}
	w = usageRecord{
		InstanceID: r.InstanceID, MeteringSN: r.MeteringSN, UsageValue: r.UsageValue, RelatePkgInstance: r.RelatePkgInstance,
	}
	return w, w.complete(r.RecordTime, r.BeginTime, r.EndTime)
}

func (r OldUsageRecord) wire() (w usageRecord, field string) {
	if !validID(r.ProductID) {
		return w, "product_id"
	}
	w = usageRecord{
		InstanceID: r.InstanceID, ProductID: r.ProductID, UsageValue: r.UsageValue, RelatePkgInstance: r.RelatePkgInstance,
	}
	return w, w.complete(r.RecordTime, r.BeginTime, r.EndTime)
}

// complete sets the times and returns the name of the first unusable field.
func (w *usageRecord) complete(record, begin, end time.Time) (field string) {
	w.RecordTime, w.BeginTime, w.EndTime = usageTimeText(record), usageTimeText(begin), usageTimeText(end)
	switch {
	case !validID(w.InstanceID):
		return "instance_id"
	case w.RecordTime == "":
		return "record_time"
	case w.BeginTime == "":
		return "begin_time"
	case w.EndTime == "" || w.EndTime < w.BeginTime:
		return "end_time"
	case !ValidUsageValue(w.UsageValue):
		return "usage_value"
	case w.RelatePkgInstance != "" && !validID(w.RelatePkgInstance):
		return "relate_pkg_instance"
	default:
		return ""
	}
}

// usageTimeText is "" for a time that cannot be written.
func usageTimeText(t time.Time) string {
	s := t.UTC().Format(usageTime)
	if t.IsZero() || len(s) != len(usageTime) {
		return ""
	}
	return s
}

// ValidUsageValue reports whether s is usable as UsageRecord.UsageValue.
func ValidUsageValue(s string) bool {
	whole, fraction, point := strings.Cut(s, ".")
	switch {
	case len(s) > MaxUsageValue || whole == "" || strings.Trim(whole+fraction, "0123456789") != "":
		return false
	case point && (fraction == "" || len(fraction) > usageDecimals):
		return false
	case len(whole) > 1 && whole[0] == '0':
		return false
	default:
		return strings.Trim(whole+fraction, "0") != ""
	}
}

// badArgument names an element of a list and its field, without its content.
func badArgument(list string, index int, field string) error {
	return fmt.Errorf("%w: %s[%d].%s", ErrArgument, list, index, field)
}
