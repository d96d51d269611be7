// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha1" //nolint:gosec // one of the pairs that senders use
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"unicode/utf8"
)

// Limits of an RSA key in bits. 3072 is what the marketplace asks for (kit §A.10).
const (
	minKeyBits = 3072
	maxKeyBits = 16384
)

// maxSecret bounds a received secret; one of 16384 bits has 2732 characters.
const maxSecret = 8192

// SecretKeys are the private keys that application credentials were requested
// with, most likely key first. Formatting with any verb, logging with slog and
// encoding as JSON show "[redacted]".
type SecretKeys []*rsa.PrivateKey

// redacted is what every printed form of the keys looks like.
const redacted = "[redacted]"

// Format implements fmt.Formatter and prints nothing of the content.
func (SecretKeys) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "seal.SecretKeys"+redacted) }

// String returns a constant text.
func (SecretKeys) String() string { return "seal.SecretKeys" + redacted }

// GoString returns a constant text.
func (SecretKeys) GoString() string { return "seal.SecretKeys" + redacted }

// LogValue implements slog.LogValuer with a constant text.
func (SecretKeys) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON returns a constant text.
func (SecretKeys) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// pairs are the hashes of OAEP and of its mask generation, in the order in which
// they are tried: the sources leave open which one is used. Java's
// OAEPWithSHA-256AndMGF1Padding masks with SHA-1 unless told otherwise. A
// ciphertext opens with its own pair only (kit §E.3).
func pairs() [3]rsa.OAEPOptions {
	return [3]rsa.OAEPOptions{
		{Hash: crypto.SHA256, MGFHash: crypto.SHA256},
		{Hash: crypto.SHA256, MGFHash: crypto.SHA1},
		{Hash: crypto.SHA1, MGFHash: crypto.SHA1},
	}
}

// CheckKey reports whether a key may be used.
//
// Errors: ErrPrivateKey for nil, ErrKeySize below 3072 or above 16384 bits.
func CheckKey(key *rsa.PrivateKey) error {
	if key == nil || key.N == nil {
		return ErrPrivateKey
	}
	return checkSize(&key.PublicKey)
}

func checkSize(pub *rsa.PublicKey) error {
	if bits := pub.N.BitLen(); bits < minKeyBits || bits > maxKeyBits {
		return ErrKeySize
	}
	return nil
}

// DecryptSecret opens the clientSecret of an application credential: Base64 of
// RSA-OAEP (kit §A.10). Each key is tried with each of the three pairs of hashes.
// Both Base64 alphabets, line breaks and missing padding are accepted. A key that
// [CheckKey] refuses makes the call fail, whatever the other keys could do.
//
// Errors: ErrKey without keys, ErrPrivateKey, ErrKeySize, ErrSecret for whatever
// cannot be opened, ErrText.
func DecryptSecret(keys []*rsa.PrivateKey, base64Text string) (string, error) {
	if len(keys) == 0 {
		return "", ErrKey
	}
	for _, key := range keys {
		if err := CheckKey(key); err != nil {
			return "", err
		}
	}
	if len(base64Text) > maxSecret {
		return "", ErrSecret
	}
	sealed, err := decodeLoose(base64Text)
	if err != nil {
		return "", ErrSecret
	}
	for _, key := range keys {
		if len(sealed) != key.Size() {
			continue
		}
		for _, pair := range pairs() {
			plain, err := key.Decrypt(nil, sealed, &pair)
			if err != nil {
				continue
			}
			if !utf8.Valid(plain) {
				return "", ErrText
			}
			return string(plain), nil
		}
	}
	return "", ErrSecret
}

// EncryptSecret makes what [DecryptSecret] opens, for a simulator. h is the hash
// of OAEP, mgf that of its mask generation.
//
// Errors: ErrKey for nil, ErrKeySize, ErrText, ErrSecret if plain is too long or
// a hash is not linked in.
func EncryptSecret(pub *rsa.PublicKey, plain string, h, mgf crypto.Hash) (string, error) {
	if pub == nil || pub.N == nil {
		return "", ErrKey
	}
	if err := checkSize(pub); err != nil {
		return "", err
	}
	if !utf8.ValidString(plain) {
		return "", ErrText
	}
	if !h.Available() || !mgf.Available() {
		return "", ErrSecret
	}
	sealed, err := rsa.EncryptOAEPWithOptions(rand.Reader, pub, []byte(plain), &rsa.OAEPOptions{Hash: h, MGFHash: mgf})
	if err != nil {
		return "", ErrSecret
	}
	return base64.StdEncoding.EncodeToString(sealed), nil
}

// decodeLoose decodes either Base64 alphabet, with blanks and line breaks
// anywhere and with or without padding.
func decodeLoose(s string) ([]byte, error) {
	s = strings.NewReplacer(" ", "", "\t", "", "\r", "", "\n", "", "-", "+", "_", "/").Replace(s)
	return base64.RawStdEncoding.DecodeString(trimPadding(s))
}
