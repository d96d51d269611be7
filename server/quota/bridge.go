package quota

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/koogate/koogate/store"
)

// errUnread says that the store cannot tell a reservation that another process made.
var errUnread = errors.New("quota: the store cannot read reservations of other processes yet")

// Bridge makes a Ledger of a store.UsageStore. When the store has a Reservation method of its own that is used; as long as
// it has none, the reservations that this process made are remembered until they cannot be held any more, and of others
// the read fails as if the store were away. It goes when store.UsageStore has the read.
func Bridge(s store.UsageStore) Ledger {
	if l, ok := s.(Ledger); ok {
		return l
	}
	return &bridge{UsageStore: s, made: map[[2]string]store.Reservation{}}
}

type bridge struct {
	store.UsageStore

	mu   sync.Mutex
	made map[[2]string]store.Reservation
	next time.Time // when the map is swept
}

// ReserveQuota implements Ledger.
func (b *bridge) ReserveQuota(ctx context.Context, r store.Reservation, now time.Time) (store.Reservation, error) {
	out, err := b.UsageStore.ReserveQuota(ctx, r, now)
	if err != nil {
		return out, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if now.After(b.next) {
		for k, old := range b.made {
			if old.ExpireAt.Add(MaxHold).Before(now) {
				delete(b.made, k)
			}
		}
		b.next = now.Add(time.Hour)
	}
	b.made[[2]string{r.Seller, r.ID}] = out
	return out, nil
}

// Reservation implements Ledger. The state is that of the last ReserveQuota.
func (b *bridge) Reservation(ctx context.Context, seller, id string) (store.Reservation, error) {
	b.mu.Lock()
	r, ok := b.made[[2]string{seller, id}]
	b.mu.Unlock()
	if ok {
		return r, nil
	}
	// A commit of less than nothing changes nothing and tells what is not there at all.
	_, err := b.UsageStore.CommitQuota(ctx, store.QuotaCommit{Seller: seller, ReservationID: id, Used: -1})
	if errors.Is(err, store.ErrNotFound) {
		return store.Reservation{}, err
	}
	return store.Reservation{}, errUnread
}
