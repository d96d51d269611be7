// SPDX-License-Identifier: Apache-2.0

package vault

import (
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/tink"
)

var (
	// ErrSealed says that the value does not open. The key is not in the keyset, the context is another, or the bytes are damaged;
	// which of these is not told.
	ErrSealed = errors.New("vault: value does not open")
	// ErrKeyset says that the keyset is not a cleartext Tink keyset of AEAD keys in JSON.
	ErrKeyset = errors.New("vault: keyset is not usable")
)

// Vault seals and opens fields. It is safe for concurrent use.
type Vault struct {
	keys      tink.AEAD
	digestKey []byte // nil when the keyset has none
}

// Open returns a vault over a cleartext keyset as Generate writes it. Errors: ErrKeyset.
func Open(keysetJSON []byte) (*Vault, error) {
	h, err := parse(keysetJSON)
	if err != nil {
		return nil, err
	}
	keys, err := aead.New(h)
	if err != nil {
		return nil, ErrKeyset // the cause may quote the keyset
	}
	derived, err := digestKey(h)
	if err != nil {
		return nil, err
	}
	return &Vault{keys: keys, digestKey: derived}, nil
}

// Seal encrypts plain, of any length, under the primary key and binds it to context. The result is 33 bytes longer.
func (v *Vault) Seal(plain []byte, context string) ([]byte, error) {
	sealed, err := v.keys.Encrypt(plain, []byte(context))
	if err != nil {
		return nil, errors.New("vault: cannot seal")
	}
	return sealed, nil
}

// Open decrypts what Seal returned for the same context, under any key of the keyset. Errors: ErrSealed.
func (v *Vault) Open(sealed []byte, context string) ([]byte, error) {
	plain, err := v.keys.Decrypt(sealed, []byte(context))
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}

// blank is all that any way of printing a vault shows.
const blank = "vault"

// Format implements fmt.Formatter for every verb.
func (*Vault) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, blank) }

// LogValue implements slog.LogValuer.
func (*Vault) LogValue() slog.Value { return slog.StringValue(blank) }

// MarshalText implements encoding.TextMarshaler, and so JSON and YAML.
func (*Vault) MarshalText() ([]byte, error) { return []byte(blank), nil }
