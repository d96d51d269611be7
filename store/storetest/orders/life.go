// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
	"github.com/koogate/koogate/store/storetest/check"
)

var lifeCases = []check.Case{
	check.WithStore("Ping", func(t *testing.T, s store.Store) { check.Error(t, s.Ping(check.Context(t)), nil) }),
	check.WithStore("CancelledBeforeItStartsIsNotApplied", cancelledBefore),
	check.WithStore("CancelledUnderWayIsWholeOrNothing", cancelledUnderWay),
	check.WithStore("CloseWaitsAndIsRepeatable", closeWaits),
}

func cancelledBefore(t *testing.T, s store.Store) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	check.Error(t, s.Apply(ctx, storetest.Admission("CS1", storetest.Epoch)), context.Canceled)
	_, err := s.Aggregate(check.Context(t), storetest.Seller, "CS1")
	check.Error(t, err, store.ErrNotFound)
	for name, call := range map[string]func() error{
		"Line":      func() error { _, err := s.Line(ctx, store.LineKey{Seller: storetest.Seller}); return err },
		"Aggregate": func() error { _, err := s.Aggregate(ctx, storetest.Seller, "CS1"); return err },
		"Instances": func() error { _, err := s.Instances(ctx, storetest.Seller, []string{"a"}); return err },
		"Task":      func() error { _, err := s.Task(ctx, storetest.NewID()); return err },
		"Events":    func() error { _, err := s.Events(ctx, storetest.Seller, "CS1", 0, 1); return err },
		"Tenant":    func() error { _, err := s.Tenant(ctx, store.TenantKey{Seller: storetest.Seller}); return err },
		"Application": func() error {
			_, err := s.Application(ctx, store.TenantKey{Seller: storetest.Seller}, "app")
			return err
		},
		"Users": func() error {
			_, err := s.ListUsers(ctx, store.ListQuery{Seller: storetest.Seller, Limit: 1})
			return err
		},
		"Lease":     func() error { _, err := s.Lease(ctx, check.Request(1)); return err },
		"Heartbeat": func() error { _, err := s.Heartbeat(ctx, storetest.NewID(), 1, time.Minute); return err },
		"NoteLease": func() error { return s.NoteLease(ctx, storetest.Seller, "w", []string{storetest.Queue}, nil) },
		"Queues":    func() error { _, err := s.Queues(ctx, storetest.Seller, 1); return err },
		"PullIn":    func() error { _, err := s.PullIn(ctx, storetest.Seller, time.Minute); return err },
		"Forget":    func() error { _, err := s.ForgetTasks(ctx, time.Hour, 1); return err },
		"Now":       func() error { _, err := s.Now(ctx); return err },
		"NextDue":   func() error { _, _, err := s.NextDue(ctx, storetest.Seller, []string{storetest.Queue}); return err },
		"List": func() error {
			_, err := s.ListTasks(ctx, store.ListQuery{Seller: storetest.Seller, Limit: 1})
			return err
		},
		"Ping": func() error { return s.Ping(ctx) },
	} {
		if err := call(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: error = %v, want %v", name, err, context.Canceled)
		}
	}
}

// cancelledUnderWay ends contexts at every moment of a change's life: what failed is not there in part, and what was
// answered with success is there.
func cancelledUnderWay(t *testing.T, s store.Store) {
	errs := check.Together(96, func(i int) error {
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(i)*50*time.Microsecond)
		defer cancel()
		return s.Apply(ctx, storetest.Admission(fmt.Sprintf("CS%03d", i), storetest.Epoch))
	})
	for i, err := range errs {
		id := fmt.Sprintf("CS%03d", i)
		a, readErr := s.Aggregate(check.Context(t), storetest.Seller, id)
		switch {
		case errors.Is(readErr, store.ErrNotFound):
			if err == nil {
				t.Errorf("%s was acknowledged and is not there", id)
			}
			if rows, err := s.Instances(check.Context(t), storetest.Seller, []string{"inst-" + id}); err != nil || len(rows) > 0 {
				t.Errorf("%s: its instance is there without it: %v", id, err)
			}
		case readErr != nil:
			t.Errorf("%s: %v", id, readErr)
		case len(a.Lines) != 1 || len(a.Instances) != 1 || len(a.Tasks) != 2:
			t.Errorf("%s is there in part: %+v", id, a)
		}
	}
}

// closeWaits closes under load: every call either succeeded or says why not, and nothing is left running.
func closeWaits(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	var wg sync.WaitGroup
	started := make(chan struct{}, 8)
	for i := range 8 {
		wg.Go(func() {
			for n := 0; ; n++ {
				err := s.Apply(ctx, storetest.Admission(fmt.Sprintf("CS%d-%d", i, n), storetest.Epoch))
				if n == 0 {
					started <- struct{}{}
				}
				if err != nil {
					return
				}
				_, _ = s.Lease(ctx, check.Request(1))
			}
		})
	}
	for range 8 {
		<-started
	}
	check.Error(t, s.Close(), nil)
	wg.Wait()
	check.Error(t, s.Close(), nil)
	check.Fault(t, s.Apply(ctx, storetest.Admission("CS-late", storetest.Epoch)))
	_, err := s.Lease(ctx, check.Request(1))
	check.Fault(t, err)
	_, err = s.Aggregate(ctx, storetest.Seller, "CS1")
	check.Fault(t, err)
	check.Fault(t, s.Ping(ctx))
}
