// SPDX-License-Identifier: Apache-2.0

package handover_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/handover"
	"github.com/koogate/koogate/server/outbound"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
)

// TestEveryAnswerOnBoth: what each class of answer makes of the task, when it is sent again, and under which identity.
func TestEveryAnswerOnBoth(t *testing.T) {
	at := storetest.Epoch.Add(40 * time.Second).Truncate(time.Second)
	const taken = `{"url":"https://shop.example.com/1","x":"` + canary + `"}`
	for name, c := range map[string]struct {
		answer  func(http.ResponseWriter, message)
		state   store.TaskState
		reason  string
		outcome string
		again   time.Duration // after which it is sent again; 0 for never
	}{
		"200":              {says(200, taken), store.TaskDone, "", "DONE", 0},
		"201":              {says(201, taken), store.TaskDone, "", "DONE", 0},
		"200 nothing":      {says(200, ""), store.TaskReady, "RESULT_INVALID", "RESULT_INVALID", time.Second},
		"204":              {says(204, ""), store.TaskReady, "what is no result", "RESULT_INVALID", time.Second},
		"200 no JSON":      {says(200, "<html>"+canary), store.TaskReady, "INVALID_FIELD", "RESULT_INVALID", time.Second},
		"200 too long":     {says(200, `{"url":"`+strings.Repeat("x", handover.AnswerMost)), store.TaskReady, "ANSWER_TOO_LONG", "ANSWER_TOO_LONG", time.Second},
		"202":              {says(202, ""), store.TaskLeased, "", "ACCEPTED", 5 * time.Minute},
		"202 sooner":       {says(202, "", "Retry-After", "30"), store.TaskLeased, "", "ACCEPTED", 30 * time.Second},
		"202 much later":   {says(202, "", "Retry-After", "86400"), store.TaskLeased, "", "ACCEPTED", time.Hour},
		"302":              {says(302, "", "Location", "/elsewhere"), store.TaskReady, "answered 302", "REDIRECT", time.Second},
		"400":              {says(400, ""), store.TaskFailed, "answered 400", "REFUSED", 0},
		"404 not JSON":     {says(404, "<html>"+canary), store.TaskFailed, "answered 404", "REFUSED", 0},
		"409 with a code":  {says(409, `{"code":"000106"}`), store.TaskFailed, "answered 409", "REFUSED", 0},
		"410":              {says(410, ""), store.TaskFailed, "answered 410", "REFUSED", 0},
		"408":              {says(408, ""), store.TaskReady, "answered 408", "HTTP_STATUS", time.Second},
		"425":              {says(425, ""), store.TaskReady, "answered 425", "HTTP_STATUS", time.Second},
		"429":              {says(429, "", "Retry-After", "17"), store.TaskReady, "answered 429", "HTTP_STATUS", 17 * time.Second},
		"429 for a day":    {says(429, "", "Retry-After", "86400"), store.TaskReady, "answered 429", "HTTP_STATUS", time.Hour},
		"429 for nonsense": {says(429, "", "Retry-After", "soon"), store.TaskReady, "answered 429", "HTTP_STATUS", time.Second},
		"500":              {says(500, canary), store.TaskReady, "answered 500", "HTTP_STATUS", time.Second},
		"503 with a date":  {says(503, "", "Retry-After", at.Format(http.TimeFormat)), store.TaskReady, "answered 503", "HTTP_STATUS", at.Sub(storetest.Epoch)},
		"cut short":        {func(http.ResponseWriter, message) { panic(http.ErrAbortHandler) }, store.TaskReady, "UNREACHABLE", "UNREACHABLE", time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, r *rig) {
				r.target.does(c.answer)
				i := r.buy("OFFI-1")
				r.step(1)
				first := r.one()
				r.is("OFFI-1", c.state, c.reason)
				if n := r.calls(c.outcome); n != 1 {
					t.Errorf("%v calls were %s", n, c.outcome)
				}
				if c.again > 0 {
					r.clock.Advance(c.again - time.Millisecond)
					r.step(0)
					r.clock.Advance(time.Millisecond)
					r.target.does(nil)
					r.step(1)
					second := r.one()
					if second.header.Get("webhook-id") != first.header.Get("webhook-id") || second.task.Attempt != 2 || second.task.FencingToken <= first.task.FencingToken {
						t.Errorf("first %v %+v, then %v %+v", first.header, first.task, second.header, second.task)
					}
				} else {
					r.clock.Advance(24 * time.Hour)
					r.step(0)
				}
				instance, err := r.core.Instance(t.Context(), seller, i)
				switch {
				case err != nil:
					t.Fatal(err)
				case c.state == store.TaskFailed && instance.State != store.InstanceFailed, c.state != store.TaskFailed && instance.State != store.InstanceActive:
					t.Errorf("the instance is %s", instance.State)
				case strings.Contains(name, "code") && instance.FailureCode != "000106":
					t.Errorf("the marketplace is told %s", instance.FailureCode)
				}
				if strings.Contains(r.log.String(), canary) {
					t.Error("the log says what was answered")
				}
			})
		})
	}
}

// TestSignaturesOnBoth: any library of Standard Webhooks verifies the call, by either secret, and nothing else does.
func TestSignaturesOnBoth(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		next, foreign := outbound.NewSecret(), outbound.NewSecret()
		r.targets[0].Keys = keys(t, r.secret, next)
		r.clock.Advance(clock.System{}.Now().Sub(r.clock.Now())) // by which the library judges the time stamp
		r.buy("OFFI-1")
		r.step(1)
		m := r.one()
		for secret, valid := range map[string]bool{r.secret: true, next: true, foreign: false} {
			w, err := standardwebhooks.NewWebhook(secret)
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Verify(m.body, m.header); (err == nil) != valid {
				t.Errorf("verified: %v, want %t", err, valid)
			}
			if w.Verify(append(m.body, ' '), m.header) == nil {
				t.Error("another body is verified")
			}
		}
		task := r.creation("OFFI-1")
		if got := m.header.Get("webhook-id"); got != handover.MessageID(task.ID) || !strings.Contains(m.header.Get("Traceparent"), telemetry.TraceID(seller, "OFFI-1").String()) {
			t.Errorf("webhook-id %s, traceparent %s", got, m.header.Get("Traceparent"))
		}
	})
}

// TestAcceptedAndCompletedOnBoth: a task that was answered 202 is completed by the token of its attempt, and by none else. Then it is not sent again.
func TestAcceptedAndCompletedOnBoth(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		r.target.does(says(202, ""))
		i := r.buy("OFFI-1")
		r.step(1)
		m := r.one()
		r.clock.Advance(4 * time.Minute)
		done := fulfil.Completion{Seller: seller, TaskID: m.task.TaskID, Fence: m.task.FencingToken + 1, Access: &fulfil.Access{FrontEndURL: "https://shop.example.com/2"}}
		if _, err := r.core.CompleteTask(t.Context(), done); errs.As(err).Reason != errs.FencingTokenStale {
			t.Errorf("another token: %v", err)
		}
		done.Fence--
		if _, err := r.core.CompleteTask(t.Context(), done); err != nil {
			t.Error(err)
		}
		r.clock.Advance(time.Hour)
		r.step(0)
		if instance, err := r.core.Instance(t.Context(), seller, i); err != nil || instance.State != store.InstanceActive {
			t.Errorf("%s, %v", instance.State, err)
		}
	})
}

// TestAcceptedAndNeverCompletedOnBoth: it is asked for again and again, and ends by name when its time is over. A token of an earlier attempt counts no more.
func TestAcceptedAndNeverCompletedOnBoth(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		r.target.does(says(202, ""))
		r.buy("OFFI-1")
		until := r.creation("OFFI-1").RetryUntil
		r.step(1)
		first := r.one()
		for r.clock.Now().Before(until) {
			r.clock.Advance(time.Minute)
			if _, err := r.sender.Step(t.Context(), seller); err != nil {
				t.Fatal(err)
			}
		}
		r.clock.Advance(time.Minute)
		r.step(1)
		r.step(0)
		r.is("OFFI-1", store.TaskFailed, "retry window over: the webhook answered 202, and nobody has completed the task")
		got := r.target.take()
		for _, m := range got {
			if m.header.Get("webhook-id") != first.header.Get("webhook-id") {
				t.Errorf("sent as %s", m.header.Get("webhook-id"))
			}
		}
		if n := int(until.Sub(storetest.Epoch) / (5 * time.Minute)); len(got) < n-1 || len(got) > n+2 {
			t.Errorf("it was sent %d times more in %s", len(got), until.Sub(storetest.Epoch))
		}
		late := fulfil.Completion{Seller: seller, TaskID: first.task.TaskID, Fence: first.task.FencingToken, Access: &fulfil.Access{FrontEndURL: "https://shop.example.com/2"}}
		if _, err := r.core.CompleteTask(t.Context(), late); errs.As(err).Reason != errs.FencingTokenStale {
			t.Errorf("the first token: %v", err)
		}
	})
}

// TestCompletedBeforeTheAnswerOnBoth: a vendor that completes the task while it is being called is no fault, whatever it answers then.
func TestCompletedBeforeTheAnswerOnBoth(t *testing.T) {
	for name, answer := range map[string]func(http.ResponseWriter, message){
		"200": says(200, `{"url":"https://shop.example.com/1"}`), "202": says(202, ""), "500": says(500, ""), "400": says(400, ""),
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, r *rig) {
				r.target.does(func(w http.ResponseWriter, m message) {
					_, err := r.core.CompleteTask(context.Background(), fulfil.Completion{
						Seller: seller, TaskID: m.task.TaskID, Fence: m.task.FencingToken, Access: &fulfil.Access{FrontEndURL: "https://shop.example.com/2"},
					})
					if err != nil {
						t.Error(err)
					}
					answer(w, m)
				})
				r.buy("OFFI-1")
				r.step(1)
				r.is("OFFI-1", store.TaskDone, "")
				r.clock.Advance(time.Hour)
				r.step(0)
			})
		})
	}
}

// TestAnyCrashSendsTheSameAgainOnBoth: a process that dies of any of its calls that write, before the call has an effect or after that is committed,
// loses no task; each is completed once, and every call about it has one identity.
func TestAnyCrashSendsTheSameAgainOnBoth(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		died, n := 0, 0
		for _, fault := range []storetest.Fault{storetest.FaultBefore, storetest.FaultAfter} {
			for at := range 4 { // the calls that write of one life
				n++
				order := fmt.Sprintf("OFFI-%d", n)
				i := r.buy(order)
				f := storetest.Faulty(r.store, 1)
				f.Rates(0, 0)
				script := make([]storetest.Fault, at+1)
				script[at] = fault
				f.Script(script...)
				_, dying := r.replica(f)
				_, _ = dying.Step(t.Context(), seller) // may fail, as it is to
				died += f.Count(fault)
				r.clock.Advance(time.Minute) // the leases of what it had in hand end
				if _, err := r.sender.Step(t.Context(), seller); err != nil {
					t.Fatal(err)
				}
				r.is(order, store.TaskDone, "")
				if instance, err := r.core.Instance(t.Context(), seller, i); err != nil || instance.State != store.InstanceActive {
					t.Errorf("%s, %v", instance.State, err)
				}
			}
		}
		if died < 4 {
			t.Errorf("only %d lives ended early", died)
		}
		sent := map[string]string{}
		for _, m := range r.target.take() {
			if id, known := sent[m.task.TaskID]; known && id != m.header.Get("webhook-id") {
				t.Errorf("task %s was sent as %s and %s", m.task.TaskID, id, m.header.Get("webhook-id"))
			}
			sent[m.task.TaskID] = m.header.Get("webhook-id")
		}
		if len(sent) != n {
			t.Errorf("%d tasks were sent, want %d", len(sent), n)
		}
	})
}

// TestTwoReplicasOnBoth: of many processes one sends a task, at any time.
func TestTwoReplicasOnBoth(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		var mu sync.Mutex
		inside := map[string]bool{}
		r.target.does(func(w http.ResponseWriter, m message) {
			mu.Lock()
			if inside[m.task.TaskID] {
				t.Errorf("task %s is called for twice at once", m.task.TaskID)
			}
			inside[m.task.TaskID] = true
			mu.Unlock()
			says(200, `{"url":"https://shop.example.com/1"}`)(w, m)
			mu.Lock()
			inside[m.task.TaskID] = false
			mu.Unlock()
		})
		const orders = 12
		for n := range orders {
			r.buy(fmt.Sprintf("OFFI-%d", n))
		}
		var replicas sync.WaitGroup
		for range 3 {
			_, s := r.replica(r.store)
			replicas.Go(func() {
				if _, err := s.Step(context.Background(), seller); err != nil {
					t.Error(err)
				}
			})
		}
		replicas.Wait()
		if got := r.target.take(); len(got) != orders {
			t.Errorf("%d calls for %d tasks", len(got), orders)
		}
		for n := range orders {
			r.is(fmt.Sprintf("OFFI-%d", n), store.TaskDone, "")
		}
	})
}

// TestOneDeadTargetHoldsUpNoOtherOnBoth: while a provisioner does not answer, and has more to do than slots, another's tasks are sent at once, and the dead one is called by
// a bounded number at a time.
func TestOneDeadTargetHoldsUpNoOtherOnBoth(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		live, free := newTarget(t), make(chan struct{})
		var mu sync.Mutex
		now, most := 0, 0
		r.target.does(func(http.ResponseWriter, message) {
			mu.Lock()
			now++
			most = max(most, now)
			mu.Unlock()
			<-free
			mu.Lock()
			now--
			mu.Unlock()
		})
		r.targets = append(r.targets, handover.Target{Name: "live", URL: live.URL, Keys: r.targets[0].Keys, Timeout: 10 * time.Second, AskAgain: time.Minute})
		for n := range 3 * handover.AtOnce {
			r.buy(fmt.Sprintf("OFFI-%d", n))
		}
		ctx, stop := context.WithCancel(context.Background())
		ran := make(chan struct{})
		go func() {
			defer close(ran)
			r.sender.Run(ctx, seller, func() {})
		}()
		defer func() {
			stop()
			close(free)
			<-ran
		}()
		busy := func() bool { mu.Lock(); defer mu.Unlock(); return now == handover.AtOnce }
		r.wait("the dead one is called", busy)
		for n := range 5 {
			order := fmt.Sprintf("LIVE-%d", n)
			r.buy(order)
			r.wait(order, func() bool { return r.creation(order).State == store.TaskDone })
		}
		if !busy() || most != handover.AtOnce {
			t.Errorf("%d calls at once of the dead one, want %d", most, handover.AtOnce)
		}
	})
}

// wait lets the rig's clock go until something holds.
func (r *rig) wait(what string, holds func() bool) {
	r.t.Helper()
	for range 2000 {
		if holds() {
			return
		}
		r.clock.Advance(50 * time.Millisecond)
		time.Sleep(5 * time.Millisecond)
	}
	r.t.Fatalf("%s: it did not happen\n%s", what, r.log)
}

// TestAddressesThatAreNotCalledOnBoth: a private address is refused where it is connected to, a redirect is not followed, and what is no TLS is told as that.
func TestAddressesThatAreNotCalledOnBoth(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		secret := newTarget(t)
		r.target.does(func(w http.ResponseWriter, _ message) {
			http.Redirect(w, &http.Request{}, secret.URL+"/metadata", http.StatusTemporaryRedirect)
		})
		r.buy("OFFI-1")
		r.step(1)
		r.is("OFFI-1", store.TaskReady, "the webhook answered 307")
		for _, url := range []string{"https://10.0.0.7/hook", "http://169.254.169.254/latest", "https://[::1]/x"} {
			r.targets[0].URL = url
			r.clock.Advance(2 * time.Minute)
			r.step(1)
			r.is("OFFI-1", store.TaskReady, "FORBIDDEN_ADDRESS")
		}
		unknown := httptest.NewTLSServer(http.NotFoundHandler())
		unknown.Config.ErrorLog = log.New(io.Discard, "", 0)
		defer unknown.Close()
		r.targets[0].URL = unknown.URL
		r.clock.Advance(2 * time.Minute)
		r.step(1)
		r.is("OFFI-1", store.TaskReady, "TLS")
		if got := secret.take(); len(got) > 0 {
			t.Errorf("the redirect was followed: %v", got)
		}
	})
}

// TestASilentTargetOnBoth: an attempt ends by its timeout.
func TestASilentTargetOnBoth(t *testing.T) {
	each(t, func(_ *testing.T, r *rig) {
		free := make(chan struct{})
		r.target.does(func(http.ResponseWriter, message) { <-free })
		defer close(free)
		r.targets[0].Timeout = 50 * time.Millisecond
		r.buy("OFFI-1")
		r.step(1)
		r.is("OFFI-1", store.TaskReady, "TIMEOUT")
	})
}

// TestSecretsThatDoNotOpenOnBoth: nothing is sent unsigned.
func TestSecretsThatDoNotOpenOnBoth(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		r.targets[0].Keys = nil
		r.buy("OFFI-1")
		r.step(1)
		r.is("OFFI-1", store.TaskReady, "SECRET_UNREADABLE")
		if got := r.target.take(); len(got) > 0 {
			t.Errorf("%d calls came", len(got))
		}
		if !strings.Contains(r.log.String(), "no secret of a webhook provisioner opens") {
			t.Errorf("the log says %s", r.log)
		}
	})
}

// TestWhenTheTimeIsOverOnBoth: what fails to the end fails for good, and a Retry-After beyond the end leaves one attempt at it.
func TestWhenTheTimeIsOverOnBoth(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		r.buy("OFFI-1")
		until := r.creation("OFFI-1").RetryUntil
		r.clock.Advance(until.Add(-time.Minute).Sub(r.clock.Now()))
		r.target.does(says(503, "", "Retry-After", "3600"))
		r.step(1)
		if at := r.creation("OFFI-1").DueAt; !at.Equal(until) {
			t.Errorf("it is sent again at %s, want %s", at, until)
		}
		r.clock.Advance(until.Add(time.Second).Sub(r.clock.Now()))
		r.step(1)
		r.is("OFFI-1", store.TaskFailed, "retry window over: the webhook answered 503")
	})
}

// TestCallsAreInTheOrdersTrace: each attempt is a span of a client in the order's trace.
func TestCallsAreInTheOrdersTraceOnBoth(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		r.buy("OFFI-1")
		r.step(1)
		for _, s := range r.spans.GetSpans() {
			if s.Name == "provisioner call CREATE" {
				if s.SpanContext.TraceID() != telemetry.TraceID(seller, "OFFI-1") {
					t.Errorf("its trace is %s", s.SpanContext.TraceID())
				}
				return
			}
		}
		t.Error("no span")
	})
}

// TestAProvisionerChangesWhileItsTasksAreWaitedForOnBoth: what was leased for the old settings is sent by the new ones, or given back when there is no webhook any more.
func TestAProvisionerChangesWhileItsTasksAreWaitedForOnBoth(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		moved := newTarget(t)
		old := r.targets
		looks := 0
		r.look = func() []handover.Target { // each attempt finds what was not there when the look began
			if looks++; looks%2 == 1 {
				return old
			}
			return []handover.Target{{Name: "crm", URL: moved.URL, Keys: old[0].Keys, Timeout: time.Second, AskAgain: time.Minute}}
		}
		r.buy("OFFI-1")
		r.step(1)
		if len(r.target.take()) != 0 || len(moved.take()) != 1 {
			t.Error("it was not sent to the new address")
		}
		looks = 0
		r.look = func() []handover.Target {
			if looks++; looks%2 == 1 {
				return old
			}
			return nil
		}
		r.buy("OFFI-2")
		if n, err := r.sender.Step(t.Context(), seller); err != nil || n < 1 {
			t.Fatal(n, err)
		}
		r.is("OFFI-2", store.TaskReady, "its provisioner is no webhook any more")
		if got := r.target.take(); len(got) != 0 {
			t.Errorf("%d calls", len(got))
		}
	})
}
