// SPDX-License-Identifier: Apache-2.0

package store

import (
	"crypto/sha256"
	"fmt"
	"strconv"
	"time"
)

// UsageState is where a usage record stands. PUSHED is terminal, REFUSED until an operator revives it.
type UsageState string

// The states.
const (
	UsageSending UsageState = "SENDING" // to be sent, or sent without a known outcome
	UsagePushed  UsageState = "PUSHED"  // the marketplace has it
	UsageRefused UsageState = "REFUSED" // the marketplace will not have it; Code says why
)

// UsageRecord is one record for the marketplace. Key: Seller, ID.
type UsageRecord struct {
	Seller string
	ID     string // also the metering_sn: derived once from the window and the part
	UsageWindowKey
	Part       int32 // of the instance and stretch of time, over all packages; makes begin and end unique
	Meter      string
	BeginAt    time.Time
	EndAt      time.Time
	ToldAt     time.Time // the begin that the marketplace is told when it is not BeginAt; zero otherwise
	Value      Units
	State      UsageState
	Code       string // the marketplace's record code or a word of Koogate's own; empty unless the record was refused or an attempt failed
	Attempt    int32
	DueAt      time.Time // when it is sent next
	DeadlineAt time.Time
	RefuseAt   time.Time
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// UsageRecordID derives the ID of a record, a UUID of version 8, from what the record is made of.
func UsageRecordID(seller, instanceID string, startAt time.Time, part int32) string {
	sum := sha256.Sum256([]byte(keyID("koogate/usage-record/1", seller, instanceID,
		strconv.FormatInt(startAt.UnixMicro(), 10), strconv.FormatInt(int64(part), 10))))
	return UUID(sum[:])
}

// Told is the begin that the marketplace is told.
func (r *UsageRecord) Told() time.Time {
	if r.ToldAt.IsZero() {
		return r.BeginAt
	}
	return r.ToldAt
}

// UsageSpans says what the marketplace is told of records of one instance that share a window, because they are drawn from
// several packages. It takes a record of the same instance, begin and end for a duplicate (open-apis §3.7), and how several
// are told apart is not published (Q3); its own sample has two that differ in neither (second reading C17).
type UsageSpans int

// The choices.
const (
	SpansApart  UsageSpans = iota // each begins a second after the one before
	SpansShared                   // the records of several packages begin together; several records of one package still begin apart
)

// UsageVerdict is what became of sending one record.
type UsageVerdict struct {
	Seller string
	ID     string
	State  UsageState // SENDING to try again at DueAt
	Code   string
	DueAt  time.Time
}

// Check refuses a verdict that names no state.
func (v *UsageVerdict) Check() error {
	switch v.State {
	case UsageSending, UsagePushed, UsageRefused:
		return nil
	}
	return fmt.Errorf("a verdict on usage record %s names the state %q", v.ID, v.State)
}

// KeptCode is what the record keeps of the verdict's code: nothing once the marketplace has it.
func (v *UsageVerdict) KeptCode() string {
	if v.State == UsagePushed {
		return ""
	}
	return v.Code
}

// KeptDueAt is when the record is sent next: never, unless it is to be tried again.
func (v *UsageVerdict) KeptDueAt() time.Time {
	if v.State != UsageSending {
		return time.Time{}
	}
	return v.DueAt
}

// UsageRevived is what became of the refused records of an instance.
type UsageRevived struct {
	Records int // those that go out again
	Past    int // those that were left alone
}

// UsageBacklog is what waits.
type UsageBacklog struct {
	Windows, Records, Refused int64
	Deadline                  time.Time // the earliest; zero when nothing waits
}

// Altered describes for the audit the refused records of an instance that go out again; their number is digested. It is nil when
// there are none.
func (r UsageRevived) Altered(seller, instanceID string) func() Altered {
	if r.Records == 0 {
		return nil
	}
	return func() Altered {
		return Altered{Seller: seller, Resources: map[string][]string{"instance": {instanceID}}, After: Digest(r)}
	}
}
