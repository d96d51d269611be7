// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/koogate/koogate/store"
)

// writer owns the one connection that writes. Its goroutine takes whatever jobs have queued up, runs them in one
// transaction and answers them after the commit. It never waits for company: under load the queue fills while the disk
// syncs, and a lone change is not held back.
//
// The first attempt at a group uses no savepoints. A job that is refused before it wrote anything (the usual refusal: the
// order is there already, or its next event is) simply drops out. A job that fails later, or for a reason other than a
// sentinel, spoils the transaction; the group is rolled back and run again with a savepoint around every job.
type writer struct {
	db       *sql.DB
	tx       *tx
	jobs     chan *job
	maxGroup int
	done     chan struct{} // closed when the goroutine has ended
	live     []*job
}

// job is one caller's wish. It may run more than once; only the last run counts.
type job struct {
	run   func(*tx) error
	state atomic.Int32
	err   error
	done  chan struct{}
}

// The states of a job: whoever moves it out of jobQueued decides whether it runs.
const (
	jobQueued int32 = iota
	jobTaken
	jobWithdrawn
)

// queueLength bounds the jobs that wait for the writer; callers beyond it wait to queue.
const queueLength = 4096

func startWriter(ctx context.Context, db *sql.DB, maxGroup int) (*writer, error) {
	t, err := newTx(ctx, db)
	if err != nil {
		return nil, err
	}
	w := &writer{db: db, tx: t, jobs: make(chan *job, queueLength), maxGroup: maxGroup, done: make(chan struct{})}
	go w.loop()
	return w, nil
}

// stop ends the goroutine after the jobs that are queued; nobody may call do any more.
func (w *writer) stop() error {
	close(w.jobs)
	<-w.done
	return errors.Join(w.tx.close(), w.db.Close())
}

// do runs f in the writer's transaction and returns after the commit. When ctx ends before the job was taken it does not
// run at all; after that do waits for the outcome, which takes no longer than one commit.
func (w *writer) do(ctx context.Context, f func(*tx) error) error {
	j := &job{run: f, done: make(chan struct{})}
	select {
	case w.jobs <- j:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-j.done:
	case <-ctx.Done():
		if j.state.CompareAndSwap(jobQueued, jobWithdrawn) {
			return ctx.Err()
		}
		<-j.done
	}
	return explain(j.err)
}

func (w *writer) loop() {
	defer close(w.done)
	for j := range w.jobs {
		w.live = w.live[:0]
		w.take(j)
	gather:
		for len(w.live) < w.maxGroup {
			select {
			case j, ok := <-w.jobs:
				if !ok {
					break gather
				}
				w.take(j)
			default:
				break gather
			}
		}
		if len(w.live) == 0 {
			continue
		}
		if err := w.commit(w.live); err != nil {
			for _, j := range w.live {
				j.err = err
			}
		}
		for i, j := range w.live {
			close(j.done)
			w.live[i] = nil
		}
	}
}

func (w *writer) take(j *job) {
	if j.state.CompareAndSwap(jobQueued, jobTaken) {
		w.live = append(w.live, j)
	}
}

// commit runs the group and leaves each job's own error in it; an error of its own means that nothing was committed.
func (w *writer) commit(group []*job) error {
	spoiled, err := w.attempt(group)
	if err != nil || !spoiled {
		return err
	}
	if len(group) == 1 {
		return nil // rolled back, and its error is in it
	}
	return w.attemptEach(group)
}

// attempt runs the group without savepoints. With spoiled set it was rolled back because of a job's own failure.
func (w *writer) attempt(group []*job) (spoiled bool, err error) {
	if err := w.tx.control(beginTx); err != nil {
		return false, fmt.Errorf("sqlite: begin: %w", err)
	}
	for _, j := range group {
		before := w.tx.writes
		// After any failure but a refusal SQLite may have ended the transaction by itself (a full disk, an I/O error), and the jobs
		// that follow would commit one statement at a time.
		if j.err = j.run(w.tx); j.err != nil && (w.tx.writes != before || store.Refusal(j.err) == nil) {
			return true, w.rollback()
		}
	}
	return false, w.finish()
}

// attemptEach runs the group with a savepoint around every job.
func (w *writer) attemptEach(group []*job) error {
	if err := w.tx.control(beginTx); err != nil {
		return fmt.Errorf("sqlite: begin: %w", err)
	}
	for _, j := range group {
		if err := w.tx.control(setSavepoint); err != nil {
			return errors.Join(fmt.Errorf("sqlite: savepoint: %w", err), w.rollback())
		}
		if j.err = j.run(w.tx); j.err != nil {
			if err := w.tx.control(backToSavepoint); err != nil {
				return errors.Join(fmt.Errorf("sqlite: roll back to savepoint: %w", err), w.rollback())
			}
		}
		if err := w.tx.control(dropSavepoint); err != nil {
			return errors.Join(fmt.Errorf("sqlite: release savepoint: %w", err), w.rollback())
		}
	}
	return w.finish()
}

func (w *writer) finish() error {
	if err := w.tx.control(commitTx); err != nil {
		return errors.Join(fmt.Errorf("sqlite: commit: %w", err), w.rollback())
	}
	return nil
}

// rollback ends the transaction. SQLite may have ended it by itself, so that there is none left.
func (w *writer) rollback() error {
	if err := w.tx.control(rollbackTx); err != nil && !isNoTransaction(err) {
		return fmt.Errorf("sqlite: rollback: %w", err)
	}
	return nil
}
