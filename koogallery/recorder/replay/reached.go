// SPDX-License-Identifier: Apache-2.0

package replay

import "sync"

// reached are the attempts at the target that have succeeded.
type reached struct {
	mu   sync.Mutex
	done map[string]bool
}

// note notes whether an attempt has succeeded, and tells whether it had before.
func (r *reached) note(attempt string, ok bool) (before bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.done == nil {
		r.done = make(map[string]bool)
	}
	before = r.done[attempt]
	r.done[attempt] = before || ok
	return before
}
