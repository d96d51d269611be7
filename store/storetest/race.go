// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/koogate/koogate/store"
)

var raceCases = []testCase{
	withStore("IdenticalAdmissions", identicalAdmissions),
	withStore("IdenticalLinesOfOneOrder", identicalLines),
	withStore("GaplessChainUnderContention", gaplessChain),
	withStore("GoodAndBadChangesShareACommit", goodAndBad),
	withStore("CrossingChangesDoNotDeadlock", crossingChanges),
	{"GaplessChainThroughTwoHandles", func(t *testing.T, s *suite) {
		if s.second == nil {
			t.Skip("one handle at a time")
		}
		first := s.open(t)
		contend(t, first, s.second(t, first))
	}},
}

// together runs f n times at once and returns the errors.
func together(n int, f func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = f(i)
		})
	}
	close(start)
	wg.Wait()
	return errs
}

// wantOneSuccess checks that exactly one call succeeded and that all others got the sentinel.
func wantOneSuccess(t *testing.T, errs []error, sentinel error) {
	t.Helper()
	successes := 0
	for _, err := range errs {
		switch {
		case err == nil:
			successes++
		case !errors.Is(err, sentinel):
			t.Errorf("error = %v, want %v", err, sentinel)
		}
	}
	if successes != 1 {
		t.Errorf("%d calls succeeded, want 1", successes)
	}
}

func identicalAdmissions(t *testing.T, s store.Store) {
	ctx := background(t)
	errs := together(64, func(int) error { return s.Apply(ctx, Admission("CS1", Epoch)) })
	wantOneSuccess(t, errs, store.ErrOrderExists)
	a := mustAggregate(t, s, "CS1")
	wantEqual(t, "sizes", []int{len(a.Lines), len(a.Instances), len(a.Tasks)}, []int{1, 1, 2})
}

// identicalLines adds the same second line to one order many times; everybody read the same head.
func identicalLines(t *testing.T, s store.Store) {
	mustApply(t, s, Admission("CS1", Epoch))
	a := mustAggregate(t, s, "CS1")
	ctx := background(t)
	errs := together(64, func(int) error {
		c := next(a)
		line := NewLine("CS1", Epoch)
		line.OrderLineID, line.InstanceID = "CS1-000002", "inst-CS1-2"
		c.NewLines = []store.Line{line}
		c.NewInstances = []store.Instance{NewInstance("CS1", "inst-CS1-2", Epoch)}
		c.NewTasks = []store.Task{NewTask("CS1", "inst-CS1-2", 1, Epoch)}
		return s.Apply(ctx, c)
	})
	wantOneSuccess(t, errs, store.ErrStale)
	a = mustAggregate(t, s, "CS1")
	wantEqual(t, "sizes", []int{len(a.Lines), len(a.Instances), len(a.Tasks)}, []int{2, 2, 3})
}

func gaplessChain(t *testing.T, s store.Store) { contend(t, s) }

// contend lets many writers append to one order, each reading again when it was too late.
func contend(t *testing.T, handles ...store.Store) {
	const writers, each = 12, 5
	mustApply(t, handles[0], Admission("CS1", Epoch))
	ctx := background(t)
	errs := together(writers, func(i int) error {
		s := handles[i%len(handles)]
		for n := 0; n < each; {
			a, err := s.Aggregate(ctx, Seller, "CS1")
			if err != nil {
				return err
			}
			c := next(a)
			c.NewTasks = []store.Task{NewTask("CS1", "inst-CS1", c.Events[0].Seq, Epoch)}
			switch err := s.Apply(ctx, c); {
			case err == nil:
				n++
			case !errors.Is(err, store.ErrStale):
				return err
			}
		}
		return nil
	})
	wantError(t, errors.Join(errs...), nil)
	events, err := handles[0].Events(ctx, Seller, "CS1", 0, 1000)
	wantError(t, err, nil)
	wantEqual(t, "number of events", len(events), writers*each+1)
	wantChain(t, events)
	a := mustAggregate(t, handles[0], "CS1")
	wantEqual(t, "head", a.Order.Head, store.Head{Seq: int64(len(events)), Hash: events[len(events)-1].Hash})
	wantEqual(t, "number of tasks", len(a.Tasks), writers*each+2)
}

// goodAndBad mixes changes that must succeed with changes that fail early and late; none may drag another down.
func goodAndBad(t *testing.T, s store.Store) {
	mustApply(t, s, Admission("taken", Epoch))
	ctx := background(t)
	for round := range 6 {
		id := func(i int) string { return fmt.Sprintf("CS%d-%03d", round, i) }
		errs := together(48, func(i int) error {
			c := Admission(id(i), Epoch)
			switch i % 3 {
			case 1: // fails at its first statement
				c = Admission("taken", Epoch)
			case 2: // fails at its last statement
				c.PutTasks = []store.TaskPut{{Task: NewTask(id(i), "inst", 1, Epoch), ExpectState: store.TaskReady}}
			}
			return s.Apply(ctx, c)
		})
		for i, err := range errs {
			wantError(t, err, []error{nil, store.ErrOrderExists, store.ErrFenced}[i%3])
			_, err := s.Aggregate(ctx, Seller, id(i))
			wantError(t, err, []error{nil, store.ErrNotFound, store.ErrNotFound}[i%3])
		}
	}
}

// crossingChanges updates two tasks and two instances of one order from both ends at once, without the guard of events.
func crossingChanges(t *testing.T, s store.Store) {
	c := Admission("CS1", Epoch)
	c.NewInstances = append(c.NewInstances, NewInstance("CS1", "inst-2", Epoch))
	c.NewTasks = append(c.NewTasks, NewTask("CS1", "inst-2", 1, Epoch))
	mustApply(t, s, c)
	tasks := []store.Task{c.NewTasks[0], c.NewTasks[2]}
	ctx := background(t)
	errs := together(16, func(i int) error {
		for range 10 {
			change := &store.Change{}
			for n := range 2 {
				k := (n + i) % 2
				change.PutInstances = append(change.PutInstances, c.NewInstances[k])
				change.PutTasks = append(change.PutTasks, store.TaskPut{Task: tasks[k], ExpectState: store.TaskReady})
			}
			if err := s.Apply(ctx, change); err != nil {
				return fmt.Errorf("change %d: %w", i, err)
			}
		}
		return nil
	})
	wantError(t, errors.Join(errs...), nil)
}
