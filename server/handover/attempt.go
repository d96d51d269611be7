// SPDX-License-Identifier: Apache-2.0

package handover

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/outbound"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/store"
)

// The form of a call.
const (
	contentType = "application/json; charset=utf-8"
	userAgent   = "Koogate-Provisioner/1"
)

// MessageID is the identity of a task's message: the same at every attempt, whatever process makes it.
func MessageID(taskID string) string { return "task_" + taskID }

// What has come of an attempt; else it is why there was no answer, as package outbound says it.
const (
	OutcomeDone     = "DONE"              // completed by the answer
	OutcomeAccepted = "ACCEPTED"          // answered 202
	OutcomeRefused  = "REFUSED"           // ended for good by the answer
	OutcomeInvalid  = "RESULT_INVALID"    // answered 200 with what is no result
	OutcomeStatus   = "HTTP_STATUS"       // answered that it is to be tried again
	OutcomeRedirect = outbound.Redirect   // answered 3xx, which is not followed
	OutcomeTooLong  = outbound.TooLong    // answered more than AnswerMost
	OutcomeSecret   = "SECRET_UNREADABLE" // the keyset lacks the key of the secrets
	OutcomeGone     = "NO_WEBHOOK"        // the provisioner became another kind while the task was leased
	OutcomeLost     = "OVERTAKEN"         // somebody else has the task, or it has ended
	OutcomeUnknown  = "NOT_WRITTEN"       // what came of it could not be read or written: the task is sent again when its lease ends
)

// answer is what the provisioner said.
type answer struct {
	fault  string // why there is none that counts; empty when there is one
	status int
	header http.Header
	body   []byte
	took   time.Duration
}

// attempt sends a leased task and writes what came of it. When that cannot be written the lease ends, and the task is sent again under the same identity.
func (s *Service) attempt(ctx context.Context, t store.Task) {
	ctx, span := s.Tracer.Start(s.Queue.Under(ctx, t), "provisioner call "+string(t.Kind), trace.WithSpanKind(trace.SpanKindClient))
	defer span.End()
	telemetry.Set(span, telemetry.Seller(t.Seller), telemetry.OrderID(t.OrderID), telemetry.InstanceID(t.InstanceID), telemetry.TaskID(t.ID),
		telemetry.TaskKind(string(t.Kind)), telemetry.TaskQueue(t.Queue), telemetry.Attempt(int(t.Attempt)), telemetry.Fence(t.Fence))
	outcome, a, err := s.send(ctx, t)
	s.Metrics.ProvisionerCall(t.Queue, outcome, a.took)
	if s.Seen != nil {
		s.Seen(t, outcome, a.status, a.took)
	}
	telemetry.Set(span, telemetry.Outcome(outcome), telemetry.HTTPStatus(a.status))
	switch outcome {
	case OutcomeDone, OutcomeAccepted, OutcomeRefused, OutcomeGone, OutcomeLost:
	default:
		telemetry.Fail(span, outcome)
	}
	if err != nil {
		s.Log.WarnContext(ctx, "what a webhook provisioner made of a task was not recorded; the task is sent again when its lease ends",
			"seller", t.Seller, "provisioner", t.Queue, "task_id", t.ID, "error", err)
	}
}

// send makes the call and writes what came of it. An error says that it was not written.
func (s *Service) send(ctx context.Context, t store.Task) (outcome string, a answer, err error) {
	to, there := s.target(t.Queue)
	if !there { // its tasks are leased by workers now, or by nobody
		write, cancel := context.WithTimeout(ctx, writeLimit)
		defer cancel()
		return OutcomeGone, a, s.Tasks.Return(write, t, "its provisioner is no webhook any more", time.Millisecond)
	}
	read, cancel := context.WithTimeout(ctx, writeLimit)
	body, err := s.Tasks.Show(read, t)
	cancel()
	if err != nil {
		return OutcomeUnknown, a, err
	}
	if len(to.Keys) == 0 {
		s.Log.ErrorContext(ctx, "no secret of a webhook provisioner opens: put the key that sealed it back into the keyset, or add a secret",
			"seller", t.Seller, "provisioner", t.Queue)
		a.fault = OutcomeSecret
	} else {
		a = s.call(ctx, to, t, body)
	}
	write, cancel := context.WithTimeout(ctx, writeLimit)
	defer cancel()
	outcome, err = s.settle(write, to, t, a)
	if err == nil {
		return outcome, a, nil
	}
	switch errs.As(err).Reason {
	case errs.FencingTokenStale, errs.TaskNotFound:
		return OutcomeLost, a, nil
	}
	return OutcomeUnknown, a, err
}

// call makes one call.
func (s *Service) call(ctx context.Context, to Target, t store.Task, body []byte) (a answer) {
	ctx, cancel := context.WithTimeout(ctx, to.Timeout)
	defer cancel()
	began := s.Clock.Now()
	defer func() { a.took = max(0, s.Clock.Now().Sub(began)) }()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to.URL, bytes.NewReader(body))
	if err != nil {
		return answer{fault: outbound.Unreachable}
	}
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", userAgent)
	r.Header.Set("Traceparent", telemetry.Traceparent(ctx))
	outbound.Sign(r.Header, MessageID(t.ID), s.now(), body, to.Keys)
	resp, err := s.Caller.Do(r)
	if err != nil {
		return answer{fault: outbound.Why(ctx, err)}
	}
	defer func() { _ = resp.Body.Close() }()
	a = answer{status: resp.StatusCode, header: resp.Header}
	a.body, err = io.ReadAll(io.LimitReader(resp.Body, AnswerMost+1))
	switch {
	case err != nil:
		a.fault = outbound.Why(ctx, err)
	case len(a.body) > AnswerMost:
		a.fault = OutcomeTooLong
	}
	return a
}

// settle writes what an answer makes of its task. Errors: those of [Tasks].
func (s *Service) settle(ctx context.Context, to Target, t store.Task, a answer) (outcome string, err error) {
	switch {
	case a.fault != "":
		return a.fault, s.Tasks.Return(ctx, t, "the webhook gave no answer that counts: "+a.fault, 0)
	case a.status == http.StatusAccepted:
		return s.accepted(ctx, to, t, a)
	case a.status >= 200 && a.status < 300:
		err := s.Tasks.Complete(ctx, t, a.body)
		if e := errs.As(err); err != nil && e.Kind == errs.Invalid {
			return OutcomeInvalid, s.Tasks.Return(ctx, t, fmt.Sprintf("the webhook answered %d with what is no result: %s: %s", a.status, e.Reason, e.Msg), 0)
		}
		return OutcomeDone, err
	case Again(a.status):
		outcome = OutcomeStatus
		if a.status >= 300 && a.status < 400 {
			outcome = OutcomeRedirect
		}
		return outcome, s.Tasks.Return(ctx, t, fmt.Sprintf("the webhook answered %d", a.status), s.pause(t, outbound.RetryAfter(a.header, s.now())))
	}
	return OutcomeRefused, s.Tasks.Refuse(ctx, t, fmt.Sprintf("the webhook answered %d", a.status), a.body)
}

// Again says whether an answer that is no success asks for another attempt.
func Again(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	}
	return status < 400 || status >= 500
}

// pause bounds what an answer asks to wait, so that one attempt is left before the task's time is over. 0 is the queue's own.
func (s *Service) pause(t store.Task, asked time.Duration) time.Duration {
	asked = min(asked, RetryAfterMost)
	if left := t.RetryUntil.Sub(s.now()); asked > 0 && !t.RetryUntil.IsZero() && left < asked {
		return max(left, time.Second)
	}
	return asked
}

// accepted leaves a task in the vendor's hands: the lease goes on until it is completed, or is asked for again. Once its time is over nobody waits for it any more,
// and it ends as a failure does.
func (s *Service) accepted(ctx context.Context, to Target, t store.Task, a answer) (string, error) {
	hold := to.AskAgain
	if asked := outbound.RetryAfter(a.header, s.now()); asked > 0 {
		hold = min(max(asked, time.Second), RetryAfterMost)
	}
	if !t.RetryUntil.IsZero() {
		left := t.RetryUntil.Sub(s.now())
		if left <= 0 {
			return OutcomeAccepted, s.Tasks.Return(ctx, t, "the webhook answered 202, and nobody has completed the task", 0)
		}
		hold = max(min(hold, left), time.Second)
	}
	_, err := s.Queue.Heartbeat(ctx, t.Seller, t.ID, t.Fence, hold) // which fails when the task was completed before the answer came
	return OutcomeAccepted, err
}
