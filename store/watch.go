// SPDX-License-Identifier: Apache-2.0

package store

import "sync"

// Watcher tells of changes in every process.
type Watcher interface {
	// Watch returns a channel that gets a token (capacity 1, never blocking the sender) after a change to any topic, and a
	// function that ends the watch. Wake-ups may be lost when a process or connection dies: so watchers also look without a
	// wake-up from time to time.
	Watch(topics ...string) (wake <-chan struct{}, stop func())
}

// QueueTopic is the watch topic of a seller's queue.
func QueueTopic(seller, queue string) string { return "q\x1f" + seller + "\x1f" + queue }

// InstanceTopic is the watch topic of an instance.
func InstanceTopic(seller, instanceID string) string { return "i\x1f" + seller + "\x1f" + instanceID }

// Hub carries wake-ups inside one process; backends embed it.
type Hub struct {
	mu   sync.Mutex
	subs map[string]map[*watch]struct{}
}

type watch struct{ wake chan struct{} }

// Watch implements Store.Watch.
func (h *Hub) Watch(topics ...string) (<-chan struct{}, func()) {
	w := &watch{wake: make(chan struct{}, 1)}
	h.mu.Lock()
	if h.subs == nil {
		h.subs = make(map[string]map[*watch]struct{})
	}
	for _, t := range topics {
		if h.subs[t] == nil {
			h.subs[t] = make(map[*watch]struct{})
		}
		h.subs[t][w] = struct{}{}
	}
	h.mu.Unlock()
	var once sync.Once
	return w.wake, func() {
		once.Do(func() {
			h.mu.Lock()
			defer h.mu.Unlock()
			for _, t := range topics {
				delete(h.subs[t], w)
				if len(h.subs[t]) == 0 {
					delete(h.subs, t)
				}
			}
		})
	}
}

// Publish wakes the watchers of the topics.
func (h *Hub) Publish(topics ...string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, t := range topics {
		for w := range h.subs[t] {
			select {
			case w.wake <- struct{}{}:
			default:
			}
		}
	}
}
