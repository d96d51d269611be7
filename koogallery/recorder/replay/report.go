// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"cmp"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/koogate/koogate/koogallery/compare"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/recorder/tape"
)

// Report is how a replay went.
type Report struct {
	Target string        `json:"target"`
	At     time.Time     `json:"at"`
	Took   time.Duration `json:"took"`  // nanoseconds
	Calls  int           `json:"calls"` // made and compared
	Same   int           `json:"same"`  // calls without a difference

	Differences []Difference `json:"differences"`

	// Sooner are calls that the recorded seller failed or had under way, and that succeeded at a later attempt, where the target
	// succeeded at this one. Later are those for which the target had to be asked again. Neither is a difference.
	Sooner int `json:"sooner,omitempty"`
	Later  int `json:"later,omitempty"`

	LeftOut []LeftOut `json:"leftOut,omitempty"`
	Torn    []int     `json:"torn,omitempty"` // lines of the recording that are not whole

	mu sync.Mutex
}

// Difference is one rule by which an answer differs from the recorded one.
type Difference struct {
	N          int64          `json:"n"` // number of the call in the recording
	At         time.Time      `json:"at"`
	Family     judge.Family   `json:"family"`
	Activity   judge.Activity `json:"activity"`
	Test       bool           `json:"test,omitempty"`
	OrderID    string         `json:"orderId,omitempty"`
	InstanceID string         `json:"instanceId,omitempty"` // as recorded
	Rule       compare.Rule   `json:"rule"`
	Recorded   string         `json:"recorded"`
	Answered   string         `json:"answered"`
	Allowed    bool           `json:"allowed,omitempty"`
}

// LeftOut is a call that could not be made again.
type LeftOut struct {
	N        int64          `json:"n"`
	Activity judge.Activity `json:"activity,omitempty"`
	Why      string         `json:"why"`
}

// Differs tells whether there are differences that are not allowed.
func (r *Report) Differs() bool {
	return slices.ContainsFunc(r.Differences, func(d Difference) bool { return !d.Allowed })
}

// note counts a call that was compared.
func (r *Report) note(found []Difference, sooner, later bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Calls++
	if len(found) == 0 {
		r.Same++
	}
	if sooner {
		r.Sooner++
	}
	if later {
		r.Later++
	}
	r.Differences = append(r.Differences, found...)
}

func (r *Report) leaveOut(c *tape.Call, why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.LeftOut = append(r.LeftOut, LeftOut{c.N, c.Activity, why})
}

// finish brings what was found in the order of the recording.
func (r *Report) finish(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Took = now.Sub(r.At)
	slices.SortStableFunc(r.Differences, func(a, b Difference) int { return cmp.Compare(a.N, b.N) })
	slices.SortFunc(r.LeftOut, func(a, b LeftOut) int { return cmp.Compare(a.N, b.N) })
}

// bare is an address without what may be secret in it.
func bare(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}
