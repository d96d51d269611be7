// SPDX-License-Identifier: Apache-2.0

package quota_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/koogate/koogate/server/decimal"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/quota"
	"github.com/koogate/koogate/store"
)

// TestNothingOversoldNothingLost: 64 consumers over two processes draw on three packages until these are used up, and
// reserve, commit, cancel, expire or abandon at random. There is no guard: the domain knows none.
func TestNothingOversoldNothingLost(t *testing.T) {
	for name, open := range backends {
		t.Run(name, func(t *testing.T) { contend(t, over(t, open(t))) })
	}
}

func contend(t *testing.T, r *rig) {
	ctx := t.Context()
	sizes := map[string]string{"P1": "14", "P2": "9.5", "P3": "20.0007"}
	for order, size := range sizes {
		r.pack(order, size)
	}
	second := r.service()
	var mu sync.Mutex
	committed, refused := map[string]store.Units{}, 0
	var group sync.WaitGroup
	for c := range 64 {
		group.Go(func() {
			rnd := rand.New(rand.NewPCG(uint64(c), 7))
			s := r.Service
			if c%2 == 1 {
				s = second
			}
			for n := range 12 {
				id := fmt.Sprintf("c%02d-%02d", c, n)
				amount := store.Units(rnd.IntN(8000) + 1)
				res, err := s.Reserve(ctx, seller, "inst-OD", id, amount, time.Duration(rnd.IntN(3)+1)*time.Second)
				if err != nil {
					if errs.As(err).Reason != errs.QuotaExhausted {
						t.Errorf("reserve: %v", err)
						return
					}
					mu.Lock()
					refused++
					mu.Unlock()
					continue
				}
				switch rnd.IntN(5) {
				case 0:
					if _, err := s.Cancel(ctx, seller, id); err != nil {
						t.Errorf("cancel: %v", err)
					}
				case 1: // abandoned
					r.clock.Advance(100 * time.Millisecond)
				case 2: // frees what others hold too long
					if _, err := s.Expire(ctx, seller); err != nil {
						t.Errorf("expire: %v", err)
					}
					fallthrough
				default:
					used := store.Units(rnd.IntN(int(amount) + 1))
					for range 1 + rnd.IntN(2) { // a repeat changes nothing
						done, err := s.Commit(ctx, seller, id, &used, time.Time{})
						if err != nil {
							if errs.As(err).Reason != errs.StateConflict { // it expired
								t.Errorf("commit: %v", err)
							}
							break
						}
						mu.Lock()
						for _, u := range done.Uses() {
							committed[fmt.Sprint(id, " ", u.PackageID)] = u.Amount
						}
						mu.Unlock()
					}
				}
				_ = res
			}
		})
	}
	group.Wait()
	r.clock.Advance(time.Hour)
	for range 2 { // nothing is held any more
		if _, err := r.Expire(ctx, seller); err != nil {
			t.Fatal(err)
		}
	}
	quotas, err := r.List(ctx, seller, "inst-OD")
	if err != nil {
		t.Fatal(err)
	}
	want, sum := map[string]store.Units{}, store.Units(0)
	for key, u := range committed {
		var id, pkg string
		if _, err := fmt.Sscan(key, &id, &pkg); err != nil {
			t.Fatal(err)
		}
		if u > 0 {
			want[pkg] += u
			sum += u
		}
	}
	var oversold store.Units
	for _, q := range quotas {
		oversold += max(0, q.Used+q.Reserved-q.Quota)
		if q.Used+q.Reserved+q.Left() != q.Quota || q.Reserved != 0 {
			t.Errorf("%s: %d used + %d reserved + %d left of %d", q.PackageID, q.Used, q.Reserved, q.Left(), q.Quota)
		}
		if q.Used != want[q.PackageID] {
			t.Errorf("%s: %d used, %d committed", q.PackageID, q.Used, want[q.PackageID])
		}
	}
	if oversold != 0 || len(quotas) != 3 {
		t.Fatalf("oversold %d of %d packages", oversold, len(quotas))
	}
	r.ledger(want)
	t.Logf("%s committed in %d parts, %d refused, oversold 0", decimal.Format(sum), len(committed), refused)
	if refused == 0 || sum == 0 {
		t.Error("the packages were never short, or never used")
	}
}

// TestCyclesAndItemsUnderContention: 48 consumers over three processes draw on the items of packages that are granted anew
// while they do. No cycle gives more than its content, and every unit that was committed is used, of the right item.
func TestCyclesAndItemsUnderContention(t *testing.T) {
	for name, open := range backends {
		t.Run(name, func(t *testing.T) { contendForItems(t, over(t, open(t))) })
	}
}

func contendForItems(t *testing.T, r *rig) {
	ctx := t.Context()
	r.instance("MMS", "ON_DEMAND", func(i *store.Instance) { i.Product.ProductID = "MMS" })
	begin := store.CycleStart(store.ResetMonth, r.clock.Now(), -1).Add(2 * time.Second) // turns two seconds from now
	monthly := reset(store.ResetMonth, begin)
	ofMMS := func(p *quota.Package) { p.InstanceID = "inst-MMS" }
	r.pack("P1", "9", monthly)
	r.pack("P1", "5", monthly, ofMMS)
	r.pack("P2", "6.5")
	r.pack("P2", "4", ofMMS)
	type place struct {
		packageID, instanceID string
		cycle                 int64
	}
	var mu sync.Mutex
	committed, refused := map[place]store.Units{}, 0
	services := []*quota.Service{r.Service, r.service(), r.service()}
	instances := []string{"inst-OD", "inst-MMS"}
	var group sync.WaitGroup
	for c := range 48 {
		group.Go(func() {
			rnd := rand.New(rand.NewPCG(uint64(c), 11))
			s, instance := services[c%3], instances[c%2]
			for n := range 12 {
				id := fmt.Sprintf("c%02d-%02d", c, n)
				_, err := s.Reserve(ctx, seller, instance, id, store.Units(rnd.IntN(6000)+1), time.Duration(rnd.IntN(3)+1)*time.Second)
				r.clock.Advance(10 * time.Millisecond)
				if err != nil {
					if errs.As(err).Reason != errs.QuotaExhausted {
						t.Errorf("reserve: %v", err)
					}
					mu.Lock()
					refused++
					mu.Unlock()
					continue
				}
				if rnd.IntN(4) == 0 {
					if _, err := s.Cancel(ctx, seller, id); err != nil && errs.As(err).Reason != errs.StateConflict {
						t.Errorf("cancel: %v", err)
					}
					continue
				}
				done, err := s.Commit(ctx, seller, id, nil, time.Time{})
				if err != nil {
					if errs.As(err).Reason != errs.StateConflict { // it expired
						t.Errorf("commit: %v", err)
					}
					continue
				}
				mu.Lock()
				for _, u := range done.Uses() {
					committed[place{u.PackageID, instance, u.Cycle}] += u.Amount
				}
				mu.Unlock()
			}
		})
	}
	group.Wait()
	r.clock.Advance(time.Hour)
	if _, err := r.Expire(ctx, seller); err != nil {
		t.Fatal(err)
	}
	cycles := map[int64]bool{}
	for _, id := range []string{"inst-P1", "inst-P2"} {
		items, err := r.store.PackageQuotas(ctx, seller, id)
		if err != nil || len(items) != 2 {
			t.Fatal(items, err)
		}
		for _, q := range items {
			var total store.Units
			for k, sum := range committed {
				if k.packageID != q.PackageID || k.instanceID != q.InstanceID {
					continue
				}
				if total += sum; sum > q.Quota {
					t.Errorf("%v gave %d of %d", k, sum, q.Quota)
				}
				cycles[k.cycle] = true
			}
			if q.UsedBefore+q.Used != total || q.Reserved != 0 {
				t.Errorf("%s of %s: %d used and %d reserved, %d committed", q.PackageID, q.InstanceID, q.UsedBefore+q.Used, q.Reserved, total)
			}
		}
	}
	t.Logf("%d places, %d refused", len(committed), refused)
	if refused == 0 || len(cycles) < 2 {
		t.Errorf("the packages were never short (%d refused), or never turned (%v)", refused, cycles)
	}
}
