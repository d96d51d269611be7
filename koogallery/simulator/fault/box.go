// SPDX-License-Identifier: Apache-2.0

package fault

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/koogate/koogate/koogallery/simulator/billing"
)

// Box holds the faults that are due. It has no lock of its own: whoever owns
// it guards it.
type Box struct {
	Due     Plan
	chaos   Chaos
	chance  *rand.Rand
	outages []Outage
	records map[int]string // index in the next usage push to its code
	Counts  Counts
}

// Set replaces the faults by count.
func (b *Box) Set(f Plan) { b.Due = f }

// SetChaos replaces the faults by chance and starts their source anew.
func (b *Box) SetChaos(c Chaos) {
	b.chaos, b.chance = c, rand.New(rand.NewPCG(c.Seed, c.Seed))
}

// SetOutages replaces the outages.
func (b *Box) SetOutages(outages []Outage) { b.outages = slices.Clone(outages) }

// FailRecords spoils single records of the next usage push.
func (b *Box) FailRecords(code string, indexes []int) {
	b.records = make(map[int]string, len(indexes))
	for _, i := range indexes {
		b.records[i] = code
	}
}

// Incident is what is to happen to one request.
type Incident struct {
	Kind   Kind
	Status int           // instead of the API's own; 0: the API's
	Code   string        // the same; "" with Fail and FailAfter is an internal error
	Retry  time.Duration // to be announced
	Delay  time.Duration
}

// Next takes one fault out of the box.
func (b *Box) Next(now time.Time) Incident {
	f := Incident{Kind: b.kind(now), Delay: b.Due.Delay}
	switch f.Kind {
	case Drop:
		b.Counts.Drop++
	case DropAfter:
		b.Counts.DropAfter++
	case Unreachable:
		b.Counts.Outage++
		f.Retry = b.Due.RetryAfter
	case RateLimit:
		b.Counts.RateLimit++
		f.Status, f.Retry = b.Due.RateStatus, b.Due.RetryAfter
	case Fail:
		b.Counts.Fail++
		f.Status, f.Code = b.Due.Status, b.Due.Code
	case FailAfter:
		b.Counts.FailAfter++
		f.Status, f.Code = b.Due.Status, b.Due.Code
	case None, Records:
	}
	return f
}

func (b *Box) kind(now time.Time) Kind {
	for _, o := range b.outages {
		if !now.Before(o.From) && now.Before(o.Until) {
			return Unreachable
		}
	}
	for _, f := range []struct {
		left *int
		kind Kind
	}{
		{&b.Due.Drop, Drop}, {&b.Due.RateLimit, RateLimit}, {&b.Due.Fail, Fail},
		{&b.Due.DropAfter, DropAfter}, {&b.Due.FailAfter, FailAfter},
	} {
		if *f.left > 0 {
			*f.left--
			return f.kind
		}
	}
	if b.chance == nil {
		return None
	}
	u := b.chance.Float64()
	for _, f := range []struct {
		p    float64
		kind Kind
	}{
		{b.chaos.Drop, Drop}, {b.chaos.RateLimit, RateLimit}, {b.chaos.Fail, Fail},
		{b.chaos.DropAfter, DropAfter}, {b.chaos.FailAfter, FailAfter},
	} {
		if u < f.p {
			return f.kind
		}
		u -= f.p
	}
	return None
}

// Spoil returns which of n records are to be refused, and with which code.
func (b *Box) Spoil(n int) map[int]string {
	chosen := b.records
	b.records = nil
	if b.chance != nil && b.chaos.Record > 0 {
		for i := range n {
			if b.chance.Float64() < b.chaos.Record {
				if chosen == nil {
					chosen = make(map[int]string)
				}
				chosen[i] = billing.CodeState
			}
		}
	}
	for i := range chosen {
		if i >= 0 && i < n {
			b.Counts.Records++
		}
	}
	return chosen
}
