// SPDX-License-Identifier: Apache-2.0

package lives

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/koogate/koogate/server/usage"
	"github.com/koogate/koogate/store"
)

// bill is what the marketplace was told of the usage of an instance.
type bill struct {
	told    map[string]store.UsageRecord // by serial number
	taken   map[time.Time]store.Units    // by the hour of the window
	refused map[time.Time]store.Units
	broken  error // the first thing that no seller may tell
}

// trouble is what goes wrong with a push.
type trouble int

// The troubles, in the order of a step's Number.
const (
	troubleNone    trouble = iota
	troubleUnsent          // nobody is reached
	troubleUnheard         // the records are taken, and the answer is lost
	troublePartial         // the first record is taken, the others are to be sent again
	troubleRefused         // the first record is refused for good
)

var troubleNames = [...]string{"nobody is reached", "the answer is lost", "only the first record is taken", "the first record is refused"}

// bill is the one of an instance.
func (m *market) bill(instance string) *bill {
	if m.bills[instance] == nil {
		m.bills[instance] = &bill{told: map[string]store.UsageRecord{}, taken: map[time.Time]store.Units{}, refused: map[time.Time]store.Units{}}
	}
	return m.bills[instance]
}

// PushUsage implements usage.Pusher. The answer is fixed before what happens during the push.
func (m *market) PushUsage(_ context.Context, _ string, records []store.UsageRecord) ([]usage.Verdict, error) {
	trouble := m.trouble
	m.trouble = troubleNone
	if trouble == troubleUnsent {
		return nil, &usage.PushError{Class: usage.PushUnsent, Code: "NETWORK"}
	}
	verdicts := make([]usage.Verdict, len(records))
	for i, r := range records {
		switch {
		case trouble == troublePartial && i > 0:
			verdicts[i] = usage.Verdict{Kind: usage.VerdictAgain, Code: "NO_VERDICT"}
		case trouble == troubleRefused && i == 0:
			verdicts[i] = m.bill(r.InstanceID).refuse(r)
		default:
			verdicts[i] = m.bill(r.InstanceID).take(r)
		}
	}
	m.meanwhile()
	if trouble == troubleUnheard {
		return nil, &usage.PushError{Class: usage.PushUnknown, Code: usage.CodeNoAnswer}
	}
	return verdicts, nil
}

// take takes a record, once: what has the begin and end of another is a duplicate to the marketplace, whatever it says.
func (b *bill) take(r store.UsageRecord) usage.Verdict {
	if was, ok := b.told[r.ID]; ok {
		b.same(was, r)
		return usage.Verdict{Kind: usage.VerdictDuplicate, Code: "DUPLICATE"}
	}
	for _, was := range b.told {
		if was.Told().Equal(r.Told()) && was.EndAt.Equal(r.EndAt) {
			b.object("records %s and %s have the same begin and end, so the second is not billed", was.ID, r.ID)
		}
	}
	b.told[r.ID] = r
	b.taken[r.StartAt.Truncate(time.Hour)] += r.Value
	return usage.Verdict{Kind: usage.VerdictAccepted}
}

// refuse refuses a record, unless it was taken before.
func (b *bill) refuse(r store.UsageRecord) usage.Verdict {
	if _, ok := b.told[r.ID]; ok {
		return b.take(r)
	}
	b.refused[r.StartAt.Truncate(time.Hour)] += r.Value
	return usage.Verdict{Kind: usage.VerdictRefused, Code: "NOT_ALLOWED"}
}

// same holds a record that comes again to what it was.
func (b *bill) same(was, is store.UsageRecord) {
	if was.Value != is.Value || !was.Told().Equal(is.Told()) || !was.EndAt.Equal(is.EndAt) {
		b.object("record %s was %d from %s to %s and comes again as %d from %s to %s", is.ID,
			was.Value, was.Told().Format(time.TimeOnly), was.EndAt.Format(time.TimeOnly), is.Value, is.Told().Format(time.TimeOnly), is.EndAt.Format(time.TimeOnly))
	}
}

func (b *bill) object(format string, args ...any) {
	if b.broken == nil {
		b.broken = broken(promiseUsage, "%s", fmt.Sprintf(format, args...))
	}
}

// hours are the hours of which something was reported or told, in their order.
func hours(of ...map[time.Time]store.Units) []time.Time {
	var all []time.Time
	for _, m := range of {
		for at := range m {
			all = append(all, at)
		}
	}
	slices.SortFunc(all, time.Time.Compare)
	return slices.Compact(all)
}
