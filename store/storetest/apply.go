// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"testing"
	"time"

	"github.com/koogate/koogate/store"
)

var applyCases = []testCase{
	withStore("AdmissionIsReadBackWhole", admissionIsReadBackWhole),
	withStore("OrderExists", orderExists),
	withStore("LineExists", lineExists),
	withStore("InstanceExists", instanceExists),
	withStore("StaleEvent", staleEvent),
	withStore("TaskSeqTakenIsStale", taskSeqTaken),
	withStore("TaskIDTakenIsAFault", taskIDTaken),
	withStore("UnorderedTasksShareSeqZero", unorderedTasks),
	withStore("PutOfMissingRowIsNotFound", putOfMissingRow),
	withStore("FencedTask", fencedTask),
	withStore("FailureOfTheLastElementLeavesNothing", failureLeavesNothing),
	withStore("SentinelPrecedence", sentinelPrecedence),
	withStore("PutReplacesAllButKeyAndCreation", putReplaces),
	withStore("KeysAreSeparateBySeller", separateSellers),
	withStore("EmptyChange", func(t *testing.T, s store.Store) { mustApply(t, s, &store.Change{}) }),
}

// next returns a change that continues an order's chain by one event and moves the head.
func next(a *store.Aggregate) *store.Change {
	o := a.Order
	e := NewEvent(o.OrderID, o.Head.Seq+1, "", o.UpdatedAt.Add(time.Second))
	o.Head, o.UpdatedAt = store.Head{Seq: e.Seq, Hash: e.Hash}, e.At
	return &store.Change{PutOrder: &o, Events: []store.Event{e}}
}

func admissionIsReadBackWhole(t *testing.T, s store.Store) {
	c := Admission("CS1", Epoch)
	mustApply(t, s, c)
	a := mustAggregate(t, s, "CS1")
	wantEqual(t, "order", a.Order, *c.NewOrder)
	wantEqual(t, "lines", a.Lines, c.NewLines)
	wantEqual(t, "instances", a.Instances, c.NewInstances)
	wantEqual(t, "tasks, by seq", a.Tasks, []store.Task{c.NewTasks[1], c.NewTasks[0]})
	events, err := s.Events(background(t), Seller, "CS1", 0, 10)
	wantError(t, err, nil)
	wantEqual(t, "events", events, c.Events)
}

func orderExists(t *testing.T, s store.Store) {
	first := Admission("CS1", Epoch)
	mustApply(t, s, first)
	wantError(t, s.Apply(background(t), Admission("CS1", Epoch.Add(time.Hour))), store.ErrOrderExists)
	wantEqual(t, "order", mustAggregate(t, s, "CS1").Order, *first.NewOrder)
}

func lineExists(t *testing.T, s store.Store) {
	first := Admission("CS1", Epoch)
	mustApply(t, s, first)
	a := mustAggregate(t, s, "CS1")
	c := next(a)
	c.NewLines = []store.Line{NewLine("CS1", Epoch.Add(time.Hour))}
	wantError(t, s.Apply(background(t), c), store.ErrLineExists)
	wantEqual(t, "aggregate", mustAggregate(t, s, "CS1"), a)
	for name, change := range map[string]func(*store.LineKey){
		"line": func(k *store.LineKey) { k.OrderLineID += "x" }, "product": func(k *store.LineKey) { k.ProductID = "p" },
		"action": func(k *store.LineKey) { k.Action = "refreshInstance" }, "order": func(k *store.LineKey) { k.OrderID = "CS2" },
	} {
		l := NewLine("CS1", Epoch)
		change(&l.LineKey)
		c := next(mustAggregate(t, s, "CS1"))
		c.NewLines = []store.Line{l}
		if err := s.Apply(background(t), c); err != nil {
			t.Fatalf("another %s is another effect, but: %v", name, err)
		}
		got, err := s.Line(background(t), l.LineKey)
		wantError(t, err, nil)
		wantEqual(t, "line", got, l)
	}
	wantEqual(t, "number of lines", len(mustAggregate(t, s, "CS1").Lines), 5)
}

func instanceExists(t *testing.T, s store.Store) {
	mustApply(t, s, Admission("CS1", Epoch))
	c := Admission("CS2", Epoch)
	c.NewInstances[0].InstanceID = "inst-CS1"
	wantError(t, s.Apply(background(t), c), store.ErrInstanceExists)
	_, err := s.Aggregate(background(t), Seller, "CS2")
	wantError(t, err, store.ErrNotFound)
}

func staleEvent(t *testing.T, s store.Store) {
	mustApply(t, s, Admission("CS1", Epoch))
	a := mustAggregate(t, s, "CS1")
	mustApply(t, s, next(a))
	c := next(a)
	c.PutOrder.QueryState = store.QueryFailed
	wantError(t, s.Apply(background(t), c), store.ErrStale)
	if got := mustAggregate(t, s, "CS1").Order.QueryState; got != store.QueryPending {
		t.Fatalf("query state = %s: a stale change left its order behind", got)
	}
	onlyEvents := &store.Change{Events: c.Events}
	wantError(t, s.Apply(background(t), onlyEvents), store.ErrStale)
	if events, err := s.Events(background(t), Seller, "CS1", 0, 10); err != nil || len(events) != 2 {
		t.Fatalf("events = %v, %v, want two", events, err)
	}
}

func taskSeqTaken(t *testing.T, s store.Store) {
	mustApply(t, s, Admission("CS1", Epoch))
	c := next(mustAggregate(t, s, "CS1"))
	c.NewTasks = []store.Task{NewTask("CS1", "inst-CS1", 1, Epoch)}
	wantError(t, s.Apply(background(t), c), store.ErrStale)
}

func taskIDTaken(t *testing.T, s store.Store) {
	first := Admission("CS1", Epoch)
	mustApply(t, s, first)
	c := next(mustAggregate(t, s, "CS1"))
	task := NewTask("CS1", "inst-CS1", 2, Epoch)
	task.ID = first.NewTasks[0].ID
	c.NewTasks = []store.Task{task}
	wantFault(t, s.Apply(background(t), c))
	wantEqual(t, "task", mustTask(t, s, task.ID), first.NewTasks[0])
}

func unorderedTasks(t *testing.T, s store.Store) {
	mustApply(t, s, Admission("CS1", Epoch))
	c := next(mustAggregate(t, s, "CS1"))
	c.NewTasks = []store.Task{
		NewTask("CS1", "inst-CS1", 0, Epoch), NewTask("CS1", "inst-CS1", 0, Epoch), NewTask("CS1", "inst-CS1", 2, Epoch),
	}
	mustApply(t, s, c)
	wantEqual(t, "number of tasks", len(mustAggregate(t, s, "CS1").Tasks), 5)
}

func putOfMissingRow(t *testing.T, s store.Store) {
	mustApply(t, s, Admission("CS1", Epoch))
	order := *Admission("CS9", Epoch).NewOrder
	line := NewLine("CS9", Epoch)
	for name, c := range map[string]*store.Change{
		"order":    {PutOrder: &order},
		"line":     {PutLines: []store.Line{line}},
		"instance": {PutInstances: []store.Instance{NewInstance("CS1", "inst-CS9", Epoch)}},
	} {
		c.Events = []store.Event{NewEvent("CS1", 2, "", Epoch)}
		if err := s.Apply(background(t), c); err == nil {
			t.Fatalf("%s: put of a missing row succeeded", name)
		} else {
			wantError(t, err, store.ErrNotFound)
		}
		if events, err := s.Events(background(t), Seller, "CS1", 0, 10); err != nil || len(events) != 1 {
			t.Fatalf("%s: events = %v, %v: the change left something behind", name, events, err)
		}
	}
}

func fencedTask(t *testing.T, s store.Store) {
	first := Admission("CS1", Epoch)
	mustApply(t, s, first)
	before := mustAggregate(t, s, "CS1")
	task := first.NewTasks[0]
	done := task
	done.State = store.TaskDone
	missing := done
	missing.ID = NewID()
	for name, put := range map[string]store.TaskPut{
		"state":   {Task: done, ExpectState: store.TaskLeased, ExpectFence: 0},
		"fence":   {Task: done, ExpectState: store.TaskReady, ExpectFence: 1},
		"missing": {Task: missing, ExpectState: store.TaskReady},
	} {
		c := next(before)
		c.PutTasks = []store.TaskPut{put}
		c.PutInstances = []store.Instance{first.NewInstances[0]}
		c.PutInstances[0].State = store.InstanceActive
		if err := s.Apply(background(t), c); err == nil {
			t.Fatalf("%s: a fenced put succeeded", name)
		} else {
			wantError(t, err, store.ErrFenced)
		}
		wantEqual(t, name+": aggregate", mustAggregate(t, s, "CS1"), before)
	}
	c := next(before)
	c.PutTasks = []store.TaskPut{{Task: done, ExpectState: store.TaskReady, ExpectFence: 0}}
	mustApply(t, s, c)
	wantEqual(t, "task", mustTask(t, s, task.ID), done)
	wantEqual(t, "open tasks", len(mustAggregate(t, s, "CS1").Tasks), 1)
}

// failureLeavesNothing lets every kind of element fail as the last one of a change that touches all tables.
func failureLeavesNothing(t *testing.T, s store.Store) {
	mustApply(t, s, Admission("CS1", Epoch))
	taken := Admission("CS1", Epoch)
	for name, spoil := range map[string]func(*store.Change){
		"event":    func(c *store.Change) { c.Events = append(c.Events, c.Events[0]) },
		"line":     func(c *store.Change) { c.NewLines = append(c.NewLines, taken.NewLines[0]) },
		"instance": func(c *store.Change) { c.NewInstances = append(c.NewInstances, taken.NewInstances[0]) },
		"task":     func(c *store.Change) { c.NewTasks = append(c.NewTasks, c.NewTasks[0]) },
		"put":      func(c *store.Change) { c.PutInstances = append(c.PutInstances, NewInstance("CS2", "inst-none", Epoch)) },
		"fence": func(c *store.Change) {
			c.PutTasks = append(c.PutTasks, store.TaskPut{Task: NewTask("CS2", "inst-CS2", 9, Epoch), ExpectState: store.TaskReady})
		},
	} {
		c := Admission("CS2", Epoch)
		spoil(c)
		if err := s.Apply(background(t), c); err == nil {
			t.Fatalf("%s: the spoilt change succeeded", name)
		}
		_, err := s.Aggregate(background(t), Seller, "CS2")
		wantError(t, err, store.ErrNotFound)
		_, err = s.Line(background(t), c.NewLines[0].LineKey)
		wantError(t, err, store.ErrNotFound)
		_, err = s.Task(background(t), c.NewTasks[0].ID)
		wantError(t, err, store.ErrNotFound)
		if rows, err := s.Instances(background(t), Seller, []string{"inst-CS2"}); err != nil || len(rows) != 0 {
			t.Fatalf("%s: instances = %v, %v, want none", name, rows, err)
		}
		if rows, err := s.Events(background(t), Seller, "CS2", 0, 10); err != nil || len(rows) != 0 {
			t.Fatalf("%s: events = %v, %v, want none", name, rows, err)
		}
	}
	mustApply(t, s, Admission("CS2", Epoch))
}

// sentinelPrecedence fixes which error wins when several apply: first the ones after which a caller reads again.
func sentinelPrecedence(t *testing.T, s store.Store) {
	first := Admission("CS1", Epoch)
	mustApply(t, s, first)
	wantError(t, s.Apply(background(t), first), store.ErrOrderExists)
	a := mustAggregate(t, s, "CS1")
	fenced := store.TaskPut{Task: first.NewTasks[0], ExpectState: store.TaskLeased, ExpectFence: 7}
	c := &store.Change{
		PutOrder: &a.Order, Events: first.Events, NewLines: first.NewLines, NewInstances: first.NewInstances, PutTasks: []store.TaskPut{fenced},
	}
	wantError(t, s.Apply(background(t), c), store.ErrStale)
	c.Events = []store.Event{NewEvent("CS1", 2, "", Epoch)}
	wantError(t, s.Apply(background(t), c), store.ErrLineExists)
	c.NewLines = nil
	wantError(t, s.Apply(background(t), c), store.ErrInstanceExists)
	c.NewInstances = nil
	wantError(t, s.Apply(background(t), c), store.ErrFenced)
	wantEqual(t, "aggregate", mustAggregate(t, s, "CS1"), a)
}

func separateSellers(t *testing.T, s store.Store) {
	mustApply(t, s, Admission("CS1", Epoch))
	c := Admission("CS1", Epoch)
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
	mustApply(t, s, c)
	a, err := s.Aggregate(background(t), "other", "CS1")
	wantError(t, err, nil)
	wantEqual(t, "sizes", []int{len(a.Lines), len(a.Instances), len(a.Tasks)}, []int{1, 1, 2})
	leased, err := s.Lease(background(t), store.LeaseRequest{
		Seller: "other", Queues: []string{Queue, "internal"}, Worker: "w", Max: 100, For: time.Minute,
	})
	wantError(t, err, nil)
	wantEqual(t, "leased", len(leased), 2)
	wantEqual(t, "first seller's tasks", mustTask(t, s, mustAggregate(t, s, "CS1").Tasks[0].ID).State, store.TaskReady)
}
