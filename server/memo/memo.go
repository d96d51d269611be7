// SPDX-License-Identifier: Apache-2.0

// Package memo remembers what was used last, in bounded memory. What it has forgotten costs the work of finding it again and decides nothing.
package memo

import "sync"

// Cache remembers entries in two generations: one that is used moves to the younger, and when that is full the older is dropped. Safe for concurrent use.
type Cache[K comparable, V any] struct {
	limit int

	mu           sync.Mutex
	young, older map[K]V
}

// New returns a cache of at most twice limit entries.
func New[K comparable, V any](limit int) *Cache[K, V] {
	return &Cache[K, V]{limit: limit, young: make(map[K]V)}
}

// Get returns an entry; ok is false when it is not remembered.
func (c *Cache[K, V]) Get(key K) (v V, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if v, ok = c.young[key]; ok {
		return v, true
	}
	if v, ok = c.older[key]; ok {
		c.put(key, v)
	}
	return v, ok
}

// Put remembers an entry.
func (c *Cache[K, V]) Put(key K, v V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.put(key, v)
}

// Drop forgets an entry.
func (c *Cache[K, V]) Drop(key K) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.young, key)
	delete(c.older, key)
}

// Len is how many entries take memory; one that moved counts twice.
func (c *Cache[K, V]) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.young) + len(c.older)
}

// put puts an entry into the younger generation. The caller holds mu.
func (c *Cache[K, V]) put(key K, v V) {
	if len(c.young) >= c.limit {
		c.young, c.older = make(map[K]V), c.young
	}
	c.young[key] = v
}
