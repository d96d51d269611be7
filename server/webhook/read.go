// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"errors"

	"github.com/koogate/koogate/server/feed"
	"github.com/koogate/koogate/store"
)

const (
	readPage = 100  // events that are read at once
	skipMost = 1000 // events that are looked at in vain, after which the place is written all the same
)

// reading is how far this process has read for a webhook beyond the place that is written: over events that the webhook does not want.
type reading struct {
	version int64 // of the webhook, whose filter decides
	from    store.FeedPlace
	to      store.FeedPlace
	skipped int
}

// readFeed reads a page of the feed for a webhook and writes what is to be delivered, together with the new place. It returns whether there is
// more to read, and whether deliveries were written.
func (c *courier) readFeed(ctx context.Context, w *store.Webhook) (more, wrote bool, err error) {
	r, ok := c.reads[w.ID]
	if !ok || r.from != w.At || r.version != w.Version {
		r = reading{version: w.Version, from: w.At, to: w.At}
	}
	p, err := c.s.Store.EventsBehind(ctx, w.Seller, r.to, readPage)
	if err != nil {
		return false, false, err
	}
	now := c.s.now()
	batch := store.FeedRead{Seller: w.Seller, WebhookID: w.ID, From: w.At, To: p.End}
	for i := range p.Events {
		e := &p.Events[i]
		if !feed.Matches(&e.Event, w.Filter) {
			continue
		}
		batch.Deliveries = append(batch.Deliveries, store.Delivery{
			Seller: w.Seller, ID: store.TimedID(c.s.NewID(), now), CreatedAt: now, WebhookID: w.ID, OrderID: e.OrderID, Seq: e.Seq, Kind: e.Kind,
			InstanceID: e.InstanceID, EventAt: e.At,
		})
	}
	r.to = p.End
	if r.skipped += len(p.Events); p.More {
		r.skipped += readPage - len(p.Events) // on SQLite others' events are looked at, too
	}
	if len(batch.Deliveries) == 0 && r.skipped < skipMost {
		c.reads[w.ID] = r
		return p.More, false, nil
	}
	delete(c.reads, w.ID)
	switch err := c.s.Store.AddDeliveries(ctx, batch); {
	case errors.Is(err, store.ErrStale): // another process was quicker, or the webhook was disabled
		return true, false, nil
	case err != nil:
		return false, false, err
	}
	w.At = p.End
	w.Backlog += int64(len(batch.Deliveries))
	return p.More, len(batch.Deliveries) > 0, nil
}
