// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"time"

	"github.com/koogate/koogate/koogallery/simulator/fault"
)

// SetFaults replaces the faults of the open APIs. The zero value ends them.
func (s *Simulator) SetFaults(f fault.Plan) {
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	s.faults.Set(f)
}

// Faults returns the faults that are still due.
func (s *Simulator) Faults() fault.Plan {
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	return s.faults.Due
}

// SetChaos replaces the faults by chance and starts their source anew. The zero
// value ends them.
func (s *Simulator) SetChaos(c fault.Chaos) {
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	s.faults.SetChaos(c)
}

// SetOutages replaces the outages.
func (s *Simulator) SetOutages(outages ...fault.Outage) {
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	s.faults.SetOutages(outages)
}

// FailRecords makes the next usage push that is judged refuse the records with
// these indexes, from 0, with a record code, whatever they hold. The others are
// judged as usual.
func (s *Simulator) FailRecords(code string, indexes ...int) {
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	s.faults.FailRecords(code, indexes)
}

// FaultCounts returns what the faults have hit since New.
func (s *Simulator) FaultCounts() fault.Counts {
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	return s.faults.Counts
}

// NextFault takes what is to happen to a request of now.
func (s *Simulator) NextFault(now time.Time) fault.Incident {
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	return s.faults.Next(now)
}

// MarketNow is the time by which the open APIs judge.
func (s *Simulator) MarketNow() time.Time {
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	return s.cfg.Clock.Now().Add(s.faults.Due.Skew)
}
