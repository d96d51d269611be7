// SPDX-License-Identifier: Apache-2.0

package market

import (
	"time"

	"github.com/koogate/koogate/koogallery/simulator/billing"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
)

// PushResult is what became of a usage push.
type PushResult struct {
	Objection billing.Objection // the call failed and nothing was taken
	Full      bool              // there was no room, or a sum would overflow: an internal error
	Spoiled   bool              // single records met a fault
	Accepted  int
	Abnormal  []billing.Record // those that were not taken, with their codes
}

// PushUsage judges records and enters them into the ledger. old is the manner of
// 2023: some errors fail the call and nothing is taken, all others show in the
// seller centre only (open-apis §3.6, §3.7).
func (s *Market) PushUsage(list []billing.Pushed, old bool) PushResult {
	now := s.MarketNow()
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	s.ledger.Collect(s.cfg.Clock.Now())
	known := make(map[string]billing.Instance)
	if old {
		for i := range list {
			if why := billing.OldVerdict(&list[i], s.lookUpInstance(list[i].InstanceID, known), now); why != billing.ObjectNothing {
				return PushResult{Objection: why}
			}
		}
	}
	if !s.ledger.Room(len(list)) {
		return PushResult{Full: true}
	}
	spoiled := s.faults.Spoil(len(list))
	var result PushResult
	for i := range list {
		p := &list[i]
		in, pack := s.lookUpInstance(p.InstanceID, known), s.lookUpInstance(p.PackageID, known)
		code, hit := spoiled[i]
		result.Spoiled = result.Spoiled || hit
		if !hit {
			code = s.ledger.Verdict(p, in, pack, now)
		}
		if code != "" {
			result.Abnormal = append(result.Abnormal, s.ledger.Refuse(p, code))
			continue
		}
		if !s.ledger.Take(p, in, pack) {
			return PushResult{Full: true}
		}
		result.Accepted++
	}
	return result
}

// lookUpInstance finds an instance once for a push. The lock is held.
func (s *Market) lookUpInstance(id string, known map[string]billing.Instance) billing.Instance {
	if id == "" {
		return billing.Instance{}
	}
	in, ok := known[id]
	if !ok {
		a, there := s.instance(id)
		in = a.instance(there)
		known[id] = in
	}
	return in
}

// instance returns what the ledger has to know of an adoption.
func (a Adoption) instance(known bool) billing.Instance {
	return billing.Instance{
		Known: known, Foreign: a.Owner != "", PayPerUse: a.Kind == catalogue.OnDemand, Package: a.Kind == catalogue.Package, Mode: a.Billing,
		ProductID: a.ProductID, Delisted: a.Delisted, Start: a.Start, Close: a.Close, FrozenAt: a.FrozenAt, Released: a.Released, Quota: a.Quota,
	}
}

// nonceBox remembers nonces for as long as their time stamps are good.
type nonceBox struct {
	seen  map[string]bool
	queue []seenNonce // oldest first
}

type seenNonce struct {
	nonce string
	at    time.Time
}

// maxNonces bounds a nonceBox; with more calls in half an hour the oldest ones
// are forgotten early.
const maxNonces = 100_000

func (b *nonceBox) fresh(nonce string, now time.Time) bool {
	for len(b.queue) > 0 && (len(b.queue) >= maxNonces || now.Sub(b.queue[0].at) > 2*billing.Skew) {
		delete(b.seen, b.queue[0].nonce)
		b.queue = b.queue[1:]
	}
	if b.seen[nonce] {
		return false
	}
	if b.seen == nil {
		b.seen = make(map[string]bool)
	}
	b.seen[nonce] = true
	b.queue = append(b.queue, seenNonce{nonce, now})
	return true
}

// FreshNonce notes the nonce of a usage push and tells whether it is new.
func (s *Market) FreshNonce(nonce string, now time.Time) bool {
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	return s.nonces.fresh(nonce, now)
}
