// SPDX-License-Identifier: Apache-2.0

package store

import (
	"cmp"
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

// CountUnit is what one raw record adds to a window that counts records.
const CountUnit Units = 10000

// MaxRecordValue is the greatest value of one usage record, 99 999 999.9999; a window with more pending gets several.
const MaxRecordValue Units = 999_999_999_999

// maxParts bounds the records that closing a window once makes.
const maxParts = 100

// UsagePlace orders the raw records of a LAST window; the greatest gives the total.
type UsagePlace struct {
	EndAt      time.Time
	ReportedAt time.Time
	Key        string
}

// Compare orders places at the store's precision.
func (p UsagePlace) Compare(o UsagePlace) int {
	return cmp.Or(
		cmp.Compare(p.EndAt.UnixMicro(), o.EndAt.UnixMicro()), cmp.Compare(p.ReportedAt.UnixMicro(), o.ReportedAt.UnixMicro()),
		cmp.Compare(p.Key, o.Key),
	)
}

// UsageTally is a window as a backend keeps it: every raw record either counts or does not, and Total is the aggregate of
// those that count, Records their number. The mode, the meter and the times are those of the first record.
type UsageTally struct {
	UsageWindow
	Last UsagePlace // of the record that a LAST window takes its total from
}

// NewUsageTally starts a window with its first raw record, which is still to be added.
func NewUsageTally(r *UsageRaw) *UsageTally {
	return &UsageTally{UsageWindow: UsageWindow{
		Seller: r.Seller, UsageWindowKey: r.WindowKey(), Meter: r.Meter, Mode: r.Mode, EndAt: r.Window.EndAt, DueAt: r.Window.DueAt,
		DeadlineAt: r.Window.DeadlineAt, RefuseAt: r.Window.RefuseAt, CreatedAt: r.ReportedAt, UpdatedAt: r.ReportedAt,
	}}
}

// Add adds a raw record and reports whether it counts. Only a record of a LAST window that would take the total below what was
// settled does not count: it is kept, but it never becomes part of the aggregate, and the total stays as it is. Values are not
// negative, so in the other modes the total never falls.
func (t *UsageTally) Add(r *UsageRaw) (counts bool) {
	total := t.Total
	switch t.Mode {
	case UsageCount:
		total += CountUnit
	case UsageMax:
		total = max(total, r.Value)
	case UsageLast:
		if place := r.Place(); t.Records == 0 || place.Compare(t.Last) > 0 {
			if r.Value < t.Settled {
				return false
			}
			total, t.Last = r.Value, place
		}
	default:
		total += r.Value
	}
	t.Total = total
	t.Records++
	if r.ReportedAt.After(t.UpdatedAt) {
		t.UpdatedAt = r.ReportedAt
	}
	return true
}

// UsageParts says which parts of an instance are taken.
type UsageParts struct {
	Next  int32     // one more than the greatest part of the instance and start; 0 for none
	Begin time.Time // the latest begin among the instance's records with the window's end; zero for none
	Told  time.Time // the latest that was told of those of the window's package; zero for none
}

// Close turns the pending part of the window into records. Each begins its number of seconds after the window's start,
// so no two records of an instance have begin and end in common, whatever the marketplace is told by spans. What is beyond
// maxParts records stays pending.
func (t *UsageTally) Close(p UsageParts, spans UsageSpans, now time.Time) []UsageRecord {
	part := p.Next
	if gap := p.Begin.Sub(t.StartAt); !p.Begin.IsZero() && gap >= 0 {
		part = max(part, int32(gap/time.Second)+1)
	}
	told := t.StartAt
	if gap := p.Told.Sub(t.StartAt); !p.Told.IsZero() && gap >= 0 {
		told = p.Told.Add(time.Second)
	}
	var out []UsageRecord
	for ; t.Total > t.Settled && len(out) < maxParts; part++ {
		value := min(t.Total-t.Settled, MaxRecordValue)
		r := UsageRecord{
			Seller: t.Seller, ID: UsageRecordID(t.Seller, t.InstanceID, t.StartAt, part), UsageWindowKey: t.UsageWindowKey,
			Part: part, Meter: t.Meter, BeginAt: t.StartAt.Add(time.Duration(part) * time.Second), EndAt: t.EndAt, Value: value,
			State: UsageSending, DueAt: now, DeadlineAt: t.DeadlineAt, RefuseAt: t.RefuseAt, CreatedAt: now, UpdatedAt: now,
		}
		if spans == SpansShared && !told.Equal(r.BeginAt) {
			r.ToldAt = told
		}
		out, told = append(out, r), told.Add(time.Second)
		t.Settled += value
	}
	t.UpdatedAt = now
	return out
}
