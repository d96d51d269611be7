// SPDX-License-Identifier: Apache-2.0

package lives

import (
	"errors"
	"slices"
	"time"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/store"
)

// The promises that rows are held to.
const (
	promiseDurable  = "what was acknowledged is written"
	promiseForward  = "no state moves backward"
	promiseNewest   = "no fact is put back by an older answer"
	promiseTerminal = "every record ends in a named state"
	promiseChain    = "the chain of events holds"
	promiseClock    = "the store's clock says when"
)

// aggregate reads the order's rows, unless nothing was written since the last time. It is nil as long as there is no order.
func (l *life) aggregate() (*store.Aggregate, error) {
	if l.rowsAfter == l.writes {
		return l.rowsNow, nil
	}
	all, err := l.rows.Aggregate(l.ctx, sellerName, l.order.ID)
	if errors.Is(err, store.ErrNotFound) {
		all, err = nil, nil
	}
	if err == nil {
		l.rowsNow, l.rowsAfter = all, l.writes
	}
	return all, err
}

// check holds the rows to what the world outside knows.
func (l *life) check() error {
	unchanged := l.rowsAfter == l.writes
	all, err := l.aggregate()
	switch {
	case err != nil:
		return err
	case all == nil && l.instance != "":
		return broken(promiseDurable, "the marketplace was told %s, and there is no order", l.instance)
	case all == nil:
		return nil
	case len(all.Instances) != 1:
		return broken(promiseOne, "the order has %d instances", len(all.Instances))
	}
	i := all.Instances[0]
	if l.instance != "" && i.InstanceID != l.instance {
		return broken(promiseOne, "the marketplace was told %s, the order has %s", l.instance, i.InstanceID)
	}
	if rank(i.State) < rank(l.most) {
		return broken(promiseForward, "the instance was %s and is %s", l.most, i.State)
	}
	l.most = i.State
	if !l.expiry.IsZero() && !l.released && !i.ExpireAt.Equal(l.expiry) {
		return broken(promiseNewest, "the last renewal that counts says %s, the instance %s", l.expiry.Format(time.DateOnly), i.ExpireAt.Format(time.DateOnly))
	}
	if l.released && i.State != store.InstanceReleased {
		return broken(promiseDurable, "the release was acknowledged, the instance is %s", i.State)
	}
	if unchanged {
		return nil
	}
	if _, err := l.ledger(); err != nil {
		return err
	}
	return l.times(all)
}

// times holds the times in the rows to the store's clock: they are those of this life, whatever the machines' clocks say.
func (l *life) times(all *store.Aggregate) error {
	written := []time.Time{all.Order.CreatedAt, all.Order.UpdatedAt, all.Instances[0].CreatedAt, all.Instances[0].UpdatedAt}
	for _, t := range all.Tasks {
		written = append(written, t.CreatedAt, t.UpdatedAt)
	}
	for _, at := range written {
		if now := l.clock.Now(); at.Before(l.began) || at.After(now) {
			return broken(promiseClock, "it is %s, and a row was written at %s in a life that began at %s",
				now.Format(time.TimeOnly), at.Format(time.TimeOnly), l.began.Format(time.TimeOnly))
		}
	}
	return nil
}

// rank is how far an instance has come. Frozen and in use are the same.
func rank(s store.InstanceState) int {
	switch s {
	case store.InstanceProvisioning:
		return 1
	case store.InstanceActive, store.InstanceFrozen:
		return 2
	case store.InstanceReleased, store.InstanceFailed:
		return 3
	default:
		return 0
	}
}

// settling is how long a life has to come to rest once nothing goes wrong any more: less than the marketplace waits for a purchase.
const settling = 2 * time.Hour

// longestPause is how much time passes at most before a life looks again whether it has come to rest.
const longestPause = 10 * time.Minute

// settle lets everything come to rest without faults, and holds the end to what must be then.
func (l *life) settle() error {
	end := l.clock.Now().Add(settling)
	l.market.mute, l.market.trouble, l.here = false, troubleNone, 0
	for pause := leaseTime; ; pause = min(2*pause, longestPause) {
		if err := l.rest(); err != nil {
			return err
		}
		all, err := l.aggregate()
		if err != nil {
			return err
		}
		told, err := l.ledger()
		if err != nil {
			return err
		}
		if l.instance != "" && all != nil && len(all.Tasks) == 0 && all.Order.QueryState != store.QueryPending {
			if told {
				return l.end(all)
			}
			if pause, err = l.untilUsage(pause); err != nil {
				return err
			}
		}
		if l.clock.Now().After(end) {
			if all == nil {
				return broken(promiseTerminal, "after %s without faults the purchase is not admitted", settling)
			}
			return broken(promiseTerminal, "after %s without faults %d tasks are open, the order query is %q, and usage is told: %t",
				settling, len(all.Tasks), all.Order.QueryState, told)
		}
		l.clock.Advance(pause)
	}
}

// untilUsage is how long it takes until usage is told next, and the job that tells it runs.
func (l *life) untilUsage(otherwise time.Duration) (time.Duration, error) {
	due, ok, err := l.rows.NextUsage(l.ctx, sellerName)
	if left := due.Sub(l.clock.Now()); ok && left > 0 {
		return left + time.Second, err
	}
	return otherwise, err
}

// rest does what is due.
func (l *life) rest() error {
	if l.instance == "" {
		if err := l.buy(Step{}); err != nil {
			return err
		}
	}
	if err := l.jobs(Step{}); err != nil {
		return err
	}
	if err := l.insistOnUsage(); err != nil {
		return err
	}
	for {
		all, err := l.aggregate()
		if err != nil {
			return err
		}
		had := len(l.done)
		if all != nil && slices.ContainsFunc(all.Tasks, func(t store.Task) bool { return t.Queue == workQueue }) {
			if err := l.work(Step{}, true); err != nil {
				return err
			}
		}
		if len(l.done) == had {
			return l.check()
		}
	}
}

// end holds the end of a life to every promise.
func (l *life) end(all *store.Aggregate) error {
	i := all.Instances[0]
	if err := l.buy(Step{}); err != nil {
		return err
	}
	want := store.InstanceActive
	switch {
	case l.released:
		want = store.InstanceReleased
	case l.frozen:
		want = store.InstanceFrozen
	}
	if i.State != want {
		return broken(promiseDurable, "the last call said %s, the instance is %s", want, i.State)
	}
	if l.expiry.IsZero() && !l.released && !i.ExpireAt.Equal(l.order.ExpireTime) {
		return broken(promiseNewest, "the order query says %s, the instance %s", l.order.ExpireTime.Format(time.DateOnly), i.ExpireAt.Format(time.DateOnly))
	}
	if !l.released {
		if err := l.query(Step{}); err != nil {
			return err
		}
		if !l.shown {
			return broken(promiseAnswer, "the instance is in use and a query does not show it")
		}
	}
	if err := l.tasks(); err != nil {
		return err
	}
	if err := l.billed(); err != nil {
		return err
	}
	chain, err := l.on().core.VerifyOrder(l.ctx, sellerName, l.order.ID)
	if err != nil {
		return err
	}
	if chain.Broken != nil {
		return broken(promiseChain, "%v", chain.Broken)
	}
	if l.code == resultcode.Internal || l.code == "" {
		return broken(promiseAnswer, "the purchase has no answer")
	}
	return l.check()
}

// tasks holds all tasks that the order ever had to their promises.
func (l *life) tasks() error {
	all, err := l.rows.ListTasks(l.ctx, store.ListQuery{Seller: sellerName, Filter: []store.Term{{Field: "order_id", Value: l.order.ID}}, Limit: 500})
	if err != nil {
		return err
	}
	creates := 0
	for _, t := range all {
		if t.Kind == store.TaskCreate {
			creates++
		}
		if _, ok := l.done[t.ID]; ok && t.State != store.TaskDone {
			return broken(promiseTaskOnce, "the completion of a %s task was acknowledged, it is %s", t.Kind, t.State)
		}
		if t.State != store.TaskDone && t.State != store.TaskCancelled {
			return broken(promiseTerminal, "a %s task ends as %s", t.Kind, t.State)
		}
	}
	if creates != 1 {
		return broken(promiseOne, "there are %d CREATE tasks", creates)
	}
	return nil
}
