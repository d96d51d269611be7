// SPDX-License-Identifier: Apache-2.0

package session

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
)

// NewToken makes a token of 256 random bits, in letters and digits, with the digest that is kept of it. The authentication centre allows
// nothing else in a state (kit §B.4).
func NewToken() (token string, digest []byte) {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	token = hex.EncodeToString(b[:])
	return token, Digest(token)
}

// Digest is what is kept of a token: it has as many random bits as the digest, so nobody finds it from it.
func Digest(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}
