// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Faults are made by the open APIs instead of an answer, to see how the seller
// copes. The counts go down with every request that they hit; a request is hit
// by the first of Drop, RateLimit, Fail, DropAfter and FailAfter whose count is
// above zero.
type Faults struct {
	Drop      int           // drop the connection without an answer
	RateLimit int           // answer RateStatus with the code 0250
	Fail      int           // answer Status with Code
	DropAfter int           // carry the request out, then drop the connection without an answer
	FailAfter int           // carry the request out, then answer Status with Code
	Status    int           // for Fail and FailAfter; default 500
	Code      string        // for Fail and FailAfter; default CBC.0999, or what the API calls an internal error
	Delay     time.Duration // wait before every request is looked at; stays until changed

	// RateStatus is the HTTP status of RateLimit. Default: 406, as documented; the
	// gateway itself would say 429.
	RateStatus int

	// RetryAfter is announced by the header Retry-After, in seconds rounded up, with
	// RateLimit and during an Outage. Zero: no header.
	RetryAfter time.Duration

	// Skew is how far the marketplace's clock is ahead, for everything that the open
	// APIs judge: signatures, and the times of usage records. Bills keep to the
	// simulator's clock. It stays until changed.
	Skew time.Duration
}

// Chaos makes faults by chance, from a source that depends on the seed only: the
// same requests one after another meet the same faults. Each is a probability
// from 0 to 1, for every request that no Faults hit; at most one happens to a
// request. Status, Code, RateStatus and RetryAfter are those of Faults.
type Chaos struct {
	Seed      uint64
	Drop      float64
	RateLimit float64
	Fail      float64
	DropAfter float64
	FailAfter float64

	// Record is the probability, for every single record of a usage push, that it is
	// not taken and answered with 013.
	Record float64
}

// Outage is a time in which the open APIs cannot be reached: every request is
// answered with 503, as a load balancer would, and not looked at.
type Outage struct {
	From  time.Time
	Until time.Time // exclusive
}

// Fault names what happened to a request.
type Fault string

// The faults.
const (
	FaultNone      Fault = ""
	FaultDrop      Fault = "drop"
	FaultRateLimit Fault = "rate-limit"
	FaultFail      Fault = "fail"
	FaultDropAfter Fault = "drop-after"
	FaultFailAfter Fault = "fail-after"
	FaultOutage    Fault = "outage"
	FaultRecords   Fault = "records" // single records of a usage push
)

// FaultCounts tells how many requests each fault has hit; Records counts records.
type FaultCounts struct {
	Drop, RateLimit, Fail, DropAfter, FailAfter, Outage, Records int
}

// faultBox holds the faults that are due.
type faultBox struct {
	mu      sync.Mutex
	due     Faults
	chaos   Chaos
	chance  *rand.Rand
	outages []Outage
	records map[int]string // index in the next usage push to its code
	counts  FaultCounts
}

// SetFaults replaces the faults of the open APIs. The zero value ends them.
func (s *Simulator) SetFaults(f Faults) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.due = f
}

// Faults returns the faults that are still due.
func (s *Simulator) Faults() Faults {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	return s.faults.due
}

// SetChaos replaces the faults by chance and starts their source anew. The zero
// value ends them.
func (s *Simulator) SetChaos(c Chaos) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.chaos, s.faults.chance = c, rand.New(rand.NewPCG(c.Seed, c.Seed))
}

// SetOutages replaces the outages.
func (s *Simulator) SetOutages(outages ...Outage) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.outages = slices.Clone(outages)
}

// FailRecords makes the next usage push that is judged refuse the records with
// these indexes, from 0, with a record code, whatever they hold. The others are
// judged as usual.
func (s *Simulator) FailRecords(code string, indexes ...int) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.records = make(map[int]string, len(indexes))
	for _, i := range indexes {
		s.faults.records[i] = code
	}
}

// FaultCounts returns what the faults have hit since New.
func (s *Simulator) FaultCounts() FaultCounts {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	return s.faults.counts
}

// fault is what is to happen to one request.
type fault struct {
	kind    Fault
	refusal refusal       // of FaultRateLimit, FaultFail and FaultFailAfter
	retry   time.Duration // to be announced
	delay   time.Duration
}

// next takes one fault out of the box.
func (b *faultBox) next(now time.Time) fault {
	b.mu.Lock()
	defer b.mu.Unlock()
	f := fault{kind: b.kind(now), delay: b.due.Delay}
	switch f.kind {
	case FaultDrop:
		b.counts.Drop++
	case FaultDropAfter:
		b.counts.DropAfter++
	case FaultOutage:
		b.counts.Outage++
		f.retry = b.due.RetryAfter
	case FaultRateLimit:
		b.counts.RateLimit++
		f.refusal, f.retry = refuseRate, b.due.RetryAfter
		if b.due.RateStatus != 0 {
			f.refusal.status = b.due.RateStatus
		}
	case FaultFail:
		b.counts.Fail++
		f.refusal = b.failure()
	case FaultFailAfter:
		b.counts.FailAfter++
		f.refusal = b.failure()
	case FaultNone, FaultRecords:
	}
	return f
}

func (b *faultBox) kind(now time.Time) Fault {
	for _, o := range b.outages {
		if !now.Before(o.From) && now.Before(o.Until) {
			return FaultOutage
		}
	}
	for _, f := range []struct {
		left *int
		kind Fault
	}{
		{&b.due.Drop, FaultDrop}, {&b.due.RateLimit, FaultRateLimit}, {&b.due.Fail, FaultFail},
		{&b.due.DropAfter, FaultDropAfter}, {&b.due.FailAfter, FaultFailAfter},
	} {
		if *f.left > 0 {
			*f.left--
			return f.kind
		}
	}
	if b.chance == nil {
		return FaultNone
	}
	u := b.chance.Float64()
	for _, f := range []struct {
		p    float64
		kind Fault
	}{
		{b.chaos.Drop, FaultDrop}, {b.chaos.RateLimit, FaultRateLimit}, {b.chaos.Fail, FaultFail},
		{b.chaos.DropAfter, FaultDropAfter}, {b.chaos.FailAfter, FaultFailAfter},
	} {
		if u < f.p {
			return f.kind
		}
		u -= f.p
	}
	return FaultNone
}

func (b *faultBox) failure() refusal {
	r := refuseInternal
	if b.due.Status != 0 {
		r.status = b.due.Status
	}
	if b.due.Code != "" {
		r.code, r.message = b.due.Code, "Injected fault."
	}
	return r
}

// spoil returns which of n records are to be refused, and with which code.
func (b *faultBox) spoil(n int) map[int]string {
	b.mu.Lock()
	defer b.mu.Unlock()
	chosen := b.records
	b.records = nil
	if b.chance != nil && b.chaos.Record > 0 {
		for i := range n {
			if b.chance.Float64() < b.chaos.Record {
				if chosen == nil {
					chosen = make(map[int]string)
				}
				chosen[i] = recordState
			}
		}
	}
	for i := range chosen {
		if i >= 0 && i < n {
			b.counts.Records++
		}
	}
	return chosen
}

// skew returns how far the marketplace's clock is ahead.
func (b *faultBox) skew() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.due.Skew
}

// marketNow is the time by which the open APIs judge.
func (s *Simulator) marketNow() time.Time { return s.cfg.Clock.Now().Add(s.faults.skew()) }

// refuseOutage stands for an answer that is not the marketplace's.
var refuseOutage = refusal{status: http.StatusServiceUnavailable, message: "Service Unavailable"}
