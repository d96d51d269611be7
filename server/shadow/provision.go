// SPDX-License-Identifier: Apache-2.0

package shadow

import (
	"context"
	"time"

	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/work"
	"github.com/koogate/koogate/store"
)

// Provisioner is the queue of all products there.
const Provisioner = "shadow"

// standIn is how customers get in there: nobody is shown it.
var standIn = fulfil.Template{FrontEndURL: "https://shadow.invalid/", UserName: "shadow", Memo: "shadow", Licence: "shadow"}

// provision does a task of the provisioner at once. A check ends as the old server has decided it: that is the provisioner's word, not the core's.
func (w *world) provision(ctx context.Context, t store.Task) work.Outcome {
	if t.Kind != store.TaskCheckChange {
		return w.core.RunTemplate(standIn)(ctx, t)
	}
	c := fulfil.Completion{Seller: t.Seller, TaskID: t.ID, Fence: t.Fence, Verdict: &fulfil.Verdict{Allowed: w.allowed.Load()}}
	_, _ = w.core.CompleteTask(ctx, c) // a check that nobody waits for any more
	return work.Settled()
}

// market stands in for the marketplace, which is asked nothing.
type market struct{}

var _ fulfil.Marketplace = market{}

// QueryOrder implements fulfil.Marketplace.
func (market) QueryOrder(context.Context, string, string, string) (fulfil.OrderFacts, error) {
	return fulfil.OrderFacts{OrderType: "NEW", Product: store.Product{ProductID: standInProduct}}, nil
}

// standInProduct is the product of what nobody has told the product of.
const standInProduct = "shadow"

// UploadLicence implements fulfil.Marketplace.
func (market) UploadLicence(context.Context, string, string, fulfil.Licence) error { return nil }

// open lets every call in: calls come one after the other, and were let in before.
type open struct{}

var _ store.Guard = open{}

// Enter implements store.Guard.
func (open) Enter(context.Context, store.EnterRequest) (store.Entry, error) {
	return store.Entry{}, nil
}

// Leave implements store.Guard.
func (open) Leave(context.Context, string, int64, bool) error { return nil }

// Ping implements store.Guard.
func (open) Ping(context.Context) error { return nil }

// Close implements store.Guard.
func (open) Close() error { return nil }

// password is that of every stand-in.
func password() string { return "shadow" }

// lease is how long a task is done at most.
const lease = 15 * time.Second
