// SPDX-License-Identifier: Apache-2.0

package authcentre

import (
	"fmt"
	"slices"
	"testing"
)

func TestAShelfForgetsTheOldest(t *testing.T) {
	t.Parallel()
	s := newShelf[int](3)
	for n := range 5 {
		s.put(fmt.Sprint(n), n)
	}
	s.put("3", 33) // as new
	var all []int
	for key, n := range s.all {
		if all = append(all, n); n == 4 {
			s.drop(key)
		}
	}
	if _, ok := s.get("1"); ok || !slices.Equal(all, []int{2, 4, 33}) {
		t.Errorf("%v", all)
	}
	if n, ok := s.take("3"); !ok || n != 33 || len(s.entries) != 1 || s.order.Len() != 1 {
		t.Errorf("%d %v", n, s.entries)
	}
	if _, ok := s.take("3"); ok {
		t.Error("taken twice")
	}
}
