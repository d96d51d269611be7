// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Sellers keep what an installation sells through: its sellers with their endpoints, products, provisioners and keys. All of it
// has one revision, which every change raises: whoever has read revision N and finds N again has everything.
type Sellers interface {
	// SellerRevision returns the revision; 0 before the first change.
	SellerRevision(ctx context.Context) (int64, error)
	// Sellers returns all rows that have not ended, as they were together at one revision: the settings by their key, the keys by
	// owner, use and rank.
	Sellers(ctx context.Context) (SellerRows, error)
	// ChangeSellers writes rows as a whole or not at all, wakes the watchers of SellersTopic in every process, and returns the new
	// revision, which is the Version of each row that it wrote. Errors: ErrStale when the revision is no longer c.Revision,
	// ErrConflict when the digest of a key belongs to another key that has not ended.
	ChangeSellers(ctx context.Context, c SellerChange) (revision int64, err error)
	// NoteKeyUse remembers when keys were last used, without a new revision. A time before the one that is known changes nothing.
	NoteKeyUse(ctx context.Context, uses []KeyUse) error
}

// SellersTopic is the watch topic of everything that Sellers keep.
const SellersTopic = "sellers"

// SettingKind says what a SellerSetting describes.
type SettingKind string

// The kinds of setting.
const (
	SettingSeller      SettingKind = "SELLER"
	SettingEndpoint    SettingKind = "ENDPOINT"
	SettingProduct     SettingKind = "PRODUCT"
	SettingProvisioner SettingKind = "PROVISIONER"
)

// ManagedBy says who changes a row.
type ManagedBy string

// Who changes rows.
const (
	ManagedByFile ManagedBy = "FILE" // the configuration file
	ManagedByAPI  ManagedBy = "API"  // the internal API
)

// SellerSetting is a seller, an endpoint, a product or a provisioner. Key: Kind, Parent, Name.
type SellerSetting struct {
	Kind      SettingKind
	Parent    string // the endpoint of a product; empty for the others
	Name      string // of a product: the marketplace's product ID, or "*"
	Seller    string // whose it is; empty for a provisioner of the file, which serves all
	ManagedBy ManagedBy
	Version   int64  // the revision that wrote the row; ChangeSellers sets it
	Document  string // JSON; no secrets
	CreatedAt time.Time
	UpdatedAt time.Time
	EndedAt   time.Time // zero while it counts
}

// KeyUseKind says what a key is for.
type KeyUseKind string

// What keys are for.
const (
	KeyBase       KeyUseKind = "BASE"        // signs the calls at an endpoint
	KeyKit        KeyUseKind = "KIT"         // signs the Kit's calls at an endpoint
	KeyKitPrivate KeyUseKind = "KIT_PRIVATE" // decrypts the Kit's clientSecret at an endpoint
	KeySecret     KeyUseKind = "SECRET"      // the seller's SK, for the open APIs
	KeyUsage      KeyUseKind = "USAGE"       // signs the seller's usage pushes
	KeyToken      KeyUseKind = "TOKEN"       // a bearer token of the seller's own systems
	// KeyProvisioner signs what is sent to a webhook provisioner. Of one that serves all sellers Seller is empty.
	KeyProvisioner KeyUseKind = "PROVISIONER"
)

// SellerKey is a key of an endpoint, a credential of a seller or a bearer token. Key: Seller, ID.
type SellerKey struct {
	Seller     string
	ID         string
	Use        KeyUseKind
	Owner      string // the endpoint, or the provisioner; empty for what belongs to the seller itself
	Rank       int64  // keys of one owner and use are tried in the order of their ranks
	Secret     []byte // sealed; nil for a token, of which only the digest is kept, and for a key that has ended
	Digest     string // of a token; empty for every other key
	Document   string // JSON: what a token may do
	ManagedBy  ManagedBy
	Version    int64     // the revision that wrote the row; ChangeSellers sets it
	NotBefore  time.Time // from when the key counts; zero for always
	NotAfter   time.Time // until when the key counts; zero for ever
	LastUsedAt time.Time // to within some minutes; only NoteKeyUse changes it
	CreatedAt  time.Time
	UpdatedAt  time.Time
	EndedAt    time.Time // zero while it counts
}

// SellerRows are all rows of one revision.
type SellerRows struct {
	Revision int64
	Settings []SellerSetting
	Keys     []SellerKey
}

// SellerChange is everything that one decision alters. A row is inserted, or replaces the row of the same key in all columns but the
// key and the creation time.
type SellerChange struct {
	Revision int64 // that the decision saw
	Settings []SellerSetting
	Keys     []SellerKey
}

// Altered describes the change for the audit, by the names of its rows. Before is the revision that the decision saw. The audit row
// belongs to no seller when the change is about several.
func (c SellerChange) Altered() Altered {
	a := Altered{Resources: make(map[string][]string), Before: fmt.Sprintf("revision %d", c.Revision), After: Digest(c)}
	sellers := make(map[string]bool)
	for _, x := range c.Settings {
		kind := strings.ToLower(string(x.Kind))
		a.Resources[kind] = append(a.Resources[kind], strings.TrimPrefix(x.Parent+"/"+x.Name, "/"))
		sellers[x.Seller] = true
	}
	for _, k := range c.Keys {
		a.Resources["key"] = append(a.Resources["key"], k.ID)
		sellers[k.Seller] = true
	}
	if len(sellers) == 1 {
		for a.Seller = range sellers {
		}
	}
	return a
}

// KeyUse says when a key was used.
type KeyUse struct {
	Seller string
	ID     string
	At     time.Time
}
