// SPDX-License-Identifier: Apache-2.0

package clock_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/koogate/koogate/koogallery/clock"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// hand is a clock that is moved by hand.
type hand struct {
	mu     sync.Mutex
	now    time.Time
	timers map[*handTimer]bool
}

type handTimer struct {
	clock *hand
	at    time.Time
	c     chan time.Time
}

func newHand() *hand {
	return &hand{now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC), timers: map[*handTimer]bool{}}
}

func (h *hand) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *hand) NewTimer(d time.Duration) clock.Timer {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := &handTimer{h, h.now.Add(d), make(chan time.Time, 1)}
	h.timers[t] = true
	return t
}

func (h *hand) advance(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
	for t := range h.timers {
		if !t.at.After(h.now) {
			delete(h.timers, t)
			t.c <- h.now
		}
	}
}

func (h *hand) left() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.timers)
}

func (t *handTimer) C() <-chan time.Time { return t.c }

func (t *handTimer) Stop() {
	t.clock.mu.Lock()
	defer t.clock.mu.Unlock()
	delete(t.clock.timers, t)
}

func TestTimeRunsOutByTheClock(t *testing.T) {
	t.Parallel()
	h := newHand()
	ctx, cancel := clock.WithTimeout(t.Context(), h, time.Hour)
	defer cancel()
	if _, ok := ctx.Deadline(); ok {
		t.Error("a deadline by the machine's clock")
	}
	h.advance(time.Hour - 1)
	if ctx.Err() != nil {
		t.Fatalf("over before its time: %v", ctx.Err())
	}
	h.advance(1)
	<-ctx.Done()
	if err := context.Cause(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("ended by %v", err)
	}
}

func TestWhoIsDoneEarlyLeavesNoTimer(t *testing.T) {
	t.Parallel()
	h := newHand()
	ctx, cancel := clock.WithTimeout(t.Context(), h, time.Hour)
	cancel()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) || h.left() != 0 {
		t.Errorf("ended by %v, %d timers left", err, h.left())
	}
	outer, end := context.WithCancel(t.Context())
	ctx, cancel = clock.WithTimeout(outer, h, time.Hour)
	defer cancel()
	end()
	<-ctx.Done()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("ended by %v", err)
	}
}

func TestSleepEndsByTheClockOrItsContext(t *testing.T) {
	t.Parallel()
	h := newHand()
	ctx, cancel := context.WithCancel(t.Context())
	slept := make(chan error)
	for range 2 {
		go func() { slept <- clock.Sleep(ctx, h, time.Hour) }()
	}
	for h.left() < 2 {
		time.Sleep(time.Millisecond)
	}
	h.advance(time.Hour)
	if err := errors.Join(<-slept, <-slept); err != nil {
		t.Errorf("Sleep = %v", err)
	}
	go func() { slept <- clock.Sleep(ctx, h, time.Hour) }()
	for h.left() < 1 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-slept; !errors.Is(err, context.Canceled) || h.left() != 0 {
		t.Errorf("Sleep = %v, %d timers left", err, h.left())
	}
	if err := clock.Sleep(ctx, h, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("Sleep of a context that is done = %v", err)
	}
}
