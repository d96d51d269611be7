// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/dbrow"
	"github.com/koogate/koogate/store/postgres/dbsqlc"
)

// OpenGap implements store.Gaps.
func (s *Store) OpenGap(ctx context.Context, g store.Gap) error {
	if err := store.CheckText(g); err != nil {
		return err
	}
	return s.one(ctx, store.ErrConflict, "open gap", g.Altered, func(q *dbsqlc.Queries) (int64, error) {
		return q.GapOpen(ctx, dbrow.GapOpen(&g))
	})
}

// CloseGap implements store.Gaps.
func (s *Store) CloseGap(ctx context.Context, g store.Gap) error {
	if err := store.CheckText(g); err != nil {
		return err
	}
	return s.one(ctx, store.ErrNotFound, "close gap", g.Altered, func(q *dbsqlc.Queries) (int64, error) {
		return q.GapClose(ctx, dbrow.GapClose(&g))
	})
}

// OpenedGap implements store.Gaps.
func (s *Store) OpenedGap(ctx context.Context, seller string) (store.Gap, error) {
	if err := s.enter(ctx, seller); err != nil {
		return store.Gap{}, err
	}
	defer s.leave()
	row, err := s.query.GapGet(ctx, seller)
	if err != nil {
		return store.Gap{}, notFound(err, "read gap")
	}
	return dbrow.ToGap(row), nil
}

// CountGapCall implements store.Gaps. Concurrent calls may note a few more than the bound.
func (s *Store) CountGapCall(ctx context.Context, c store.GapCall) (noted bool, err error) {
	if err := store.CheckText(c); err != nil {
		return false, err
	}
	return change(ctx, s, func(_ pgx.Tx, q *dbsqlc.Queries) (bool, error) {
		n, err := q.GapCallCount(ctx, dbrow.GapCallCount(&c))
		if err == nil && n == 0 {
			n, err = q.GapCallInsert(ctx, dbrow.GapCallInsert(&c))
		}
		if err != nil {
			return false, fmt.Errorf("postgres: count gap call: %w", err)
		}
		return n > 0, nil
	})
}

// GapCalls implements store.Gaps.
func (s *Store) GapCalls(ctx context.Context, seller, gapID string) ([]store.GapCall, error) {
	if err := s.enter(ctx, seller, gapID); err != nil {
		return nil, err
	}
	defer s.leave()
	rows, err := s.query.GapCalls(ctx, dbsqlc.GapCallsParams{Seller: seller, GapID: gapID})
	if err != nil {
		return nil, fmt.Errorf("postgres: read gap calls: %w", err)
	}
	return dbrow.ToGapCalls(seller, gapID, rows), nil
}

// SideOfOrder implements store.Sides.
func (s *Store) SideOfOrder(ctx context.Context, seller, orderID string) (store.Side, error) {
	if err := s.enter(ctx, seller, orderID); err != nil {
		return "", err
	}
	defer s.leave()
	return sideOf(ctx, s.query, seller, orderID)
}

func sideOf(ctx context.Context, q *dbsqlc.Queries, seller, orderID string) (store.Side, error) {
	rows, err := q.SideOfOrder(ctx, dbsqlc.SideOfOrderParams{Seller: seller, ID: orderID})
	if err != nil {
		return "", fmt.Errorf("postgres: read side: %w", err)
	}
	return dbrow.ToSide(rows), nil
}

// ClaimOrder implements store.Sides. It looks under the lock that whoever adds the order's row takes, too (the trigger orders_side).
func (s *Store) ClaimOrder(ctx context.Context, c store.Claim) (store.Side, error) {
	if err := store.CheckText(c); err != nil {
		return "", err
	}
	return change(ctx, s, func(_ pgx.Tx, q *dbsqlc.Queries) (store.Side, error) {
		if err := q.SideLock(ctx, dbsqlc.SideLockParams{Seller: c.Seller, ID: c.ID}); err != nil {
			return "", fmt.Errorf("postgres: lock side: %w", err)
		}
		side, err := sideOf(ctx, q, c.Seller, c.ID)
		if err != nil || side != "" {
			return side, err
		}
		return store.SideOld, claim(ctx, q, c)
	})
}

func claim(ctx context.Context, q *dbsqlc.Queries, c store.Claim) error {
	if err := q.SideInsert(ctx, dbrow.SideInsert(&c)); err != nil {
		return fmt.Errorf("postgres: claim: %w", err)
	}
	return nil
}

// NoteClaims implements store.Sides.
func (s *Store) NoteClaims(ctx context.Context, claims []store.Claim) error {
	if err := store.CheckText(claims); err != nil {
		return err
	}
	_, err := change(ctx, s, func(_ pgx.Tx, q *dbsqlc.Queries) (struct{}, error) {
		for _, c := range claims {
			if err := claim(ctx, q, c); err != nil {
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
	if at, err = s.query.SideOfInstance(ctx, dbsqlc.SideOfInstanceParams{Seller: seller, ID: instanceID}); err != nil {
		return nil, fmt.Errorf("postgres: read claim: %w", err)
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
	if err := s.enter(ctx, seller, instanceID); err != nil {
		return err
	}
	defer s.leave()
	err := s.query.SideEnd(ctx, dbsqlc.SideEndParams{EndedAt: dbrow.Micros(at), Seller: seller, ID: instanceID})
	if err != nil {
		return fmt.Errorf("postgres: end claim: %w", err)
	}
	return nil
}

// LeftBehind implements store.Sides.
func (s *Store) LeftBehind(ctx context.Context, seller, endpoint string, since time.Time) (store.LeftBehind, error) {
	if err := s.enter(ctx, seller, endpoint); err != nil {
		return store.LeftBehind{}, err
	}
	defer s.leave()
	row, err := s.query.SideCount(ctx, dbsqlc.SideCountParams{Seller: seller, Endpoint: endpoint, Since: dbrow.Micros(since)})
	if err != nil {
		return store.LeftBehind{}, fmt.Errorf("postgres: count claims: %w", err)
	}
	return store.LeftBehind{Instances: row.Instances, Orders: row.Orders}, nil
}

// Question implements store.Questions.
func (s *Store) Question(ctx context.Context, seller, instanceID string) (store.Question, error) {
	if err := s.enter(ctx, seller, instanceID); err != nil {
		return store.Question{}, err
	}
	defer s.leave()
	rows, err := s.query.QuestionGet(ctx, dbsqlc.QuestionGetParams{Seller: seller, InstanceID: instanceID})
	if err != nil {
		return store.Question{}, fmt.Errorf("postgres: read question: %w", err)
	}
	return dbrow.FirstQuestion(rows)
}

// Ask implements store.Questions. Everything is looked at under the locks of the endpoint and of the instance, so that two replicas ask once.
func (s *Store) Ask(ctx context.Context, q store.Question, t store.Task) (store.Question, error) {
	if err := errors.Join(store.CheckText(q), store.CheckText(t)); err != nil {
		return store.Question{}, err
	}
	stands, err := change(ctx, s, func(_ pgx.Tx, query *dbsqlc.Queries) (store.Question, error) { return ask(ctx, query, q, t) })
	if err == nil && stands.TaskID == t.ID {
		s.notifier.notify(s.hub.Publish(store.QueueTopic(t.Seller, t.Queue))...)
	}
	return stands, err
}

func ask(ctx context.Context, query *dbsqlc.Queries, q store.Question, task store.Task) (store.Question, error) {
	err := query.QuestionLock(ctx, dbsqlc.QuestionLockParams{Seller: q.Seller, Endpoint: q.Endpoint})
	if err == nil {
		err = query.QuestionInstanceLock(ctx, dbsqlc.QuestionInstanceLockParams{Seller: q.Seller, InstanceID: q.InstanceID})
	}
	stands := q
	if err == nil {
		stands, err = dbrow.Ask(ctx, query, q, task)
	}
	if err != nil && store.Refusal(err) == nil {
		err = fmt.Errorf("postgres: ask: %w", err)
	}
	return stands, err
}
