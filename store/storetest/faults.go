// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/koogate/koogate/store"
)

var faultyCases = []testCase{
	withStore("Script", faultScript),
	withStore("AmbiguousCommitsLoseNothing", ambiguousCommits),
}

func faultScript(t *testing.T, s store.Store) {
	f := Faulty(s, 1)
	f.Rates(0, 0)
	f.Script(FaultBefore, FaultAfter, FaultNone)
	wantError(t, f.Apply(background(t), Admission("CS1", Epoch)), ErrInjected)
	_, err := f.Aggregate(background(t), Seller, "CS1")
	wantError(t, err, store.ErrNotFound)
	wantError(t, f.Apply(background(t), Admission("CS1", Epoch)), ErrInjected)
	mustAggregate(t, f, "CS1")
	wantError(t, f.Apply(background(t), Admission("CS1", Epoch)), store.ErrOrderExists)
	wantEqual(t, "counts", []int{f.Count(FaultBefore), f.Count(FaultAfter)}, []int{1, 1})
	f.Rates(1, 0)
	_, err = f.Aggregate(background(t), Seller, "CS1")
	wantError(t, err, ErrInjected)
}

// ambiguousCommits appends to one chain through faults, as a domain does: read, decide, apply, and on any fault read
// again. Every event carries its writer's word; each word must end up in the chain exactly once.
func ambiguousCommits(t *testing.T, s store.Store) {
	mustApply(t, s, Admission("CS1", Epoch))
	f := Faulty(s, 7)
	f.Rates(0.2, 0.3)
	ctx := background(t)
	written := func(word string) (bool, error) {
		events, err := f.Events(ctx, Seller, "CS1", 0, 1000)
		for _, e := range events {
			if e.Data == word {
				return true, nil
			}
		}
		return false, err
	}
	errs := together(8, func(i int) error {
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
				a, err := f.Aggregate(ctx, Seller, "CS1")
				if err != nil {
					continue
				}
				c := next(a)
				c.Events[0].Data = word
				if err := f.Apply(ctx, c); err == nil {
					break
				} else if !errors.Is(err, ErrInjected) && !errors.Is(err, store.ErrStale) {
					return err
				}
			}
		}
		return nil
	})
	wantError(t, errors.Join(errs...), nil)
	events, err := s.Events(ctx, Seller, "CS1", 0, 1000)
	wantError(t, err, nil)
	wantChain(t, events)
	words := make(map[string]bool)
	for _, e := range events[1:] {
		if words[e.Data] {
			t.Fatalf("%s is in the chain twice", e.Data)
		}
		words[e.Data] = true
	}
	wantEqual(t, "number of words", len(words), 40)
}
