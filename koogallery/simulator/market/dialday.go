// SPDX-License-Identifier: Apache-2.0

package market

import (
	"time"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/wiretime"
)

// dialLog is what is remembered of dial tests.
type dialLog struct {
	instances  map[judge.Family]string
	lastFailed string // day, in Beijing
	days       int
}

// DialInstance remembers the first instance id that the dial tests of a family got,
// and returns it.
func (s *Market) DialInstance(f judge.Family, id string) string {
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	d := &s.dial
	if d.instances[f] == "" {
		d.instances[f] = id
	}
	return d.instances[f]
}

// NoteDialTest counts consecutive days, in Beijing, with at least one failure. A day
// without any is known to be one only when it is over.
func (s *Market) NoteDialTest(at time.Time, passed bool) {
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	d := &s.dial
	today := at.In(wiretime.Beijing())
	day, yesterday := today.Format(time.DateOnly), today.AddDate(0, 0, -1).Format(time.DateOnly)
	continued := d.lastFailed == yesterday
	switch {
	case d.lastFailed == day, passed && continued:
		return
	case passed:
		d.days = 0
		return
	case continued:
		d.days++
	default:
		d.days = 1
	}
	d.lastFailed = day
}
