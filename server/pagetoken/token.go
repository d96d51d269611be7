// SPDX-License-Identifier: Apache-2.0

package pagetoken

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
	"time"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/store"
)

// MaxLen is the longest token that Decode looks at, in characters.
const MaxLen = 1024

const (
	version = 1
	fixed   = 1 + 8 // version, creation time
	sumLen  = 12
	// maxID keeps an encoded token within MaxLen: 4·⌈n/3⌉ characters for n bytes.
	maxID = MaxLen/4*3 - fixed - sumLen
)

// Binding identifies a list request without its page: which list, whose, filtered and ordered how.
type Binding struct{ sum [sha256.Size]byte }

// Bind hashes the list's name and the fields that must not change between its pages.
func Bind(list string, fields ...string) Binding {
	h := sha256.New()
	h.Write([]byte("koogate/page\x00"))
	var n [8]byte
	for _, f := range append([]string{list}, fields...) {
		binary.BigEndian.PutUint64(n[:], uint64(len(f)))
		h.Write(n[:])
		h.Write([]byte(f))
	}
	var b Binding
	h.Sum(b.sum[:0])
	return b
}

// Encode returns the token of the page behind c. The time is kept in microseconds, as the store keeps it. IDs over 747
// bytes do not fit and panic: every ID here is bounded far below that.
func Encode(b Binding, c store.Cursor) string {
	if len(c.ID) > maxID {
		panic("pagetoken: ID too long")
	}
	raw := make([]byte, 0, fixed+len(c.ID)+sumLen)
	raw = append(raw, version)
	raw = binary.BigEndian.AppendUint64(raw, uint64(c.CreatedAt.UnixMicro()))
	raw = append(raw, c.ID...)
	sum := b.sign(raw)
	return base64.RawURLEncoding.EncodeToString(append(raw, sum[:]...))
}

// Decode returns the place that a token names; nil for the empty token, which is the first page. Errors:
// PAGE_TOKEN_INVALID when the token is malformed or was made for another request.
func Decode(b Binding, token string) (*store.Cursor, error) {
	if token == "" {
		return nil, nil
	}
	raw, err := decode(token)
	if err != nil {
		e := errs.BadFieldOf(errs.PageTokenInvalid, "page_token", "not a token of this service")
		e.Cause = err
		return nil, e
	}
	body, got := raw[:len(raw)-sumLen], raw[len(raw)-sumLen:]
	want := b.sign(body)
	if subtle.ConstantTimeCompare(got, want[:]) != 1 {
		return nil, errs.BadFieldOf(errs.PageTokenInvalid, "page_token",
			"made for another request; repeat the fields of the first page, or start again without a token")
	}
	return &store.Cursor{
		CreatedAt: time.UnixMicro(int64(binary.BigEndian.Uint64(body[1:fixed]))).UTC(),
		ID:        string(body[fixed:]),
	}, nil
}

func decode(token string) ([]byte, error) {
	if len(token) > MaxLen {
		return nil, errors.New("too long")
	}
	if strings.ContainsAny(token, "\r\n") { // the decoder would skip them, and one page would have many tokens
		return nil, errors.New("line breaks")
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	switch {
	case err != nil:
		return nil, err
	case len(raw) < fixed+sumLen:
		return nil, errors.New("too short")
	case raw[0] != version:
		return nil, errors.New("unknown version")
	}
	return raw, nil
}

// sign is the checksum of a body under the binding.
func (b Binding) sign(body []byte) [sumLen]byte {
	sum := sha256.Sum256(append(b.sum[:len(b.sum):len(b.sum)], body...))
	return [sumLen]byte(sum[:sumLen])
}
