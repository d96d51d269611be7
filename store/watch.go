// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"slices"
	"sync"
)

// Watcher tells of changes in every process.
type Watcher interface {
	// Watch returns a channel that gets a token (capacity 1, never blocking the sender) after a change to any topic, and a
	// function that ends the watch. Wake-ups may be lost when a process or connection dies: so watchers also look without a
	// wake-up from time to time.
	Watch(topics ...string) (wake <-chan struct{}, stop func())
	// Turn is Watch for those who compete for the same work: of all that wait for a topic a change wakes one. One that waits in the
	// process of the change goes before those elsewhere, who are told of it only when nobody waits there.
	Turn(topics ...string) *Turn
}

// QueueTopic is the watch topic of a seller's queue, for those who compete for its tasks.
func QueueTopic(seller, queue string) string { return "q\x1f" + seller + "\x1f" + queue }

// InstanceTopic is the watch topic of an instance.
func InstanceTopic(seller, instanceID string) string { return "i\x1f" + seller + "\x1f" + instanceID }

// Hub carries wake-ups inside one process; backends have one.
type Hub struct {
	// Elsewhere tells other processes of topics for which a turn was taken here and not used. It is set before the first turn, must
	// not block, and is nil when there are no others.
	Elsewhere func(topics ...string)

	mu   sync.Mutex
	subs map[string]map[*watch]struct{}
}

type watch struct {
	wake   chan struct{}
	topics []string
	turn   bool   // of those that have it a change wakes one
	last   string // topic of the last turn
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

// Publish wakes the watchers of the topics, and of those that compete one for each time that a topic is named. It returns the topics
// for which nobody here took the turn: others have to be told of these.
func (h *Hub) Publish(topics ...string) (open []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, t := range topics {
		for w := range h.subs[t] {
			if !w.turn {
				w.token()
			}
		}
		if !h.next(t, nil) {
			open = append(open, t)
		}
	}
	return open
}

// next wakes one of those that compete for the topic, other than the one that has had its turn. It is false when none waits who is not
// awake already.
func (h *Hub) next(topic string, but *watch) bool {
	for w := range h.subs[topic] {
		if w.turn && w != but && w.token() {
			w.last = topic
			return true
		}
	}
	return false
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

// Pass gives the turn to somebody else who waits in this process, if anybody does: for one who has looked and may have left work behind.
func (t *Turn) Pass() { t.pass() }

func (t *Turn) pass() (topic string, ok bool) {
	t.hub.mu.Lock()
	defer t.hub.mu.Unlock()
	return t.watch.last, slices.ContainsFunc(t.watch.topics, func(topic string) bool { return t.hub.next(topic, t.watch) })
}

// GiveBack gives the turn to somebody else who waits, here or in another process: for one who had it and could not look.
func (t *Turn) GiveBack() {
	if topic, ok := t.pass(); !ok && topic != "" && t.hub.Elsewhere != nil {
		t.hub.Elsewhere(topic)
	}
}

// Stop ends the watch and gives a turn back that was not used.
func (t *Turn) Stop() {
	t.hub.remove(t.watch)
	select {
	case <-t.watch.wake:
		t.GiveBack()
	default:
	}
}

// Feed is every event of a seller in an order that does not change any more once it can be read: what is committed later stands behind
// what was read before, and an order's events stand in the order of their chain (ADR 41). Nothing is ever removed from it.
type Feed interface {
	// EventsBehind reads the events behind a place; the zero place is before the first.
	EventsBehind(ctx context.Context, seller string, after FeedPlace, limit int) (FeedPage, error)
	// EventAt returns the event that stands at a place. Errors: ErrNotFound.
	EventAt(ctx context.Context, seller string, at FeedPlace) (Event, error)
	// FeedEnd returns the last event that can be read. Errors: ErrNotFound when there is none.
	FeedEnd(ctx context.Context, seller string) (FeedEvent, error)
	// FeedHead returns a number that has changed when there may be something new to read. It costs less than reading.
	FeedHead(ctx context.Context, seller string) (int64, error)
}

// FeedPlace is a place in the feed of a database: that of an event, or one between two.
type FeedPlace struct {
	Number  int64 // the backend's
	OrderID string
	Seq     int64
}

// FeedEvent is an event in the feed.
type FeedEvent struct {
	Event
	Number int64 // see FeedPlace
}

// Place is where the event stands.
func (e FeedEvent) Place() FeedPlace { return FeedPlace{e.Number, e.OrderID, e.Seq} }

// FeedPage is a piece of the feed.
type FeedPage struct {
	Events []FeedEvent
	End    FeedPlace // behind the last event that was looked at, which may be another seller's
	More   bool      // there was more to look at when the page was read, though it need not be the seller's
}
