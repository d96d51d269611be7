// SPDX-License-Identifier: Apache-2.0

package usage

import (
	"context"
	"time"

	"github.com/koogate/koogate/store"
)

// maxBatch is how many records one call takes (open-apis §3.1).
const maxBatch = 1000

// Pusher brings records to the marketplace.
type Pusher interface {
	// PushUsage reports records in one call and returns a verdict for each, in their order. A *PushError says what became
	// of a call that failed as a whole; any other error leaves that open.
	PushUsage(ctx context.Context, seller string, records []store.UsageRecord) ([]Verdict, error)
}

// Verdict is what the marketplace said about one record.
type Verdict struct {
	Kind VerdictKind
	Code string // the marketplace's code, or a word of Koogate's; empty for VerdictAccepted
}

// VerdictKind is the kind of a verdict.
type VerdictKind int

// The kinds.
const (
	VerdictAgain     VerdictKind = iota // not taken, or not known: the identical record goes out again
	VerdictAccepted                     // taken
	VerdictDuplicate                    // the marketplace had it already
	VerdictRefused                      // it will never be taken as it is
)

// PushError is a call that failed as a whole.
type PushError struct {
	Class      PushClass
	Code       string        // the marketplace's code, or a word of Koogate's; no personal data
	RetryAfter time.Duration // how long the marketplace asks to wait; 0 when it does not say
	Cause      error
}

// PushClass tells what to do after a failed call.
type PushClass int

// The classes.
const (
	// PushUnknown: the call may have taken effect and nothing was heard of it. The identical records go out again.
	PushUnknown PushClass = iota
	// PushFailed: the marketplace answered with a failure of its own; the call may have taken effect.
	PushFailed
	// PushUnsent: the call took no effect: nobody was reached.
	PushUnsent
	// PushLimited: the call took no effect: there were too many.
	PushLimited
	// PushDenied: the call took no effect: the keys are not right. It says nothing about the records.
	PushDenied
	// PushContent: the call took no effect because of a record in it, for good.
	PushContent
	// PushSuspect: the call took no effect, perhaps because of a record in it.
	PushSuspect
)

// The words that stand for a code of the marketplace.
const (
	CodeExpired = "EXPIRED" // older than 21 days before it could be sent at all
	// CodeExpiredUnknown: older than 21 days, and perhaps sent before without an answer; only the seller centre's list of
	// records knows.
	CodeExpiredUnknown = "EXPIRED_UNKNOWN"
	CodeNoAnswer       = "NO_ANSWER" // the outcome of the call is not known
	CodeNoVerdict      = "NO_VERDICT"
)

// Error implements error.
func (e *PushError) Error() string { return "usage push: " + e.Code }

// Unwrap returns the cause.
func (e *PushError) Unwrap() error { return e.Cause }
