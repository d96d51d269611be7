// SPDX-License-Identifier: Apache-2.0

package billing

import (
	"errors"
	"fmt"
	"testing"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
	"github.com/koogate/koogate/store/storetest/check"
)

var faultyUsageCases = []check.Case{
	check.WithStore("Script", usageFaultScript),
	check.WithStore("AmbiguousCommitsLoseNothing", ambiguousUsage),
}

func usageFaultScript(t *testing.T, s store.Store) {
	f := storetest.FaultyUsage(s, 1)
	f.Rates(0, 0)
	f.Script(storetest.FaultBefore, storetest.FaultAfter, storetest.FaultNone)
	ctx := check.Context(t)
	_, err := f.AddUsage(ctx, []store.UsageRaw{usage("a", "i", 0, 1)})
	check.Error(t, err, storetest.ErrInjected)
	wantTotals(t, f)
	_, err = f.AddUsage(ctx, []store.UsageRaw{usage("a", "i", 0, 1)})
	check.Error(t, err, storetest.ErrInjected)
	wantTotals(t, f, 1)
	check.Equal(t, "again", add(t, f, usage("a", "i", 0, 1)), []store.UsageOutcome{store.UsageDuplicate})
	f.Rates(1, 0)
	for name, call := range usageCalls(f) {
		if err := call(ctx); !errors.Is(err, storetest.ErrInjected) {
			t.Errorf("%s: error = %v, want %v", name, err, storetest.ErrInjected)
		}
	}
}

// ambiguousUsage does all that a domain does through faults, each call until it is answered: what is told, reserved, used
// and pushed at the end is what was meant, once.
func ambiguousUsage(t *testing.T, s store.Store) {
	putQuota(t, s, quota("p", 1000))
	f := storetest.FaultyUsage(s, 7)
	f.Rates(0.2, 0.3)
	ctx := check.Context(t)
	until := func(call func() error) error {
		for {
			if err := call(); !errors.Is(err, storetest.ErrInjected) {
				return err
			}
		}
	}
	errs := check.Together(8, func(i int) error {
		for n := range 5 {
			id := fmt.Sprint(i, "-", n)
			err := errors.Join(
				until(func() error { _, err := f.AddUsage(ctx, []store.UsageRaw{usage(id, "i", 0, 10)}); return err }),
				until(func() error { _, err := f.CloseUsage(ctx, storetest.Seller, hour(9), store.SpansApart, 3); return err }),
				until(func() error { _, err := f.ReserveQuota(ctx, reservation(id, 3), hour(1)); return err }),
				until(func() error { _, err := f.CommitQuota(ctx, commit(id, 2)); return err }),
				until(func() error { // records whose making was not answered are found here
					rows, err := f.SendingUsage(ctx, storetest.Seller, hour(9), 100)
					var all []store.UsageVerdict
					for _, r := range rows {
						all = append(all, pushed(r.ID))
					}
					if err == nil {
						err = f.SettleUsage(ctx, all, hour(9))
					}
					return err
				}),
			)
			if err != nil {
				return err
			}
		}
		return nil
	})
	check.Error(t, errors.Join(errs...), nil)
	wantTotals(t, s, 400, 80)
	wantBooked(t, s, 80, 0)
	for len(closeAll(t, s, hour(9), 10)) > 0 {
		continue
	}
	rows, err := s.SendingUsage(ctx, storetest.Seller, hour(9), 100)
	check.Error(t, err, nil)
	for _, r := range rows {
		settle(t, s, hour(9), pushed(r.ID))
	}
	for _, p := range prove(t, s, storetest.Seller) {
		check.Equal(t, "pushed", p.Pushed, p.Total)
	}
}
