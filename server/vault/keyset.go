// SPDX-License-Identifier: Apache-2.0

package vault

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
)

// largestKeyset bounds a keyset file; a key takes about 300 bytes.
const largestKeyset = 1 << 20

// OpenFile is Open on a file that nobody but its owner may read or write: mode 0600 or less. Errors: those of Open, and
// those of reading the file.
func OpenFile(path string) (*Vault, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, fmt.Errorf("vault: %w", err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("vault: %s is not a regular file", path)
	case info.Mode().Perm()&0o177 != 0:
		return nil, fmt.Errorf("vault: %s has mode %04o; no more than 0600 is allowed", path, info.Mode().Perm())
	case info.Size() > largestKeyset:
		return nil, fmt.Errorf("vault: %s is larger than %d bytes", path, largestKeyset)
	}
	keysetJSON, err := io.ReadAll(io.LimitReader(f, largestKeyset))
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	return Open(keysetJSON)
}

// Generate returns a new keyset of one AES-256-GCM key, as cleartext JSON. Whoever has it opens everything: keep it in a
// file of mode 0600 or a secret store.
func Generate() ([]byte, error) {
	return Rotate(nil)
}

// Rotate returns the keyset with a new key that seals from now on; the older ones still open. With nothing in it is
// Generate. Other processes that still run with the old keyset cannot open what is sealed afterwards: see Stage.
func Rotate(keysetJSON []byte) ([]byte, error) {
	staged, err := Stage(keysetJSON)
	if err != nil {
		return nil, err
	}
	return Promote(staged)
}

// Stage returns the keyset with a new key at its end that opens but does not seal yet, unless it is the first.
func Stage(keysetJSON []byte) ([]byte, error) {
	m := keyset.NewManager()
	first := len(keysetJSON) == 0
	if !first {
		h, err := parse(keysetJSON)
		if err != nil {
			return nil, err
		}
		m = keyset.NewManagerFromHandle(h)
	}
	id, err := m.Add(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, errors.New("vault: cannot make a key")
	}
	if first {
		if err := m.SetPrimary(id); err != nil {
			return nil, errors.New("vault: cannot make a key")
		}
	}
	return write(m)
}

// Promote returns the keyset with its last key as the one that seals. It changes nothing when that is so already.
func Promote(keysetJSON []byte) ([]byte, error) {
	h, err := parse(keysetJSON)
	if err != nil {
		return nil, err
	}
	last, err := h.Entry(h.Len() - 1)
	if err != nil {
		return nil, ErrKeyset
	}
	m := keyset.NewManagerFromHandle(h)
	if err := m.SetPrimary(last.KeyID()); err != nil {
		return nil, ErrKeyset // the last key is disabled
	}
	return write(m)
}

func parse(keysetJSON []byte) (*keyset.Handle, error) {
	h, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(keysetJSON)))
	if err != nil || h.Len() == 0 {
		return nil, ErrKeyset // the cause may quote the keyset
	}
	return h, nil
}

func write(m *keyset.Manager) ([]byte, error) {
	h, err := m.Handle()
	if err != nil {
		return nil, errors.New("vault: cannot make a keyset")
	}
	var b bytes.Buffer
	if err := insecurecleartextkeyset.Write(h, keyset.NewJSONWriter(&b)); err != nil {
		return nil, errors.New("vault: cannot write a keyset")
	}
	return b.Bytes(), nil
}
