// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"cmp"
	"slices"

	"github.com/koogate/koogate/store"
)

// summary writes the most important: the worst that is true of the order.
func (w *writer) summary() {
	w.account.Standing = cmp.Or(w.account.Standing, OK)
	t := w.worst()
	if s := w.account.Standing; s != OK {
		t = t.and(w.left(w.s.Now))
	}
	if !w.s.GapSince.IsZero() {
		t = t.and(sumGap.of(w.s.GapSince))
	}
	w.account.Summary = t
}

func (w *writer) worst() Text {
	leading, more := w.leading()
	if leading == nil {
		if w.unasked() {
			w.worse(Failed)
			return sumQuery.of(w.s.Order.Order.QueryReason)
		}
		return w.states()
	}
	t := w.task(leading)
	if more > 0 {
		t = t.and(sumMore.of(more))
	}
	return t
}

// unasked says whether nobody knows what was bought, although something of the order is in use.
func (w *writer) unasked() bool {
	return w.s.Order.Order.QueryState == store.QueryFailed && slices.ContainsFunc(w.s.Order.Instances, func(i store.Instance) bool {
		return i.State != store.InstanceReleased
	})
}

// leading is the task that the summary is about, and how many more are open: one that failed before one without a worker, before
// the first that can be done.
func (w *writer) leading() (leading *store.Task, more int) {
	rank := func(t *store.Task) int {
		switch {
		case t.State == store.TaskFailed && t.Kind == store.TaskCheckChange:
			return 0
		case t.State == store.TaskFailed && !w.behind(t):
			return 5
		case w.s.away(t):
			return 4
		case t.State == store.TaskReady || t.State == store.TaskLeased:
			return 3
		default:
			return 1
		}
	}
	for k := range w.s.Order.Tasks {
		t := &w.s.Order.Tasks[k]
		if rank(t) == 0 {
			continue
		}
		more++
		if leading == nil || rank(t) > rank(leading) {
			leading = t
		}
	}
	return leading, more - 1
}

// task says what the leading task waits for.
func (w *writer) task(t *store.Task) Text {
	do := doOf(t.Kind, t.InstanceID, cmp.Or(t.LineOrderID, t.OrderID))
	tried, pause := t.Attempt > 0 && t.Reason != "", t.DueAt.Sub(w.s.Now)
	switch ours := w.who(t) == Koogate; {
	case t.State == store.TaskFailed && t.Kind == store.TaskOrderQuery:
		return sumQuery.of(t.Reason).and(sumStill)
	case t.State == store.TaskFailed:
		return sumFailed.of(do, t.Reason).and(sumStill)
	case ours && t.State == store.TaskReady && tried && pause > 0:
		return sumAskAgain.of(do, t.Attempt, t.Reason, pause)
	case ours && t.Kind == store.TaskOrderQuery:
		return sumAsking.of(do)
	case ours:
		return sumOurs.of(do)
	case w.s.away(t):
		return sumAway.of(do, t.Queue)
	case t.State == store.TaskLeased && pause > 0:
		return sumHeld.of(t.Worker, do)
	case t.State == store.TaskReady && tried && pause > 0:
		return sumAgain.of(do, t.Attempt, t.Reason, pause)
	}
	return sumReady.of(do, t.Queue)
}

// states says how the instances stand when nothing is left to do.
func (w *writer) states() Text {
	counts := make(map[store.InstanceState]int)
	for k := range w.s.Order.Instances {
		i := &w.s.Order.Instances[k]
		if i.State == store.InstanceFailed {
			w.worse(Failed)
			return sumBroken.of(i.InstanceID, i.Reason)
		}
		counts[i.State]++
	}
	switch {
	case counts[store.InstanceProvisioning] > 0:
		w.worse(Waiting)
		return sumMaking
	case counts[store.InstanceFrozen] > 0:
		w.worse(Waiting)
		return sumFrozen.of(counts[store.InstanceFrozen])
	case counts[store.InstanceActive] > 0:
		t := sumActive.of(counts[store.InstanceActive])
		for _, x := range w.waits() {
			if x.ready {
				return t.and(sumUntold)
			}
		}
		return t
	case counts[store.InstanceReleased] > 0:
		return sumReleased
	}
	return sumNone
}
