// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"time"

	"github.com/koogate/koogate/koogallery/simulator/billing"
)

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
func (s *Simulator) FreshNonce(nonce string, now time.Time) bool {
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	return s.nonces.fresh(nonce, now)
}
