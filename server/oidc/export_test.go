// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"crypto/rand"

	"github.com/koogate/koogate/server/memo"
)

// Forget forgets the tokens that were verified.
func (c *Callers) Forget() { c.seen = memo.New[digest, verified](mostSeen) }

// Remembered is how many tokens are remembered.
func (c *Callers) Remembered() int { return c.seen.Len() }

// Fill has some made-up tokens remembered.
func (c *Callers) Fill(n int) {
	for range n {
		var d digest
		_, _ = rand.Read(d[:])
		c.seen.Put(d, verified{})
	}
}

// MostSeen bounds them.
const MostSeen = 2 * mostSeen
