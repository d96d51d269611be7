// SPDX-License-Identifier: Apache-2.0

package authcentre

import "container/list"

// shelf is a map that forgets its oldest entries beyond most.
type shelf[V any] struct {
	most    int
	entries map[string]*list.Element
	order   *list.List // of item[V], the oldest first
}

type item[V any] struct {
	key   string
	value V
}

func newShelf[V any](most int) *shelf[V] {
	return &shelf[V]{most, make(map[string]*list.Element), list.New()}
}

func (s *shelf[V]) put(key string, value V) {
	s.drop(key)
	s.entries[key] = s.order.PushBack(item[V]{key, value})
	if s.order.Len() > s.most {
		s.drop(s.order.Front().Value.(item[V]).key)
	}
}

func (s *shelf[V]) get(key string) (V, bool) {
	if e, ok := s.entries[key]; ok {
		return e.Value.(item[V]).value, true
	}
	var none V
	return none, false
}

// take returns what is there and removes it.
func (s *shelf[V]) take(key string) (V, bool) {
	v, ok := s.get(key)
	s.drop(key)
	return v, ok
}

func (s *shelf[V]) drop(key string) {
	if e, ok := s.entries[key]; ok {
		s.order.Remove(e)
		delete(s.entries, key)
	}
}

// all yields the values, the oldest first. The loop may drop the one that it is at.
func (s *shelf[V]) all(yield func(string, V) bool) {
	for e := s.order.Front(); e != nil; {
		next := e.Next()
		if i := e.Value.(item[V]); !yield(i.key, i.value) {
			return
		}
		e = next
	}
}
