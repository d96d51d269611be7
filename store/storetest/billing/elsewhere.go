// SPDX-License-Identifier: Apache-2.0

package billing

import (
	"testing"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
	"github.com/koogate/koogate/store/storetest/check"
)

// usedElsewhere: what was used before the package came here counts in the cycle in hand when it came, once, and is told by who has created the row.
func usedElsewhere(t *testing.T, s store.Store) {
	for n, set := range []func(*store.Quota){ // the first item of a package, and a further one, which are kept apart
		func(q *store.Quota) { q.InstanceID = "other" },
		func(q *store.Quota) { q.UsedElsewhere = 60 },
	} {
		q := putQuota(t, s, quota("p", 100, monthly, func(q *store.Quota) { q.CreatedAt, q.UpdatedAt = day(3, 10), day(3, 10) }, set))
		want := store.Units(60 * n)
		check.Equal(t, "used and elsewhere", []store.Units{q.Used, q.UsedElsewhere, q.UsedBefore}, []store.Units{want, want, 0})
	}
	wantBooked(t, s, 60, 0)
	_, err := s.ReserveQuota(check.Context(t), reservation("much", 41), day(3, 10))
	check.Error(t, err, store.ErrExhausted)
	raised := quota("p", 110, monthly, func(q *store.Quota) { q.UpdatedAt = day(3, 10) })
	check.Equal(t, "what is not told again stays", putQuota(t, s, raised).UsedElsewhere, 60)
	raised.UsedElsewhere = 60
	check.Equal(t, "nor does it count twice", putQuota(t, s, raised).Used, 60)
	raised.UsedElsewhere = 61
	_, err = s.PutQuota(check.Context(t), raised)
	check.Error(t, err, store.ErrConflict)
	_, err = s.PutQuota(check.Context(t), quota("q", 10, func(q *store.Quota) { q.UsedElsewhere = 11 }))
	check.Error(t, err, store.ErrConflict)

	r := reserve(t, s, store.Reservation{Seller: storetest.Seller, ID: "next", InstanceID: "i", Amount: 110, ExpireAt: day(4, 20)}, day(4, 10))
	check.Equal(t, "the next cycle is whole", r.Parts, []store.ReservationPart{{PackageID: "p", Amount: 110, Cycle: 2}})
	check.Equal(t, "what the cycles before used", quotas(t, s)[0].UsedBefore, 60)
	check.Equal(t, "no cycle: the rest of its life", putQuota(t, s, quota("r", 10, func(q *store.Quota) { q.UsedElsewhere = 10 })).Left(), 0)
}
