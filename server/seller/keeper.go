// SPDX-License-Identifier: Apache-2.0

package seller

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/errs/storefault"
	"github.com/koogate/koogate/store"
)

const (
	// pollEvery is how often the revision is read though nothing woke the keeper. With the reading it is less than the two seconds
	// within which every replica knows of a change.
	pollEvery = time.Second
	// readLimit bounds one reading of the store.
	readLimit = 5 * time.Second
	// tries is how often a change is drafted anew when others were faster.
	tries = 20
)

// Deps are what a keeper works with; all are required but Check.
type Deps struct {
	Store  Store
	Sealer Sealer
	Clock  clock.Clock // this machine's: by it keys begin and cease to count
	NewID  func() string
	// Check judges everything together as it would be after a change of the API's; nil accepts all. A seed was judged where the file
	// was read. Its errors name the fault and no secret.
	Check func(Declared) error
	Log   *slog.Logger
}

// Store is the part of store.Store that a keeper needs.
type Store interface {
	store.Sellers
	Watch(topics ...string) (wake <-chan struct{}, stop func())
}

// Keeper holds the present snapshot. Safe for concurrent use.
type Keeper struct {
	Deps
	current atomic.Pointer[Snapshot]

	mu      sync.Mutex // held while the snapshot is replaced
	makers  []func(*Snapshot) (any, error)
	changed chan struct{} // closed by the next snapshot
	seeding *Declared     // a seed that the store could not take yet
	uses    uses
	wrote   time.Time // when uses were last written
	away    bool      // the log knows that the store does not answer
}

// NewKeeper returns a keeper whose snapshot is empty until Load or Seed.
func NewKeeper(d Deps) *Keeper {
	k := &Keeper{Deps: d, changed: make(chan struct{})}
	empty, _ := (&state{}).snapshot(time.Time{}, k.uses.of)
	k.current.Store(empty)
	return k
}

// Snapshot returns what counts now. The call costs one atomic read.
func (k *Keeper) Snapshot() *Snapshot { return k.current.Load() }

// Follow returns what counts now, and a channel that is closed when that is over.
func (k *Keeper) Follow() (*Snapshot, <-chan struct{}) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.current.Load(), k.changed
}

// Load reads the store and takes what it says. After an error the snapshot stays as it was.
func (k *Keeper) Load(ctx context.Context) error {
	rows, err := k.Store.Sellers(ctx)
	if err != nil {
		return err
	}
	return k.take(stateOf(rows, k.Sealer))
}

// take makes a state the present one, unless the present one is newer.
func (k *Keeper) take(st *state) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if st.revision < k.current.Load().Revision {
		return nil
	}
	for _, key := range st.keys {
		if !key.unsealed {
			k.Log.Error("a key does not open and does not count: the keyset lacks what has sealed it", "seller", key.Seller, "key", key.ID, "owner", key.Owner, "use", key.Use)
		}
	}
	next, err := st.snapshot(k.Clock.Now(), k.uses.of)
	if err != nil {
		return err
	}
	for _, view := range k.makers {
		v, err := view(next)
		if err != nil {
			return err
		}
		next.views = append(next.views, v)
	}
	k.uses.keep(st.keys)
	k.current.Store(next)
	close(k.changed)
	k.changed = make(chan struct{})
	return nil
}

// Seed brings the rows that the file manages to what it declares, and takes the outcome. Errors: STATE_CONFLICT when the file names what
// the API manages, STORE_UNAVAILABLE; after any error nothing has changed.
func (k *Keeper) Seed(ctx context.Context, w Declared) error {
	_, err := k.draft(ctx, store.ManagedByFile, false, func(d *Draft) error { return d.seed(w) })
	return err
}

// SeedOrServe is Seed for a start. When the database takes no writes just now, what it holds is served, and Run seeds it later.
func (k *Keeper) SeedOrServe(ctx context.Context, w Declared) error {
	err := k.Seed(ctx, w)
	if !errors.Is(err, store.ErrReadOnly) {
		return err
	}
	if err := k.Load(ctx); err != nil {
		return err
	}
	if k.Snapshot().Revision == 0 {
		return err
	}
	k.Log.WarnContext(ctx, "the database takes no writes; the sellers are served as it holds them, until it takes what the file says")
	k.mu.Lock()
	k.seeding = &w
	k.mu.Unlock()
	return nil
}

// Compare tells what Seed would do, and changes nothing.
func (k *Keeper) Compare(ctx context.Context, w Declared) ([]Step, error) {
	d, err := k.draft(ctx, store.ManagedByFile, true, func(d *Draft) error { return d.seed(w) })
	if err != nil {
		return nil, err
	}
	return d.steps, nil
}

// Change makes a change as the API's: f drafts it, perhaps several times. It returns the new revision. Errors: those of f and of
// Deps.Check, INVALID_FIELD, CONFLICTING_REPEAT when a token belongs to another seller, STORE_UNAVAILABLE.
func (k *Keeper) Change(ctx context.Context, f func(*Draft) error) (revision int64, err error) {
	d, err := k.change(ctx, false, f, func(_ Declared, err error) error {
		return errs.Wrap(err, errs.Invalid, errs.InvalidField, "%s", err)
	})
	if err != nil {
		return 0, err
	}
	return d.state.revision, nil
}

// change is Change; dry writes nothing, and tell puts what Check says of everything as it would be into the caller's words. Faults that
// were there before, as when the file has taken away what a row of the API names, refuse no change.
func (k *Keeper) change(ctx context.Context, dry bool, f func(*Draft) error, tell func(after Declared, err error) error) (*Draft, error) {
	return k.draft(ctx, store.ManagedByAPI, dry, func(d *Draft) error {
		if k.Check == nil {
			return f(d)
		}
		before, err := d.state.declared()
		if err != nil {
			return err
		}
		if err := f(d); err != nil {
			return err
		}
		after, err := d.state.declared()
		if err != nil {
			return err
		}
		if err := k.Check(after); err != nil {
			if err = fresh(before, k.Check(before), after, err); err != nil {
				return tell(after, err)
			}
		}
		return nil
	})
}

// draft reads, lets f draft and writes, again while others are faster. dry writes nothing.
func (k *Keeper) draft(ctx context.Context, by store.ManagedBy, dry bool, f func(*Draft) error) (*Draft, error) {
	for range tries {
		rows, err := k.Store.Sellers(ctx)
		if err != nil {
			return nil, storefault.Of(err)
		}
		d := &Draft{
			state: stateOf(rows, k.Sealer), by: by, now: k.Clock.Now().UTC().Truncate(time.Microsecond), sealer: k.Sealer, newID: k.NewID,
			change: store.SellerChange{Revision: rows.Revision},
		}
		if err := f(d); err != nil {
			return nil, err
		}
		if len(d.change.Settings)+len(d.change.Keys) == 0 || dry {
			if !dry {
				err = k.take(stateOf(rows, k.Sealer))
			}
			return d, err
		}
		revision, err := k.Store.ChangeSellers(ctx, d.change)
		switch {
		case errors.Is(err, store.ErrStale):
			continue
		case errors.Is(err, store.ErrConflict):
			return nil, errs.New(errs.Conflict, errs.ConflictingRepeat, "a token belongs to another seller already")
		case err != nil:
			return nil, storefault.Of(err)
		}
		d.state.revision = revision
		return d, k.Load(ctx)
	}
	return nil, storefault.Of(store.ErrStale)
}
