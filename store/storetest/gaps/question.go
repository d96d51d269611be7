// SPDX-License-Identifier: Apache-2.0

package gaps

import (
	"fmt"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
	"github.com/koogate/koogate/store/storetest/check"
)

var questionCases = []check.Case{
	check.WithStore("IsAskedOnceUntilItIsOver", questionOnce),
	check.WithStore("IsNotAskedAboutWhatIsKnown", questionKnown),
	check.WithStore("EndsWithItsTask", questionEnds),
	check.WithSQL("IsBounded", questionRoom),
	check.TwoStores("OneOfManyAtOnce", questionsAtOnce),
}

const asking = 2 * time.Hour

// question is a question about an instance, with the task that asks it.
func question(endpoint, id string, at time.Time) (store.Question, store.Task) {
	t := store.Task{
		ID: storetest.NewID(), Seller: storetest.Seller, Queue: storetest.Queue, Kind: store.TaskIdentify, State: store.TaskReady, InstanceID: id, DueAt: at,
		Deadline: at.Add(asking), RetryUntil: at.Add(asking), Payload: "{}", CreatedAt: at, UpdatedAt: at,
	}
	return store.Question{
		Seller: storetest.Seller, InstanceID: id, Endpoint: endpoint, TaskID: t.ID, State: store.QuestionOpen, AskedAt: at, Until: at.Add(asking),
	}, t
}

func mustAsk(t *testing.T, s store.Store, q store.Question, task store.Task, want store.Question) {
	t.Helper()
	stands, err := s.Ask(check.Context(t), q, task)
	check.Error(t, err, nil)
	check.Equal(t, "question", stands, want)
	got, err := s.Question(check.Context(t), q.Seller, q.InstanceID)
	check.Error(t, err, nil)
	check.Equal(t, "question as read", got, want)
}

func questionOnce(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	_, err := s.Question(ctx, storetest.Seller, "i")
	check.Error(t, err, store.ErrNotFound)
	first, asked := question("demo", "i", storetest.Epoch)
	mustAsk(t, s, first, asked, first)
	check.Equal(t, "task", check.MustTask(t, s, asked.ID), asked)
	again, task := question("demo", "i", storetest.Epoch.Add(asking-time.Microsecond))
	mustAsk(t, s, again, task, first)
	elsewhere, task := question("other", "i", storetest.Epoch)
	mustAsk(t, s, elsewhere, task, first)
	_, err = s.Task(ctx, task.ID)
	check.Error(t, err, store.ErrNotFound)
	foreign, task := question("demo", "i", storetest.Epoch)
	foreign.Seller, task.Seller = "other", "other"
	mustAsk(t, s, foreign, task, foreign)

	// Another question of the endpoint forgets what is over, and ends its task.
	leased := check.MustLease(t, s, check.Request(1))
	check.Equal(t, "leased", check.IDs(leased, check.TaskID), []string{asked.ID})
	late, task := question("demo", "j", storetest.Epoch.Add(asking))
	mustAsk(t, s, late, task, late)
	_, err = s.Question(ctx, storetest.Seller, "i")
	check.Error(t, err, store.ErrNotFound)
	check.Equal(t, "state", check.MustTask(t, s, asked.ID).State, store.TaskCancelled)
	check.Equal(t, "open", check.MustTask(t, s, task.ID).State, store.TaskReady)
	// So does the next about the same instance, at whatever endpoint.
	over, moved := question("other", "j", storetest.Epoch.Add(2*asking))
	mustAsk(t, s, over, moved, over)
	check.Equal(t, "state", check.MustTask(t, s, task.ID).State, store.TaskCancelled)
}

func questionKnown(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	check.MustApply(t, s, storetest.Admission("CS1", storetest.Epoch))
	q, task := question("demo", "inst-CS1", storetest.Epoch)
	_, err := s.Ask(ctx, q, task)
	check.Error(t, err, store.ErrInstanceExists)
	g := gap(storetest.Seller, "g")
	check.Error(t, s.OpenGap(ctx, g), nil)
	q, task = question("demo", "i", storetest.Epoch)
	_, err = s.Ask(ctx, q, task)
	check.Error(t, err, store.ErrConflict)
	_, err = s.Task(ctx, task.ID)
	check.Error(t, err, store.ErrNotFound)
	g.ClosedAt = storetest.Epoch
	check.Error(t, s.CloseGap(ctx, g), nil)
	mustAsk(t, s, q, task, q)
}

func questionEnds(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	q, task := question("demo", "i", storetest.Epoch)
	mustAsk(t, s, q, task, q)
	end := func(q store.Question, state store.QuestionState, until time.Time) *store.Change {
		q.State, q.Until = state, until
		return &store.Change{Questions: []store.Question{q}, PutTasks: []store.TaskPut{{Task: task, ExpectState: store.TaskReady}}}
	}
	other := q
	other.TaskID = storetest.NewID() // another question was asked in its place
	for _, state := range []store.QuestionState{store.QuestionUnknown, ""} {
		check.MustApply(t, s, end(other, state, storetest.Epoch))
		mustAsk(t, s, q, task, q)
	}
	until := storetest.Epoch.Add(24 * time.Hour)
	check.MustApply(t, s, end(q, store.QuestionUnknown, until))
	q.State, q.Until = store.QuestionUnknown, until
	again, later := question("demo", "i", until.Add(-time.Microsecond))
	mustAsk(t, s, again, later, q)
	check.MustApply(t, s, end(q, "", until))
	_, err := s.Question(ctx, storetest.Seller, "i")
	check.Error(t, err, store.ErrNotFound)
	// A change whose task is held by another ends no question.
	mustAsk(t, s, again, later, again)
	c := end(again, "", until)
	c.PutTasks[0].ExpectFence = 7
	check.Error(t, s.Apply(ctx, c), store.ErrFenced)
	mustAsk(t, s, again, later, again)
}

func questionRoom(t *testing.T, s store.Store, exec func(string) int) {
	ctx := check.Context(t)
	exec(fmt.Sprintf(`INSERT INTO questions (seller, instance_id, endpoint, task_id, state, asked_at, until_at)
		WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
		SELECT 'demo', CAST(i AS TEXT), 'demo', CAST(i AS TEXT), 'OPEN', 1, %d FROM n`, store.MaxQuestions, storetest.Epoch.Add(asking).UnixMicro()))
	last, task := question("demo", "the last", storetest.Epoch)
	mustAsk(t, s, last, task, last)
	more, task := question("demo", "one more", storetest.Epoch)
	_, err := s.Ask(ctx, more, task)
	check.Error(t, err, store.ErrExhausted)
	repeat, task := question("demo", "the last", storetest.Epoch)
	mustAsk(t, s, repeat, task, last)
	elsewhere, task := question("other", "one more", storetest.Epoch)
	mustAsk(t, s, elsewhere, task, elsewhere)
	// An answer makes room, and so does time.
	last.State = store.QuestionUnknown
	check.MustApply(t, s, &store.Change{Questions: []store.Question{last}})
	another, task := question("demo", "another", storetest.Epoch)
	mustAsk(t, s, another, task, another)
	late, task := question("demo", "late", storetest.Epoch.Add(asking))
	mustAsk(t, s, late, task, late)
}

func questionsAtOnce(t *testing.T, handles []store.Store) {
	for n := range 5 {
		id := fmt.Sprint("i", n)
		stands := make([]store.Question, 12)
		errs := check.Together(len(stands), func(i int) (err error) {
			q, task := question([]string{"demo", "other"}[i%2], id, storetest.Epoch)
			stands[i], err = handles[i%len(handles)].Ask(check.Context(t), q, task)
			return err
		})
		for i, err := range errs {
			check.Error(t, err, nil)
			check.Equal(t, "the one question", stands[i], stands[0])
		}
	}
	tasks, err := handles[0].ListTasks(check.Context(t), store.ListQuery{Seller: storetest.Seller, Limit: 100})
	check.Error(t, err, nil)
	check.Equal(t, "tasks", len(tasks), 5)
}
