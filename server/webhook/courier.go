// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"sync"
	"time"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/store"
)

const (
	look      = 500 * time.Millisecond // how often a courier looks while there are webhooks
	lookIdle  = 2 * time.Second        // and while there are none
	lookAgain = time.Second            // after a look that failed
	turnLimit = 15 * time.Second       // for one look, whatever the store does
)

// slots are how many attempts at one webhook a process makes at once: those that are the first have slots of their own, so that what fails
// again and again does not hold up what is new.
type slots struct{ first, again int }

var (
	slotsHealthy = slots{first: 4, again: 2}
	slotsSick    = slots{first: 1, again: 1}
)

// courier delivers for one seller in this process.
type courier struct {
	s      *Service
	seller string
	wake   chan struct{} // an attempt has ended
	reads  map[string]reading
	turn   int // which webhook is first
	head   int64
	behind map[string]bool // webhooks that have more of the feed to read

	running sync.WaitGroup
	mu      sync.Mutex
	busy    map[string]slots // attempts that run, by webhook
}

func (s *Service) courier(seller string) *courier {
	return &courier{
		s: s, seller: seller, wake: make(chan struct{}, 1), reads: make(map[string]reading), head: -1, behind: make(map[string]bool), busy: make(map[string]slots),
	}
}

// Run delivers for a seller until ctx ends, then waits for the attempts that run, which is no longer than [Limit] and a write. completed is
// told of every look that the store answered.
func (s *Service) Run(ctx context.Context, seller string, completed func()) {
	c := s.courier(seller)
	defer c.running.Wait()
	for ctx.Err() == nil {
		rest, err := c.look(ctx)
		switch {
		case err == nil:
			completed()
		case ctx.Err() == nil:
			s.Log.WarnContext(ctx, "webhooks were not looked at; it is tried again", "seller", seller, "error", err)
			rest = lookAgain
		}
		if !clock.Wait(ctx, s.Clock, rest, c.wake) {
			return
		}
	}
}

// Step delivers what is due for a seller now, until nothing is, and waits for the attempts: for who drives a process that runs nothing by
// itself. It returns how many attempts were made. Errors: those of the store.
func (s *Service) Step(ctx context.Context, seller string) (int, error) {
	c := s.courier(seller)
	defer c.running.Wait()
	for n := 0; ; {
		made, more, _, err := c.pass(ctx)
		if n += made; err != nil {
			return n, err
		}
		c.running.Wait()
		if made == 0 && !more {
			return n, nil
		}
	}
}

// look makes one pass and returns how long to rest.
func (c *courier) look(ctx context.Context) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, turnLimit)
	defer cancel()
	_, more, hooks, err := c.pass(ctx)
	switch {
	case more:
		return 0, err
	case hooks:
		return look, err
	}
	return lookIdle, err
}

// pass lets every webhook read a page of the feed and starts the attempts that are due, as far as there are slots. It returns how many it
// has started, whether there is more to read, and whether there are webhooks at all.
func (c *courier) pass(ctx context.Context) (made int, more, some bool, err error) {
	hooks, err := c.s.Store.Webhooks(ctx, c.seller)
	if err != nil {
		return 0, false, true, err
	}
	c.gauge(hooks)
	if len(hooks) == 0 {
		clear(c.reads)
		return 0, false, false, nil
	}
	if more, err = c.readAll(ctx, hooks); err != nil {
		return 0, false, true, err
	}
	dues, err := c.s.Store.DeliveriesDue(ctx, c.seller)
	if err != nil {
		return 0, more, true, err
	}
	c.turn++
	for i := range hooks {
		w := &hooks[(i+c.turn)%len(hooks)]
		if w.State != store.WebhookEnabled {
			continue
		}
		n, err := c.start(ctx, w, dues[w.ID])
		if made += n; err != nil {
			return made, more, true, err
		}
	}
	return made, more, true, nil
}

// readAll lets the webhooks read that may have something to read.
func (c *courier) readAll(ctx context.Context, hooks []store.Webhook) (more bool, err error) {
	head, err := c.s.Store.FeedHead(ctx, c.seller)
	if err != nil {
		return false, err
	}
	moved := head != c.head
	for i := range hooks {
		w := &hooks[i]
		_, known := c.behind[w.ID]
		if w.State != store.WebhookEnabled {
			c.behind[w.ID] = true // it reads when it is enabled
			continue
		}
		if known && !moved && !c.behind[w.ID] {
			continue
		}
		if w.Backlog >= backlogMost {
			c.behind[w.ID] = true
			continue
		}
		again, _, err := c.readFeed(ctx, w)
		if err != nil {
			c.behind[w.ID] = true
			return false, err
		}
		c.behind[w.ID] = again
		more = more || again
	}
	c.head = head
	return more, nil
}

// start starts attempts at a webhook for which there are slots.
func (c *courier) start(ctx context.Context, w *store.Webhook, due store.DeliveryDue) (made int, err error) {
	now := c.s.now()
	most, pool := slotsHealthy, c.s.healthy
	if sick(w) {
		most, pool = slotsSick, c.s.sick
	}
	c.mu.Lock()
	busy := c.busy[w.ID]
	c.mu.Unlock()
	for _, kind := range []struct {
		again bool
		at    time.Time
		free  int
	}{{false, due.First, most.first - busy.first}, {true, due.Again, most.again - busy.again}} {
		if kind.at.IsZero() || kind.at.After(now) {
			continue
		}
		free := take(pool, kind.free)
		if free == 0 {
			continue
		}
		list, err := c.s.Store.LeaseDeliveries(ctx, store.DeliveryLease{
			Seller: w.Seller, WebhookID: w.ID, Again: kind.again, Max: free, Now: now, Until: now.Add(leaseFor),
		})
		give(pool, free-len(list))
		if err != nil {
			return made, err
		}
		for _, d := range list {
			c.count(w.ID, kind.again, 1)
			c.running.Go(func() {
				defer func() {
					give(pool, 1)
					c.count(w.ID, kind.again, -1)
					select {
					case c.wake <- struct{}{}:
					default:
					}
				}()
				c.s.attempt(context.WithoutCancel(ctx), w, d) // a stop does not cut an attempt short; its limit bounds it
			})
		}
		made += len(list)
	}
	return made, nil
}

func (c *courier) count(webhook string, again bool, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := c.busy[webhook]
	if again {
		b.again += n
	} else {
		b.first += n
	}
	if c.busy[webhook] = b; b == (slots{}) {
		delete(c.busy, webhook)
	}
}

// gauge shows what waits and which webhooks do not work.
func (c *courier) gauge(hooks []store.Webhook) {
	var backlog int64
	disabled := map[string]int{string(store.WebhookByCaller): 0, string(store.WebhookGone): 0, string(store.WebhookFailing): 0}
	for i := range hooks {
		backlog += hooks[i].Backlog
		if hooks[i].State == store.WebhookDisabled {
			disabled[string(hooks[i].Reason)]++
		}
	}
	c.s.Metrics.Webhooks(c.seller, backlog, disabled)
}

// take takes up to n places of a pool and returns how many.
func take(pool chan struct{}, n int) (taken int) {
	for taken < n {
		select {
		case pool <- struct{}{}:
			taken++
		default:
			return taken
		}
	}
	return taken
}

func give(pool chan struct{}, n int) {
	for range n {
		<-pool
	}
}
