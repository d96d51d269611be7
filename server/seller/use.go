// SPDX-License-Identifier: Apache-2.0

package seller

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/koogate/koogate/store"
)

// useEvery is how often it is written down that a key was used.
const useEvery = time.Minute

// Use remembers when a key was last used.
type Use struct {
	at      atomic.Int64 // in microseconds since 1970
	written int64        // the one that the store has; only the keeper looks at it
}

// note remembers a use. Within a minute of the last that is remembered it changes nothing.
func (u *Use) note(now time.Time) {
	at := now.UnixMicro()
	if last := u.at.Load(); at-last >= useEvery.Microseconds() {
		u.at.CompareAndSwap(last, at)
	}
}

// uses are the keys of this process by seller and ID. They outlive snapshots.
type uses struct {
	mu   sync.Mutex
	keys map[[2]string]*Use
}

func (u *uses) of(seller, id string) *Use {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.keys == nil {
		u.keys = make(map[[2]string]*Use)
	}
	key := [2]string{seller, id}
	if u.keys[key] == nil {
		u.keys[key] = &Use{}
	}
	return u.keys[key]
}

// keep forgets the keys that are not among the rows.
func (u *uses) keep(rows []keyed) {
	known := make(map[[2]string]bool, len(rows))
	for _, k := range rows {
		known[[2]string{k.Seller, k.ID}] = true
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	for key := range u.keys {
		if !known[key] {
			delete(u.keys, key)
		}
	}
}

// write writes down what was used since the last time.
func (u *uses) write(ctx context.Context, st store.Sellers) error {
	var list []store.KeyUse
	marks := make(map[*Use]int64)
	u.mu.Lock()
	for key, use := range u.keys {
		if at := use.at.Load(); at > use.written {
			list = append(list, store.KeyUse{Seller: key[0], ID: key[1], At: time.UnixMicro(at).UTC()})
			marks[use] = at
		}
	}
	u.mu.Unlock()
	if len(list) == 0 {
		return nil
	}
	if err := st.NoteKeyUse(ctx, list); err != nil {
		return err
	}
	for use, at := range marks {
		use.written = at
	}
	return nil
}
