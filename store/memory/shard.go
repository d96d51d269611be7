// SPDX-License-Identifier: Apache-2.0

package memory

import (
	"crypto/sha256"
	"sync"
	"time"

	"github.com/koogate/koogate/store"
)

// digest stands for a name. It holds no pointer, so the garbage collector never walks the index.
type digest [16]byte

func digestOf(kind byte, name string) digest {
	var room [192]byte // most names fit, and hashing them allocates nothing
	sum := sha256.Sum256(append(append(room[:0], kind), name...))
	return digest(sum[:16])
}

const (
	none = int32(-1) // no slot
	// Marks in slot.fence beside the fences of holders, which are positive.
	markNonce = int64(0)
	markDone  = int64(-1)
)

// slot is one entry. It hangs in two lists at once: by age, for eviction, and by the second in which it expires.
type slot struct {
	key          digest
	expires      time.Duration // since the guard's base
	fence        int64
	second       int64 // its list in shard.due
	older, newer int32
	prev, next   int32 // within the second; next also links free slots
}

// shard is a part of the entries under one mutex. Every operation is O(1) amortised: an entry is put in once, swept or
// evicted once.
type shard struct {
	mu             sync.Mutex
	index          map[digest]int32
	slots          []slot
	free           int32
	oldest, newest int32
	due            map[int64]int32 // second of expiry → first slot
	swept          int64           // no list of this second or an earlier one is left
	fence          int64
	limit          int
	_              [64]byte // keeps neighbours off one cache line
}

func (s *shard) init(limit int) {
	s.index = make(map[digest]int32)
	s.due = make(map[int64]int32)
	s.free, s.oldest, s.newest = none, none, none
	s.swept = -1
	s.limit = limit
}

func (s *shard) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.index)
}

// remember keeps a nonce and tells whether it was there.
func (s *shard) remember(k digest, at, ttl time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep(at)
	if s.live(k, at) != none {
		return true
	}
	s.put(k, at+ttl, markNonce)
	return false
}

// restore puts back a nonce of an earlier process.
func (s *shard) restore(k digest, expires time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live(k, 0) == none {
		s.put(k, expires, markNonce)
	}
}

// nonces calls f for every nonce that is still remembered.
func (s *shard) nonces(at time.Duration, f func(digest, time.Duration)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, i := range s.index {
		if e := &s.slots[i]; e.fence == markNonce && e.expires > at {
			f(k, e.expires)
		}
	}
}

// lock takes the lock when it is free. micros is the wall clock: the fence never falls below it, so fences keep growing
// over a restart of the process.
func (s *shard) lock(k digest, at, ttl time.Duration, micros int64) (store.LockState, int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep(at)
	if i := s.live(k, at); i != none {
		if s.slots[i].fence == markDone {
			return store.LockDone, 0
		}
		return store.LockBusy, 0
	}
	s.fence = max(s.fence+1, micros)
	s.put(k, at+ttl, s.fence)
	return store.LockHeld, s.fence
}

func (s *shard) unlock(k digest, at time.Duration, fence int64, done bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep(at)
	i := s.live(k, at)
	if i == none || fence <= 0 || s.slots[i].fence != fence {
		return
	}
	s.drop(i)
	if done {
		s.put(k, at+store.DoneTTL, markDone)
	}
}

// live returns the slot of an unexpired entry; an expired one it drops.
func (s *shard) live(k digest, at time.Duration) int32 {
	i, ok := s.index[k]
	if !ok {
		return none
	}
	if s.slots[i].expires <= at {
		s.drop(i)
		return none
	}
	return i
}

// put adds an entry that is not there, at the cost of the oldest when the shard is full.
func (s *shard) put(k digest, expires time.Duration, fence int64) {
	if len(s.index) >= s.limit {
		s.drop(s.oldest)
	}
	i := s.free
	if i == none {
		s.slots = append(s.slots, slot{})
		i = int32(len(s.slots) - 1)
	} else {
		s.free = s.slots[i].next
	}
	// The list of a second is swept once the second has begun: no entry in it can still be alive then. A clock that
	// stepped back must not put an entry into a list that has been swept already.
	second := max(int64((expires+time.Second-1)/time.Second), s.swept+1)
	e := slot{key: k, expires: expires, fence: fence, second: second, older: s.newest, newer: none, prev: none, next: none}
	if s.newest != none {
		s.slots[s.newest].newer = i
	} else {
		s.oldest = i
	}
	s.newest = i
	if head, ok := s.due[second]; ok {
		e.next = head
		s.slots[head].prev = i
	}
	s.due[second] = i
	s.slots[i] = e
	s.index[k] = i
}

func (s *shard) drop(i int32) {
	e := &s.slots[i]
	delete(s.index, e.key)
	if e.older != none {
		s.slots[e.older].newer = e.newer
	} else {
		s.oldest = e.newer
	}
	if e.newer != none {
		s.slots[e.newer].older = e.older
	} else {
		s.newest = e.older
	}
	if e.next != none {
		s.slots[e.next].prev = e.prev
	}
	switch {
	case e.prev != none:
		s.slots[e.prev].next = e.next
	case e.next != none:
		s.due[e.second] = e.next
	default:
		delete(s.due, e.second)
	}
	*e = slot{next: s.free}
	s.free = i
}

// sweep drops everything that expired in the seconds since the last sweep.
func (s *shard) sweep(at time.Duration) {
	second := int64(at / time.Second)
	if at < 0 || second <= s.swept {
		return
	}
	if second-s.swept > int64(len(s.due)) {
		for d, head := range s.due {
			if d <= second {
				s.dropAll(head)
			}
		}
	} else {
		for d := s.swept + 1; d <= second; d++ {
			if head, ok := s.due[d]; ok {
				s.dropAll(head)
			}
		}
	}
	s.swept = second
}

func (s *shard) dropAll(head int32) {
	for i := head; i != none; {
		next := s.slots[i].next
		s.drop(i)
		i = next
	}
}
