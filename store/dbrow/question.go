// SPDX-License-Identifier: Apache-2.0

package dbrow

import (
	"context"
	"slices"

	"github.com/koogate/koogate/store"
)

// QuestionPut makes the row of a question that is asked.
func QuestionPut(q *store.Question) QuestionPutParams {
	return QuestionPutParams{
		Seller: q.Seller, InstanceID: q.InstanceID, Endpoint: q.Endpoint, TaskID: q.TaskID, State: string(q.State), AskedAt: Micros(q.AskedAt), UntilAt: Micros(q.Until),
	}
}

// QuestionEnd makes what keeps the end of a question.
func QuestionEnd(q *store.Question) QuestionEndParams {
	return QuestionEndParams{State: string(q.State), UntilAt: Micros(q.Until), Seller: q.Seller, InstanceID: q.InstanceID, TaskID: q.TaskID}
}

// QuestionForget makes what takes a question away.
func QuestionForget(q *store.Question) QuestionForgetParams {
	return QuestionForgetParams{Seller: q.Seller, InstanceID: q.InstanceID, TaskID: q.TaskID}
}

// FirstQuestion makes a question of what was read of an instance. Errors: store.ErrNotFound.
func FirstQuestion(rows []Question) (store.Question, error) {
	if len(rows) == 0 {
		return store.Question{}, store.ErrNotFound
	}
	return ToQuestion(rows[0]), nil
}

// ToQuestion makes a question of its row.
func ToQuestion(r Question) store.Question {
	return store.Question{
		Seller: r.Seller, InstanceID: r.InstanceID, Endpoint: r.Endpoint, TaskID: r.TaskID, State: store.QuestionState(r.State), AskedAt: Time(r.AskedAt),
		Until: Time(r.UntilAt),
	}
}

// QuestionTx is what a transaction about a question does, in either engine.
type QuestionTx interface {
	QuestionKnown(ctx context.Context, p QuestionKnownParams) ([]string, error)
	QuestionsOpen(ctx context.Context, p QuestionsOpenParams) (int64, error)
	QuestionGet(ctx context.Context, p QuestionGetParams) ([]Question, error)
	QuestionsOver(ctx context.Context, p QuestionsOverParams) ([]Question, error)

	QuestionTaskEnd(ctx context.Context, p QuestionTaskEndParams) error
	QuestionForget(ctx context.Context, p QuestionForgetParams) error
	QuestionPut(ctx context.Context, p QuestionPutParams) error
	TaskInsert(ctx context.Context, p TaskInsertParams) error
}

// Ask implements store.Questions within a transaction that keeps others from the questions of the endpoint and of the instance.
func Ask(ctx context.Context, tx QuestionTx, q store.Question, task store.Task) (store.Question, error) {
	now := Micros(q.AskedAt)
	switch why, err := tx.QuestionKnown(ctx, QuestionKnownParams{Seller: q.Seller, InstanceID: q.InstanceID}); {
	case err != nil:
		return q, err
	case slices.Contains(why, "INSTANCE"):
		return q, store.ErrInstanceExists
	case len(why) > 0:
		return q, store.ErrConflict
	}
	over, err := tx.QuestionGet(ctx, QuestionGetParams{Seller: q.Seller, InstanceID: q.InstanceID})
	if err != nil {
		return q, err
	}
	if len(over) > 0 {
		if stands := ToQuestion(over[0]); !stands.Over(q.AskedAt) {
			return stands, nil
		}
	}
	open, err := tx.QuestionsOpen(ctx, QuestionsOpenParams{Seller: q.Seller, Endpoint: q.Endpoint, Now: now})
	switch {
	case err != nil:
		return q, err
	case open >= store.MaxQuestions:
		return q, store.ErrExhausted
	}
	others, err := tx.QuestionsOver(ctx, QuestionsOverParams{Seller: q.Seller, Endpoint: q.Endpoint, Now: now, Max: store.MaxQuestionsOver})
	if err != nil {
		return q, err
	}
	for _, o := range append(over, others...) {
		if err := tx.QuestionTaskEnd(ctx, QuestionTaskEndParams{Now: now, ID: o.TaskID}); err != nil {
			return q, err
		}
		if err := tx.QuestionForget(ctx, QuestionForgetParams{Seller: o.Seller, InstanceID: o.InstanceID, TaskID: o.TaskID}); err != nil {
			return q, err
		}
	}
	if err := tx.TaskInsert(ctx, TaskInsertParams(FromTask(&task))); err != nil {
		return q, err
	}
	return q, tx.QuestionPut(ctx, QuestionPut(&q))
}
