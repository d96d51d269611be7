// SPDX-License-Identifier: Apache-2.0

package dbrow

import (
	"context"
	"fmt"

	"github.com/koogate/koogate/store"
)

// SellerSettingPut makes the row of a setting that a change writes.
func SellerSettingPut(x store.SellerSetting, revision int64) SellerSettingPutParams {
	return SellerSettingPutParams{
		Kind: string(x.Kind), Parent: x.Parent, Name: x.Name, Seller: x.Seller, ManagedBy: string(x.ManagedBy), Version: revision,
		Document: x.Document, CreatedAt: Micros(x.CreatedAt), UpdatedAt: Micros(x.UpdatedAt), EndedAt: Micros(x.EndedAt),
	}
}

// ToSellerSetting makes a setting of its row.
func ToSellerSetting(r SellerSetting) store.SellerSetting {
	return store.SellerSetting{
		Kind: store.SettingKind(r.Kind), Parent: r.Parent, Name: r.Name, Seller: r.Seller, ManagedBy: store.ManagedBy(r.ManagedBy), Version: r.Version,
		Document: r.Document, CreatedAt: Time(r.CreatedAt), UpdatedAt: Time(r.UpdatedAt), EndedAt: Time(r.EndedAt),
	}
}

// SellerKeyPut makes the row of a key that a change writes.
func SellerKeyPut(k store.SellerKey, revision int64) SellerKeyPutParams {
	return SellerKeyPutParams{
		Seller: k.Seller, KeyID: k.ID, Purpose: string(k.Use), Owner: k.Owner, KeyRank: k.Rank, Secret: Blob(k.Secret), Digest: k.Digest,
		Document: k.Document, ManagedBy: string(k.ManagedBy), Version: revision, NotBefore: Micros(k.NotBefore), NotAfter: Micros(k.NotAfter),
		CreatedAt: Micros(k.CreatedAt), UpdatedAt: Micros(k.UpdatedAt), EndedAt: Micros(k.EndedAt),
	}
}

// ToSellerKey makes a key of its row.
func ToSellerKey(r SellerKey) store.SellerKey {
	return store.SellerKey{
		Seller: r.Seller, ID: r.KeyID, Use: store.KeyUseKind(r.Purpose), Owner: r.Owner, Rank: r.KeyRank, Secret: r.Secret, Digest: r.Digest,
		Document: r.Document, ManagedBy: store.ManagedBy(r.ManagedBy), Version: r.Version, NotBefore: Time(r.NotBefore), NotAfter: Time(r.NotAfter),
		LastUsedAt: Time(r.LastUsedAt), CreatedAt: Time(r.CreatedAt), UpdatedAt: Time(r.UpdatedAt), EndedAt: Time(r.EndedAt),
	}
}

// SellerKeyUsed makes the note of a key's use.
func SellerKeyUsed(u store.KeyUse) SellerKeyUsedParams {
	return SellerKeyUsedParams{Seller: u.Seller, KeyID: u.ID, At: Micros(u.At)}
}

// SellerQueries read everything that is sold through.
type SellerQueries interface {
	SellerRevisionGet(ctx context.Context) (int64, error)
	SellerSettings(ctx context.Context) ([]SellerSetting, error)
	SellerKeys(ctx context.Context) ([]SellerKey, error)
}

// ReadSellers reads rows that belong together: the revision is the same before and after they were read.
func ReadSellers(ctx context.Context, q SellerQueries) (store.SellerRows, error) {
	for {
		before, err := q.SellerRevisionGet(ctx)
		if err != nil {
			return store.SellerRows{}, fmt.Errorf("read the sellers' revision: %w", err)
		}
		settings, err := q.SellerSettings(ctx)
		if err != nil {
			return store.SellerRows{}, fmt.Errorf("read the sellers' settings: %w", err)
		}
		keys, err := q.SellerKeys(ctx)
		if err != nil {
			return store.SellerRows{}, fmt.Errorf("read the sellers' keys: %w", err)
		}
		after, err := q.SellerRevisionGet(ctx)
		if err != nil {
			return store.SellerRows{}, fmt.Errorf("read the sellers' revision: %w", err)
		}
		if before == after {
			return store.SellerRows{Revision: after, Settings: Each(settings, ToSellerSetting), Keys: Each(keys, ToSellerKey)}, nil
		}
	}
}
