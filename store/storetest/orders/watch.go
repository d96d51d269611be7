// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"testing"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
	"github.com/koogate/koogate/store/storetest/check"
)

var watchCases = []check.Case{
	{Name: "WakesAfterApply", Run: func(t *testing.T, s *check.Suite) {
		st := s.Open(t)
		watchWakes(t, st, st)
	}},
	check.WithSecond("WakesThroughASecondHandle", watchWakes),
	check.WithStore("OthersSleepOn", othersSleep),
	check.WithStore("StopIsFinalAndRepeatable", stopWatch),
	check.WithStore("ManyChangesNeverBlock", neverBlock),
}

// watchWakes watches through one handle and changes through the other.
func watchWakes(t *testing.T, watching, changing store.Store) {
	queue, stop := watching.Watch(store.QueueTopic(storetest.Seller, "none"), store.QueueTopic(storetest.Seller, storetest.Queue))
	defer stop()
	instance, stop := watching.Watch(store.InstanceTopic(storetest.Seller, "inst-CS1"))
	defer stop()
	check.MustApply(t, changing, storetest.Admission("CS1", storetest.Epoch))
	check.Wake(t, "new ready task", queue)
	a := check.MustAggregate(t, changing, "CS1")
	c := check.Next(a)
	c.PutInstances = []store.Instance{a.Instances[0]}
	check.MustApply(t, changing, c)
	check.Wake(t, "changed instance", instance)
	c = check.Next(check.MustAggregate(t, changing, "CS1"))
	task := a.Tasks[1]
	task.DueAt = storetest.Epoch.Add(time.Hour)
	c.PutTasks = []store.TaskPut{{Task: task, ExpectState: store.TaskReady}}
	check.MustApply(t, changing, c)
	check.Wake(t, "task put back", queue)
	if got := check.MustAggregate(t, watching, "CS1"); !got.Tasks[1].DueAt.Equal(task.DueAt) {
		t.Fatalf("woken before the change was there: %+v", got.Tasks[1])
	}
}

func othersSleep(t *testing.T, s store.Store) {
	other, stop := s.Watch(store.QueueTopic("other", storetest.Queue), store.QueueTopic(storetest.Seller, "other"), store.InstanceTopic(storetest.Seller, "other"))
	defer stop()
	woken, stop := s.Watch(store.QueueTopic(storetest.Seller, storetest.Queue))
	defer stop()
	check.MustApply(t, s, storetest.Admission("CS1", storetest.Epoch))
	check.Wake(t, "queue", woken)
	if err := s.Apply(check.Context(t), storetest.Admission("CS1", storetest.Epoch)); err == nil {
		t.Fatal("second admission succeeded")
	}
	select {
	case <-other:
		t.Fatal("woken by a change to another topic")
	case <-woken:
		t.Fatal("woken by a change that failed")
	case <-time.After(50 * time.Millisecond):
	}
}

func stopWatch(t *testing.T, s store.Store) {
	wake, stop := s.Watch(store.QueueTopic(storetest.Seller, storetest.Queue))
	stop()
	stop()
	check.MustApply(t, s, storetest.Admission("CS1", storetest.Epoch))
	select {
	case <-wake:
		t.Fatal("woken after the end of the watch")
	case <-time.After(50 * time.Millisecond):
	}
}

func neverBlock(t *testing.T, s store.Store) {
	wake, stop := s.Watch(store.QueueTopic(storetest.Seller, storetest.Queue))
	defer stop()
	for _, id := range []string{"CS1", "CS2", "CS3", "CS4"} {
		check.MustApply(t, s, storetest.Admission(id, storetest.Epoch))
	}
	check.Wake(t, "queue", wake)
}
