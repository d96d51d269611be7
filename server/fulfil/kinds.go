// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"context"
	"time"

	"github.com/koogate/koogate/server/work"
	"github.com/koogate/koogate/store"
)

// The queues of the core's own work.
const (
	QueueOrderQuery    = "koogate-order-query"
	QueueLicenceUpload = "koogate-licence-upload"
)

// kinds are the kinds of the core's jobs: those that provisioners do, and its own. All belong to orders, and how they end is written
// together with the order.
func (s *Service) kinds() []work.Kind {
	retry := work.Retry{Base: s.cfg.BackoffBase, Max: s.cfg.BackoffMax, Window: s.cfg.TaskWindow}
	var kinds []work.Kind
	for _, name := range []store.TaskKind{
		store.TaskCreate, store.TaskRefresh, store.TaskUpgrade, store.TaskFreeze, store.TaskUnfreeze, store.TaskRelease, store.TaskCheckChange,
		store.TaskIssueLicence,
	} {
		kinds = append(kinds, work.Kind{Name: name, Workers: true, Retry: retry, Lapse: s.lapse, Awaited: awaited})
	}
	asking := retry
	asking.Window = askWindow
	kinds = append(kinds, work.Kind{Name: store.TaskIdentify, Workers: true, Retry: asking, Within: askWindow, Awaited: awaited})
	retry.Window = s.cfg.QueryWindow
	return append(
		kinds,
		work.Kind{Name: store.TaskOrderQuery, Queue: QueueOrderQuery, Do: s.RunOrderQuery, Retry: retry, Lapse: s.lapse, Awaited: awaited},
		work.Kind{Name: store.TaskLicenceUpload, Queue: QueueLicenceUpload, Do: s.RunLicenceUpload, Retry: retry, Lapse: s.lapse, Awaited: awaited},
	)
}

// own reports whether Koogate itself does tasks of a kind, and no provisioner.
func (s *Service) own(kind store.TaskKind) bool { return !s.Work.ForWorkers(kind) }

// window is how long a task of that kind is tried again after failures. An endpoint may have a window of its own for what Koogate
// asks the marketplace.
func (s *Service) window(kind store.TaskKind, endpoint string) time.Duration {
	if ep := s.endpoint(endpoint); ep != nil && ep.QueryWindow > 0 && s.own(kind) {
		return ep.QueryWindow
	}
	k, _ := s.Work.Kind(kind)
	return k.Retry.Window
}

// awaited is until when the marketplace waits for a task.
func awaited(payload string) time.Time { return PayloadOf(store.Task{Payload: payload}).Until.At }

// lapse cancels a task whose deadline has passed.
func (s *Service) lapse(ctx context.Context, t store.Task, reason string) error {
	return s.decide(ctx, t.Seller, t.OrderID, func(d *draft) error {
		open := d.task(t.ID)
		if open == nil || open.Fence != t.Fence {
			return nil
		}
		d.cancel(open, reason)
		return nil
	})
}

// cancel ends a task that has become superfluous.
func (d *draft) cancel(t *store.Task, reason string) {
	d.putTask(t, func(t *store.Task) { t.State, t.Reason = store.TaskCancelled, reason })
	d.event(EventTaskCancelled, t.InstanceID, fields{"task": t.ID, "kind": string(t.Kind), "reason": reason})
}

// finish takes a leased task back: change drafts its new state, which is not LEASED, and all that follows from it.
func (s *Service) finish(ctx context.Context, t store.Task, fence int64, verb string, want store.TaskState,
	change func(d *draft, t *store.Task) error,
) (store.Task, error) {
	return s.Work.Finish(ctx, t, work.Finish{Fence: fence, Verb: verb, Want: want, Write: func(ctx context.Context) (done store.Task, why string, err error) {
		err = s.decide(ctx, t.Seller, t.OrderID, func(d *draft) error {
			open := d.task(t.ID)
			if open == nil {
				open = &store.Task{ID: t.ID} // it has ended meanwhile
			}
			if err := work.Held(*open, fence); err != nil {
				return err
			}
			if err := change(d, open); err != nil {
				return err
			}
			done, why = *open, d.failed
			return nil
		})
		return done, why, err
	}})
}
