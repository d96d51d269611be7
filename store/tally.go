// SPDX-License-Identifier: Apache-2.0

package store

import (
	"cmp"
	"time"
)

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
