// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"log/slog"
	"sync"
	"time"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/store"
)

// Deps are what the journal works with; all are required.
type Deps struct {
	Store   store.Calls
	Sealer  Sealer
	Bodies  bool          // keep what was said in calls, sealed
	Clock   clock.Clock   // that by which work is ordered
	NewID   func() string // time-ordered unique IDs (UUIDv7)
	Metrics *telemetry.Metrics
	Log     *slog.Logger
}

// The journal's bounds.
const (
	most      = 4096 // calls that wait or are being written
	mostFolds = 4096 // sets of instances whose looks are folded
	mostCount = 4096 // counts of refusals that wait
	strangers = 60   // rows of refused calls within a minute, at each endpoint
	fold      = time.Minute
	batch     = 128 // rows of one transaction
	linger    = 100 * time.Millisecond
	pause     = time.Second      // after a failure
	patience  = 10 * time.Second // with the store
	farewell  = 2 * time.Second  // the same at the end
)

// Journal keeps calls. Safe for concurrent use.
type Journal struct {
	Deps

	wake    chan struct{} // holds a token while something waits
	writing sync.Mutex    // one batch at a time

	mu       sync.Mutex
	waiting  []store.Call
	held     int // calls that wait or are being written
	bodies   int // bytes of theirs
	folds    map[look]*folded
	refusals map[refusal]*store.CallRefusal
	refused  map[string][]time.Time // when the latest rows of refused calls were taken, by endpoint
	doubts   []doubted              // refused calls that are looked at again before they are counted
	failing  bool                   // the last batch was not written
}

// look is what looks that are folded have in common.
type look struct {
	seller, endpoint, instances, code string

	comparison     store.CallComparison
	ownCode, rules string
}

// folded is a row that stands for several looks.
type folded struct {
	call store.Call
	told int64 // how many of them the row that was last handed over stands for
}

type refusal struct {
	seller, endpoint string
	cause            store.CallCause
	hour             time.Time
}

// New returns a journal. Whoever has one runs it, or flushes it.
func New(d Deps) *Journal {
	return &Journal{
		Deps: d, wake: make(chan struct{}, 1), folds: make(map[look]*folded), refusals: make(map[refusal]*store.CallRefusal),
		refused: make(map[string][]time.Time),
	}
}
