// SPDX-License-Identifier: Apache-2.0

package work

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/store"
)

// Job asks for something to be done.
type Job struct {
	Kind       store.TaskKind
	Seller     string // empty for a job that belongs to nobody
	OrderID    string // empty for a job that belongs to no order
	InstanceID string // an instance of the order
	// Key makes jobs of one kind and seller with the same key one job. Empty for a job of its own.
	Key     string
	At      time.Time // not before then; zero for now
	Payload string    // JSON for the handler; no secrets
}

// New returns the row of a new job, for a domain that commits it together with what caused it. It panics on a kind that nobody has
// registered, and on an owner that there cannot be: these are faults of the program.
func (s *Service) New(ctx context.Context, j Job) store.Task {
	k, known := s.Kind(j.Kind)
	homeless := j.Seller == "" && j.OrderID != "" || j.OrderID == "" && j.InstanceID != ""
	if !known || k.Workers || k.Nobody != (j.Seller == "") || homeless {
		panic(fmt.Errorf("work: no job of kind %q can belong to seller %q, order %q, instance %q", j.Kind, j.Seller, j.OrderID, j.InstanceID))
	}
	now := s.now()
	t := store.Task{
		ID: s.id(k, j), Seller: j.Seller, Queue: k.Queue, Kind: k.Name, State: store.TaskReady, OrderID: j.OrderID, InstanceID: j.InstanceID,
		DueAt: now, Deadline: k.deadline(now), RetryUntil: k.Retry.Until(now), Payload: j.Payload, Traceparent: telemetry.Traceparent(ctx), CreatedAt: now, UpdatedAt: now,
	}
	if !j.At.IsZero() {
		t.DueAt = j.At
	}
	if k.Trace == TraceRun {
		t.Traceparent = runTrace(t.ID, now)
	}
	return t
}

// Add makes a job. A job whose key another has already leaves that as it is. Errors: STORE_UNAVAILABLE.
func (s *Service) Add(ctx context.Context, j Job) (store.Task, error) {
	t := s.New(ctx, j)
	err := s.Store.Apply(ctx, &store.Change{NewTasks: []store.Task{t}})
	if err == nil {
		return t, nil
	}
	if there, lookErr := s.Store.Task(ctx, t.ID); lookErr == nil {
		return there, nil
	}
	return store.Task{}, s.fault(ctx, err, t.ID)
}

func (s *Service) id(k Kind, j Job) string {
	if j.Key == "" {
		return s.NewID()
	}
	return hashed(k.Queue, j.Seller, j.Key)
}

// StandingID is the ID of the standing job of a queue: a seller has one, whoever makes it.
func StandingID(queue, seller string) string { return hashed(queue, seller) }

// hashed derives a job's ID from what is unique about it, in the form of a UUID of version 8.
func hashed(queue string, parts ...string) string {
	name := "koogate/" + strings.TrimPrefix(queue, Prefix) + "/1"
	sum := sha256.Sum256([]byte(strings.Join(append([]string{name}, parts...), "\x1f")))
	id := sum[:16]
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80
	text := hex.EncodeToString(id)
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}

// Arm makes sure that the standing job of a seller, or of nobody, exists and will run. Errors: STORE_UNAVAILABLE.
func (s *Service) Arm(ctx context.Context, kind store.TaskKind, seller string) error {
	k, _ := s.Kind(kind)
	id := StandingID(k.Queue, seller)
	for range 2 {
		now := s.now()
		t, err := s.Store.Task(ctx, id)
		var c store.Change
		switch {
		case errors.Is(err, store.ErrNotFound):
			c.NewTasks = []store.Task{s.armed(k, store.Task{ID: id, Seller: seller, Queue: k.Queue, Kind: k.Name, CreatedAt: now}, now)}
		case err != nil:
			return s.fault(ctx, err, id)
		case t.State == store.TaskReady || t.State == store.TaskLeased:
			return nil
		default: // an operator has ended it; the work is due all the same
			c.PutTasks = []store.TaskPut{{Task: s.armed(k, t, now), ExpectState: t.State, ExpectFence: t.Fence}}
		}
		if err = s.Store.Apply(ctx, &c); err == nil {
			return nil
		}
		if _, there := s.Store.Task(ctx, id); there != nil {
			return s.fault(ctx, err, id)
		}
		// Another process was faster: look what it made.
	}
	return nil
}

// armed is a standing job as it waits for its next turn.
func (s *Service) armed(k Kind, t store.Task, at time.Time) store.Task {
	now := s.now()
	t.State, t.DueAt, t.Attempt, t.Worker, t.Reason, t.UpdatedAt = store.TaskReady, at, 0, "", "", now
	if k.Trace == TraceRun {
		t.Traceparent = runTrace(t.ID, now)
	}
	return t
}

// runTrace is the trace of one run of a job, which belongs to no order.
func runTrace(id string, now time.Time) string {
	sum := sha256.Sum256([]byte(id + "\x1f" + now.Format(time.RFC3339Nano)))
	text := hex.EncodeToString(sum[:24])
	return "00-" + text[:32] + "-" + text[32:] + "-01"
}
