// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"cmp"
	"strings"
	"time"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/store"
)

// worked writes what became of tasks.
func (w *writer) worked(o *occurrence) bool {
	do := doOf(o.TaskKind, o.InstanceID, cmp.Or(o.Order, o.OrderID))
	switch o.Kind {
	case "order.queried":
		t := didQuery.of(cmp.Or(o.Order, o.OrderID), o.bought())
		if len(o.Kept) > 0 {
			t = t.and(didKept.of(strings.Join(o.Kept, ", ")))
		}
		if len(o.Unread) > 0 {
			t = t.and(didRead.of(strings.Join(o.Unread, ", ")))
		}
		w.done(o, Koogate, t)
	case "order.query_failed":
		t := didAsk
		if o.Permanent {
			t = didGiveUp
		}
		w.done(o, Koogate, t.of(o.Reason))
	case "task.completed":
		if o.Actor == "koogate" { // by a template
			w.done(o, Koogate, didOurs.of(do))
		} else {
			w.done(o, Provisioner, didWork.of(do))
		}
		w.created(o)
	case "task.failed":
		t := didFail
		if o.Permanent {
			t = didFailEnd
		}
		who := Provisioner
		if o.Attempt == 0 { // nobody had it
			who = Koogate
		}
		w.done(o, who, t.of(do, o.Reason))
	case "task.cancelled":
		why := any(o.Reason)
		if o.Reason == "overtaken by the release" {
			why = wordOvertaken
		}
		w.done(o, Koogate, didCancel.of(do, why))
	case "task.extended":
		until := any(o.Until)
		if at, err := time.Parse(time.RFC3339, o.Until); err == nil {
			until = at
		}
		w.done(o, Operator, didExtend.of(o.operator(), do, until).and(didWhy.of(o.Reason)))
	case "task.moved":
		t := didMove.of(o.operator(), do, o.Was, o.Queue)
		if o.Reason != "" {
			t = t.and(didWhy.of(o.Reason))
		}
		w.done(o, Operator, t)
	case "task.retried":
		t := didRetry.of(o.operator(), do)
		if at, err := time.Parse(time.RFC3339, o.Deadline); o.Forced && err == nil {
			t = t.and(didForce.of(at))
		}
		if o.Reason != "" {
			t = t.and(didWhy.of(o.Reason))
		}
		w.done(o, Operator, t)
	case "licence.issued":
		w.done(o, Provisioner, didIssue.of(o.EventID))
		if o.Answer == string(resultcode.Success) {
			w.answered(o, answerCommitted.of(o.EventID, o.Answer, meaning(resultcode.Success)))
		}
	case "licence.uploaded":
		w.done(o, Koogate, didUpload.of(o.EventID))
	default:
		return false
	}
	return true
}

// created writes that the end of a creation was a line's answer.
func (w *writer) created(o *occurrence) {
	kind := o.TaskKind
	if kind != store.TaskCreate && kind != store.TaskIssueLicence {
		return
	}
	if l := w.s.creation(o.InstanceID); l != nil && l.AnswerCode == string(resultcode.Success) {
		w.answered(o, answerCreated.of(l.OrderLineID))
	}
}

// odd writes about calls that were not as they should be.
func (w *writer) odd(o *occurrence) {
	switch o.Kind {
	case "call.conflict":
		w.arrived(o, saidConflict.of(o.InstanceID, o.OrderLineID, o.FirstInstanceID))
		w.answered(o, answerRefused)
		w.can(Line{Text: canConflict.of(o.OrderLineID), Seq: o.Seq})
	case "call.other_endpoint":
		w.arrived(o, saidElsewhere.of(o.InstanceID, o.Endpoint, o.InstanceEndpoint))
		if o.Refused {
			w.answered(o, answerNotHere)
			w.can(Line{Text: canIsolated.of(o.InstanceEndpoint), Seq: o.Seq})
		}
	case "call.differs":
		w.arrived(o, saidDiffers.of(o.Action, o.Order, strings.Join(o.Parameters, ", ")))
	case "call.quarantined":
		w.arrived(o, saidQuarantined.of(o.Activity, o.Value, o.Field))
		w.can(Line{Text: canQuarantined, Seq: o.Seq})
	case "call.repaired":
		w.arrived(o, saidRepaired.of(o.Activity))
	default:
		w.arrived(o, saidSomething.of(o.Kind))
	}
}

// kept writes what else is kept on the order.
func (w *writer) kept(o *occurrence) {
	switch o.Kind {
	case "directory.synced":
		w.arrived(o, saidDirectory.of(o.InstanceID, o.Activity))
	case "directory.ignored":
		w.arrived(o, saidOldNews.of(o.InstanceID, o.Activity))
	case "access.changed":
		w.done(o, Operator, didAccess.of(o.operator(), o.InstanceID, strings.Join(o.Fields, ", ")))
	case "instance.adopted":
		if o.Task != "" {
			w.done(o, Provisioner, didIdentify.of(o.InstanceID, o.bought()))
			break
		}
		w.done(o, Operator, didAdopt.of(o.operator(), o.InstanceID))
	case "instance.imported":
		w.done(o, Operator, o.why(didImport.of(o.operator(), o.InstanceID, o.bought())))
	case "quota.warned":
		w.done(o, Koogate, didWarn.of(o.InstanceID, o.Percent))
	case "package.assigned":
		w.done(o, Koogate, didAssign.of(o.InstanceID, o.RelatedInstanceID, o.Quota))
	case "package.waits":
		w.done(o, Koogate, didWait.of(o.InstanceID, o.Reason))
		w.can(Line{Text: canPackage.of(o.InstanceID), Seq: o.Seq})
	case "usage.retried":
		w.done(o, Operator, didUsage.of(o.operator(), o.InstanceID))
	case "personal.read":
		w.done(o, Operator, didPersonal.of(o.operator()))
	default:
		w.done(o, "", saidSomething.of(o.Kind))
	}
}
