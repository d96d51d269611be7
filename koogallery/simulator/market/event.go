// SPDX-License-Identifier: Apache-2.0

package market

import (
	"errors"
	"fmt"
)

// event is one getLicenseAsync: the marketplace's serial number under which one
// licence is to be uploaded (saas-v1 §6).
type event struct {
	digest string // of the licence; "" before the first upload
	other  int    // uploads of another licence
}

// Expect remembers an event. The oldest one is forgotten beyond maxCalls.
func (s *Market) Expect(id string) {
	b := s.book
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.events[id] != nil {
		return
	}
	b.events[id] = &event{}
	b.eventIDs = append(b.eventIDs, id)
	if over := len(b.eventIDs) - b.maxCalls; over > 0 {
		for _, old := range b.eventIDs[:over] {
			delete(b.events, old)
		}
		clear(b.eventIDs[:over])
		b.eventIDs = b.eventIDs[over:]
	}
}

// Upload takes the licence of an event. It reports false for an unknown event and
// for another licence than the first: the first one stays.
func (s *Market) Upload(id, digest string) bool {
	b := s.book
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.events[id]
	switch {
	case e == nil:
		return false
	case e.digest == "":
		e.digest = digest
	case e.digest != digest:
		e.other++
		return false
	}
	return true
}

// Uploaded tells whether the licence of an event is there.
func (s *Market) Uploaded(id string) bool {
	b := s.book
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.events[id]
	return e != nil && e.digest != ""
}

// OneUpload checks that no event got two different licences.
func (s *Market) OneUpload(id string) error {
	b := s.book
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := b.events[id]; {
	case e == nil:
		return errors.New("the event was forgotten")
	case e.other > 0:
		return fmt.Errorf("%d uploads of another licence for the same event", e.other)
	default:
		return nil
	}
}
