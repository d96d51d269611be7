// SPDX-License-Identifier: Apache-2.0

package oidc

import "crypto/rand"

// Forget forgets the tokens that were verified.
func (c *Callers) Forget() {
	c.seen.mu.Lock()
	defer c.seen.mu.Unlock()
	c.seen.young, c.seen.older = nil, nil
}

// Remembered is how many tokens are remembered.
func (c *Callers) Remembered() int {
	c.seen.mu.Lock()
	defer c.seen.mu.Unlock()
	return len(c.seen.young) + len(c.seen.older)
}

// Fill has some made-up tokens remembered.
func (c *Callers) Fill(n int) {
	for range n {
		var d digest
		_, _ = rand.Read(d[:])
		c.seen.put(d, verified{})
	}
}

// MostSeen bounds them.
const MostSeen = 2 * mostSeen
