// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"testing"

	"github.com/koogate/koogate/store"
)

// The keys of what commits book are different for different commits, whatever is in the names of packages.
func TestKeysOfCommitsAreTheirOwn(t *testing.T) {
	keys := map[string]string{}
	for _, c := range []struct{ key, first, second string }{{"k", "a/b", "c"}, {"k/a", "b", "c"}, {"k", "b", "d"}, {"k/a", "%2F", "/"}} {
		r := store.Reservation{
			Seller: "s", InstanceID: "i", State: store.ReservationHeld, Amount: 2,
			Parts: []store.ReservationPart{{PackageID: c.first, Amount: 1}, {PackageID: c.second, Amount: 1}},
		}
		raws, _, err := r.Commit(store.QuotaCommit{Seller: "s", Used: 2, Raw: store.UsageRaw{Key: c.key}})
		if err != nil || len(raws) != 2 {
			t.Fatal(raws, err)
		}
		for _, raw := range raws {
			of := c.key + " and package " + raw.PackageID
			if other, taken := keys[raw.Key]; taken {
				t.Errorf("key %q is that of %s and of %s", raw.Key, other, of)
			}
			keys[raw.Key] = of
		}
	}
}
