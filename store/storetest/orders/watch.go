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
	{Name: "OneOfThoseThatCompeteIsWoken", Run: func(t *testing.T, s *check.Suite) {
		st := s.Open(t)
		oneTurn(t, st, st)
	}},
	check.WithSecond("OneOfThoseThatCompeteIsWokenThroughASecondHandle", oneTurn),
	check.WithStore("TurnsArePassedOn", passTurn),
	check.WithSecond("WhoWaitsBesideTheChangeGoesFirst", goFirst),
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

// turns are n that compete for a queue.
func turns(t *testing.T, s store.Store, n int) (all []*store.Turn) {
	for range n {
		turn := s.Turn(store.QueueTopic(storetest.Seller, "none"), store.QueueTopic(storetest.Seller, storetest.Queue))
		t.Cleanup(turn.Stop)
		all = append(all, turn)
	}
	return all
}

// woken waits until want of them are woken and none more for a moment. It returns those that are.
func woken(t *testing.T, what string, want int, all []*store.Turn) (have []*store.Turn) {
	t.Helper()
	for end := time.Now().Add(check.Patience); len(have) < want; time.Sleep(time.Millisecond) {
		have = append(have, tokens(all)...)
		if time.Now().After(end) {
			t.Fatalf("%s: %d of %d are woken, want %d", what, len(have), len(all), want)
		}
	}
	time.Sleep(30 * time.Millisecond)
	if have = append(have, tokens(all)...); len(have) != want {
		t.Fatalf("%s: %d of %d are woken, want %d", what, len(have), len(all), want)
	}
	return have
}

func tokens(all []*store.Turn) (have []*store.Turn) {
	for _, turn := range all {
		select {
		case <-turn.C():
			have = append(have, turn)
		default:
		}
	}
	return have
}

// oneTurn: each change wakes one of those that compete through a handle, and all others that watch.
func oneTurn(t *testing.T, watching, changing store.Store) {
	all := turns(t, watching, 3)
	watch, stop := watching.Watch(store.QueueTopic(storetest.Seller, storetest.Queue))
	defer stop()
	check.MustApply(t, changing, storetest.Admission("CS1", storetest.Epoch))
	woken(t, "one change", 1, all)
	check.Wake(t, "who does not compete", watch)
}

// goFirst: while somebody waits at the handle of a change nobody else is woken for it. What is too much for those who wait there wakes
// others, and so does a turn that is not used there.
func goFirst(t *testing.T, far, near store.Store) {
	here, there := turns(t, near, 2), turns(t, far, 2)
	awake := func(what string, h, o int) {
		t.Helper()
		if h > 0 {
			woken(t, what+", here", h, here)
		}
		woken(t, what+", elsewhere", o, there)
		woken(t, what+", here", 0, here)
	}
	check.MustApply(t, near, storetest.Admission("CS1", storetest.Epoch))
	awake("a change", 1, 0)
	check.MustApply(t, near, storetest.Admission("CS2", storetest.Epoch))
	check.MustApply(t, near, storetest.Admission("CS3", storetest.Epoch))
	check.MustApply(t, near, storetest.Admission("CS4", storetest.Epoch))
	awake("three changes", 2, 1)
	c := storetest.Admission("CS5", storetest.Epoch)
	for range 2 { // further tasks of the same queue
		more := c.NewTasks[0]
		more.ID, more.Seq = storetest.NewID(), 0
		c.NewTasks = append(c.NewTasks, more)
	}
	check.MustApply(t, near, c)
	awake("three tasks at once", 2, 1)
	here[1].Stop()
	check.MustApply(t, near, storetest.Admission("CS6", storetest.Epoch))
	here[0].Stop()
	woken(t, "a turn that was not used", 1, there)
	check.MustApply(t, near, storetest.Admission("CS7", storetest.Epoch))
	woken(t, "a change where nobody waits", 1, there)
	last := turns(t, near, 1)[0]
	check.MustApply(t, near, storetest.Admission("CS8", storetest.Epoch))
	<-last.C()
	last.Pass()
	woken(t, "work that may be left here", 0, there)
	last.GiveBack()
	woken(t, "a turn of somebody who could not look", 1, there)
}

// passTurn: changes that nobody has looked for wake one each, a turn that is passed on or was not used wakes another, and one that
// nobody waits for is gone.
func passTurn(t *testing.T, s store.Store) {
	all := turns(t, s, 3)
	for _, id := range []string{"CS1", "CS2"} {
		check.MustApply(t, s, storetest.Admission(id, storetest.Epoch))
	}
	have := woken(t, "two changes", 2, all)
	have[0].Pass()
	if next := woken(t, "a turn that is passed", 1, all); next[0] == have[0] {
		t.Fatal("who passes a turn has it again")
	}
	check.MustApply(t, s, storetest.Admission("CS3", storetest.Epoch))
	for range all { // whoever of them has it
		turn := all[0]
		for _, other := range all {
			if len(other.C()) > 0 {
				turn = other
			}
		}
		turn.Stop()
		turn.Stop()
		rest := all[:0:0]
		for _, other := range all {
			if other != turn {
				rest = append(rest, other)
			}
		}
		if all = rest; len(all) > 0 && len(all[0].C())+len(all[len(all)-1].C()) == 0 {
			t.Fatal("a turn that was not used is lost")
		}
	}
}
