// SPDX-License-Identifier: Apache-2.0

package seller

// View is what one consumer makes of a snapshot. It is made once for each snapshot, before the snapshot counts.
type View[T any] struct {
	keeper *Keeper
	slot   int
}

// Project has a keeper make a view of every snapshot from now on, the present one included. While a view cannot be made of a new
// snapshot the old one stays, for all.
func Project[T any](k *Keeper, view func(*Snapshot) (T, error)) (View[T], error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	present := *k.current.Load()
	v, err := view(&present)
	if err != nil {
		return View[T]{}, err
	}
	present.views = append(present.views[:len(present.views):len(present.views)], v)
	k.makers = append(k.makers, func(s *Snapshot) (any, error) { return view(s) })
	k.current.Store(&present)
	return View[T]{k, len(k.makers) - 1}, nil
}

// Get returns the view of the present snapshot. The call costs one atomic read.
func (v View[T]) Get() T {
	return v.keeper.current.Load().views[v.slot].(T) //nolint:forcetypeassert // only Project fills the slot
}
