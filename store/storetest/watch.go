// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"testing"
	"time"

	"github.com/koogate/koogate/store"
)

var watchCases = []testCase{
	{"WakesAfterApply", func(t *testing.T, s *suite) {
		st := s.open(t)
		watchWakes(t, st, st)
	}},
	{"WakesThroughASecondHandle", func(t *testing.T, s *suite) {
		if s.second == nil {
			t.Skip("one handle at a time")
		}
		first := s.open(t)
		watchWakes(t, first, s.second(t, first))
	}},
	withStore("OthersSleepOn", othersSleep),
	withStore("StopIsFinalAndRepeatable", stopWatch),
	withStore("ManyChangesNeverBlock", neverBlock),
}

func wantWake(t *testing.T, what string, wake <-chan struct{}) {
	t.Helper()
	select {
	case <-wake:
	case <-time.After(patience):
		t.Fatalf("%s: no wake-up", what)
	}
}

// watchWakes watches through one handle and changes through the other.
func watchWakes(t *testing.T, watching, changing store.Store) {
	queue, stop := watching.Watch(store.QueueTopic(Seller, "none"), store.QueueTopic(Seller, Queue))
	defer stop()
	instance, stop := watching.Watch(store.InstanceTopic(Seller, "inst-CS1"))
	defer stop()
	mustApply(t, changing, Admission("CS1", Epoch))
	wantWake(t, "new ready task", queue)
	a := mustAggregate(t, changing, "CS1")
	c := next(a)
	c.PutInstances = []store.Instance{a.Instances[0]}
	mustApply(t, changing, c)
	wantWake(t, "changed instance", instance)
	c = next(mustAggregate(t, changing, "CS1"))
	task := a.Tasks[1]
	task.DueAt = Epoch.Add(time.Hour)
	c.PutTasks = []store.TaskPut{{Task: task, ExpectState: store.TaskReady}}
	mustApply(t, changing, c)
	wantWake(t, "task put back", queue)
	if got := mustAggregate(t, watching, "CS1"); !got.Tasks[1].DueAt.Equal(task.DueAt) {
		t.Fatalf("woken before the change was there: %+v", got.Tasks[1])
	}
}

func othersSleep(t *testing.T, s store.Store) {
	other, stop := s.Watch(store.QueueTopic("other", Queue), store.QueueTopic(Seller, "other"), store.InstanceTopic(Seller, "other"))
	defer stop()
	woken, stop := s.Watch(store.QueueTopic(Seller, Queue))
	defer stop()
	mustApply(t, s, Admission("CS1", Epoch))
	wantWake(t, "queue", woken)
	if err := s.Apply(background(t), Admission("CS1", Epoch)); err == nil {
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
	wake, stop := s.Watch(store.QueueTopic(Seller, Queue))
	stop()
	stop()
	mustApply(t, s, Admission("CS1", Epoch))
	select {
	case <-wake:
		t.Fatal("woken after the end of the watch")
	case <-time.After(50 * time.Millisecond):
	}
}

func neverBlock(t *testing.T, s store.Store) {
	wake, stop := s.Watch(store.QueueTopic(Seller, Queue))
	defer stop()
	for _, id := range []string{"CS1", "CS2", "CS3", "CS4"} {
		mustApply(t, s, Admission(id, Epoch))
	}
	wantWake(t, "queue", wake)
}
