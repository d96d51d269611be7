// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"cmp"
	"strings"
	"time"

	"github.com/koogate/koogate/store"
)

// tasks writes what is pending, and what follows from it.
func (w *writer) tasks() {
	for k := range w.s.Order.Tasks {
		t := &w.s.Order.Tasks[k]
		do := doOf(t.Kind, t.InstanceID, cmp.Or(t.LineOrderID, t.OrderID))
		switch t.State {
		case store.TaskWaiting:
			w.pend(t, w.who(t), isLater.of(do, t.ID))
			w.worse(Waiting)
		case store.TaskReady:
			w.ready(t, do)
		case store.TaskLeased:
			w.leased(t, do)
		case store.TaskFailed:
			w.failed(t, do)
		}
	}
}

// who does a task.
func (w *writer) who(t *store.Task) Owner {
	if q, known := w.s.Queues[t.Queue]; known && q.Koogate {
		return Koogate
	}
	return Provisioner
}

func (w *writer) pend(t *store.Task, who Owner, text Text) {
	w.pending(Line{Text: text, TaskID: t.ID, Owner: who, Until: w.s.Awaited[t.ID].At})
}

// ready writes about a task that nobody has in hand.
func (w *writer) ready(t *store.Task, do Text) {
	w.worse(Waiting)
	who := w.who(t)
	_, known := w.s.Queues[t.Queue]
	tried := Text{}
	if t.Attempt > 0 && t.Reason != "" {
		tried = failedLast.of(t.Attempt, t.Reason)
		w.advise(t, do)
	}
	switch {
	case !known:
		w.worse(Risk)
		w.pend(t, Operator, isNoQueue.of(do, t.ID, t.Queue))
		w.can(Line{Text: canQueue.of(t.Queue), TaskID: t.ID})
	case t.DueAt.After(w.s.Now):
		w.pend(t, who, isAgain.of(do, t.ID, tried, t.DueAt, t.DueAt.Sub(w.s.Now)))
		w.next(Line{Text: nextAttempt.of(t.DueAt, do), At: t.DueAt, TaskID: t.ID, Owner: who})
	case who == Koogate:
		w.pend(t, who, isDue.of(do, t.ID).and(tried))
	default:
		w.pend(t, who, isReady.of(do, t.ID, t.Queue, w.asked(t)).and(tried))
		w.absent(t)
	}
	if t.Attempt > 0 && t.RetryUntil.After(w.s.Now) {
		w.next(Line{Text: nextFinal.of(t.RetryUntil, do), At: t.RetryUntil, TaskID: t.ID, Owner: who})
	}
}

// asked says when somebody last came for tasks like this one.
func (w *writer) asked(t *store.Task) Text {
	q := w.s.Queues[t.Queue]
	switch ago := w.s.Now.Sub(q.AskedAt); {
	case q.AskedAt.IsZero():
		return askedNever
	case w.s.away(t):
		return askedBefore.of(q.AskedAt, ago)
	default:
		return askedLately.of(q.Worker, max(ago, 0))
	}
}

// absent says what to do when no worker comes.
func (w *writer) absent(t *store.Task) {
	if w.s.away(t) {
		w.worse(Risk)
		w.can(Line{Text: canWorker.of(t.Queue), TaskID: t.ID})
	}
}

// advise says where to look when attempts fail.
func (w *writer) advise(t *store.Task, do Text) {
	if w.who(t) == Koogate && (t.Kind == store.TaskOrderQuery || t.Kind == store.TaskLicenceUpload) {
		w.can(Line{Text: canKeys.of(t.Reason), TaskID: t.ID})
		return
	}
	w.can(Line{Text: canLook.of(do, t.Reason), TaskID: t.ID})
}

// leased writes about a task that somebody has in hand.
func (w *writer) leased(t *store.Task, do Text) {
	w.worse(Waiting)
	who := w.who(t)
	switch {
	case who == Koogate:
		w.pend(t, who, isOurs.of(do, t.ID))
	case due(t, w.s.Now):
		w.pend(t, who, isDropped.of(do, t.ID, t.Worker, t.DueAt))
		w.absent(t)
	default:
		w.pend(t, who, isHeld.of(do, t.ID, t.Worker, t.Attempt, t.DueAt))
		w.next(Line{Text: nextLease.of(t.DueAt, t.Worker, do), At: t.DueAt, TaskID: t.ID, Owner: who})
	}
}

// failed writes about a task that nobody does any more. A check that failed is none: the buyer has its answer.
func (w *writer) failed(t *store.Task, do Text) {
	if t.Kind == store.TaskCheckChange {
		return
	}
	w.worse(Failed)
	if w.behind(t) {
		w.pend(t, Provisioner, isBehind.of(do, t.ID))
		return
	}
	w.pend(t, Operator, isFailed.of(do, t.ID, t.Reason))
	if strings.HasPrefix(t.Reason, "no provisioner is configured") {
		w.can(Line{Text: canName, TaskID: t.ID})
	}
	if until := w.s.Awaited[t.ID]; !until.At.IsZero() && w.s.Now.After(until.At) {
		w.can(Line{Text: canForce.of(t.ID), TaskID: t.ID})
		return
	}
	w.can(Line{Text: canRetry.of(t.ID), TaskID: t.ID, Until: w.s.Awaited[t.ID].At})
}

// behind says whether a task failed only because the order query before it did.
func (w *writer) behind(t *store.Task) bool {
	if t.Queue != "" || t.Seq == 0 {
		return false
	}
	for k := range w.s.Order.Tasks {
		q := &w.s.Order.Tasks[k]
		if q.Kind == store.TaskOrderQuery && q.State == store.TaskFailed && q.InstanceID == t.InstanceID && q.Seq+1 == t.Seq {
			return true
		}
	}
	return false
}

// hurry is how little of the marketplace's time may be left before waiting becomes a risk.
const hurry = time.Hour
