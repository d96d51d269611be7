// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"strconv"
	"time"
)

// Evidence keeps the anchors, each of which covers the orders of a seller that changed since the one before.
type Evidence interface {
	// Unanchored returns at most limit heads of orders that have changed since an anchor last recorded them, by order ID.
	Unanchored(ctx context.Context, seller string, limit int) ([]SignedHead, error)
	// LastAnchor returns a seller's newest anchor. Errors: ErrNotFound.
	LastAnchor(ctx context.Context, seller string) (Anchor, error)
	// Anchors returns a seller's anchors with seq > after, ascending, at most limit.
	Anchors(ctx context.Context, seller string, after int64, limit int) ([]Anchor, error)
	// PutAnchor adds an anchor and notes in each order up to which event anchors have recorded it. Errors: ErrStale when the seq is
	// taken.
	PutAnchor(ctx context.Context, a Anchor, heads []SignedHead) error
}

// SignedHead is the head of an order's chain with its signature.
type SignedHead struct {
	OrderID string
	Head
	Signature string // empty when the event has none
}

// Anchor is one link of the chain over all orders of a seller. Key: Seller, Seq.
type Anchor struct {
	Seller    string
	Seq       int64 // from 1, without gaps
	At        time.Time
	Heads     string // JSON: the heads of the orders that have changed since the anchor before
	PrevHash  string
	Hash      string
	Signature string
}

// Name is what is noted of an anchor outside: SEQ:HASH.
func (a Anchor) Name() string { return strconv.FormatInt(a.Seq, 10) + ":" + a.Hash }
