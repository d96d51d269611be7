// SPDX-License-Identifier: Apache-2.0

package store

import "sync"

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

// Topics lists what a committed change wakes: the queue of every task that is READY now, and every changed instance.
func (c *Change) Topics() []string {
	seen := make(map[string]struct{})
	var topics []string
	add := func(t string) {
		if _, ok := seen[t]; !ok {
			seen[t] = struct{}{}
			topics = append(topics, t)
		}
	}
	task := func(t Task) {
		if t.State == TaskReady {
			add(QueueTopic(t.Seller, t.Queue))
		}
		if t.Seq == 0 && t.InstanceID != "" { // an unordered task's end matters to whoever waits at the instance
			add(InstanceTopic(t.Seller, t.InstanceID))
		}
	}
	for _, t := range c.NewTasks {
		task(t)
	}
	for _, t := range c.PutTasks {
		task(t.Task)
	}
	for _, i := range c.PutInstances {
		add(InstanceTopic(i.Seller, i.InstanceID))
	}
	return topics
}
