// SPDX-License-Identifier: Apache-2.0

// Package veil puts stand-ins in the place of secrets and personal data. A stand-in follows from the value and a random key that lives
// in the process and nowhere else: equal values have equal stand-ins within one recording, and nobody can find out, not even by
// guessing, which value one stands for.
//
// It also knows what of a call is plain: everything that is not listed as such is veiled, so a member that nobody has heard of is
// no leak.
package veil

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/koogate/koogate/koogallery/plain"
)

// Veil makes stand-ins. It is safe for concurrent use.
type Veil struct{ key [32]byte }

// New returns a veil with a key of its own. random is crypto/rand.Reader but in tests. An error is that of random.
func New(random io.Reader) (*Veil, error) {
	v := new(Veil)
	if _, err := io.ReadFull(random, v.key[:]); err != nil {
		return nil, fmt.Errorf("veil: no random bytes: %w", err)
	}
	return v, nil
}

// stream is an endless series of bytes that follows from the key and a value.
type stream struct {
	v     *Veil
	value string
	round uint64
	rest  []byte
}

func (s *stream) next() int {
	if len(s.rest) == 0 {
		mac := hmac.New(sha256.New, s.v.key[:])
		mac.Write(binary.BigEndian.AppendUint64(nil, s.round))
		mac.Write([]byte(s.value))
		s.rest = mac.Sum(nil)
		s.round++
	}
	n := int(s.rest[0])
	s.rest = s.rest[1:]
	return n
}

func (s *stream) pick(alphabet string) byte { return alphabet[s.next()%len(alphabet)] }

const (
	digits   = "0123456789"
	lower    = "abcdefghijklmnopqrstuvwxyz"
	hexLower = "abcdef"
	kept     = "-_.:|/=+@, " // of the shape of a text
)

// Opaque stands for a value of which nothing is told, not even how long it is. An empty value stays empty.
func (v *Veil) Opaque(value string) string {
	if value == "" {
		return ""
	}
	mac := hmac.New(sha256.New, v.key[:])
	mac.Write([]byte("opaque\x00" + value))
	return "veiled-" + hex.EncodeToString(mac.Sum(nil)[:12])
}

// Shaped stands for a value that a seller may look at: as long as the value, digits for digits and letters for letters. What belongs
// to a member for mail addresses, telephone numbers or web addresses and looks like one becomes one that reaches nobody.
func (v *Veil) Shaped(name, value string) string {
	if value == "" {
		return ""
	}
	s := &stream{v: v, value: value}
	name = strings.ToLower(name)
	switch {
	case strings.Contains(value, "@"):
		return "u" + s.take(10, digits+hexLower) + "@example.com"
	case strings.HasPrefix(value, "http://"), strings.HasPrefix(value, "https://"):
		return "https://" + s.take(12, digits+hexLower) + ".example.com/"
	case strings.Contains(name, "phone") || strings.Contains(name, "mobile"):
		return "154" + s.take(8, digits) // a range that is not assigned
	case name == "license" && len(value) > 2: // an authorisation code begins with what it is for
		return value[:2] + v.shape(s, value[2:])
	}
	return v.shape(s, value)
}

func (s *stream) take(n int, alphabet string) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = s.pick(alphabet)
	}
	return string(b)
}

// shape draws until the stand-in is another text, which short texts need.
func (v *Veil) shape(s *stream, value string) string {
	small := lower
	if !strings.ContainsAny(strings.ToLower(value), lower[len(hexLower):]) {
		small = hexLower
	}
	for range 64 {
		var b strings.Builder
		for _, r := range value {
			switch {
			case '0' <= r && r <= '9':
				b.WriteByte(s.pick(digits))
			case 'a' <= r && r <= 'z':
				b.WriteByte(s.pick(small))
			case 'A' <= r && r <= 'Z':
				b.WriteByte(s.pick(small) - 'a' + 'A')
			case r > unicode.MaxASCII:
				b.WriteRune(rune(0x4e00 + s.next()<<3 + s.next()&7)) // 汉字
			case strings.ContainsRune(kept, r):
				b.WriteRune(r)
			default:
				b.WriteByte('-')
			}
		}
		if b.String() != value {
			return b.String()
		}
	}
	return v.Opaque(value) // nothing but punctuation
}

// Number stands for a number: digits for its digits, and no leading zero.
func (v *Veil) Number(literal string) string {
	s := &stream{v: v, value: literal}
	b := []byte(literal)
	for i, c := range b {
		if '0' <= c && c <= '9' {
			b[i] = s.pick(digits[1:])
		}
	}
	if string(b) == literal {
		return "1" + strings.TrimLeft(literal, "-")
	}
	return string(b)
}

// Name is a name of a member or parameter as it may be written down.
func (v *Veil) Name(name string) string {
	if plain.Name(name) {
		return name
	}
	return v.Opaque(name)
}
