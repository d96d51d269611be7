// SPDX-License-Identifier: Apache-2.0

package sqllist_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/sqllist"
)

func TestListsOfOneSellerTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns := sqllist.NewTurns(sqllist.Limits{Total: 3, PerSeller: 2, Waiting: 1, Patience: time.Second, Time: 10 * time.Second})
		var wg sync.WaitGroup
		end := make(chan struct{})
		running := 0
		var mu sync.Mutex
		held := func(context.Context) error {
			mu.Lock()
			running++
			mu.Unlock()
			<-end
			return nil
		}
		results := make(chan error, 3)
		for range 3 {
			wg.Go(func() { results <- turns.Take(t.Context(), "a", held) })
			synctest.Wait()
		}
		if running != 2 {
			t.Fatalf("%d lists of one seller run, want 2", running)
		}
		start := time.Now()
		if err := turns.Take(t.Context(), "a", held); !errors.Is(err, store.ErrBusy) || time.Since(start) != 0 {
			t.Errorf("the list behind the last place: %v after %v, want a refusal at once", err, time.Since(start))
		}
		if err := turns.Take(t.Context(), "b", func(context.Context) error { return nil }); err != nil || time.Since(start) != 0 {
			t.Errorf("another seller's list: %v after %v, want it to run at once", err, time.Since(start))
		}
		if err := <-results; !errors.Is(err, store.ErrBusy) || time.Since(start) != time.Second {
			t.Errorf("the list that waits: %v after %v, want a refusal after a second", err, time.Since(start))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := turns.Take(ctx, "a", held); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a caller who gives up gets %v", err)
		}
		close(end)
		wg.Wait()
		if err := turns.Take(t.Context(), "a", func(context.Context) error { return nil }); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
}

func TestAListIsStoppedWhenItsTimeIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns := sqllist.NewTurns(sqllist.Limits{Time: 2 * time.Second}.WithDefaults(2))
		endless := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		start := time.Now()
		if err := turns.Take(t.Context(), "a", endless); !errors.Is(err, store.ErrTooLong) || time.Since(start) != 2*time.Second {
			t.Errorf("an endless list: %v after %v", err, time.Since(start))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := turns.Take(ctx, "a", endless); errors.Is(err, store.ErrTooLong) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a caller's own deadline became %v", err)
		}
		fault := errors.New("fault")
		if err := turns.Take(t.Context(), "a", func(context.Context) error { return fault }); !errors.Is(err, fault) {
			t.Errorf("a fault became %v", err)
		}
	})
}
