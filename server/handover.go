// SPDX-License-Identifier: Apache-2.0

package server

import (
	"cmp"
	"context"
	"time"

	"buf.build/go/protovalidate"

	"github.com/koogate/koogate/server/api/rest"
	v1 "github.com/koogate/koogate/server/api/v1"
	"github.com/koogate/koogate/server/handover"
	"github.com/koogate/koogate/server/outbound"
	"github.com/koogate/koogate/server/seller"
	"github.com/koogate/koogate/server/taskanswer"
	"github.com/koogate/koogate/store"
)

// targets are the webhook provisioners of a snapshot.
func targets(c *seller.Snapshot) ([]handover.Target, error) {
	var list []handover.Target
	for i := range c.Provisioners {
		p := &c.Provisioners[i]
		if p.Type != seller.ProvisionerWebhook {
			continue
		}
		t := handover.Target{
			Name: p.Name, Seller: p.Seller, URL: p.Webhook.URL, Timeout: cmp.Or(p.Webhook.Timeout, seller.HookTimeout),
			AskAgain: cmp.Or(p.Webhook.AskAgain, seller.HookAskAgain),
		}
		for _, secret := range p.Webhook.Secrets {
			if key, err := outbound.Key(secret.Reveal()); err == nil {
				t.Keys = append(t.Keys, key)
			}
		}
		list = append(list, t)
	}
	return list, nil
}

// handedTasks are tasks and their results in the form that workers over REST know, held to the same rules.
type handedTasks struct {
	api   *v1.API
	valid protovalidate.Validator
}

func leaseOf(t store.Task) taskanswer.Lease { return taskanswer.Lease{TaskID: t.ID, Fence: t.Fence} }

// Show implements handover.Tasks.
func (h handedTasks) Show(ctx context.Context, t store.Task) ([]byte, error) {
	return rest.Show(h.api.Leased(ctx, t))
}

// Complete implements handover.Tasks.
func (h handedTasks) Complete(ctx context.Context, t store.Task, answer []byte) error {
	r, err := leaseOf(t).Complete(h.valid, answer)
	if err != nil {
		return err
	}
	return h.api.CompleteFor(ctx, t.Seller, r)
}

// Refuse implements handover.Tasks.
func (h handedTasks) Refuse(ctx context.Context, t store.Task, why string, answer []byte) error {
	return h.api.FailFor(ctx, t.Seller, leaseOf(t).Refuse(h.valid, t.Kind, why, answer))
}

// Return implements handover.Tasks.
func (h handedTasks) Return(ctx context.Context, t store.Task, why string, pause time.Duration) error {
	return h.api.FailFor(ctx, t.Seller, leaseOf(t).Return(why, pause))
}
