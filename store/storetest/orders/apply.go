// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
	"github.com/koogate/koogate/store/storetest/check"
)

var applyCases = []check.Case{
	check.WithStore("AdmissionIsReadBackWhole", admissionIsReadBackWhole),
	check.WithStore("OrderExists", orderExists),
	check.WithStore("LineExists", lineExists),
	check.WithStore("InstanceExists", instanceExists),
	check.WithStore("StaleEvent", staleEvent),
	check.WithStore("TaskSeqTakenIsStale", taskSeqTaken),
	check.WithStore("TaskIDTakenIsAFault", taskIDTaken),
	check.WithStore("UnorderedTasksShareSeqZero", unorderedTasks),
	check.WithStore("PutOfMissingRowIsNotFound", putOfMissingRow),
	check.WithStore("FencedTask", fencedTask),
	check.WithStore("FailureOfTheLastElementLeavesNothing", failureLeavesNothing),
	check.WithStore("SentinelPrecedence", sentinelPrecedence),
	check.WithStore("PutReplacesAllButKeyAndCreation", putReplaces),
	check.WithStore("KeysAreSeparateBySeller", separateSellers),
	check.WithStore("SeveralOrdersTogether", severalOrders),
	check.WithStore("OneOrderRefusedIsAllRefused", severalRefused),
	check.WithStore("EmptyChange", func(t *testing.T, s store.Store) { check.MustApply(t, s, &store.Change{}) }),
}

func admissionIsReadBackWhole(t *testing.T, s store.Store) {
	c := storetest.Admission("CS1", storetest.Epoch)
	check.MustApply(t, s, c)
	a := check.MustAggregate(t, s, "CS1")
	check.Equal(t, "order", a.Order, *c.NewOrder)
	check.Equal(t, "lines", a.Lines, c.NewLines)
	check.Equal(t, "instances", a.Instances, c.NewInstances)
	check.Equal(t, "tasks, by seq", a.Tasks, []store.Task{c.NewTasks[1], c.NewTasks[0]})
	events, err := s.Events(check.Context(t), storetest.Seller, "CS1", 0, 10)
	check.Error(t, err, nil)
	check.Equal(t, "events", events, c.Events)
}

func orderExists(t *testing.T, s store.Store) {
	first := storetest.Admission("CS1", storetest.Epoch)
	check.MustApply(t, s, first)
	check.Error(t, s.Apply(check.Context(t), storetest.Admission("CS1", storetest.Epoch.Add(time.Hour))), store.ErrOrderExists)
	check.Equal(t, "order", check.MustAggregate(t, s, "CS1").Order, *first.NewOrder)
}

func lineExists(t *testing.T, s store.Store) {
	first := storetest.Admission("CS1", storetest.Epoch)
	check.MustApply(t, s, first)
	a := check.MustAggregate(t, s, "CS1")
	c := check.Next(a)
	c.NewLines = []store.Line{storetest.NewLine("CS1", storetest.Epoch.Add(time.Hour))}
	check.Error(t, s.Apply(check.Context(t), c), store.ErrLineExists)
	check.Equal(t, "aggregate", check.MustAggregate(t, s, "CS1"), a)
	for name, change := range map[string]func(*store.LineKey){
		"line": func(k *store.LineKey) { k.OrderLineID += "x" }, "product": func(k *store.LineKey) { k.ProductID = "p" },
		"action": func(k *store.LineKey) { k.Action = "refreshInstance" }, "order": func(k *store.LineKey) { k.OrderID = "CS2" },
	} {
		l := storetest.NewLine("CS1", storetest.Epoch)
		change(&l.LineKey)
		c := check.Next(check.MustAggregate(t, s, "CS1"))
		c.NewLines = []store.Line{l}
		if err := s.Apply(check.Context(t), c); err != nil {
			t.Fatalf("another %s is another effect, but: %v", name, err)
		}
		got, err := s.Line(check.Context(t), l.LineKey)
		check.Error(t, err, nil)
		check.Equal(t, "line", got, l)
	}
	check.Equal(t, "number of lines", len(check.MustAggregate(t, s, "CS1").Lines), 5)
}

func instanceExists(t *testing.T, s store.Store) {
	check.MustApply(t, s, storetest.Admission("CS1", storetest.Epoch))
	c := storetest.Admission("CS2", storetest.Epoch)
	c.NewInstances[0].InstanceID = "inst-CS1"
	check.Error(t, s.Apply(check.Context(t), c), store.ErrInstanceExists)
	_, err := s.Aggregate(check.Context(t), storetest.Seller, "CS2")
	check.Error(t, err, store.ErrNotFound)
}

func staleEvent(t *testing.T, s store.Store) {
	check.MustApply(t, s, storetest.Admission("CS1", storetest.Epoch))
	a := check.MustAggregate(t, s, "CS1")
	check.MustApply(t, s, check.Next(a))
	c := check.Next(a)
	c.PutOrder.QueryState = store.QueryFailed
	check.Error(t, s.Apply(check.Context(t), c), store.ErrStale)
	if got := check.MustAggregate(t, s, "CS1").Order.QueryState; got != store.QueryPending {
		t.Fatalf("query state = %s: a stale change left its order behind", got)
	}
	onlyEvents := &store.Change{Events: c.Events}
	check.Error(t, s.Apply(check.Context(t), onlyEvents), store.ErrStale)
	if events, err := s.Events(check.Context(t), storetest.Seller, "CS1", 0, 10); err != nil || len(events) != 2 {
		t.Fatalf("events = %v, %v, want two", events, err)
	}
}

func taskSeqTaken(t *testing.T, s store.Store) {
	check.MustApply(t, s, storetest.Admission("CS1", storetest.Epoch))
	c := check.Next(check.MustAggregate(t, s, "CS1"))
	c.NewTasks = []store.Task{storetest.NewTask("CS1", "inst-CS1", 1, storetest.Epoch)}
	check.Error(t, s.Apply(check.Context(t), c), store.ErrStale)
}

func taskIDTaken(t *testing.T, s store.Store) {
	first := storetest.Admission("CS1", storetest.Epoch)
	check.MustApply(t, s, first)
	c := check.Next(check.MustAggregate(t, s, "CS1"))
	task := storetest.NewTask("CS1", "inst-CS1", 2, storetest.Epoch)
	task.ID = first.NewTasks[0].ID
	c.NewTasks = []store.Task{task}
	check.Fault(t, s.Apply(check.Context(t), c))
	check.Equal(t, "task", check.MustTask(t, s, task.ID), first.NewTasks[0])
}

func unorderedTasks(t *testing.T, s store.Store) {
	check.MustApply(t, s, storetest.Admission("CS1", storetest.Epoch))
	c := check.Next(check.MustAggregate(t, s, "CS1"))
	c.NewTasks = []store.Task{
		storetest.NewTask("CS1", "inst-CS1", 0, storetest.Epoch), storetest.NewTask("CS1", "inst-CS1", 0, storetest.Epoch), storetest.NewTask("CS1", "inst-CS1", 2, storetest.Epoch),
	}
	check.MustApply(t, s, c)
	check.Equal(t, "number of tasks", len(check.MustAggregate(t, s, "CS1").Tasks), 5)
}

func putOfMissingRow(t *testing.T, s store.Store) {
	check.MustApply(t, s, storetest.Admission("CS1", storetest.Epoch))
	order := *storetest.Admission("CS9", storetest.Epoch).NewOrder
	line := storetest.NewLine("CS9", storetest.Epoch)
	for name, c := range map[string]*store.Change{
		"order":    {PutOrder: &order},
		"line":     {PutLines: []store.Line{line}},
		"instance": {PutInstances: []store.Instance{storetest.NewInstance("CS1", "inst-CS9", storetest.Epoch)}},
	} {
		c.Events = []store.Event{storetest.NewEvent("CS1", 2, "", storetest.Epoch)}
		if err := s.Apply(check.Context(t), c); err == nil {
			t.Fatalf("%s: put of a missing row succeeded", name)
		} else {
			check.Error(t, err, store.ErrNotFound)
		}
		if events, err := s.Events(check.Context(t), storetest.Seller, "CS1", 0, 10); err != nil || len(events) != 1 {
			t.Fatalf("%s: events = %v, %v: the change left something behind", name, events, err)
		}
	}
}

func fencedTask(t *testing.T, s store.Store) {
	first := storetest.Admission("CS1", storetest.Epoch)
	check.MustApply(t, s, first)
	before := check.MustAggregate(t, s, "CS1")
	task := first.NewTasks[0]
	done := task
	done.State = store.TaskDone
	missing := done
	missing.ID = storetest.NewID()
	for name, put := range map[string]store.TaskPut{
		"state":   {Task: done, ExpectState: store.TaskLeased, ExpectFence: 0},
		"fence":   {Task: done, ExpectState: store.TaskReady, ExpectFence: 1},
		"missing": {Task: missing, ExpectState: store.TaskReady},
	} {
		c := check.Next(before)
		c.PutTasks = []store.TaskPut{put}
		c.PutInstances = []store.Instance{first.NewInstances[0]}
		c.PutInstances[0].State = store.InstanceActive
		if err := s.Apply(check.Context(t), c); err == nil {
			t.Fatalf("%s: a fenced put succeeded", name)
		} else {
			check.Error(t, err, store.ErrFenced)
		}
		check.Equal(t, name+": aggregate", check.MustAggregate(t, s, "CS1"), before)
	}
	c := check.Next(before)
	c.PutTasks = []store.TaskPut{{Task: done, ExpectState: store.TaskReady, ExpectFence: 0}}
	check.MustApply(t, s, c)
	check.Equal(t, "task", check.MustTask(t, s, task.ID), done)
	check.Equal(t, "open tasks", len(check.MustAggregate(t, s, "CS1").Tasks), 1)
}

// failureLeavesNothing lets every kind of element fail as the last one of a change that touches all tables.
func failureLeavesNothing(t *testing.T, s store.Store) {
	check.MustApply(t, s, storetest.Admission("CS1", storetest.Epoch))
	taken := storetest.Admission("CS1", storetest.Epoch)
	for name, spoil := range map[string]func(*store.Change){
		"event":    func(c *store.Change) { c.Events = append(c.Events, c.Events[0]) },
		"line":     func(c *store.Change) { c.NewLines = append(c.NewLines, taken.NewLines[0]) },
		"instance": func(c *store.Change) { c.NewInstances = append(c.NewInstances, taken.NewInstances[0]) },
		"task":     func(c *store.Change) { c.NewTasks = append(c.NewTasks, c.NewTasks[0]) },
		"put": func(c *store.Change) {
			c.PutInstances = append(c.PutInstances, storetest.NewInstance("CS2", "inst-none", storetest.Epoch))
		},
		"fence": func(c *store.Change) {
			c.PutTasks = append(c.PutTasks, store.TaskPut{Task: storetest.NewTask("CS2", "inst-CS2", 9, storetest.Epoch), ExpectState: store.TaskReady})
		},
	} {
		c := storetest.Admission("CS2", storetest.Epoch)
		spoil(c)
		if err := s.Apply(check.Context(t), c); err == nil {
			t.Fatalf("%s: the spoilt change succeeded", name)
		}
		_, err := s.Aggregate(check.Context(t), storetest.Seller, "CS2")
		check.Error(t, err, store.ErrNotFound)
		_, err = s.Line(check.Context(t), c.NewLines[0].LineKey)
		check.Error(t, err, store.ErrNotFound)
		_, err = s.Task(check.Context(t), c.NewTasks[0].ID)
		check.Error(t, err, store.ErrNotFound)
		if rows, err := s.Instances(check.Context(t), storetest.Seller, []string{"inst-CS2"}); err != nil || len(rows) != 0 {
			t.Fatalf("%s: instances = %v, %v, want none", name, rows, err)
		}
		if rows, err := s.Events(check.Context(t), storetest.Seller, "CS2", 0, 10); err != nil || len(rows) != 0 {
			t.Fatalf("%s: events = %v, %v, want none", name, rows, err)
		}
	}
	check.MustApply(t, s, storetest.Admission("CS2", storetest.Epoch))
}

// severalOrders commits a thousand orders at once, in an order that is not theirs.
func severalOrders(t *testing.T, s store.Store) {
	var ids []string
	for n := range 1000 {
		ids = append(ids, fmt.Sprintf("CS%04d", 999-n))
	}
	changes := storetest.Admissions(ids...)
	if err := s.ApplyAll(check.Context(t), changes); err != nil {
		t.Fatal(err)
	}
	for _, c := range changes {
		a := check.MustAggregate(t, s, c.NewOrder.OrderID)
		check.Equal(t, "order", a.Order, *c.NewOrder)
		check.Equal(t, "lines", a.Lines, c.NewLines)
		check.Equal(t, "instances", a.Instances, c.NewInstances)
	}
	check.Error(t, s.ApplyAll(check.Context(t), nil), nil)
}

// severalRefused: what one of several changes violates is told with its sentinel, and none of them is there.
func severalRefused(t *testing.T, s store.Store) {
	check.MustApply(t, s, storetest.Admission("CS2", storetest.Epoch))
	there := check.MustAggregate(t, s, "CS2")
	for name, c := range map[string]struct {
		spoil func(c *store.Change)
		want  error
	}{
		"order":    {func(*store.Change) {}, store.ErrOrderExists},
		"event":    {func(c *store.Change) { c.NewOrder, c.PutOrder = nil, c.NewOrder }, store.ErrStale},
		"line":     {func(c *store.Change) { c.NewOrder, c.Events = nil, nil }, store.ErrLineExists},
		"instance": {func(c *store.Change) { c.NewOrder, c.Events, c.NewLines = nil, nil, nil }, store.ErrInstanceExists},
	} {
		changes := storetest.Admissions("CS1", "CS2", "CS3")
		c.spoil(changes[1])
		if err := s.ApplyAll(check.Context(t), changes); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		for _, id := range []string{"CS1", "CS3"} {
			_, err := s.Aggregate(check.Context(t), storetest.Seller, id)
			check.Error(t, err, store.ErrNotFound)
		}
		check.Equal(t, name, check.MustAggregate(t, s, "CS2"), there)
	}
	changes := storetest.Admissions("CS1", "CS3")
	changes[1].Directory = &store.DirectoryChange{}
	if err := s.ApplyAll(check.Context(t), changes); err == nil {
		t.Error("a change of the directory was committed beside another")
	}
	_, err := s.Aggregate(check.Context(t), storetest.Seller, "CS1")
	check.Error(t, err, store.ErrNotFound)
}

// sentinelPrecedence fixes which error wins when several apply: first the ones after which a caller reads again.
func sentinelPrecedence(t *testing.T, s store.Store) {
	first := storetest.Admission("CS1", storetest.Epoch)
	check.MustApply(t, s, first)
	check.Error(t, s.Apply(check.Context(t), first), store.ErrOrderExists)
	a := check.MustAggregate(t, s, "CS1")
	fenced := store.TaskPut{Task: first.NewTasks[0], ExpectState: store.TaskLeased, ExpectFence: 7}
	c := &store.Change{
		PutOrder: &a.Order, Events: first.Events, NewLines: first.NewLines, NewInstances: first.NewInstances, PutTasks: []store.TaskPut{fenced},
	}
	check.Error(t, s.Apply(check.Context(t), c), store.ErrStale)
	c.Events = []store.Event{storetest.NewEvent("CS1", 2, "", storetest.Epoch)}
	check.Error(t, s.Apply(check.Context(t), c), store.ErrLineExists)
	c.NewLines = nil
	check.Error(t, s.Apply(check.Context(t), c), store.ErrInstanceExists)
	c.NewInstances = nil
	check.Error(t, s.Apply(check.Context(t), c), store.ErrFenced)
	check.Equal(t, "aggregate", check.MustAggregate(t, s, "CS1"), a)
}

func separateSellers(t *testing.T, s store.Store) {
	check.MustApply(t, s, storetest.Admission("CS1", storetest.Epoch))
	c := storetest.Admission("CS1", storetest.Epoch)
	c.NewOrder.Seller = "other"
	for i := range c.NewLines {
		c.NewLines[i].Seller = "other"
	}
	for i := range c.NewInstances {
		c.NewInstances[i].Seller = "other"
	}
	for i := range c.NewTasks {
		c.NewTasks[i].Seller = "other"
	}
	for i := range c.Events {
		c.Events[i].Seller = "other"
	}
	check.MustApply(t, s, c)
	a, err := s.Aggregate(check.Context(t), "other", "CS1")
	check.Error(t, err, nil)
	check.Equal(t, "sizes", []int{len(a.Lines), len(a.Instances), len(a.Tasks)}, []int{1, 1, 2})
	leased, err := s.Lease(check.Context(t), store.LeaseRequest{
		Seller: "other", Queues: []string{storetest.Queue, "internal"}, Worker: "w", Max: 100, For: time.Minute,
	})
	check.Error(t, err, nil)
	check.Equal(t, "leased", len(leased), 2)
	check.Equal(t, "first seller's tasks", check.MustTask(t, s, check.MustAggregate(t, s, "CS1").Tasks[0].ID).State, store.TaskReady)
}
