// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"errors"
	"fmt"
	"testing"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
	"github.com/koogate/koogate/store/storetest/check"
)

var raceCases = []check.Case{
	check.WithStore("IdenticalAdmissions", identicalAdmissions),
	check.WithStore("IdenticalLinesOfOneOrder", identicalLines),
	check.WithStore("GaplessChainUnderContention", gaplessChain),
	check.WithStore("GoodAndBadChangesShareACommit", goodAndBad),
	check.WithStore("CrossingChangesDoNotDeadlock", crossingChanges),
	check.WithSecond("GaplessChainThroughTwoHandles", func(t *testing.T, first, second store.Store) { contend(t, first, second) }),
}

func identicalAdmissions(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	errs := check.Together(64, func(int) error { return s.Apply(ctx, storetest.Admission("CS1", storetest.Epoch)) })
	check.OneSuccess(t, errs, store.ErrOrderExists)
	a := check.MustAggregate(t, s, "CS1")
	check.Equal(t, "sizes", []int{len(a.Lines), len(a.Instances), len(a.Tasks)}, []int{1, 1, 2})
}

// identicalLines adds the same second line to one order many times; everybody read the same head.
func identicalLines(t *testing.T, s store.Store) {
	check.MustApply(t, s, storetest.Admission("CS1", storetest.Epoch))
	a := check.MustAggregate(t, s, "CS1")
	ctx := check.Context(t)
	errs := check.Together(64, func(int) error {
		c := check.Next(a)
		line := storetest.NewLine("CS1", storetest.Epoch)
		line.OrderLineID, line.InstanceID = "CS1-000002", "inst-CS1-2"
		c.NewLines = []store.Line{line}
		c.NewInstances = []store.Instance{storetest.NewInstance("CS1", "inst-CS1-2", storetest.Epoch)}
		c.NewTasks = []store.Task{storetest.NewTask("CS1", "inst-CS1-2", 1, storetest.Epoch)}
		return s.Apply(ctx, c)
	})
	check.OneSuccess(t, errs, store.ErrStale)
	a = check.MustAggregate(t, s, "CS1")
	check.Equal(t, "sizes", []int{len(a.Lines), len(a.Instances), len(a.Tasks)}, []int{2, 2, 3})
}

func gaplessChain(t *testing.T, s store.Store) { contend(t, s) }

// contend lets many writers append to one order, each reading again when it was too late.
func contend(t *testing.T, handles ...store.Store) {
	const writers, each = 12, 5
	check.MustApply(t, handles[0], storetest.Admission("CS1", storetest.Epoch))
	ctx := check.Context(t)
	errs := check.Together(writers, func(i int) error {
		s := handles[i%len(handles)]
		for n := 0; n < each; {
			a, err := s.Aggregate(ctx, storetest.Seller, "CS1")
			if err != nil {
				return err
			}
			c := check.Next(a)
			c.NewTasks = []store.Task{storetest.NewTask("CS1", "inst-CS1", c.Events[0].Seq, storetest.Epoch)}
			switch err := s.Apply(ctx, c); {
			case err == nil:
				n++
			case !errors.Is(err, store.ErrStale):
				return err
			}
		}
		return nil
	})
	check.Error(t, errors.Join(errs...), nil)
	events, err := handles[0].Events(ctx, storetest.Seller, "CS1", 0, 1000)
	check.Error(t, err, nil)
	check.Equal(t, "number of events", len(events), writers*each+1)
	wantChain(t, events)
	a := check.MustAggregate(t, handles[0], "CS1")
	check.Equal(t, "head", a.Order.Head, store.Head{Seq: int64(len(events)), Hash: events[len(events)-1].Hash})
	check.Equal(t, "number of tasks", len(a.Tasks), writers*each+2)
}

// goodAndBad mixes changes that must succeed with changes that fail early and late; none may drag another down.
func goodAndBad(t *testing.T, s store.Store) {
	check.MustApply(t, s, storetest.Admission("taken", storetest.Epoch))
	ctx := check.Context(t)
	for round := range 6 {
		id := func(i int) string { return fmt.Sprintf("CS%d-%03d", round, i) }
		errs := check.Together(48, func(i int) error {
			c := storetest.Admission(id(i), storetest.Epoch)
			switch i % 3 {
			case 1: // fails at its first statement
				c = storetest.Admission("taken", storetest.Epoch)
			case 2: // fails at its last statement
				c.PutTasks = []store.TaskPut{{Task: storetest.NewTask(id(i), "inst", 1, storetest.Epoch), ExpectState: store.TaskReady}}
			}
			return s.Apply(ctx, c)
		})
		for i, err := range errs {
			check.Error(t, err, []error{nil, store.ErrOrderExists, store.ErrFenced}[i%3])
			_, err := s.Aggregate(ctx, storetest.Seller, id(i))
			check.Error(t, err, []error{nil, store.ErrNotFound, store.ErrNotFound}[i%3])
		}
	}
}

// crossingChanges updates two tasks and two instances of one order from both ends at once, without the guard of events.
func crossingChanges(t *testing.T, s store.Store) {
	c := storetest.Admission("CS1", storetest.Epoch)
	c.NewInstances = append(c.NewInstances, storetest.NewInstance("CS1", "inst-2", storetest.Epoch))
	c.NewTasks = append(c.NewTasks, storetest.NewTask("CS1", "inst-2", 1, storetest.Epoch))
	check.MustApply(t, s, c)
	tasks := []store.Task{c.NewTasks[0], c.NewTasks[2]}
	ctx := check.Context(t)
	errs := check.Together(16, func(i int) error {
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
	check.Error(t, errors.Join(errs...), nil)
}
