// SPDX-License-Identifier: Apache-2.0

package vault

import (
	"encoding/binary"
	"errors"

	"github.com/tink-crypto/tink-go/v2/keyset"
)

// KeyOf returns the ID of the key that sealed a value; ok is false when it is no sealed value. Tink begins each with the byte 1 and the
// ID as four bytes.
func KeyOf(sealed []byte) (id uint32, ok bool) {
	if len(sealed) < 5 || sealed[0] != 1 {
		return 0, false
	}
	return binary.BigEndian.Uint32(sealed[1:5]), true
}

// Keys returns the ID of the key that seals and those of the others. Errors: ErrKeyset.
func Keys(keysetJSON []byte) (primary uint32, others []uint32, err error) {
	h, err := parse(keysetJSON)
	if err != nil {
		return 0, nil, err
	}
	for i := range h.Len() {
		e, err := h.Entry(i)
		if err != nil {
			return 0, nil, ErrKeyset
		}
		if e.KeyStatus() != keyset.Enabled { // retired; see Retire
			continue
		}
		if e.IsPrimary() {
			primary = e.KeyID()
		} else {
			others = append(others, e.KeyID())
		}
	}
	return primary, others, nil
}

// Retire returns the keyset without a key that does not seal. What it has sealed never opens again. The first key stays in the
// file, disabled, because digests derive from it (see [Vault.Digest]).
func Retire(keysetJSON []byte, id uint32) ([]byte, error) {
	h, err := parse(keysetJSON)
	if err != nil {
		return nil, err
	}
	m := keyset.NewManagerFromHandle(h)
	remove := m.Delete
	if first, err := h.Entry(0); err == nil && first.KeyID() == id {
		remove = m.Disable
	}
	if err := remove(id); err != nil {
		return nil, errors.New("vault: no such key, or it is the one that seals")
	}
	return write(m)
}
