// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/store"
)

// The size of an anchor, and how long after the last one the next is made. What is cut within that time leaves no trace in anchors.
const (
	headsOfAnchor = 500
	anchorEvery   = time.Hour
)

// Head is what an anchor records of one order.
type Head struct {
	OrderID string `json:"o"`
	Seq     int64  `json:"n"`
	Hash    string `json:"h"`
	// Unsigned says that the head bore no signature of ours when the anchor was made: an earlier release wrote it, or somebody else.
	Unsigned bool `json:"unsigned,omitempty"`
}

// AnchorHash computes the link of an anchor: SHA-256 over every field but Hash and Signature.
func AnchorHash(a store.Anchor) string {
	d := newDigester("koogate/anchor/1")
	d.text(a.Seller)
	d.num(a.Seq)
	d.num(a.At.UnixMicro())
	d.text(a.Heads)
	d.text(a.PrevHash)
	return d.hex()
}

func headsOf(a store.Anchor) (heads []Head, err error) {
	err = json.Unmarshal([]byte(a.Heads), &heads)
	return heads, err
}

// Anchorer makes anchors. All fields are required, except that without a signing key none is made.
type Anchorer struct {
	Store store.Evidence
	Keys  *Keys
	Clock clock.Clock
	Log   *slog.Logger
}

// Anchor records every head that has changed since the last anchor and returns when to come again. Several processes may do it at
// once: the database decides who was first.
func (a *Anchorer) Anchor(ctx context.Context, seller string) (next time.Time, err error) {
	began := true // anchors had begun before this turn, so every head should bear a signature
	for turn := 0; a.Keys.Signs(); turn++ {
		heads, err := a.Store.Unanchored(ctx, seller, headsOfAnchor)
		if err != nil {
			return a.Clock.Now(), err
		}
		if len(heads) == 0 {
			break
		}
		last, err := a.Store.LastAnchor(ctx, seller)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return a.Clock.Now(), err
		}
		if turn == 0 {
			began = err == nil
		}
		switch err := a.put(ctx, last, seller, heads, began); {
		case errors.Is(err, store.ErrStale): // another process was first
		case err != nil:
			return a.Clock.Now(), err
		}
	}
	return a.Clock.Now().Add(anchorEvery), nil
}

// put makes one anchor behind the last.
func (a *Anchorer) put(ctx context.Context, last store.Anchor, seller string, heads []store.SignedHead, began bool) error {
	records := make([]Head, len(heads))
	unsigned := 0
	for i, h := range heads {
		records[i] = Head{OrderID: h.OrderID, Seq: h.Seq, Hash: h.Hash, Unsigned: a.Keys.check(signsEvent, h.Hash, h.Signature) != nil}
		if records[i].Unsigned {
			unsigned++
		}
	}
	text, err := json.Marshal(records)
	if err != nil {
		return fmt.Errorf("evidence: %w", err)
	}
	anchor := store.Anchor{
		Seller: seller, Seq: last.Seq + 1, At: a.Clock.Now().UTC().Truncate(time.Microsecond), Heads: string(text), PrevHash: last.Hash,
	}
	anchor.Hash = AnchorHash(anchor)
	anchor.Signature = a.Keys.sign(signsAnchor, anchor.Hash)
	if err := a.Store.PutAnchor(ctx, anchor, heads); err != nil {
		return err
	}
	a.Log.InfoContext(ctx, "anchored; who notes this outside the database can check it with koogate verify --anchor", "seller", seller,
		"anchor", anchor.Name(), "orders", len(heads))
	if unsigned > 0 && began {
		a.Log.ErrorContext(ctx, "orders had heads without a signature of ours; unless an earlier release runs beside this one, somebody wrote "+
			"into the database: see koogate verify", "seller", seller, "anchor", anchor.Seq, "orders", unsigned)
	}
	return nil
}
