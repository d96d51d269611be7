// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/dbrow"
	"github.com/koogate/koogate/store/sqlite/dbsqlc"
)

// OpenGap implements store.Gaps.
func (s *Store) OpenGap(ctx context.Context, g store.Gap) error {
	if err := store.CheckText(g); err != nil {
		return err
	}
	_, err := audited(ctx, s, func(t *tx) (int64, told, error) {
		n, err := t.fast.GapOpen(context.Background(), dbrow.GapOpen(&g))
		return n, g.Altered, hit(n, err, store.ErrConflict, "open gap")
	})
	return err
}

// CloseGap implements store.Gaps.
func (s *Store) CloseGap(ctx context.Context, g store.Gap) error {
	if err := store.CheckText(g); err != nil {
		return err
	}
	_, err := audited(ctx, s, func(t *tx) (int64, told, error) {
		n, err := t.fast.GapClose(context.Background(), dbrow.GapClose(&g))
		return n, g.Altered, hit(n, err, store.ErrNotFound, "close gap")
	})
	return err
}

// OpenedGap implements store.Gaps.
func (s *Store) OpenedGap(ctx context.Context, seller string) (store.Gap, error) {
	if err := s.enter(ctx, seller); err != nil {
		return store.Gap{}, err
	}
	defer s.leave()
	row, err := s.read.GapGet(ctx, seller)
	if err != nil {
		return store.Gap{}, notFound(err, "read gap")
	}
	return dbrow.ToGap(row), nil
}

// CountGapCall implements store.Gaps.
func (s *Store) CountGapCall(ctx context.Context, c store.GapCall) (noted bool, err error) {
	if err := store.CheckText(c); err != nil {
		return false, err
	}
	return change(ctx, s, func(t *tx) (bool, error) {
		n, err := t.fast.GapCallCount(context.Background(), dbrow.GapCallCount(&c))
		if err == nil && n == 0 {
			n, err = t.fast.GapCallInsert(context.Background(), dbrow.GapCallInsert(&c))
		}
		if err != nil {
			return false, fmt.Errorf("sqlite: count gap call: %w", err)
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
	rows, err := s.read.GapCalls(ctx, dbsqlc.GapCallsParams{Seller: seller, GapID: gapID})
	if err != nil {
		return nil, fmt.Errorf("sqlite: read gap calls: %w", err)
	}
	return dbrow.ToGapCalls(seller, gapID, rows), nil
}

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

// Question implements store.Questions.
func (s *Store) Question(ctx context.Context, seller, instanceID string) (store.Question, error) {
	if err := s.enter(ctx, seller, instanceID); err != nil {
		return store.Question{}, err
	}
	defer s.leave()
	rows, err := s.read.QuestionGet(ctx, dbsqlc.QuestionGetParams{Seller: seller, InstanceID: instanceID})
	if err != nil {
		return store.Question{}, fmt.Errorf("sqlite: read question: %w", err)
	}
	return dbrow.FirstQuestion(rows)
}

// Ask implements store.Questions. The writer does one thing after the other, so nothing comes between the look and the question.
func (s *Store) Ask(ctx context.Context, q store.Question, task store.Task) (store.Question, error) {
	if err := errors.Join(store.CheckText(q), store.CheckText(task)); err != nil {
		return store.Question{}, err
	}
	stands, err := change(ctx, s, func(t *tx) (store.Question, error) { return t.ask(q, task) })
	if err == nil && stands.TaskID == task.ID {
		s.Publish(store.QueueTopic(task.Seller, task.Queue))
	}
	return stands, err
}

func (t *tx) ask(q store.Question, task store.Task) (store.Question, error) {
	stands, err := dbrow.Ask(context.Background(), questionTx{t.fast, t.query}, q, task)
	if err != nil && store.Refusal(err) == nil {
		err = fmt.Errorf("sqlite: ask: %w", err)
	}
	return stands, err
}

// endQuestion keeps the end of a question, or forgets it.
func (t *tx) endQuestion(ctx context.Context, q *store.Question) error {
	end := func() error { return t.fast.QuestionEnd(ctx, dbrow.QuestionEnd(q)) }
	if q.State == "" {
		end = func() error { return t.fast.QuestionForget(ctx, dbrow.QuestionForget(q)) }
	}
	if err := end(); err != nil {
		return fmt.Errorf("sqlite: end question: %w", err)
	}
	return nil
}

// questionTx is a transaction about a question.
type questionTx struct {
	*dbsqlc.Queries // for statements that return no rows
	reads           *dbsqlc.Queries
}

// QuestionKnown implements dbrow.QuestionTx.
func (x questionTx) QuestionKnown(ctx context.Context, p dbsqlc.QuestionKnownParams) ([]string, error) {
	return x.reads.QuestionKnown(ctx, p)
}

// QuestionsOpen implements dbrow.QuestionTx.
func (x questionTx) QuestionsOpen(ctx context.Context, p dbsqlc.QuestionsOpenParams) (int64, error) {
	return x.reads.QuestionsOpen(ctx, p)
}

// QuestionGet implements dbrow.QuestionTx.
func (x questionTx) QuestionGet(ctx context.Context, p dbsqlc.QuestionGetParams) ([]dbsqlc.Question, error) {
	return x.reads.QuestionGet(ctx, p)
}

// QuestionsOver implements dbrow.QuestionTx.
func (x questionTx) QuestionsOver(ctx context.Context, p dbsqlc.QuestionsOverParams) ([]dbsqlc.Question, error) {
	return x.reads.QuestionsOver(ctx, p)
}
