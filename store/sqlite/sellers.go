// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"fmt"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/dbrow"
)

// SellerRevision implements store.Sellers.
func (s *Store) SellerRevision(ctx context.Context) (int64, error) {
	if err := s.enter(ctx); err != nil {
		return 0, err
	}
	defer s.leave()
	revision, err := s.read.SellerRevisionGet(ctx)
	if err != nil {
		return 0, fmt.Errorf("sqlite: read the sellers' revision: %w", err)
	}
	return revision, nil
}

// Sellers implements store.Sellers.
func (s *Store) Sellers(ctx context.Context) (store.SellerRows, error) {
	if err := s.enter(ctx); err != nil {
		return store.SellerRows{}, err
	}
	defer s.leave()
	rows, err := dbrow.ReadSellers(ctx, s.read)
	if err != nil {
		return store.SellerRows{}, fmt.Errorf("sqlite: %w", err)
	}
	return rows, nil
}

// ChangeSellers implements store.Sellers.
func (s *Store) ChangeSellers(ctx context.Context, c store.SellerChange) (int64, error) {
	if err := store.CheckText(c); err != nil {
		return 0, err
	}
	revision, err := audited(ctx, s, func(t *tx) (int64, told, error) {
		ctx := context.Background()
		n, err := t.fast.SellerRevisionRaise(ctx, c.Revision)
		if err := hit(n, err, store.ErrStale, "raise the sellers' revision"); err != nil {
			return 0, nil, err
		}
		revision := c.Revision + 1
		for _, x := range c.Settings {
			if err := t.fast.SellerSettingPut(ctx, dbrow.SellerSettingPut(x, revision)); err != nil {
				return 0, nil, fmt.Errorf("sqlite: write a seller's setting: %w", err)
			}
		}
		for _, k := range c.Keys {
			if err := t.fast.SellerKeyPut(ctx, dbrow.SellerKeyPut(k, revision)); err != nil {
				return 0, nil, onUnique(err, store.ErrConflict, "write a seller's key")
			}
		}
		return revision, c.Altered, nil
	})
	if err == nil {
		s.Publish(store.SellersTopic)
	}
	return revision, err
}

// NoteKeyUse implements store.Sellers.
func (s *Store) NoteKeyUse(ctx context.Context, uses []store.KeyUse) error {
	if err := store.CheckText(uses); err != nil {
		return err
	}
	_, err := change(ctx, s, func(t *tx) (none struct{}, err error) {
		for _, u := range uses {
			if err := t.fast.SellerKeyUsed(context.Background(), dbrow.SellerKeyUsed(u)); err != nil {
				return none, fmt.Errorf("sqlite: note the use of a key: %w", err)
			}
		}
		return none, nil
	})
	return err
}
