// SPDX-License-Identifier: Apache-2.0

package usage

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/store"
)

// lookAnyway is how long the task rests when nothing is known to be due: new records wait for it at most that long.
const lookAnyway = 60 * time.Second

// armPause is the pause after a failed attempt to arm, armLimit the time that an attempt has.
const (
	armPause = 5 * time.Second
	armLimit = 15 * time.Second
)

// TaskID is the ID of a seller's standing task: there is one, whoever makes it.
func TaskID(seller string) string {
	sum := sha256.Sum256([]byte("koogate/usage-push/1\x1f" + seller))
	id := sum[:16]
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80
	text := hex.EncodeToString(id)
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}

// Arm makes sure that the seller's standing task exists and will run. Errors are the store's.
func (s *Service) Arm(ctx context.Context, seller string) error {
	for range 2 {
		now := s.now()
		t, err := s.Store.Task(ctx, TaskID(seller))
		var c store.Change
		switch {
		case errors.Is(err, store.ErrNotFound):
			c.NewTasks = []store.Task{s.armed(store.Task{
				ID: TaskID(seller), Seller: seller, Queue: fulfil.QueueUsagePush, Kind: store.TaskUsagePush, CreatedAt: now,
			}, now, now)}
		case err != nil:
			return err
		case t.State == store.TaskReady || t.State == store.TaskLeased:
			return nil
		default: // an operator has ended it; the work is due all the same
			c.PutTasks = []store.TaskPut{{Task: s.armed(t, now, now), ExpectState: t.State, ExpectFence: t.Fence}}
		}
		if err = s.Store.Apply(ctx, &c); err == nil {
			return nil
		}
		if _, there := s.Store.Task(ctx, TaskID(seller)); there != nil {
			return err
		}
		// Another process was faster: look what it made.
	}
	return nil
}

// KeepArmed arms, again and again until that has worked or ctx ends.
func (s *Service) KeepArmed(ctx context.Context, seller string) {
	for {
		err := s.armSoon(ctx, seller)
		if err == nil || ctx.Err() != nil {
			return
		}
		s.Log.WarnContext(ctx, "usage push not armed; trying again", "seller", seller, "error", err)
		if clock.Sleep(ctx, s.Clock, armPause) != nil {
			return
		}
	}
}

// armSoon arms within the time that a store has for it.
func (s *Service) armSoon(ctx context.Context, seller string) error {
	ctx, cancel := context.WithTimeout(ctx, armLimit)
	defer cancel()
	return s.Arm(ctx, seller)
}

// armed is the task as it waits for its next run. Each run has a trace of its own, which does not belong to any order.
func (s *Service) armed(t store.Task, now, at time.Time) store.Task {
	sum := sha256.Sum256([]byte(t.ID + "\x1f" + now.Format(time.RFC3339Nano)))
	text := hex.EncodeToString(sum[:24])
	t.State, t.DueAt, t.Attempt, t.Worker, t.Reason = store.TaskReady, at, 0, "", ""
	t.Traceparent = "00-" + text[:32] + "-" + text[32:] + "-01"
	t.UpdatedAt = now
	return t
}

// RunPush does one leased round and puts the task back for the next. When that cannot be written the lease ends and the
// next holder goes on; two that run at once send identical records, which the marketplace takes once.
func (s *Service) RunPush(ctx context.Context, t store.Task) {
	ctx = telemetry.FromTraceparent(ctx, t.Traceparent)
	round, err := s.Push(ctx, t.Seller)
	if err != nil {
		s.Log.WarnContext(ctx, "usage push round cut short", "seller", t.Seller, "error", err)
	}
	defer s.alarm(ctx, t.Seller, round) // not before the task is back: of a long backlog it takes a while
	write, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	defer cancel()
	now := s.now()
	c := store.Change{PutTasks: []store.TaskPut{{
		Task: s.armed(t, now, s.next(write, t.Seller, round, err)), ExpectState: store.TaskLeased, ExpectFence: t.Fence,
	}}}
	if err := s.Store.Apply(write, &c); err != nil {
		s.Log.WarnContext(ctx, "usage push not put back; it runs again when its lease ends", "seller", t.Seller, "error", err)
	}
}

// next is when the next round begins, computed from what waits and not from when this one ran.
func (s *Service) next(ctx context.Context, seller string, r Round, failed error) time.Time {
	now := s.now()
	at := now.Add(lookAnyway)
	switch due, ok, err := s.Ledger.NextUsage(ctx, seller); {
	case failed != nil || err != nil:
		at = now.Add(firstPause)
	case r.More:
		at = now
	case ok && due.Before(at):
		at = due
	}
	if pause := now.Add(r.Pause); pause.After(at) {
		at = pause
	}
	if at.Before(now) {
		return now
	}
	return at
}
