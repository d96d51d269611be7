// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
)

const (
	// ivLen is the length of the IV that precedes an encrypted text, in characters.
	ivLen = 16

	alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

	// even is the number of byte values that spread evenly over the alphabet.
	even = 256 / len(alphabet) * len(alphabet)

	// ivDraws bounds how often NewIV draws 32 bytes. A sound source needs more
	// than one draw once in 10^14 calls.
	ivDraws = 64

	// ivLabel keeps StableIV apart from other uses of the same key.
	ivLabel = "koogate/seal/iv/1"
)

// NewIV returns 16 characters, each drawn evenly from the 62 letters and digits
// (saas-v1 §2.4). That is 95 bits. random is crypto/rand.Reader but in tests.
//
// Errors: ErrRandom if random fails or yields nothing usable.
func NewIV(random io.Reader) (string, error) {
	iv := make([]byte, 0, ivLen)
	var draw [2 * ivLen]byte
	for range ivDraws {
		if _, err := io.ReadFull(random, draw[:]); err != nil {
			return "", fmt.Errorf("%w: %w", ErrRandom, err)
		}
		if iv = appendEven(iv, draw[:]); len(iv) == ivLen {
			return string(iv), nil
		}
	}
	return "", ErrRandom
}

// StableIV returns an IV that depends on nothing but key and context, so that a
// repeated answer is the same byte for byte and keeps its Body-Sign.
//
// The price: the same context and plaintext always give the same ciphertext, so
// an observer of two answers sees whether they are equal. Two different
// plaintexts must not share an IV, or the first block would tell that they begin
// alike: pass what distinguishes an answer (instance, field) and the plaintext
// itself. The parts are prefixed with their lengths, hence ("ab", "c") and
// ("a", "bc") differ.
func StableIV(key string, context ...string) string {
	iv := make([]byte, 0, ivLen)
	for counter := uint64(0); len(iv) < ivLen; counter++ {
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write([]byte(ivLabel))
		mac.Write(binary.BigEndian.AppendUint64(nil, counter))
		for _, part := range context {
			mac.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
			mac.Write([]byte(part))
		}
		iv = appendEven(iv, mac.Sum(nil))
	}
	return string(iv)
}

// appendEven appends a character for every usable byte of draw, up to ivLen.
func appendEven(iv, draw []byte) []byte {
	for _, b := range draw {
		if len(iv) < ivLen && int(b) < even {
			iv = append(iv, alphabet[int(b)%len(alphabet)])
		}
	}
	return iv
}

// isIV reports whether s is 16 letters and digits.
func isIV(s string) bool {
	if len(s) != ivLen {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < '0' || '9' < c) && (c < 'A' || 'Z' < c) && (c < 'a' || 'z' < c) {
			return false
		}
	}
	return true
}
