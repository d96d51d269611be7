// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"crypto/sha256"
	"sync"
	"time"

	"github.com/koogate/koogate/server/access"
)

// digest stands for a token.
type digest [sha256.Size]byte

// verified is a token whose signature held and whose claims were taken.
type verified struct {
	caller access.Principal
	ring   *ring
	keys   *keyset   // that had its key; once the issuer says others the token is verified anew
	until  time.Time // from when on it has expired
}

const mostSeen = 4096 // tokens of each of the two generations

// seen remembers tokens that were verified, so that a call costs a digest instead of a signature: each call is asked for twice, and a worker
// shows the same token thousands of times. What is refused is not remembered. Of two generations the older goes when the younger is full.
type seen struct {
	mu           sync.Mutex
	young, older map[digest]verified
}

func (s *seen) get(d digest) (verified, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v, ok := s.young[d]; ok {
		return v, true
	}
	v, ok := s.older[d]
	if ok {
		s.keep(d, v)
	}
	return v, ok
}

func (s *seen) put(d digest, v verified) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keep(d, v)
}

// keep puts a token into the younger generation. The caller holds mu.
func (s *seen) keep(d digest, v verified) {
	if len(s.young) >= mostSeen || s.young == nil {
		s.young, s.older = make(map[digest]verified), s.young
	}
	s.young[d] = v
}
