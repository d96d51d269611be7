// SPDX-License-Identifier: Apache-2.0

package client_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/trace"
	"go.uber.org/goleak"
	"google.golang.org/grpc"

	"github.com/koogate/koogate/client"
	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/errs"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler)) // of the examples
	serve()
	goleak.VerifyTestMain(m, goleak.IgnoreCurrent())
}

// work runs a worker in a bubble of time until the test's body returns, and returns its log and what Run returned.
func work(t *testing.T, conn grpc.ClientConnInterface, w client.Worker, body func()) (string, error) {
	t.Helper()
	var log bytes.Buffer
	w.Conn, w.Queue, w.Log = conn, "crm", slog.New(slog.NewTextHandler(&log, nil))
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	body()
	stop()
	err := <-ended
	return log.String(), err
}

var ready = client.Ready(&koogatev1.AccessInfo{FrontEndUrl: "https://a.example.com/"})

const completed = "done *koogatev1.CompleteTaskRequest_AccessInfo https://a.example.com/"

func reported(t *testing.T, q *queue, id string, want ...string) {
	t.Helper()
	if got := q.job(id).reported; !slices.Equal(got, want) {
		t.Errorf("task %s: reported %q, want %q", id, got, want)
	}
}

// Every result is told as Koogate's API has it.
func TestResults(t *testing.T) {
	const operators = "for operators"
	for name, c := range map[string]struct {
		result client.Result
		err    error
		want   string
	}{
		"done":          {client.Done(), nil, "done <nil> "},
		"ready":         {ready, nil, completed},
		"licensed":      {client.Licensed(&koogatev1.Licence{Text: "x"}), nil, "done *koogatev1.CompleteTaskRequest_Licence "},
		"allowed":       {client.Allowed(), nil, "done *koogatev1.CompleteTaskRequest_ChangeVerdict "},
		"refused":       {client.Refused("too small"), nil, "done *koogatev1.CompleteTaskRequest_ChangeVerdict "},
		"known":         {client.Known(&koogatev1.KnownInstance{OrderId: "CS1"}), nil, "done *koogatev1.CompleteTaskRequest_Instance "},
		"unknown":       {client.Unknown(), nil, `failed FAILURE_CODE_UNKNOWN_INSTANCE "the instance is not known here" "" 0s`},
		"still working": {client.StillWorking(time.Minute), nil, `ready FAILURE_CODE_UNSPECIFIED "still working" "" 1m0s`},
		"at once":       {client.StillWorking(1), nil, `ready FAILURE_CODE_UNSPECIFIED "still working" "" 1s`},
		"retry":         {client.RetryLater(0, operators), nil, `ready FAILURE_CODE_UNSPECIFIED "for operators" "" 0s`},
		"far away":      {client.RetryLater(100*time.Hour, operators), nil, `ready FAILURE_CODE_UNSPECIFIED "for operators" "" 24h0m0s`},
		"failed":        {client.Failed(koogatev1.FailureCode_FAILURE_CODE_SOLD_OUT, operators, "Sold out."), nil, `failed FAILURE_CODE_SOLD_OUT "for operators" "Sold out." 0s`},
		"an error":      {ready, errors.New("no \xff disk"), "ready FAILURE_CODE_UNSPECIFIED \"no \ufffd disk\" \"\" 0s"},
		"a long text":   {client.RetryLater(0, strings.Repeat("云", 2000)), nil, `ready FAILURE_CODE_UNSPECIFIED "` + strings.Repeat("云", 1024) + `" "" 0s`},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q, conn := newQueue("a")
				_, err := work(t, conn, client.Worker{Handler: func(context.Context, *koogatev1.Task) (client.Result, error) { return c.result, c.err }},
					func() { time.Sleep(100 * time.Millisecond) })
				if err != nil {
					t.Error(err)
				}
				reported(t, q, "a", c.want)
			})
		})
	}
}

// A panic costs one attempt; what it said reaches nobody but the worker's own log.
func TestAPanicGivesTheTaskBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, conn := newQueue("a", "b")
		log, err := work(t, conn, client.Worker{Handler: func(_ context.Context, task *koogatev1.Task) (client.Result, error) {
			if task.GetTaskId() == "a" && task.GetAttempt() == 1 {
				panic("canary")
			}
			return ready, nil
		}}, func() { time.Sleep(3 * time.Second) })
		if err != nil || !strings.Contains(log, "canary") {
			t.Errorf("%v\n%s", err, log)
		}
		reported(t, q, "a", `ready FAILURE_CODE_UNSPECIFIED "the handler panicked" "" 0s`, completed)
		reported(t, q, "b", completed)
	})
}

// A handler that takes many leases' time keeps its task by heartbeats, and its context has the order's trace.
func TestHeartbeatsKeepTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, conn := newQueue("a")
		_, err := work(t, conn, client.Worker{Lease: 30 * time.Second, Handler: func(ctx context.Context, _ *koogatev1.Task) (client.Result, error) {
			if id := trace.SpanContextFromContext(ctx).TraceID().String(); id != "0af7651916cd43dd8448eb211c80319c" {
				t.Errorf("trace %s", id)
			}
			time.Sleep(10 * time.Minute)
			return ready, ctx.Err()
		}}, func() { time.Sleep(11 * time.Minute) })
		if j := q.job("a"); err != nil || j.attempt != 1 || q.beats != 59 && q.beats != 60 {
			t.Errorf("%v: %d attempts, %d heartbeats", err, j.attempt, q.beats)
		}
		reported(t, q, "a", completed)
	})
}

// A task that comes after a long wait has its whole lease: it is done at the first attempt, however short that is.
func TestATaskThatComesLate(t *testing.T) {
	for _, length := range []time.Duration{time.Second, 3 * time.Second, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			q, conn := newQueue()
			_, err := work(t, conn, client.Worker{Lease: length, Concurrency: 40, Handler: func(ctx context.Context, _ *koogatev1.Task) (client.Result, error) {
				time.Sleep(2 * length)
				return ready, context.Cause(ctx)
			}}, func() {
				for n := range 30 { // whenever in a wait it comes
					time.Sleep(7*time.Second + time.Duration(n)*time.Second)
					q.set(func(q *queue) { q.tasks[string(rune('a'+n))] = &job{state: "ready"} })
				}
				time.Sleep(3 * length)
			})
			for id := range q.tasks {
				if j := q.job(id); err != nil || j.attempt != 1 || !slices.Equal(j.reported, []string{completed}) {
					t.Fatalf("lease %s, task %s: %v, %d attempts, %q", length, id, err, j.attempt, j.reported)
				}
			}
		})
	}
}

// A lease that another worker has ends the handler's context with its cause, and nothing is reported.
func TestALeaseIsStolen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, conn := newQueue("a")
		var cause error
		_, err := work(t, conn, client.Worker{Lease: 30 * time.Second, Handler: func(ctx context.Context, _ *koogatev1.Task) (client.Result, error) {
			<-ctx.Done()
			cause = context.Cause(ctx)
			return client.Result{}, ctx.Err()
		}}, func() {
			time.Sleep(time.Second)
			q.set(func(q *queue) { q.tasks["a"].token, q.tasks["a"].over = 7, time.Now().Add(time.Hour) })
			time.Sleep(20 * time.Second)
		})
		stale := &client.Error{Reason: koogatev1.ErrorReason_ERROR_REASON_FENCING_TOKEN_STALE}
		if err != nil || !errors.Is(cause, client.ErrLeaseLost) || !errors.Is(cause, stale) {
			t.Errorf("%v: cause %v", err, cause)
		}
		reported(t, q, "a")
	})
}

// While Koogate is away the lease runs out, and the handler is told so before another worker could have the task. Work that is done all
// the same counts when Koogate is back and nobody else has the task.
func TestKoogateIsAway(t *testing.T) {
	for name, stubborn := range map[string]bool{"the handler stops": false, "the handler finishes": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q, conn := newQueue("a")
				var lost time.Duration
				var running, most, calls atomic.Int32
				began := time.Now()
				log, err := work(t, conn, client.Worker{Lease: 30 * time.Second, Handler: func(ctx context.Context, _ *koogatev1.Task) (client.Result, error) {
					most.Store(max(most.Load(), running.Add(1)))
					defer running.Add(-1)
					if calls.Add(1) > 1 {
						return ready, nil
					}
					<-ctx.Done()
					if lost = time.Since(began); !errors.Is(context.Cause(ctx), client.ErrLeaseLost) {
						t.Error(context.Cause(ctx))
					}
					if stubborn {
						time.Sleep(10 * time.Minute)
						return ready, nil
					}
					return client.Result{}, ctx.Err()
				}}, func() {
					time.Sleep(time.Second)
					q.set(func(q *queue) { q.away = true })
					time.Sleep(5 * time.Minute)
					q.set(func(q *queue) { q.away = false })
					time.Sleep(15 * time.Minute)
				})
				want := int32(2) // a second attempt, which is told of as one
				if stubborn {
					want = 1
				}
				if err != nil || lost < 29*time.Second || lost > 30*time.Second || calls.Load() != want || most.Load() != 1 {
					t.Errorf("%v: lost after %s, %d calls, %d at once\n%s", err, lost, calls.Load(), most.Load(), log)
				}
				reported(t, q, "a", completed)
				if stubborn && q.job("a").attempt < 3 {
					t.Error("the task was not leased again while its handler ran") // and completed under the newest token all the same
				}
			})
		})
	}
}

// A handler that gives up under a lost lease runs again under the one that was leased meanwhile: never two at once, and nothing is lost.
func TestTheSameTaskIsLeasedAgainHere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, conn := newQueue("a")
		var running, most, calls atomic.Int32
		_, err := work(t, conn, client.Worker{Lease: 30 * time.Second, Handler: func(ctx context.Context, task *koogatev1.Task) (client.Result, error) {
			most.Store(max(most.Load(), running.Add(1)))
			defer running.Add(-1)
			if calls.Add(1) == 1 {
				<-ctx.Done()
				time.Sleep(5 * time.Second) // cleans up
				return client.Result{}, ctx.Err()
			}
			if task.GetFencingToken() != 2 || ctx.Err() != nil {
				t.Errorf("again under token %d: %v", task.GetFencingToken(), ctx.Err())
			}
			return ready, nil
		}}, func() {
			time.Sleep(time.Second)
			q.set(func(q *queue) { q.tasks["a"].over = time.Now() }) // as after a restore, or a jump of the clock
			time.Sleep(time.Minute)
		})
		if err != nil || calls.Load() != 2 || most.Load() != 1 {
			t.Errorf("%v: %d calls, %d at once", err, calls.Load(), most.Load())
		}
		reported(t, q, "a", completed)
	})
}

// A result that is on its way when the task is leased again here is reported under the new lease, and the handler does not run again.
func TestAResultMeetsANewLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, conn := newQueue("a")
		q.reach = 5 * time.Second
		var calls atomic.Int32
		_, err := work(t, conn, client.Worker{Handler: func(context.Context, *koogatev1.Task) (client.Result, error) {
			calls.Add(1)
			q.set(func(q *queue) { q.tasks["a"].over = time.Now() })
			return ready, nil
		}}, func() { time.Sleep(time.Minute) })
		if j := q.job("a"); err != nil || calls.Load() != 1 || j.token != 2 {
			t.Errorf("%v: %d calls, token %d", err, calls.Load(), j.token)
		}
		reported(t, q, "a", completed)
	})
}

// A stop lets handlers finish within the grace, then ends the others' contexts and gives their tasks back.
func TestAStopDrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, conn := newQueue("a", "b", "c")
		var stopped time.Time
		_, err := work(t, conn, client.Worker{Concurrency: 2, Grace: 20 * time.Second, Handler: func(ctx context.Context, task *koogatev1.Task) (client.Result, error) {
			if task.GetTaskId() == "a" {
				time.Sleep(15 * time.Second)
				return ready, ctx.Err()
			}
			<-ctx.Done()
			if !errors.Is(context.Cause(ctx), client.ErrStopping) {
				t.Error(context.Cause(ctx))
			}
			return client.Result{}, ctx.Err()
		}}, func() { time.Sleep(time.Second); stopped = time.Now() })
		if took := time.Since(stopped); err != nil || took != 20*time.Second {
			t.Errorf("%v after %s", err, took)
		}
		reported(t, q, "a", completed)
		reported(t, q, "b", `ready FAILURE_CODE_UNSPECIFIED "the worker stopped" "" 0s`)
		if reported(t, q, "c"); q.job("c").attempt != 0 {
			t.Error("leased after the stop")
		}
	})
}

// A handler that does not end is left behind, said so, and its task is not given back while it runs.
func TestAHandlerThatDoesNotEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, conn := newQueue("a")
		forever := make(chan struct{})
		_, err := work(t, conn, client.Worker{Grace: -1, Handler: func(context.Context, *koogatev1.Task) (client.Result, error) {
			<-forever
			return ready, nil
		}}, func() { time.Sleep(time.Second) })
		if err == nil || !strings.Contains(err.Error(), "1 handlers have not ended") {
			t.Error(err)
		}
		reported(t, q, "a")
		close(forever)
		synctest.Wait()
	})
}

// What Koogate is asked while it is away, refuses or answers at once is bounded.
func TestNoHotLoop(t *testing.T) {
	for name, c := range map[string]struct {
		set  func(q *queue)
		most int
	}{
		"away":            {func(q *queue) { q.away = true }, 300},
		"idle":            {func(*queue) {}, 181},
		"does not wait":   {func(q *queue) { q.hasty = true }, 300},
		"an internal one": {func(q *queue) { q.refuse = guided(errs.New(errs.Internal, errs.InternalFault, "internal error")) }, 300},
		"says when": {func(q *queue) {
			e := errs.New(errs.Exhausted, errs.ListBusy, "x")
			e.Retry = time.Minute
			q.refuse = guided(e)
		}, 61},
		"takes no results": {func(q *queue) {
			q.tasks["a"] = &job{state: "ready"}
			q.result = guided(errs.New(errs.Internal, errs.InternalFault, "x"))
		}, 300},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q, conn := newQueue()
				c.set(q)
				_, err := work(t, conn, client.Worker{Handler: func(context.Context, *koogatev1.Task) (client.Result, error) { return ready, nil }},
					func() { time.Sleep(time.Hour) })
				if err != nil || q.leases > c.most || q.leases < 60 {
					t.Errorf("%v: asked %d times in an hour", err, q.leases)
				}
			})
		})
	}
}

// A worker that calls too often waits for as long as it is told, and then goes on: nothing ends, and nothing is done twice.
func TestARateLimitIsWaitedOut(t *testing.T) {
	limited := func(wait time.Duration) error {
		e := errs.New(errs.Exhausted, errs.RateLimited, "the caller has used up its leases for the moment")
		e.Retry = wait
		return guided(e)
	}
	synctest.Test(t, func(t *testing.T) {
		q, conn := newQueue("a")
		q.refuse, q.result = limited(50*time.Second), limited(40*time.Second)
		began := time.Now()
		_, err := work(t, conn, client.Worker{Handler: func(context.Context, *koogatev1.Task) (client.Result, error) {
			if took := time.Since(began); took < 100*time.Second || took > 130*time.Second {
				t.Errorf("the task came after %s", took)
			}
			return ready, nil
		}}, func() {
			time.Sleep(99 * time.Second)
			q.set(func(q *queue) { q.refuse = nil })
			time.Sleep(time.Minute)
			if j := q.job("a"); q.leases > 6 || j.state != "leased" {
				t.Errorf("%d leases were asked for, the task is %s", q.leases, j.state)
			}
			q.set(func(q *queue) { q.result = nil })
			time.Sleep(time.Minute)
		})
		if err != nil || q.job("a").attempt != 1 {
			t.Errorf("%v, %d attempts", err, q.job("a").attempt)
		}
		reported(t, q, "a", completed)
	})
}

// Koogate's refusal ends the worker once it has lasted, with the remedy; what is in hand is finished first.
func TestARefusalEndsTheWorker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, conn := newQueue("a")
		w := client.Worker{Conn: conn, Queue: "crm", Log: slog.New(slog.DiscardHandler), Handler: func(ctx context.Context, _ *koogatev1.Task) (client.Result, error) {
			q.set(func(q *queue) { q.refuse = guided(errs.New(errs.NotFound, errs.QueueNotFound, "no queue crm")) })
			time.Sleep(20 * time.Second)
			return ready, ctx.Err()
		}}
		err := w.Run(t.Context())
		e, ok := client.AsError(err)
		if !ok || e.Reason != koogatev1.ErrorReason_ERROR_REASON_QUEUE_NOT_FOUND || e.Remedy == "" {
			t.Errorf("got %v", err)
		}
		reported(t, q, "a", completed)
	})
}

// A token or queue that is made while the worker starts is known in a moment.
func TestARefusalThatPasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, conn := newQueue("a")
		q.refuse = guided(errs.New(errs.Unauthorized, errs.TokenInvalid, "x"))
		_, err := work(t, conn, client.Worker{Handler: func(context.Context, *koogatev1.Task) (client.Result, error) { return ready, nil }}, func() {
			time.Sleep(2 * time.Second)
			q.set(func(q *queue) { q.refuse = nil })
			time.Sleep(10 * time.Second)
		})
		if err != nil {
			t.Error(err)
		}
		reported(t, q, "a", completed)
	})
}

// A result that Koogate refuses gives the task back with the reason, where operators see it.
func TestAResultThatIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, conn := newQueue("a")
		q.result = guided(errs.New(errs.Invalid, errs.ResultInvalid, "a CREATE task is completed with access_info.front_end_url"))
		log, err := work(t, conn, client.Worker{Handler: func(_ context.Context, task *koogatev1.Task) (client.Result, error) {
			if task.GetAttempt() == 2 {
				q.set(func(q *queue) { q.result = nil })
				return ready, nil
			}
			return client.Done(), nil
		}}, func() { time.Sleep(10 * time.Second) })
		if err != nil || !strings.Contains(log, "RESULT_INVALID") {
			t.Errorf("%v\n%s", err, log)
		}
		reported(t, q, "a", `ready FAILURE_CODE_UNSPECIFIED "the handler's result was refused: koogate: RESULT_INVALID: a CREATE task is completed with access_info.front_end_url" "" 0s`, completed)
	})
}

// A result is reported when Koogate is back, under the lease that heartbeats have kept as far as they could.
func TestAResultWaitsForKoogate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, conn := newQueue("a")
		var once sync.Once
		_, err := work(t, conn, client.Worker{Handler: func(context.Context, *koogatev1.Task) (client.Result, error) {
			once.Do(func() { q.set(func(q *queue) { q.away = true }) })
			return ready, nil
		}}, func() {
			time.Sleep(20 * time.Second)
			q.set(func(q *queue) { q.away = false })
			time.Sleep(20 * time.Second)
		})
		if err != nil || q.job("a").attempt != 1 {
			t.Errorf("%v: %d attempts", err, q.job("a").attempt)
		}
		reported(t, q, "a", completed)
	})
}

// What is missing or out of bounds is said before anything is asked.
func TestWhatAWorkerNeeds(t *testing.T) {
	_, conn := newQueue()
	handler := func(context.Context, *koogatev1.Task) (client.Result, error) { return client.Done(), nil }
	for want, w := range map[string]client.Worker{
		"Conn":        {Queue: "crm", Handler: handler},
		"Queue":       {Conn: conn, Handler: handler},
		"Handler":     {Conn: conn, Queue: "crm"},
		"Concurrency": {Conn: conn, Queue: "crm", Handler: handler, Concurrency: 1001},
		"Lease":       {Conn: conn, Queue: "crm", Handler: handler, Lease: time.Millisecond},
	} {
		if err := w.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "Worker."+want) {
			t.Errorf("without %s: %v", want, err)
		}
	}
}
