// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/dbrow"
	"github.com/koogate/koogate/store/postgres/dbsqlc"
)

// SellerRevision implements store.Sellers.
func (s *Store) SellerRevision(ctx context.Context) (int64, error) {
	if err := s.enter(ctx); err != nil {
		return 0, err
	}
	defer s.leave()
	revision, err := s.query.SellerRevisionGet(ctx)
	if err != nil {
		return 0, fmt.Errorf("postgres: read the sellers' revision: %w", err)
	}
	return revision, nil
}

// Sellers implements store.Sellers.
func (s *Store) Sellers(ctx context.Context) (store.SellerRows, error) {
	if err := s.enter(ctx); err != nil {
		return store.SellerRows{}, err
	}
	defer s.leave()
	rows, err := dbrow.ReadSellers(ctx, s.query)
	if err != nil {
		return store.SellerRows{}, fmt.Errorf("postgres: %w", err)
	}
	return rows, nil
}

// ChangeSellers implements store.Sellers. The row of the revision is locked first, so no two changes wait for each other in a circle.
func (s *Store) ChangeSellers(ctx context.Context, c store.SellerChange) (int64, error) {
	if err := store.CheckText(c); err != nil {
		return 0, err
	}
	_, err := audited(ctx, s, func(_ pgx.Tx, q *dbsqlc.Queries) (none struct{}, altered told, err error) {
		return none, c.Altered, changeSellers(ctx, q, c)
	})
	if err != nil {
		return 0, err
	}
	s.notifier.notify(s.hub.Publish(store.SellersTopic)...)
	return c.Revision + 1, nil
}

func changeSellers(ctx context.Context, q *dbsqlc.Queries, c store.SellerChange) error {
	n, err := q.SellerRevisionRaise(ctx, c.Revision)
	switch {
	case err != nil:
		return fmt.Errorf("postgres: raise the sellers' revision: %w", err)
	case n == 0:
		return store.ErrStale
	}
	for _, x := range c.Settings {
		if err := q.SellerSettingPut(ctx, dbrow.SellerSettingPut(x, c.Revision+1)); err != nil {
			return fmt.Errorf("postgres: write a seller's setting: %w", err)
		}
	}
	for _, k := range c.Keys {
		if err := q.SellerKeyPut(ctx, dbrow.SellerKeyPut(k, c.Revision+1)); err != nil {
			return step{doing: "write a seller's key"}.explain(err)
		}
	}
	return nil
}

// NoteKeyUse implements store.Sellers.
func (s *Store) NoteKeyUse(ctx context.Context, uses []store.KeyUse) error {
	if err := store.CheckText(uses); err != nil {
		return err
	}
	uses = slices.Clone(uses) // in one order, because two replicas may write the same rows
	slices.SortFunc(uses, func(a, b store.KeyUse) int { return cmp.Or(cmp.Compare(a.Seller, b.Seller), cmp.Compare(a.ID, b.ID)) })
	_, err := change(ctx, s, func(_ pgx.Tx, q *dbsqlc.Queries) (none struct{}, err error) {
		for _, u := range uses {
			if err := q.SellerKeyUsed(ctx, dbrow.SellerKeyUsed(u)); err != nil {
				return none, fmt.Errorf("postgres: note the use of a key: %w", err)
			}
		}
		return none, nil
	})
	return err
}
