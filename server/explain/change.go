// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"strings"

	"github.com/koogate/koogate/koogallery/deadline"
)

// The causes of a freeze that no call of the marketplace makes.
const (
	causeQuota    = "quota_used_up"
	causeOperator = "operator"
	causeExpired  = "expired"
)

// releasedByHand is the reason of an instance that an operator has released.
const releasedByHand = "released by hand"

// changed writes what became of an instance after its creation.
func (w *writer) changed(o *occurrence) bool {
	f := w.s.family(o.InstanceID)
	switch o.Kind {
	case "instance.refreshed":
		w.refreshed(o, f)
	case "instance.upgraded":
		t := saidUpgrade.of(o.InstanceID, callOf(f, deadline.Upgrade, o.Order))
		if o.ProductID != "" {
			t = t.and(saidProduct.of(o.bought()))
		}
		w.arrived(o, t)
		w.taken(o, deadline.Upgrade)
	case "instance.frozen":
		w.frozen(o, f)
	case "instance.unfrozen":
		switch {
		case o.By == "renewal":
			w.done(o, Koogate, o.still(didThaw.of(o.InstanceID)))
		case o.Reason == causeQuota:
			w.done(o, Koogate, o.still(didThawPack.of(o.InstanceID)))
		case o.Reason == causeOperator:
			w.done(o, Operator, o.why(o.still(didThawHand.of(o.operator(), o.InstanceID))))
		case o.Still != "": // the provisioner has nothing to do
			w.arrived(o, o.still(saidUnfreeze.of(o.InstanceID, callOf(f, deadline.Status, ""))))
			w.answered(o, answerNoEffect.of(o.InstanceID, callOf(f, deadline.Status, "")))
		default:
			w.arrived(o, saidUnfreeze.of(o.InstanceID, callOf(f, deadline.Status, "")))
			w.taken(o, deadline.Status)
		}
	case "instance.released":
		switch {
		case o.Reason == causeOperator:
			t := o.why(didFreeHand.of(o.operator(), o.InstanceID))
			if o.Forced {
				t = t.and(didFreePaid)
			}
			w.done(o, Operator, t)
			return true
		case o.Order != "":
			w.arrived(o, saidRefund.of(o.InstanceID, callOf(f, deadline.Release, o.Order)))
		default:
			w.arrived(o, saidEnd.of(o.InstanceID, callOf(f, deadline.Release, "")))
		}
		w.taken(o, deadline.Release)
	case "change.checked":
		w.arrived(o, saidCheck.of(o.InstanceID))
		answer, by := answerNo, answerByPolicy
		if o.Allowed {
			answer = answerYes
		}
		if o.By == "provisioner" {
			by = answerByWorker
		}
		w.answered(o, answer.of(o.InstanceID, by))
	default:
		return false
	}
	return true
}

func (w *writer) refreshed(o *occurrence, f deadline.Family) {
	said := saidRefresh
	switch scene, _, _ := strings.Cut(o.Scene, "/"); scene {
	case "RENEWAL":
		said = saidRenewal
	case "TRIAL_TO_FORMAL":
		said = saidConversion
	case "UNSUBSCRIBE_RENEWAL_PERIOD":
		said = saidUnsubscribe
	case "RENEWAL_CHANGE":
		said = saidChange
	}
	if o.Ineffective != "" {
		said = saidTooLate
	}
	t := said.of(o.InstanceID, callOf(f, deadline.Refresh, o.Order), o.expiry())
	switch o.Ineffective {
	case "":
		w.arrived(o, t)
		w.taken(o, deadline.Refresh)
		return
	case "refunded before it came":
		t = t.and(saidRefunded)
	default:
		t = t.and(saidLate)
	}
	w.arrived(o, t)
	w.answered(o, answerNoEffect.of(o.InstanceID, callOf(f, deadline.Refresh, o.Order)))
}

func (w *writer) frozen(o *occurrence, f deadline.Family) {
	switch o.Reason {
	case causeQuota:
		t := didStop.of(o.InstanceID)
		if o.Was == causeOperator {
			t = t.and(saidByHandToo)
		}
		w.done(o, Koogate, t)
		return
	case causeOperator:
		t := didStopHand.of(o.operator(), o.InstanceID)
		if o.Was != "" {
			t = t.and(didStopToo)
		}
		w.done(o, Operator, o.why(t))
		return
	}
	t := saidFreeze.of(o.InstanceID, callOf(f, deadline.Status, ""))
	if o.Reason == causeExpired {
		t = t.and(saidExpired)
	}
	if o.Was != "" { // the provisioner has nothing to do
		too := saidFreezeToo
		if o.Was == causeOperator {
			too = saidByHandToo
		}
		w.arrived(o, t.and(too))
		w.answered(o, answerNoEffect.of(o.InstanceID, callOf(f, deadline.Status, "")))
		return
	}
	w.arrived(o, t)
	w.taken(o, deadline.Status)
}

// taken writes how a call is answered that a provisioner carries out.
func (w *writer) taken(o *occurrence, step deadline.Step) {
	t := answerAtOnce
	if w.s.OnCompletion[step] {
		t = answerDone
	}
	w.answered(o, t.of(o.InstanceID, callOf(w.s.family(o.InstanceID), step, o.Order)))
}

// why adds the reason that an operator gave.
func (d *data) why(t Text) Text {
	if d.Why == "" {
		return t
	}
	return t.and(didWhy.of(d.Why))
}

// still adds that an instance is frozen for another cause than the one that is gone.
func (d *data) still(t Text) Text {
	switch d.Still {
	case "":
		return t
	case causeOperator:
		return t.and(stillByHand)
	}
	return t.and(stillFrozen)
}
