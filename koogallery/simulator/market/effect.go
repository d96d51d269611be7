// SPDX-License-Identifier: Apache-2.0

package market

import (
	"context"
	"time"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/koogallery/simulator/wire"
)

// next returns the record and the text of the next attempt, or the last call if m has
// succeeded.
func (b *book) next(m *Errand) (c Call, attempt wire.Message, done bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if m.State == MessageSucceeded {
		return m.last, wire.Message{}, true
	}
	instanceID := ""
	if m.act != judge.ActivityNew {
		instanceID = m.root.InstanceID
	}
	if m.ids != "" {
		instanceID = m.ids
	}
	return Call{
		MessageID: m.ID, OrderID: m.OrderID, LineID: m.LineID, InstanceID: instanceID,
		Activity: m.Activity, Scene: m.Scene, Attempt: m.Attempts + 1, act: m.act,
	}, m.wire(instanceID), false
}

// sleeping registers how to wake the loop of m. It reports false if there is
// nothing to wait for.
func (b *book) sleeping(m *Errand, wake context.CancelFunc) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	m.wake = wake
	return m.State != MessageSucceeded
}

// note remembers an attempt and, if it succeeded, its effect.
func (b *book) note(m *Errand, c *Call) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.identify(m, c)
	b.record(c)
	m.last = *c
	m.Attempts = c.Attempt
	m.LastAt = c.At
	if m.FirstAt.IsZero() {
		m.FirstAt = c.At
	}
	if c.Outcome != judge.OutcomeOK {
		m.Exception = c.Exception()
		return
	}
	m.Exception = c.Problem
	m.handedOver = m.looping
	b.settle(m, MessageSucceeded)
	if m.target != nil {
		m.apply(*c)
	}
	if m.wake != nil {
		m.wake()
	}
}

// identify holds the instance id of a newInstance against what is known: the
// same for the same order line for ever, and no two orders with one id (saas-v2
// §5.1). What V1 hands over with it has to stay the same too (saas-v1 §1.2, §4.1).
func (b *book) identify(m *Errand, c *Call) {
	id := c.InstanceIDReturned
	if m.act != judge.ActivityNew || id == "" {
		return
	}
	if c.Outcome == judge.OutcomeOK && c.shows.Digest != "" {
		if m.root.seenDigest == "" {
			m.root.seenDigest = c.shows.Digest
		}
		if m.root.seenDigest != c.shows.Digest {
			c.Complain("another licence or other access information for the same order")
		}
	}
	owner, taken := b.instances[id]
	switch {
	case taken && owner != m.root.key():
		c.Complain("the instance id belongs to order %s already", owner)
		c.Outcome = judge.OutcomeFailed
	case m.root.seenID == "":
		m.root.seenID = id
		b.instances[id] = m.root.key()
	case m.root.seenID != id:
		c.Complain("another instance id for the same order line, the first was %s", m.root.seenID)
	}
}

// settle ends the automatic attempts of m.
func (b *book) settle(m *Errand, state MessageState) {
	if m.State == MessagePending {
		m.own.pending--
		m.root.pending--
	}
	m.State = state
	m.looping = false
}

// interrupt records that the loop of m was stopped from outside. Nothing fails
// by that; a restart by hand is possible.
func (b *book) interrupt(m *Errand, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if m.State == MessagePending {
		b.settle(m, MessageFailed)
		m.Exception = "interrupted: " + err.Error()
	}
}

// giveUp records that the window of m is over (open-apis §9.2): an order that
// could not be opened or upgraded fails and is refunded, other calls wait for a
// restart by hand. If such a restart was faster, the call that succeeded is
// returned instead.
func (b *book) giveUp(m *Errand, now time.Time) (c Call, succeeded bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if m.State == MessageSucceeded {
		return m.last, true
	}
	b.settle(m, MessageFailed)
	if m.target == nil || m.own.State != Processing {
		return Call{}, false
	}
	switch m.act {
	case judge.ActivityNew, judge.ActivityQuery, judge.ActivityUpgrade:
		if m.root.Family == judge.FamilyLicenseV1 { // stays where it is, without a refund (saas-v1 §4.1)
			m.own.Reason = string(m.Activity) + ": " + m.Exception
			b.failedOrder(now)
			return Call{}, false
		}
		m.own.State = Cancelled
		m.own.Refunded = m.own.Kind.Prepaid() && m.own.Type != openapi.OrderTrial
		m.own.Reason = string(m.Activity) + ": " + m.Exception
		b.failedOrder(now)
	case judge.ActivityRefresh, judge.ActivityStatus, judge.ActivityRelease, judge.ActivityCheck:
	default:
	}
	return Call{}, false
}

// apply changes the orders after a success.
func (m *Errand) apply(c Call) {
	switch m.act {
	case judge.ActivityNew:
		if m.root.InstanceID == "" {
			m.root.InstanceID = c.InstanceIDReturned
			m.root.started = c.At
		}
		m.InstanceID = m.root.InstanceID
		m.root.Asynchronous = c.asynchronous()
		m.root.State, m.root.Refunded, m.root.Reason = Processing, false, ""
		if !m.root.Asynchronous {
			m.complete()
		}
	case judge.ActivityQuery:
		m.root.Informed = true
		m.complete()
	case judge.ActivityRefresh:
		if m.target.renewal {
			m.root.renewals = append(m.root.renewals, *m.root.Present)
		} else if n := len(m.root.renewals); m.Scene == judge.SceneCancelRenewal && n > 0 {
			m.root.renewals = m.root.renewals[:n-1]
		}
		present := m.target.term
		m.root.Present = &present
		if m.root.Family.Expires() {
			m.root.freeze(false, c)
		}
		m.complete()
	case judge.ActivityUpgrade:
		m.root.Present = &Term{Product: m.target.term.Product, ExpireTime: m.root.Present.ExpireTime}
		m.complete()
	case judge.ActivityStatus:
		m.root.freeze(m.Scene == judge.StatusFreeze, c)
	case judge.ActivityExpire:
		m.root.freeze(true, c)
	case judge.ActivityRelease:
		if !m.root.Released {
			m.root.Released, m.root.closed = true, c.At.Add(c.Took)
		}
		m.complete()
	case judge.ActivityCheck:
	default:
	}
}

// freeze notes since when an instance is frozen, or that it is not.
func (o *order) freeze(frozen bool, c Call) {
	switch {
	case !frozen:
		o.frozenAt = time.Time{}
	case !o.Frozen:
		o.frozenAt = c.At.Add(c.Took)
	}
	o.Frozen = frozen
}

// complete marks the message's own order as carried out.
func (m *Errand) complete() {
	m.own.State, m.own.Refunded, m.own.Reason = Completed, false, ""
}
