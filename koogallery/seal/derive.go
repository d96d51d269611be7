// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"crypto/sha1" //nolint:gosec // the marketplace derives its keys with SHA-1
	"strings"
)

// EncryptType is the marketplace's number of a cipher (saas-v1 §2.4).
type EncryptType string

// The two ciphers. Both are CBC with PKCS#5 padding.
const (
	AES256 EncryptType = "1"
	AES128 EncryptType = "2"
)

// ParseEncryptType reads the parameter encryptType. An absent or unknown value
// means AES256, as in the marketplace's sample.
func ParseEncryptType(s string) EncryptType {
	if EncryptType(strings.TrimSpace(s)) == AES128 {
		return AES128
	}
	return AES256
}

// keyLen is the length of the AES key in bytes. An unknown type counts as AES256.
func (t EncryptType) keyLen() int {
	if t == AES128 {
		return 16
	}
	return 32
}

// DeriveKey returns the AES key that belongs to an access key: 16 bytes for
// AES128, else 32. It is what Java's KeyGenerator takes from a SecureRandom
// "SHA1PRNG" seeded with the UTF-8 bytes of key (saas-v1 §2.4); the short key is
// the beginning of the long one.
func DeriveKey(key string, t EncryptType) []byte {
	state := sha1.Sum([]byte(key)) //nolint:gosec // given by the protocol
	stream := make([]byte, 0, 2*sha1.Size)
	for len(stream) < t.keyLen() {
		out := sha1.Sum(state[:]) //nolint:gosec // given by the protocol
		stream = append(stream, out[:]...)
		advance(&state, out)
	}
	return stream[:t.keyLen()]
}

// advance adds out and one to state, byte by byte with a carry. Java's bytes are
// signed, so the carry may be negative: arithmetic on unsigned bytes gives
// another second block and so a wrong AES-256 key.
func advance(state *[sha1.Size]byte, out [sha1.Size]byte) {
	before := *state
	carry := 1
	for i := range state {
		v := int(int8(state[i])) + int(int8(out[i])) + carry
		state[i] = byte(v)
		carry = v >> 8
	}
	if *state == before {
		state[0]++
	}
}
