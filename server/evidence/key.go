// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
)

var (
	// ErrKeys says that a file holds no usable keys; which part of it is not told.
	ErrKeys = errors.New("evidence: not PEM blocks of Ed25519 keys (PRIVATE KEY, PUBLIC KEY)")
	// ErrUnknownKey says that a signature was made with a key that is not among the keys.
	ErrUnknownKey = errors.New("the key is not known")
	errForged     = errors.New("the signature is not that key's")
)

// largestKeys bounds a key file; a key takes about 120 bytes.
const largestKeys = 1 << 20

// What is signed: an event, an anchor and a pack never share a signature.
const (
	signsEvent  = "event"
	signsAnchor = "anchor"
	signsPack   = "pack"
)

// Keys are one key that signs, or none, and every public key whose signatures count. A nil *Keys signs nothing and knows no key.
// They are safe for concurrent use.
type Keys struct {
	private ed25519.PrivateKey
	public  []PublicKey
}

// PublicKey is a key whose signatures count.
type PublicKey struct {
	ID  string // the first 16 hex digits of the key's SHA-256
	Key ed25519.PublicKey
}

// PEM is the key as a PUBLIC KEY block.
func (k PublicKey) PEM() string {
	der, err := x509.MarshalPKIXPublicKey(k.Key)
	if err != nil { // an Ed25519 key always has a form
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func publicKey(k ed25519.PublicKey) PublicKey {
	sum := sha256.Sum256(k)
	return PublicKey{ID: hex.EncodeToString(sum[:8]), Key: k}
}

// Generate returns a new signing key, as PEM.
func Generate() ([]byte, error) { return Rotate(nil) }

// Rotate returns the keys with a new one that signs from now on; of the old one only the public half stays, so that what it has
// signed still verifies.
func Rotate(text []byte) ([]byte, error) {
	old := &Keys{}
	if len(text) > 0 {
		var err error
		if old, err = Parse(text); err != nil {
			return nil, err
		}
	}
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, errors.New("evidence: cannot make a key")
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, errors.New("evidence: cannot make a key")
	}
	b := bytes.NewBuffer(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	for _, k := range old.public {
		b.WriteString(k.PEM())
	}
	return b.Bytes(), nil
}

// Parse reads PEM blocks: at most one PRIVATE KEY (PKCS #8), which signs, and any number of PUBLIC KEY. Errors: ErrKeys.
func Parse(text []byte) (*Keys, error) {
	k := &Keys{}
	for len(bytes.TrimSpace(text)) > 0 {
		block, rest := pem.Decode(text)
		if block == nil {
			return nil, ErrKeys
		}
		text = rest
		switch block.Type {
		case "PRIVATE KEY":
			parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
			private, ok := parsed.(ed25519.PrivateKey)
			if err != nil || !ok || k.private != nil {
				return nil, ErrKeys // the cause may quote the key
			}
			k.private = private
			k.public = append(k.public, publicKey(private.Public().(ed25519.PublicKey)))
		case "PUBLIC KEY":
			parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
			public, ok := parsed.(ed25519.PublicKey)
			if err != nil || !ok {
				return nil, ErrKeys
			}
			k.public = append(k.public, publicKey(public))
		default:
			return nil, ErrKeys
		}
	}
	if len(k.public) == 0 {
		return nil, ErrKeys
	}
	return k, nil
}

// OpenFile is Parse on a file. One that holds a private key nobody but its owner may read or write: mode 0600 or less.
func OpenFile(path string) (*Keys, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("evidence: %w", err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, fmt.Errorf("evidence: %w", err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("evidence: %s is not a regular file", path)
	}
	text, err := io.ReadAll(io.LimitReader(f, largestKeys))
	if err != nil {
		return nil, fmt.Errorf("evidence: %w", err)
	}
	k, err := Parse(text)
	if err != nil {
		return nil, err
	}
	if k.private != nil && info.Mode().Perm()&0o177 != 0 {
		return nil, fmt.Errorf("evidence: %s has mode %04o; no more than 0600 is allowed", path, info.Mode().Perm())
	}
	return k, nil
}

// Signs says whether there is a key that signs.
func (k *Keys) Signs() bool { return k != nil && k.private != nil }

// Public returns the keys whose signatures count, the one that signs first.
func (k *Keys) Public() []PublicKey {
	if k == nil {
		return nil
	}
	return k.public
}

// SignEvent signs the hash of an event; empty when there is no key.
func (k *Keys) SignEvent(hash string) string { return k.sign(signsEvent, hash) }

func message(what, hash string) []byte {
	return []byte("koogate/signature/1\x00" + what + "\x00" + hash)
}

// sign returns "key ID.signature in base64".
func (k *Keys) sign(what, hash string) string {
	if !k.Signs() {
		return ""
	}
	return k.public[0].ID + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(k.private, message(what, hash)))
}

// check verifies a signature. Errors: ErrUnknownKey, errForged.
func (k *Keys) check(what, hash, signature string) error {
	id, text, _ := strings.Cut(signature, ".")
	for _, p := range k.Public() {
		if p.ID != id {
			continue
		}
		raw, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil || !ed25519.Verify(p.Key, message(what, hash), raw) {
			return errForged
		}
		return nil
	}
	return ErrUnknownKey
}

// blank is all that any way of printing keys shows.
const blank = "signing keys"

// Format implements fmt.Formatter for every verb.
func (*Keys) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, blank) }

// LogValue implements slog.LogValuer.
func (*Keys) LogValue() slog.Value { return slog.StringValue(blank) }

// MarshalText implements encoding.TextMarshaler, and so JSON and YAML.
func (*Keys) MarshalText() ([]byte, error) { return []byte(blank), nil }
