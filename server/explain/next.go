// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/koogate/koogate/koogallery/deadline"
	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/store"
)

// does is what the marketplace does in the end, as a clause.
func does(e deadline.End) Text { return Text{e.Text(), e.Chinese()} }

// wait is something that the marketplace waits for.
type wait struct {
	instanceID string
	orderID    string // of a change; empty for the instance itself
	line       *store.Line
	until      Deadline
	ready      bool // it is done; only the marketplace does not know yet
}

// waits are all that the marketplace waits for, the earliest deadline first.
func (w *writer) waits() []wait {
	var all []wait
	for k := range w.s.Order.Lines {
		l := &w.s.Order.Lines[k]
		until, ok := w.s.Waiting[l.LineKey]
		if !ok || until.At.IsZero() {
			continue
		}
		x := wait{instanceID: l.InstanceID, line: l, until: until}
		if l.Action != "newInstance" {
			x.orderID = l.OrderID
		}
		x.ready = w.untoldOf(l)
		all = append(all, x)
	}
	for k := range w.s.Order.Tasks { // of calls that name no line
		t := &w.s.Order.Tasks[k]
		until := w.s.Awaited[t.ID]
		if t.LineOrderID == "" && t.Kind != store.TaskCheckChange && !until.At.IsZero() {
			all = append(all, wait{instanceID: t.InstanceID, until: until})
		}
	}
	slices.SortStableFunc(all, func(x, y wait) int {
		return cmp.Or(x.until.At.Compare(y.until.At), cmp.Compare(x.instanceID, y.instanceID))
	})
	return all
}

// untoldOf says whether a line's creation is done, and the call was answered before it was.
func (w *writer) untoldOf(l *store.Line) bool {
	i := w.s.instance(l.InstanceID)
	return l.Action == "newInstance" && l.AnswerCode == string(resultcode.Processing) && i != nil &&
		(i.State == store.InstanceActive || i.State == store.InstanceFrozen)
}

// untold writes of which instances the marketplace does not know yet that they are ready.
func (w *writer) untold() {
	for _, x := range w.waits() {
		if x.ready {
			w.pending(Line{Text: isUntold.of(x.instanceID), Owner: Marketplace, Until: x.until.At})
		}
	}
}

// deadlines writes until when the marketplace waits, and what it does then.
func (w *writer) deadlines() {
	for _, x := range w.waits() {
		left := x.until.At.Sub(w.s.Now)
		if left < 0 {
			w.worse(Risk)
			w.next(Line{Text: nextOver.of(x.instanceID, x.until.At, -left, does(x.until.End)), At: x.until.At, Owner: Marketplace})
			w.late(x)
			continue
		}
		t := nextWaits.of(x.until.At, left, x.instanceID, does(x.until.End))
		switch {
		case x.ready:
			t = nextReady.of(x.until.At, left, x.instanceID, does(x.until.End))
		case x.orderID != "":
			t = nextChange.of(x.until.At, left, x.orderID, x.instanceID, does(x.until.End))
		}
		w.next(Line{Text: t, At: x.until.At, Owner: Marketplace, Until: x.until.At})
		w.repeats(x)
		if left < hurry && !x.ready {
			w.worse(Risk)
			w.can(Line{Text: canHurry.of(left), Until: x.until.At})
		}
	}
}

// late says what is left to do after the marketplace has acted.
func (w *writer) late(x wait) {
	switch x.until.End {
	case deadline.Refund:
		w.can(Line{Text: canRefunded})
	case deadline.Restart:
		w.can(Line{Text: canRestart})
	}
}

// repeats writes when the marketplace calls again about a line that has no answer.
func (w *writer) repeats(x wait) {
	if x.line == nil || x.orderID == "" && x.line.AnswerCode != "" {
		return
	}
	step := deadline.Open
	switch action, _, _ := strings.Cut(x.line.Action, "/"); action {
	case "refreshInstance":
		step = deadline.Refresh
	case "upgradeInstance":
		step = deadline.Upgrade
	}
	r, ok := deadline.Of(w.s.family(x.instanceID), step)
	if !ok || r.Every <= 0 {
		return
	}
	at := x.line.CreatedAt.Add(r.Every)
	for !at.After(w.s.Now) && !at.After(x.until.At) {
		at = at.Add(r.Every)
	}
	if !at.After(x.until.At) {
		w.next(Line{Text: nextCall.of(at, r.Every), At: at, Owner: Marketplace})
	}
}

// instances writes when instances end, and what lifts a freeze.
func (w *writer) instances() {
	for k := range w.s.Order.Instances {
		i := &w.s.Order.Instances[k]
		if i.State == store.InstanceFailed {
			code := cmp.Or(resultcode.Code(i.FailureCode), resultcode.Internal)
			t := nextTold.of(i.InstanceID, string(code), meaning(code))
			if i.FailureText != "" {
				t = t.and(nextSaid.of(i.FailureText))
			}
			w.next(Line{Text: t, Owner: Koogate})
		}
		if i.State == store.InstanceReleased && i.Reason == releasedByHand && (i.ExpireAt.IsZero() || i.ExpireAt.After(w.s.Now)) {
			w.can(Line{Text: canRefundHand.of(i.InstanceID)})
		}
		if i.State != store.InstanceActive && i.State != store.InstanceFrozen {
			continue
		}
		switch {
		case i.ExpireAt.IsZero():
		case i.ExpireAt.After(w.s.Now):
			w.next(Line{Text: nextExpiry.of(i.ExpireAt, i.InstanceID), At: i.ExpireAt, Owner: Marketplace})
		default:
			w.next(Line{Text: nextExpired.of(i.InstanceID, i.ExpireAt), At: i.ExpireAt, Owner: Marketplace})
		}
		if !i.Frozen {
			continue
		}
		first, other, _ := strings.Cut(i.Reason, ", ") // by hand, and for another cause
		if first == causeOperator {
			w.can(Line{Text: canLift.of(i.InstanceID)})
			if other == "" {
				continue
			}
		} else {
			other = first
		}
		switch other {
		case causeQuota:
			w.can(Line{Text: canPackages.of(i.InstanceID), Owner: Buyer})
		default:
			w.can(Line{Text: canThaw.of(i.InstanceID), Owner: Buyer})
		}
	}
}

// gap writes that a restore may have lost something.
func (w *writer) gap() {
	if !w.s.GapSince.IsZero() {
		w.worse(Risk)
		w.can(Line{Text: canRestore})
	}
}

// idle says so when there is nothing to do.
func (w *writer) idle() {
	if len(w.account.YouCan) > 0 {
		return
	}
	t := canNothing
	if w.account.Standing == Waiting {
		t = canWait
	}
	w.account.YouCan = []Line{{Text: t}}
}

// left is how much of the marketplace's time is left, as the summary tells it.
func (w *writer) left(now time.Time) Text {
	for _, x := range w.waits() {
		switch left := x.until.At.Sub(now); {
		case x.ready:
		case left < 0:
			return sumOver.of(x.until.At, -left, does(x.until.End))
		default:
			return sumUntil.of(x.until.At, left, does(x.until.End))
		}
	}
	return Text{}
}
