// SPDX-License-Identifier: Apache-2.0

package store

import "context"

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
