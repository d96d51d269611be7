// SPDX-License-Identifier: Apache-2.0

package fault

import (
	"time"
)

// Plan is what the open APIs do instead of an answer, to see how the seller copes.
// The counts go down with every request that they hit; a request is hit
// by the first of Drop, RateLimit, Fail, DropAfter and FailAfter whose count is
// above zero.
type Plan struct {
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
// from 0 to 1, for every request that no Plan hits; at most one happens to a
// request. Status, Code, RateStatus and RetryAfter are those of the Plan.
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

// Kind names what happened to a request.
type Kind string

// The faults.
const (
	None        Kind = ""
	Drop        Kind = "drop"
	RateLimit   Kind = "rate-limit"
	Fail        Kind = "fail"
	DropAfter   Kind = "drop-after"
	FailAfter   Kind = "fail-after"
	Unreachable Kind = "outage"
	Records     Kind = "records" // single records of a usage push
)

// Counts tells how many requests each fault has hit; Records counts records.
type Counts struct {
	Drop, RateLimit, Fail, DropAfter, FailAfter, Outage, Records int
}
