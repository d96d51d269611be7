// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/dbrow"
	"github.com/koogate/koogate/store/sqlite/dbsqlc"
)

// SideOfOrder implements store.Sides.
func (s *Store) SideOfOrder(ctx context.Context, seller, orderID string) (store.Side, error) {
	if err := s.enter(ctx, seller, orderID); err != nil {
		return "", err
	}
	defer s.leave()
	return sideOf(ctx, s.read, seller, orderID)
}

func sideOf(ctx context.Context, q *dbsqlc.Queries, seller, orderID string) (store.Side, error) {
	rows, err := q.SideOfOrder(ctx, dbsqlc.SideOfOrderParams{Seller: seller, ID: orderID})
	if err != nil {
		return "", fmt.Errorf("sqlite: read side: %w", err)
	}
	return dbrow.ToSide(rows), nil
}

// ClaimOrder implements store.Sides. The writer does one thing after the other, so nothing comes between the look and the claim.
func (s *Store) ClaimOrder(ctx context.Context, c store.Claim) (store.Side, error) {
	if err := store.CheckText(c); err != nil {
		return "", err
	}
	return change(ctx, s, func(t *tx) (store.Side, error) {
		side, err := sideOf(context.Background(), t.query, c.Seller, c.ID)
		if err != nil || side != "" {
			return side, err
		}
		return store.SideOld, t.claim(c)
	})
}

func (t *tx) claim(c store.Claim) error {
	if err := t.fast.SideInsert(context.Background(), dbrow.SideInsert(&c)); err != nil {
		return fmt.Errorf("sqlite: claim: %w", err)
	}
	return nil
}

// NoteClaims implements store.Sides.
func (s *Store) NoteClaims(ctx context.Context, claims []store.Claim) error {
	if err := store.CheckText(claims); err != nil {
		return err
	}
	_, err := change(ctx, s, func(t *tx) (struct{}, error) {
		for _, c := range claims {
			if err := t.claim(c); err != nil {
				return struct{}{}, err
			}
		}
		return struct{}{}, nil
	})
	return err
}

// Claimed implements store.Sides.
func (s *Store) Claimed(ctx context.Context, seller, instanceID string) (bool, error) {
	at, err := s.noted(ctx, seller, instanceID)
	return len(at) > 0, err
}

// noted is when an instance was released that was noted, 0 for not yet; nothing when it was not.
func (s *Store) noted(ctx context.Context, seller, instanceID string) (at []int64, err error) {
	if err := s.enter(ctx, seller, instanceID); err != nil {
		return nil, err
	}
	defer s.leave()
	if at, err = s.read.SideOfInstance(ctx, dbsqlc.SideOfInstanceParams{Seller: seller, ID: instanceID}); err != nil {
		return nil, fmt.Errorf("sqlite: read claim: %w", err)
	}
	return at, nil
}

// Ended implements store.Sides.
func (s *Store) Ended(ctx context.Context, seller, instanceID string) (bool, error) {
	at, err := s.noted(ctx, seller, instanceID)
	return len(at) > 0 && at[0] > 0, err
}

// EndClaim implements store.Sides.
func (s *Store) EndClaim(ctx context.Context, seller, instanceID string, at time.Time) error {
	if err := store.CheckText([]string{seller, instanceID}); err != nil {
		return err
	}
	_, err := change(ctx, s, func(t *tx) (struct{}, error) {
		err := t.fast.SideEnd(context.Background(), dbsqlc.SideEndParams{EndedAt: dbrow.Micros(at), Seller: seller, ID: instanceID})
		if err != nil {
			err = fmt.Errorf("sqlite: end claim: %w", err)
		}
		return struct{}{}, err
	})
	return err
}

// LeftBehind implements store.Sides.
func (s *Store) LeftBehind(ctx context.Context, seller, endpoint string, since time.Time) (store.LeftBehind, error) {
	if err := s.enter(ctx, seller, endpoint); err != nil {
		return store.LeftBehind{}, err
	}
	defer s.leave()
	row, err := s.read.SideCount(ctx, dbsqlc.SideCountParams{Seller: seller, Endpoint: endpoint, Since: dbrow.Micros(since)})
	if err != nil {
		return store.LeftBehind{}, fmt.Errorf("sqlite: count claims: %w", err)
	}
	return store.LeftBehind{Instances: row.Instances, Orders: row.Orders}, nil
}
