// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"errors"
	"fmt"
	"testing"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
	"github.com/koogate/koogate/store/storetest/check"
)

var faultyCases = []check.Case{
	check.WithStore("Script", faultScript),
	check.WithStore("AmbiguousCommitsLoseNothing", ambiguousCommits),
}

func faultScript(t *testing.T, s store.Store) {
	f := storetest.Faulty(s, 1)
	f.Rates(0, 0)
	f.Script(storetest.FaultBefore, storetest.FaultAfter, storetest.FaultNone)
	check.Error(t, f.Apply(check.Context(t), storetest.Admission("CS1", storetest.Epoch)), storetest.ErrInjected)
	_, err := f.Aggregate(check.Context(t), storetest.Seller, "CS1")
	check.Error(t, err, store.ErrNotFound)
	check.Error(t, f.Apply(check.Context(t), storetest.Admission("CS1", storetest.Epoch)), storetest.ErrInjected)
	check.MustAggregate(t, f, "CS1")
	check.Error(t, f.Apply(check.Context(t), storetest.Admission("CS1", storetest.Epoch)), store.ErrOrderExists)
	check.Equal(t, "counts", []int{f.Count(storetest.FaultBefore), f.Count(storetest.FaultAfter)}, []int{1, 1})
	f.Rates(1, 0)
	_, err = f.Aggregate(check.Context(t), storetest.Seller, "CS1")
	check.Error(t, err, storetest.ErrInjected)
}

// ambiguousCommits appends to one chain through faults, as a domain does: read, decide, apply, and on any fault read
// again. Every event carries its writer's word; each word must end up in the chain exactly once.
func ambiguousCommits(t *testing.T, s store.Store) {
	check.MustApply(t, s, storetest.Admission("CS1", storetest.Epoch))
	f := storetest.Faulty(s, 7)
	f.Rates(0.2, 0.3)
	ctx := check.Context(t)
	written := func(word string) (bool, error) {
		events, err := f.Events(ctx, storetest.Seller, "CS1", 0, 1000)
		for _, e := range events {
			if e.Data == word {
				return true, nil
			}
		}
		return false, err
	}
	errs := check.Together(8, func(i int) error {
		for n := range 5 {
			word := fmt.Sprintf(`{"word":"%d-%d"}`, i, n)
			for {
				done, err := written(word)
				if err == nil && done {
					break
				}
				if err != nil {
					continue
				}
				a, err := f.Aggregate(ctx, storetest.Seller, "CS1")
				if err != nil {
					continue
				}
				c := check.Next(a)
				c.Events[0].Data = word
				if err := f.Apply(ctx, c); err == nil {
					break
				} else if !errors.Is(err, storetest.ErrInjected) && !errors.Is(err, store.ErrStale) {
					return err
				}
			}
		}
		return nil
	})
	check.Error(t, errors.Join(errs...), nil)
	events, err := s.Events(ctx, storetest.Seller, "CS1", 0, 1000)
	check.Error(t, err, nil)
	wantChain(t, events)
	words := make(map[string]bool)
	for _, e := range events[1:] {
		if words[e.Data] {
			t.Fatalf("%s is in the chain twice", e.Data)
		}
		words[e.Data] = true
	}
	check.Equal(t, "number of words", len(words), 40)
}
