// SPDX-License-Identifier: Apache-2.0

package market

import (
	"time"

	"github.com/koogate/koogate/koogallery/simulator/fault"
)

// SetFaults replaces the faults of the open APIs. The zero value ends them.
func (s *Market) SetFaults(f fault.Plan) {
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	s.faults.Set(f)
}

// Faults returns the faults that are still due.
func (s *Market) Faults() fault.Plan {
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	return s.faults.Due
}

// SetChaos replaces the faults by chance and starts their source anew. The zero
// value ends them.
func (s *Market) SetChaos(c fault.Chaos) {
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	s.faults.SetChaos(c)
}

// SetOutages replaces the outages.
func (s *Market) SetOutages(outages ...fault.Outage) {
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	s.faults.SetOutages(outages)
}

// FailRecords makes the next usage push that is judged refuse the records with
// these indexes, from 0, with a record code, whatever they hold. The others are
// judged as usual.
func (s *Market) FailRecords(code string, indexes ...int) {
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	s.faults.FailRecords(code, indexes)
}

// FaultCounts returns what the faults have hit since New.
func (s *Market) FaultCounts() fault.Counts {
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	return s.faults.Counts
}

// NextFault takes what is to happen to a request of now.
func (s *Market) NextFault(now time.Time) fault.Incident {
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	return s.faults.Next(now)
}

// MarketNow is the time by which the open APIs judge.
func (s *Market) MarketNow() time.Time {
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	return s.cfg.Clock.Now().Add(s.faults.Due.Skew)
}
