// SPDX-License-Identifier: Apache-2.0

package store

import "sync"

// Watcher tells of changes in every process.
type Watcher interface {
	// Watch returns a channel that gets a token (capacity 1, never blocking the sender) after a change to any topic, and a
	// function that ends the watch. Wake-ups may be lost when a process or connection dies: so watchers also look without a
	// wake-up from time to time.
	Watch(topics ...string) (wake <-chan struct{}, stop func())
	// Turn is Watch for those who compete for the same work: of all that wait for a topic in this process a change wakes one.
	Turn(topics ...string) *Turn
}

// QueueTopic is the watch topic of a seller's queue.
func QueueTopic(seller, queue string) string { return "q\x1f" + seller + "\x1f" + queue }

// InstanceTopic is the watch topic of an instance.
func InstanceTopic(seller, instanceID string) string { return "i\x1f" + seller + "\x1f" + instanceID }

// Hub carries wake-ups inside one process; backends have one.
type Hub struct {
	mu   sync.Mutex
	subs map[string]map[*watch]struct{}
}

type watch struct {
	wake   chan struct{}
	topics []string
	turn   bool // of those that have it a change wakes one
}

// token wakes the watcher. It is false when a token is there already, which makes it look anyway.
func (w *watch) token() bool {
	select {
	case w.wake <- struct{}{}:
		return true
	default:
		return false
	}
}

// Watch implements Watcher.
func (h *Hub) Watch(topics ...string) (<-chan struct{}, func()) {
	w := h.add(&watch{topics: topics})
	return w.wake, sync.OnceFunc(func() { h.remove(w) })
}

// Turn implements Watcher.
func (h *Hub) Turn(topics ...string) *Turn {
	return &Turn{hub: h, watch: h.add(&watch{topics: topics, turn: true})}
}

func (h *Hub) add(w *watch) *watch {
	w.wake = make(chan struct{}, 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.subs == nil {
		h.subs = make(map[string]map[*watch]struct{})
	}
	for _, t := range w.topics {
		if h.subs[t] == nil {
			h.subs[t] = make(map[*watch]struct{})
		}
		h.subs[t][w] = struct{}{}
	}
	return w
}

func (h *Hub) remove(w *watch) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, t := range w.topics {
		delete(h.subs[t], w)
		if len(h.subs[t]) == 0 {
			delete(h.subs, t)
		}
	}
}

// Publish wakes the watchers of the topics.
func (h *Hub) Publish(topics ...string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, t := range topics {
		woken := false
		for w := range h.subs[t] {
			if w.turn && woken {
				continue
			}
			if w.token() && w.turn {
				woken = true
			}
		}
	}
}

// WakeAll wakes every watcher, as after wake-ups that may have been lost.
func (h *Hub) WakeAll() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, watches := range h.subs {
		for w := range watches {
			w.token()
		}
	}
}

// Turn is a watch of somebody who competes with others for the same work.
type Turn struct {
	hub   *Hub
	watch *watch
}

// C gets a token when it is this one's turn to look.
func (t *Turn) C() <-chan struct{} { return t.watch.wake }

// Pass gives the turn to somebody else who waits: for one who had it and has not looked, or has left work behind.
func (t *Turn) Pass() {
	t.hub.mu.Lock()
	defer t.hub.mu.Unlock()
	for _, topic := range t.watch.topics {
		for w := range t.hub.subs[topic] {
			if w.turn && w != t.watch && w.token() {
				return
			}
		}
	}
}

// Stop ends the watch and passes a turn on that was not used.
func (t *Turn) Stop() {
	t.hub.remove(t.watch)
	select {
	case <-t.watch.wake:
		t.Pass()
	default:
	}
}
