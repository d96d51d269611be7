// SPDX-License-Identifier: Apache-2.0

package keys

import (
	"cmp"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/store"
)

// Algorithm is the one that every library knows (OpenID Connect Discovery §3).
const Algorithm = "RS256"

// bits is the size of a new key.
const bits = 2048

// The spans of a key's life unless a Config has others.
const (
	DefaultLife   = 30 * 24 * time.Hour
	DefaultAhead  = 2 * 24 * time.Hour
	DefaultBehind = 2 * 24 * time.Hour
)

// fresh is how long what was read of the store is believed. A new key is published much longer than that before it signs.
const fresh = time.Minute

// Store is where the keys are.
type Store interface {
	AddSigningKey(ctx context.Context, k *store.SigningKey) error
	SigningKeys(ctx context.Context) ([]store.SigningKey, error)
}

// Sealer encrypts what must not be readable at rest; a vault is one.
type Sealer interface {
	Seal(plain []byte, context string) ([]byte, error)
	Open(sealed []byte, context string) ([]byte, error)
}

// Config configures Keys. Store, Sealer and Clock are required.
type Config struct {
	Store  Store
	Sealer Sealer
	Clock  clock.Clock
	Life   time.Duration // how long a key signs; default 30 days, at least twice Ahead
	Ahead  time.Duration // how long it is published before; default 2 days, at least 10 minutes
	Behind time.Duration // how long it is published after; default 2 days, at least the life of what it signs
}

// Keys signs. Safe for concurrent use.
type Keys struct {
	cfg Config

	mu     sync.Mutex // held while the store is read, so that one reads for all
	rows   []store.SigningKey
	readAt time.Time
	opened map[int64]*rsa.PrivateKey
}

// ErrConfig says that a Config cannot be used.
var ErrConfig = errors.New("unusable configuration of the login's keys")

// ErrToken says that a token was not signed by any key here.
var ErrToken = errors.New("the token was not signed here")

// leastAhead is enough for whoever remembers a set of keys: this package, and libraries that fetch it again for an unknown key.
const leastAhead = 10 * time.Minute

// New returns the keys of a store. Errors: ErrConfig.
func New(cfg Config) (*Keys, error) {
	cfg.Life = cmp.Or(cfg.Life, DefaultLife)
	cfg.Ahead = cmp.Or(cfg.Ahead, DefaultAhead)
	cfg.Behind = cmp.Or(cfg.Behind, DefaultBehind)
	if cfg.Store == nil || cfg.Sealer == nil || cfg.Clock == nil || cfg.Ahead < leastAhead || cfg.Life < 2*cfg.Ahead || cfg.Behind <= 0 {
		return nil, ErrConfig
	}
	return &Keys{cfg: cfg, opened: make(map[int64]*rsa.PrivateKey)}, nil
}

// read returns the keys, the oldest first, after adding the next one if it is due. The last one that is active signs.
func (k *Keys) read(ctx context.Context) (rows []store.SigningKey, now time.Time, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now = k.cfg.Clock.Now()
	if age := now.Sub(k.readAt); len(k.rows) > 0 && age >= 0 && age < fresh {
		return k.rows, now, nil
	}
	for range 3 { // another replica may add one between the read and the write
		if rows, err = k.cfg.Store.SigningKeys(ctx); err != nil {
			return nil, now, err
		}
		next, due := k.next(rows, now)
		if !due {
			k.rows, k.readAt = rows, now
			return rows, now, nil
		}
		if err = k.add(ctx, next); err != nil && !errors.Is(err, store.ErrConflict) {
			return nil, now, err
		}
	}
	return nil, now, fmt.Errorf("login: signing keys change all the time: %w", err)
}

// next is the key to add, and whether it is due.
func (k *Keys) next(rows []store.SigningKey, now time.Time) (store.SigningKey, bool) {
	if len(rows) == 0 {
		return store.SigningKey{Number: 1, Algorithm: Algorithm, CreatedAt: now, ActiveAt: now}, true
	}
	last := rows[len(rows)-1]
	over := last.ActiveAt.Add(k.cfg.Life)
	at := now.Add(k.cfg.Ahead)
	if over.After(at) {
		return store.SigningKey{}, false
	}
	return store.SigningKey{Number: last.Number + 1, Algorithm: Algorithm, CreatedAt: now, ActiveAt: at}, true
}

// add makes a key.
func (k *Keys) add(ctx context.Context, row store.SigningKey) error {
	private, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		return fmt.Errorf("login: make a signing key: %w", err)
	}
	plain, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return fmt.Errorf("login: write a signing key: %w", err)
	}
	if row.Private, err = k.cfg.Sealer.Seal(plain, store.SigningKeyContext(row.Number)); err != nil {
		return err
	}
	print, err := (&jose.JSONWebKey{Key: private.Public()}).Thumbprint(crypto.SHA256)
	if err != nil {
		return fmt.Errorf("login: name a signing key: %w", err)
	}
	row.ID = base64.RawURLEncoding.EncodeToString(print)
	return k.cfg.Store.AddSigningKey(ctx, &row)
}

// open returns a key's private half.
func (k *Keys) open(row *store.SigningKey) (*rsa.PrivateKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if key := k.opened[row.Number]; key != nil {
		return key, nil
	}
	if row.Algorithm != Algorithm {
		return nil, fmt.Errorf("login: the signing key %d is of the unknown algorithm %q", row.Number, row.Algorithm)
	}
	plain, err := k.cfg.Sealer.Open(row.Private, store.SigningKeyContext(row.Number))
	if err != nil {
		return nil, fmt.Errorf("login: the signing key %d cannot be opened: %w", row.Number, err)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(plain)
	key, ok := parsed.(*rsa.PrivateKey)
	if err != nil || !ok {
		return nil, fmt.Errorf("login: the signing key %d is none", row.Number)
	}
	k.opened[row.Number] = key
	return key, nil
}

// signing is the index of the key that signs: the last that is active. There is one always: the first is active when it is made, and a
// clock that is behind it signs with it nevertheless.
func signing(rows []store.SigningKey, now time.Time) int {
	i := len(rows) - 1
	for i > 0 && rows[i].ActiveAt.After(now) {
		i--
	}
	return i
}

// Active returns the ID of the key that signs now. Errors: those of the store and of the sealer.
func (k *Keys) Active(ctx context.Context) (string, error) {
	rows, now, err := k.read(ctx)
	if err != nil {
		return "", err
	}
	return rows[signing(rows, now)].ID, nil
}

// Published returns the public halves that applications may check with: the key that signs, the next one, and the older ones for as long
// as what they have signed may be in use. Errors: those of the store and of the sealer.
func (k *Keys) Published(ctx context.Context) (jose.JSONWebKeySet, error) {
	rows, now, err := k.read(ctx)
	if err != nil {
		return jose.JSONWebKeySet{}, err
	}
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
	for i := range rows {
		if i < len(rows)-1 && !now.Before(rows[i+1].ActiveAt.Add(k.cfg.Behind)) {
			continue
		}
		key, err := k.open(&rows[i])
		if err != nil {
			return jose.JSONWebKeySet{}, err
		}
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: key.Public(), KeyID: rows[i].ID, Algorithm: Algorithm, Use: "sig"})
	}
	return set, nil
}

// JWKS is Published as JSON.
func (k *Keys) JWKS(ctx context.Context) ([]byte, error) {
	set, err := k.Published(ctx)
	if err != nil {
		return nil, err
	}
	return json.Marshal(set)
}

// The types of tokens, which keep one from being taken for the other.
const (
	TypeID     = "JWT"
	TypeLogout = "logout+jwt" // OpenID Connect Back-Channel Logout §2.4
)

// SignID signs an ID token. Errors: those of the store and of the sealer.
func (k *Keys) SignID(ctx context.Context, claims map[string]any) (string, error) {
	return k.sign(ctx, TypeID, claims)
}

// SignLogout signs a logout token. Errors: those of the store and of the sealer.
func (k *Keys) SignLogout(ctx context.Context, claims map[string]any) (string, error) {
	return k.sign(ctx, TypeLogout, claims)
}

func (k *Keys) sign(ctx context.Context, kind string, claims map[string]any) (string, error) {
	rows, now, err := k.read(ctx)
	if err != nil {
		return "", err
	}
	row := rows[signing(rows, now)]
	key, err := k.open(&row)
	if err != nil {
		return "", err
	}
	options := (&jose.SignerOptions{}).WithType(jose.ContentType(kind)).WithHeader("kid", row.ID)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, options)
	if err != nil {
		return "", fmt.Errorf("login: sign: %w", err)
	}
	text, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("login: sign: %w", err)
	}
	signed, err := signer.Sign(text)
	if err != nil {
		return "", fmt.Errorf("login: sign: %w", err)
	}
	return signed.CompactSerialize()
}

// ReadID returns the claims of an ID token that was signed here at any time, also by a key that is published no more. Whether it is over,
// and for whom it was, is the caller's to judge. Errors: ErrToken, those of the store and of the sealer.
func (k *Keys) ReadID(ctx context.Context, token string) (map[string]any, error) {
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil || len(signed.Signatures) != 1 {
		return nil, ErrToken
	}
	head := signed.Signatures[0].Protected
	if kind, _ := head.ExtraHeaders[jose.HeaderType].(string); kind != TypeID {
		return nil, ErrToken
	}
	rows, _, err := k.read(ctx)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(rows, func(row store.SigningKey) bool { return row.ID == head.KeyID })
	if i < 0 {
		return nil, ErrToken
	}
	key, err := k.open(&rows[i])
	if err != nil {
		return nil, err
	}
	text, err := signed.Verify(key.Public())
	var claims map[string]any
	if err != nil || json.Unmarshal(text, &claims) != nil {
		return nil, ErrToken
	}
	return claims, nil
}
