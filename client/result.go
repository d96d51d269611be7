// SPDX-License-Identifier: Apache-2.0

package client

import (
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
)

// Result is what a handler says of its task. The zero Result is that of [Done].
type Result struct {
	access  *koogatev1.AccessInfo
	verdict *koogatev1.ChangeVerdict
	licence *koogatev1.Licence
	known   *koogatev1.KnownInstance
	back    *back
}

// back is a task that is given back instead of being completed.
type back struct {
	permanent, working bool
	after              time.Duration
	code               koogatev1.FailureCode
	message, customer  string
}

// Done completes a task that returns nothing: REFRESH, UPGRADE, FREEZE, UNFREEZE, RELEASE.
func Done() Result { return Result{} }

// Ready completes a CREATE with the access information that the buyer is shown. REFRESH and UPGRADE may change it.
func Ready(access *koogatev1.AccessInfo) Result { return Result{access: access} }

// Licensed completes an ISSUE_LICENCE. The same task must get the same licence when it comes again.
func Licensed(licence *koogatev1.Licence) Result { return Result{licence: licence} }

// Allowed completes a CHECK_CHANGE: the instance may be changed.
func Allowed() Result { return Result{verdict: &koogatev1.ChangeVerdict{Allowed: true}} }

// Refused completes a CHECK_CHANGE: it may not. The customer reads why, in at most 255 characters.
func Refused(why string) Result { return Result{verdict: &koogatev1.ChangeVerdict{Message: why}} }

// Known completes an IDENTIFY: the instance is the worker's, and this is how its records have it.
func Known(instance *koogatev1.KnownInstance) Result { return Result{known: instance} }

// Unknown ends an IDENTIFY for good: the instance is none of the worker's. For an instance that may be there all the same, because a part of the
// system is away, give the task back with [RetryLater]: about an instance that is not known nobody is asked again for a day.
func Unknown() Result {
	return Failed(koogatev1.FailureCode_FAILURE_CODE_UNKNOWN_INSTANCE, "the instance is not known here", "")
}

// StillWorking gives the task back without holding a handler: what it has begun goes on elsewhere, and the task comes again after a
// while to look: 1 s to 24 h; 0 leaves the pause to the queue. Koogate counts it as an attempt, and asks no longer than the
// marketplace waits.
func StillWorking(after time.Duration) Result {
	return Result{back: &back{working: true, after: after}}
}

// RetryLater gives the task back after a failure that may pass, to be tried again after a while, 1 s to 24 h; 0 leaves the pause to
// the queue, whose pauses grow. why is shown to operators, in at most 1024 characters: no secrets, no personal data.
func RetryLater(after time.Duration, why string) Result {
	return Result{back: &back{after: after, message: why}}
}

// Failed ends the task for good. For CREATE and ISSUE_LICENCE the code decides what the marketplace is told; customer is what the
// customer reads then, printable ASCII of at most 200 characters, or empty. why is shown to operators, in at most 1024 characters: no
// secrets, no personal data.
func Failed(code koogatev1.FailureCode, why, customer string) Result {
	return Result{back: &back{permanent: true, code: code, message: why, customer: customer}}
}

// final says that the task ends by it.
func (r Result) final() bool { return r.back == nil || r.back.permanent }

// outcome is one word for a log.
func (r Result) outcome() string {
	switch {
	case r.back == nil:
		return "completed"
	case r.back.permanent:
		return "failed"
	case r.back.working:
		return "still working"
	}
	return "given back"
}

func (r Result) complete(id string, token int64) *koogatev1.CompleteTaskRequest {
	c := &koogatev1.CompleteTaskRequest{TaskId: id, FencingToken: token}
	switch {
	case r.access != nil:
		c.Result = &koogatev1.CompleteTaskRequest_AccessInfo{AccessInfo: r.access}
	case r.verdict != nil:
		c.Result = &koogatev1.CompleteTaskRequest_ChangeVerdict{ChangeVerdict: r.verdict}
	case r.licence != nil:
		c.Result = &koogatev1.CompleteTaskRequest_Licence{Licence: r.licence}
	case r.known != nil:
		c.Result = &koogatev1.CompleteTaskRequest_Instance{Instance: r.known}
	}
	return c
}

const (
	mostMessage = 1024           // characters of FailTaskRequest.message
	leastPause  = time.Second    // so that a handler cannot go round in a circle
	mostPause   = 24 * time.Hour // of FailTaskRequest.retry_after
)

func (b back) fail(id string, token int64) *koogatev1.FailTaskRequest {
	message := b.message
	if b.working {
		message = "still working"
	}
	f := &koogatev1.FailTaskRequest{
		TaskId: id, FencingToken: token, Permanent: b.permanent, Code: b.code, Message: clip(message, mostMessage), CustomerMessage: b.customer,
	}
	if b.after > 0 && !b.permanent {
		f.RetryAfter = durationpb.New(min(max(b.after, leastPause), mostPause))
	}
	return f
}

// clip makes a text valid and cuts it at a number of characters.
func clip(text string, most int) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	for i := range text {
		if most--; most < 0 {
			return text[:i]
		}
	}
	return text
}
