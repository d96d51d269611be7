// SPDX-License-Identifier: Apache-2.0

package vault

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"

	"github.com/tink-crypto/tink-go/v2/aead/aesgcm"
	"github.com/tink-crypto/tink-go/v2/insecuresecretdataaccess"
	"github.com/tink-crypto/tink-go/v2/keyset"
)

// ErrDigest says that the first key of the keyset is not one that [Generate] makes, so that no digest can be keyed with it.
var ErrDigest = errors.New("vault: the first key of the keyset is not an AES-256-GCM key; only with one that `koogate keys new` made there are digests")

// digestInfo separates the key of digests from the key that seals, and from what may be derived later.
const digestInfo = "koogate/digest/1"

// Digest returns the HMAC-SHA-256 of texts, each preceded by its length as eight bytes, under a key that is derived (HKDF,
// RFC 5869) from the first key of the keyset. A rotation appends keys, and the first one retires by being
// disabled and not deleted, so the same texts have the same digest as long as the keyset lives. Errors: ErrDigest.
func (v *Vault) Digest(texts ...string) ([]byte, error) {
	if v.digestKey == nil {
		return nil, ErrDigest
	}
	mac := hmac.New(sha256.New, v.digestKey)
	var n [8]byte
	for _, text := range texts {
		binary.BigEndian.PutUint64(n[:], uint64(len(text)))
		mac.Write(n[:])
		mac.Write([]byte(text))
	}
	return mac.Sum(nil), nil
}

// digestKey derives the key of digests; nil when the first key of the keyset is of another kind.
func digestKey(h *keyset.Handle) ([]byte, error) {
	first, err := h.Entry(0)
	if err != nil {
		return nil, ErrKeyset
	}
	k, ok := first.Key().(*aesgcm.Key)
	if !ok || k.KeyBytes().Len() != sha256.Size {
		return nil, nil
	}
	derived, err := hkdf.Key(sha256.New, k.KeyBytes().Data(insecuresecretdataaccess.Token{}), nil, digestInfo, sha256.Size)
	if err != nil {
		return nil, ErrKeyset
	}
	return derived, nil
}
