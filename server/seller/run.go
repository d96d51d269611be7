// SPDX-License-Identifier: Apache-2.0

package seller

import (
	"context"

	"github.com/koogate/koogate/store"
)

// Run follows the store until ctx ends: it reads again when it is woken, when the revision has risen though nothing woke it, and when
// a key begins or ceases to count. While the store does not answer the snapshot stays as it is. completed is told of every look that
// the store answered; nil for nobody.
func (k *Keeper) Run(ctx context.Context, completed func()) {
	wake, stop := k.Store.Watch(store.SellersTopic)
	defer stop()
	for {
		timer := k.Clock.NewTimer(pollEvery)
		select {
		case <-ctx.Done():
			timer.Stop()
			k.lastUses(ctx)
			return
		case <-wake:
			timer.Stop()
		case <-timer.C():
		}
		err := k.look(ctx)
		k.tell(ctx, err)
		if err == nil && completed != nil {
			completed()
		}
	}
}

// look makes the snapshot current.
func (k *Keeper) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	k.mu.Lock()
	seeding := k.seeding
	k.mu.Unlock()
	if seeding != nil {
		if err := k.Seed(ctx, *seeding); err != nil {
			return err
		}
		k.mu.Lock()
		k.seeding = nil
		k.mu.Unlock()
	}
	now := k.Snapshot()
	revision, err := k.Store.SellerRevision(ctx)
	if err != nil {
		return err
	}
	if due := !now.next.IsZero() && !k.Clock.Now().Before(now.next); due || revision != now.Revision {
		if err := k.Load(ctx); err != nil {
			return err
		}
	}
	if at := k.Clock.Now(); at.Sub(k.wrote).Abs() >= useEvery {
		k.wrote = at
		return k.uses.write(ctx, k.Store)
	}
	return nil
}

// lastUses writes down at the end what was used since the last time.
func (k *Keeper) lastUses(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readLimit)
	defer cancel()
	if err := k.uses.write(ctx, k.Store); err != nil {
		k.Log.DebugContext(ctx, "the last use of keys is not written down", "error", err)
	}
}

// tell logs that the sellers cannot be read, and that they can be again.
func (k *Keeper) tell(ctx context.Context, err error) {
	switch {
	case ctx.Err() != nil:
	case err != nil && !k.away:
		k.away = true
		k.Log.WarnContext(ctx, "the sellers cannot be read; they are served as they were", "revision", k.Snapshot().Revision, "error", err)
	case err == nil && k.away:
		k.away = false
		k.Log.InfoContext(ctx, "the sellers can be read again", "revision", k.Snapshot().Revision)
	}
}
