// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/koogate/koogate/store"
)

// anchorChain is what the anchors of a seller tell.
type anchorChain struct {
	last  store.Anchor
	heads map[string][]anchored // by order, ascending
	noted bool                  // whether the anchor that was noted outside was met
}

// began says whether anchors are made for the seller, from when on every head is signed.
func (c *anchorChain) began() bool { return c.last.Seq > 0 }

// missing reports an order that anchors know and nobody else does.
func (c *anchorChain) missing(r *Report, orderID string) {
	known := c.heads[orderID]
	last := known[len(known)-1]
	r.fault(Finding{
		Seller: r.Seller, OrderID: orderID, Anchor: last.anchor,
		What: fmt.Sprintf("the order is missing; anchor %d recorded %d events of it", last.anchor, last.seq),
	})
}

// anchors checks the chain of anchors and returns what it recorded, of one order only when orderID is given.
func (v *Verifier) anchors(ctx context.Context, r *Report, orderID, noted string) (*anchorChain, error) {
	chain := &anchorChain{heads: map[string][]anchored{}}
	for {
		page, err := v.Anchors.Anchors(ctx, r.Seller, chain.last.Seq, pageOfAnchors)
		if err != nil {
			return nil, err
		}
		for i := range page {
			chain.take(r, v.Keys, page[i], orderID, noted)
		}
		if v.Progress != nil {
			v.Progress(r)
		}
		if len(page) < pageOfAnchors {
			break
		}
	}
	chain.end(r, noted)
	return chain, nil
}

// take checks the next anchor.
func (c *anchorChain) take(r *Report, keys *Keys, a store.Anchor, orderID, noted string) {
	wrong := func(format string, args ...any) {
		r.fault(Finding{Seller: r.Seller, Anchor: a.Seq, What: fmt.Sprintf(format, args...)})
	}
	r.Anchors++
	switch {
	case a.Seq != c.last.Seq+1:
		wrong("the anchor before it is missing")
	case a.PrevHash != c.last.Hash:
		wrong("does not point at the anchor before it")
	case a.Hash != AnchorHash(a):
		wrong("the anchor was altered: its hash does not recompute")
	}
	if r.Signatures {
		if err := keys.check(signsAnchor, a.Hash, a.Signature); err != nil {
			wrong("the anchor's signature does not verify: %v", err)
		}
	}
	heads, err := headsOf(a)
	if err != nil {
		wrong("its heads cannot be read")
	}
	for _, h := range heads {
		if orderID == "" || h.OrderID == orderID {
			c.heads[h.OrderID] = append(c.heads[h.OrderID], anchored{h.Seq, h.Hash, a.Seq, h.Unsigned})
		}
	}
	c.noted = c.noted || a.Name() == noted
	c.last = a
	r.Last = a.Name()
}

// end checks what must be there after the last anchor.
func (c *anchorChain) end(r *Report, noted string) {
	if noted != "" && !c.noted {
		seq, _, _ := strings.Cut(noted, ":")
		n, _ := strconv.ParseInt(seq, 10, 64) // 0 when it is not one
		r.fault(Finding{Seller: r.Seller, Anchor: n, What: "the anchor that was noted outside is not among the anchors: they were cut or rewritten"})
	}
	for id := range c.heads {
		slices.SortStableFunc(c.heads[id], func(a, b anchored) int { return cmp.Compare(a.seq, b.seq) })
	}
}
