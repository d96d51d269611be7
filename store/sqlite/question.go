// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
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
