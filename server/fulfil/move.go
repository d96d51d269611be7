// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"context"

	"github.com/koogate/koogate/store"
)

const (
	// mostMoved bounds how many tasks one call moves.
	mostMoved = 1000
	// movePage is how many tasks are read at a time.
	movePage = 500
)

// Move has the open tasks of a product follow to the provisioner that fulfils it now.
type Move struct {
	Seller    string
	Endpoint  string
	ProductID string   // or "*" for all that have no rule of their own
	From      []string // the queues that are looked through
	Reason    string   // why, for the orders' events; no secrets, no personal data
	Who       string   // names the caller in the events
}

// MoveTasks moves tasks that are ready and that nobody has leased, at most 1000; more says that there may be others. A task that is leased
// meanwhile stays where it is; when it is tried again it goes to the queue that its product has then. What has moved already is not moved again, so a
// call that failed is repeated. Errors: LIST_BUSY, LIST_TOO_SLOW, STORE_UNAVAILABLE.
func (s *Service) MoveTasks(ctx context.Context, m Move) (moved int, more bool, err error) {
	for _, queue := range m.From {
		q := store.ListQuery{
			Seller: m.Seller, Browsing: true, Limit: movePage,
			Filter: []store.Term{{Field: "queue", Value: queue}, {Field: "state", Value: string(store.TaskReady)}},
		}
		for {
			page, err := s.Tasks(ctx, q)
			if err != nil {
				return moved, true, err
			}
			for _, t := range page {
				if t.OrderID == "" || m.ProductID != "*" && PayloadOf(t).ProductID != m.ProductID {
					continue
				}
				if moved == mostMoved {
					return moved, true, nil
				}
				done, err := s.moveTask(ctx, m, t)
				if err != nil {
					return moved, true, err
				}
				if done {
					moved++
				}
			}
			if len(page) < movePage {
				break
			}
			last := page[len(page)-1]
			q.After = &store.Cursor{CreatedAt: last.CreatedAt, ID: last.ID}
		}
	}
	return moved, false, nil
}

// moveTask moves one task, unless it is not ready any more, or not of the product.
func (s *Service) moveTask(ctx context.Context, m Move, t store.Task) (done bool, err error) {
	err = s.decide(ctx, m.Seller, t.OrderID, func(d *draft) error {
		done = false
		f := d.task(t.ID)
		if f == nil || f.State != store.TaskReady || f.Queue != t.Queue || s.own(f.Kind) {
			return nil
		}
		i := d.instance(f.InstanceID)
		if i == nil || i.Endpoint != m.Endpoint {
			return nil
		}
		to, ok := d.rule(i)
		if !ok || to.Provisioner == f.Queue || !d.under(i, m.ProductID) {
			return nil
		}
		data := fields{"task": f.ID, "kind": string(f.Kind), "was": f.Queue, "queue": to.Provisioner}
		data.given("reason", m.Reason)
		data.given("who", m.Who)
		d.event(EventTaskMoved, f.InstanceID, data)
		d.putTask(f, func(t *store.Task) { t.Queue = to.Provisioner })
		done = true
		return nil
	})
	return done, err
}

// under says whether the rule of a product, or of all others, is the instance's.
func (d *draft) under(i *store.Instance, productID string) bool {
	ep, ok := d.s.Endpoint(i.Endpoint)
	if !ok {
		return false
	}
	if _, own := ep.Products[i.Product.ProductID]; own {
		return i.Product.ProductID == productID
	}
	return productID == "*"
}
