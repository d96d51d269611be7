// SPDX-License-Identifier: Apache-2.0

package clock_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/clock/clocktest"
)

// A wait ends by whichever comes first: the wake-up, the clock, or the end of the call. Only the last is a failure.
func TestAWaitEndsByWhatComesFirst(t *testing.T) {
	c := clocktest.New(time.Unix(1_800_000_000, 0))
	woken := make(chan struct{}, 1)
	woken <- struct{}{}
	if !clock.Wait(t.Context(), c, time.Hour, woken) {
		t.Error("a wake-up is no reason to give up")
	}
	if !clock.Wait(t.Context(), c, 0, nil) || clock.Sleep(t.Context(), c, 0) != nil {
		t.Error("the end of the time is no reason to give up")
	}
	over, end := context.WithCancel(t.Context())
	end()
	if clock.Wait(over, c, time.Hour, nil) {
		t.Error("it waits for a call that is over")
	}
	if err := clock.Sleep(over, c, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	done := make(chan bool)
	go func() { done <- clock.Wait(context.Background(), c, time.Minute, nil) }()
	for waiting := true; waiting; {
		select {
		case ok := <-done:
			waiting = false
			if !ok {
				t.Error("the clock's minute is over, and the wait says that the call is")
			}
		default:
			c.Advance(time.Minute)
		}
	}
}
