// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"crypto/sha256"
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

// mostSeen is how many tokens each of the two generations has that are remembered, so that a call costs a digest instead of a signature: each call is asked for twice, and
// a worker shows the same token thousands of times. What is refused is not remembered.
const mostSeen = 4096
