// SPDX-License-Identifier: Apache-2.0

package seal_test

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/koogate/koogate/koogallery/seal"
)

// T2 of saas-v1 §11 and saas-v2 §6, computed in Java 17.
func TestDeriveKeyVectors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ key, aes128, aes256 string }{
		{publishedKey, "c962ef8500ad13239b5ec0eb6a5c570b", "c962ef8500ad13239b5ec0eb6a5c570b3cae0fd0e5c28e793eb6aaa22d251123"},
		{uuidKey, "b8b0019995f28965092c88ca8020be05", "b8b0019995f28965092c88ca8020be0533c1d2fa1b453ee1fc7c4865c719fe18"},
		{v2Key, "fa32b243c1eeb23e93357bb8be8ec849", "fa32b243c1eeb23e93357bb8be8ec84903d6395e4f1ccb2379a1666d99a6ab9f"},
	} {
		for typ, want := range map[seal.EncryptType]string{seal.AES128: tt.aes128, seal.AES256: tt.aes256, "": tt.aes256, "9": tt.aes256} {
			if got := hex.EncodeToString(seal.DeriveKey(tt.key, typ)); got != want {
				t.Errorf("DeriveKey(%s, %q) = %s, want %s", tt.key, typ, got, want)
			}
		}
	}
}

func TestParseEncryptType(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]seal.EncryptType{
		"1": seal.AES256, "2": seal.AES128, " 2 ": seal.AES128, "": seal.AES256, "3": seal.AES256, "AES128": seal.AES256, "-2": seal.AES256,
	} {
		if got := seal.ParseEncryptType(in); got != want {
			t.Errorf("ParseEncryptType(%q) = %s, want %s", in, got, want)
		}
	}
}

func TestDeriveKeyAgreesWithStream(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	differs := 0
	for range 10_000 {
		seed := make([]byte, r.IntN(80))
		for i := range seed {
			seed[i] = byte(r.IntN(256))
		}
		for typ, n := range map[seal.EncryptType]int{seal.AES128: 16, seal.AES256: 32} {
			if got, want := seal.DeriveKey(string(seed), typ), newStream(seed).read(n); !bytes.Equal(got, want) {
				t.Fatalf("DeriveKey(%x, %s) = %x, want %x", seed, typ, got, want)
			}
		}
		if wrong := unsigned(seed); !bytes.Equal(wrong, seal.DeriveKey(string(seed), seal.AES256)) {
			differs++
		}
	}
	// Unsigned arithmetic must be told apart, or this test proves little.
	if differs < 9_900 {
		t.Errorf("unsigned arithmetic differs for %d of 10000 seeds only", differs)
	}
}

// stream is the generator as a caller sees it: an endless stream with what is
// left of the last block kept. The state is one big number. A signed byte b is
// the unsigned b less 256 if its top bit is set, so the sum with signed bytes is
// the sum of the unsigned numbers, less 256 at the place of every set top bit,
// which in the sum counts as one off the next place.
type stream struct {
	state *big.Int // little-endian: the first byte weighs least
	left  []byte
}

func newStream(seed []byte) *stream {
	sum := sha1.Sum(seed)
	return &stream{state: number(sum[:])}
}

func (s *stream) read(n int) []byte {
	var out []byte
	for len(out) < n {
		if len(s.left) == 0 {
			s.next()
		}
		take := min(n-len(out), len(s.left))
		out, s.left = append(out, s.left[:take]...), s.left[take:]
	}
	return out
}

func (s *stream) next() {
	modulus := new(big.Int).Lsh(big.NewInt(1), 8*sha1.Size)
	block := sha1.Sum(littleEndian(s.state))
	sum := new(big.Int).Add(s.state, number(block[:]))
	sum.Add(sum, big.NewInt(1))
	for _, bytes := range [][]byte{littleEndian(s.state), block[:]} {
		for i, b := range bytes {
			if b > 127 {
				sum.Sub(sum, new(big.Int).Lsh(big.NewInt(1), uint(8*(i+1))))
			}
		}
	}
	sum.Mod(sum, modulus)
	if sum.Cmp(s.state) == 0 {
		first := littleEndian(sum)
		first[0]++
		sum = number(first)
	}
	s.state, s.left = sum, block[:]
}

func number(littleEndian []byte) *big.Int {
	turned := make([]byte, len(littleEndian))
	for i, b := range littleEndian {
		turned[len(turned)-1-i] = b
	}
	return new(big.Int).SetBytes(turned)
}

func littleEndian(n *big.Int) []byte {
	b := n.FillBytes(make([]byte, sha1.Size))
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return b
}

// unsigned is the mistake that published Go code makes.
func unsigned(seed []byte) []byte {
	state := sha1.Sum(seed)
	first := sha1.Sum(state[:])
	sum := new(big.Int).Add(number(state[:]), number(first[:]))
	sum.Add(sum, big.NewInt(1)).Mod(sum, new(big.Int).Lsh(big.NewInt(1), 8*sha1.Size))
	second := sha1.Sum(littleEndian(sum))
	return append(first[:], second[:12]...)
}
