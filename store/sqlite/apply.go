// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/dbrow"
	"github.com/koogate/koogate/store/sqlite/dbsqlc"
)

// Apply implements store.Changes.
func (s *Store) Apply(ctx context.Context, c *store.Change) error {
	return s.ApplyAll(ctx, []*store.Change{c})
}

// ApplyAll implements store.Changes.
func (s *Store) ApplyAll(ctx context.Context, changes []*store.Change) error {
	if err := store.CheckAll(changes); err != nil || len(changes) == 0 {
		return err
	}
	if err := s.enter(ctx, changes); err != nil {
		return err
	}
	defer s.leave()
	row, audits := store.Audits(ctx)
	err := s.writer.do(ctx, func(t *tx) error {
		for _, c := range changes {
			if err := t.apply(c, s.now()); err != nil {
				return err
			}
		}
		if !audits {
			return nil
		}
		return t.audit(row(store.AlteredBy(changes)), s.now())
	})
	if err != nil {
		return err
	}
	s.Publish(store.TopicsOf(changes)...)
	return nil
}

// apply writes a change. What most often fails comes first, when there is nothing to roll back yet: the directory, the new
// order, then the events; this is also the order in which the sentinels win when several apply.
func (t *tx) apply(c *store.Change, now time.Time) error {
	ctx := context.Background()
	if err := t.applyDirectory(ctx, c.Directory); err != nil {
		return err
	}
	for k := range c.Takes {
		if err := t.fast.SideTake(ctx, dbrow.SideTake(&c.Takes[k])); err != nil {
			return fmt.Errorf("sqlite: take from the old side: %w", err)
		}
	}
	if c.NewOrder != nil {
		if err := t.fast.OrderInsert(ctx, dbsqlc.OrderInsertParams(dbrow.FromOrder(c.NewOrder))); err != nil {
			if resultCode(err) == sqlite3.SQLITE_CONSTRAINT_TRIGGER {
				return store.ErrOtherSide
			}
			return onUnique(err, store.ErrOrderExists, "insert order")
		}
	}
	for i := range c.Events {
		if err := t.fast.EventInsert(ctx, dbsqlc.EventInsertParams(dbrow.FromEvent(&c.Events[i]))); err != nil {
			return onUnique(err, store.ErrStale, "insert event")
		}
	}
	if c.PutOrder != nil {
		n, err := t.fast.OrderUpdate(ctx, dbrow.OrderUpdate(dbrow.FromOrder(c.PutOrder)))
		if err := hit(n, err, store.ErrNotFound, "update order"); err != nil {
			return err
		}
	}
	if err := t.applyLines(ctx, c); err != nil {
		return err
	}
	if err := t.applyInstances(ctx, c); err != nil {
		return err
	}
	if err := t.applyTasks(ctx, c); err != nil {
		return err
	}
	for k := range c.Questions {
		if err := t.endQuestion(ctx, &c.Questions[k]); err != nil {
			return err
		}
	}
	return t.markLogins(ctx, c, dbrow.Micros(now))
}

func (t *tx) applyLines(ctx context.Context, c *store.Change) error {
	for i := range c.NewLines {
		if err := t.fast.LineInsert(ctx, dbsqlc.LineInsertParams(dbrow.FromLine(&c.NewLines[i]))); err != nil {
			return onUnique(err, store.ErrLineExists, "insert line")
		}
	}
	for i := range c.PutLines {
		n, err := t.fast.LineUpdate(ctx, dbrow.LineUpdate(dbrow.FromLine(&c.PutLines[i])))
		if err := hit(n, err, store.ErrNotFound, "update line"); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) applyInstances(ctx context.Context, c *store.Change) error {
	for i := range c.NewInstances {
		if err := t.fast.InstanceInsert(ctx, dbsqlc.InstanceInsertParams(dbrow.FromInstance(&c.NewInstances[i]))); err != nil {
			return onUnique(err, store.ErrInstanceExists, "insert instance")
		}
	}
	for i := range c.PutInstances {
		n, err := t.fast.InstanceUpdate(ctx, dbrow.InstanceUpdate(dbrow.FromInstance(&c.PutInstances[i])))
		if err := hit(n, err, store.ErrNotFound, "update instance"); err != nil {
			return err
		}
	}
	return nil
}

// applyTasks writes the tasks. A seq that is taken means that the instance's task list grew after it was read.
func (t *tx) applyTasks(ctx context.Context, c *store.Change) error {
	for i := range c.PutTasks {
		n, err := t.fast.TaskUpdate(ctx, dbrow.TaskUpdate(&c.PutTasks[i]))
		if err := hit(n, err, store.ErrFenced, "update task"); err != nil {
			return err
		}
	}
	for i := range c.NewTasks {
		if err := t.fast.TaskInsert(ctx, dbsqlc.TaskInsertParams(dbrow.FromTask(&c.NewTasks[i]))); err != nil {
			if resultCode(err) == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY {
				return fmt.Errorf("sqlite: insert task: the ID is taken: %w", err)
			}
			return onUnique(err, store.ErrStale, "insert task")
		}
	}
	return nil
}

// onUnique turns a violated unique constraint into a sentinel.
func onUnique(err, sentinel error, doing string) error {
	switch resultCode(err) {
	case sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_UNIQUE:
		return sentinel
	}
	return fmt.Errorf("sqlite: %s: %w", doing, err)
}

// explain marks an error of the data (SQLite keeps to the constraints and sizes that are declared) and of a file system that takes
// no writes.
func explain(err error) error {
	switch resultCode(err) & 0xff {
	case sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_RANGE:
		return fmt.Errorf("%w: %w", store.ErrBadData, err)
	case sqlite3.SQLITE_READONLY:
		return fmt.Errorf("%w: %w", store.ErrReadOnly, err)
	}
	return err
}

// hit turns an update that found no row into a sentinel, and a violated unique constraint (a task moved to a taken seq)
// into store.ErrStale.
func hit(n int64, err, sentinel error, doing string) error {
	if err != nil {
		return onUnique(err, store.ErrStale, doing)
	}
	if n == 0 {
		return sentinel
	}
	return nil
}

// resultCode returns SQLite's extended result code, 0 when the error is not SQLite's.
func resultCode(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}
