// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/dbrow"
	"github.com/koogate/koogate/store/sqlite/dbsqlc"
)

// Question implements store.Questions.
func (s *Store) Question(ctx context.Context, seller, instanceID string) (store.Question, error) {
	if err := s.enter(ctx, seller, instanceID); err != nil {
		return store.Question{}, err
	}
	defer s.leave()
	row, err := s.read.QuestionGet(ctx, dbsqlc.QuestionGetParams{Seller: seller, InstanceID: instanceID})
	if err != nil {
		return store.Question{}, notFound(err, "read question")
	}
	return dbrow.ToQuestion(row), nil
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
	stands, err := dbrow.Ask(context.Background(), questionTx{t}, q, task)
	if err != nil && store.Refusal(err) == nil {
		err = fmt.Errorf("sqlite: ask: %w", err)
	}
	return stands, err
}

// endQuestion keeps the end of a question, or forgets it.
func (t *tx) endQuestion(ctx context.Context, q *store.Question) error {
	err := error(nil)
	if q.State == "" {
		err = t.fast.QuestionForget(ctx, dbrow.QuestionForget(q))
	} else {
		err = t.fast.QuestionEnd(ctx, dbrow.QuestionEnd(q))
	}
	if err != nil {
		return fmt.Errorf("sqlite: end question: %w", err)
	}
	return nil
}

// questionTx is a transaction about a question.
type questionTx struct{ t *tx }

func (x questionTx) Known(ctx context.Context, seller, instanceID string) ([]string, error) {
	return x.t.query.QuestionKnown(ctx, dbsqlc.QuestionKnownParams{Seller: seller, InstanceID: instanceID})
}

func (x questionTx) Open(ctx context.Context, seller, endpoint string, now int64) (int64, error) {
	return x.t.query.QuestionsOpen(ctx, dbsqlc.QuestionsOpenParams{Seller: seller, Endpoint: endpoint, Now: now})
}

func (x questionTx) There(ctx context.Context, seller, instanceID string) ([]dbrow.Question, error) {
	row, err := x.t.query.QuestionGet(ctx, dbsqlc.QuestionGetParams{Seller: seller, InstanceID: instanceID})
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return []dbrow.Question{dbrow.Question(row)}, nil
}

func (x questionTx) Over(ctx context.Context, seller, endpoint string, now, most int64) ([]dbrow.Question, error) {
	rows, err := x.t.query.QuestionsOver(ctx, dbsqlc.QuestionsOverParams{Seller: seller, Endpoint: endpoint, Now: now, Max: most})
	return dbrow.Each(rows, func(r dbsqlc.Question) dbrow.Question { return dbrow.Question(r) }), err
}

func (x questionTx) QuestionTaskEnd(ctx context.Context, p dbrow.QuestionTaskEndParams) error {
	return x.t.fast.QuestionTaskEnd(ctx, dbsqlc.QuestionTaskEndParams(p))
}

func (x questionTx) QuestionForget(ctx context.Context, p dbrow.QuestionForgetParams) error {
	return x.t.fast.QuestionForget(ctx, dbsqlc.QuestionForgetParams(p))
}

func (x questionTx) QuestionPut(ctx context.Context, p dbrow.QuestionPutParams) error {
	return x.t.fast.QuestionPut(ctx, dbsqlc.QuestionPutParams(p))
}

func (x questionTx) TaskInsert(ctx context.Context, t dbrow.Task) error {
	return x.t.fast.TaskInsert(ctx, dbsqlc.TaskInsertParams(t))
}
