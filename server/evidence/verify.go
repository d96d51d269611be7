// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/koogate/koogate/store"
)

// Source is what a Verifier reads of orders.
type Source interface {
	Aggregate(ctx context.Context, seller, orderID string) (*store.Aggregate, error)
	Events(ctx context.Context, seller, orderID string, after int64, limit int) ([]store.Event, error)
	ListOrders(ctx context.Context, q store.ListQuery) ([]store.Order, error)
}

// AnchorSource is what a Verifier reads of anchors.
type AnchorSource interface {
	Anchors(ctx context.Context, seller string, after int64, limit int) ([]store.Anchor, error)
}

// Verifier checks what was recorded. It only reads.
type Verifier struct {
	Source  Source
	Anchors AnchorSource // not needed for Links
	Keys    *Keys        // without any, signatures are not checked
	Sealer  Sealer       // without one, sealed values are not held to their digests; may be nil
	// Progress is told after every page of anchors or orders how far it is; may be nil.
	Progress func(r *Report)
	read     func(o Rows) // is told of every order of an export; may be nil
}

// Report is what a verification found.
type Report struct {
	Seller  string `json:"seller"`
	Orders  int64  `json:"orders"`
	Events  int64  `json:"events"`
	Anchors int64  `json:"anchors"`
	// Last is the newest anchor, SEQ:HASH; empty when there is none.
	Last string `json:"lastAnchor,omitempty"`
	// Signatures says whether signatures were checked at all.
	Signatures bool `json:"signaturesChecked"`
	// Faults are what is wrong; NoteCount and FaultCount count those beyond the first 1000 too.
	Faults     []Finding `json:"faults"`
	FaultCount int64     `json:"faultCount"`
	// Notes are what cannot be proved, such as rows that an earlier release has written.
	Notes     []Finding `json:"notes"`
	NoteCount int64     `json:"noteCount"`
}

// mostFindings bounds the findings that a report keeps of a kind.
const mostFindings = 1000

func newReport(seller string, keys *Keys) *Report {
	return &Report{Seller: seller, Signatures: len(keys.Public()) > 0, Faults: []Finding{}, Notes: []Finding{}}
}

func (r *Report) fault(f Finding) {
	r.FaultCount++
	if len(r.Faults) < mostFindings {
		r.Faults = append(r.Faults, f)
	}
}

func (r *Report) note(f Finding) {
	r.NoteCount++
	if len(r.Notes) < mostFindings {
		r.Notes = append(r.Notes, f)
	}
}

// took adds what a walk found.
func (r *Report) took(w *walk) {
	r.Orders++
	r.Events += w.events
	for _, f := range w.faults {
		r.fault(f)
	}
	for _, f := range w.notes {
		r.note(f)
	}
}

// joined adds what another report found.
func (r *Report) joined(o *Report) {
	r.Orders += o.Orders
	r.Events += o.Events
	for _, f := range o.Faults {
		r.fault(f)
	}
	for _, f := range o.Notes {
		r.note(f)
	}
	r.FaultCount += o.FaultCount - int64(len(o.Faults))
	r.NoteCount += o.NoteCount - int64(len(o.Notes))
}

const (
	pageOfOrders  = 200
	pageOfEvents  = 500
	pageOfAnchors = 50
)

// All checks everything of a seller. noted is an anchor that somebody has noted outside the database, SEQ:HASH; may be empty. It
// keeps about 200 bytes in memory for every head that anchors have recorded.
func (v *Verifier) All(ctx context.Context, seller, noted string) (*Report, error) {
	r := newReport(seller, v.Keys)
	chain, err := v.anchors(ctx, r, "", noted)
	if err != nil {
		return nil, err
	}
	q := store.ListQuery{Seller: seller, Limit: pageOfOrders}
	ahead := map[string]int64{} // orders that say that anchors know more than these do
	for {
		orders, err := v.Source.ListOrders(ctx, q)
		if err != nil {
			return nil, err
		}
		for i := range orders {
			o := &orders[i]
			if err := v.order(ctx, r, chain, o.OrderID, ahead); err != nil {
				return nil, err
			}
			delete(chain.heads, o.OrderID)
		}
		if v.Progress != nil {
			v.Progress(r)
		}
		if len(orders) < pageOfOrders {
			break
		}
		last := orders[len(orders)-1]
		q.After = &store.Cursor{CreatedAt: last.CreatedAt, ID: last.OrderID}
	}
	for _, id := range slices.Sorted(maps.Keys(chain.heads)) {
		chain.missing(r, id)
	}
	return r, v.newer(ctx, r, chain, ahead)
}

// Links checks the chain of one order, its signatures and its rows, and no anchors: what the answer to one call has time for.
// Errors: store.ErrNotFound.
func (v *Verifier) Links(ctx context.Context, seller, orderID string) (*Report, error) {
	r := newReport(seller, v.Keys)
	return r, v.order(ctx, r, &anchorChain{}, orderID, map[string]int64{})
}

// Order checks one order. Errors: store.ErrNotFound when there is none and no anchor knows it.
func (v *Verifier) Order(ctx context.Context, seller, orderID, noted string) (*Report, error) {
	r := newReport(seller, v.Keys)
	chain, err := v.anchors(ctx, r, orderID, noted)
	if err != nil {
		return nil, err
	}
	ahead := map[string]int64{}
	err = v.order(ctx, r, chain, orderID, ahead)
	if errors.Is(err, store.ErrNotFound) && len(chain.heads[orderID]) > 0 {
		chain.missing(r, orderID)
		return r, nil
	}
	if err != nil {
		return nil, err
	}
	return r, v.newer(ctx, r, chain, ahead)
}

// order checks one order against the anchors of chain.
func (v *Verifier) order(ctx context.Context, r *Report, chain *anchorChain, orderID string, ahead map[string]int64) error {
	agg, err := v.Source.Aggregate(ctx, r.Seller, orderID) // read first: events that are appended meanwhile lie beyond this head
	if err != nil {
		return err
	}
	known := chain.heads[orderID]
	w := newWalk(RowsOf(agg), v.Keys, known, chain.began())
	for w.head.Seq < agg.Order.Head.Seq {
		events, err := v.Source.Events(ctx, r.Seller, orderID, w.head.Seq, int(min(pageOfEvents, agg.Order.Head.Seq-w.head.Seq)))
		if err != nil {
			return err
		}
		if len(events) == 0 || !w.add(events) {
			break
		}
		if v.Sealer != nil {
			w.sealed(v.Sealer, events)
		}
	}
	w.end()
	r.took(w)
	var newest int64
	if len(known) == 0 && agg.Order.AnchoredSeq > agg.Order.Head.Seq {
		r.fault(Finding{Seller: r.Seller, OrderID: orderID, Seq: agg.Order.AnchoredSeq, What: "missing although the order says that an anchor recorded it"})
		return nil
	}
	if len(known) > 0 {
		newest = known[len(known)-1].seq
	}
	if agg.Order.AnchoredSeq > newest {
		ahead[orderID] = agg.Order.AnchoredSeq
	}
	return nil
}

// begun says that anchors are missing although they are made from the first start with a signing key.
func (v *Verifier) begun(r *Report, chain *anchorChain) {
	if r.Signatures && !chain.began() && r.Orders > 0 {
		r.fault(Finding{Seller: r.Seller, What: "there is no anchor, although the service makes one as soon as it starts with a signing key"})
	}
}

// newer reads the anchors that were made meanwhile, for the orders that name one.
func (v *Verifier) newer(ctx context.Context, r *Report, chain *anchorChain, ahead map[string]int64) error {
	v.begun(r, chain)
	for len(ahead) > 0 {
		page, err := v.Anchors.Anchors(ctx, r.Seller, chain.last.Seq, pageOfAnchors)
		if err != nil {
			return err
		}
		if len(page) == 0 {
			break
		}
		for _, a := range page {
			heads, err := headsOf(a)
			if err != nil {
				r.fault(Finding{Seller: r.Seller, Anchor: a.Seq, What: "its heads cannot be read"})
			}
			for _, h := range heads {
				if h.Seq >= ahead[h.OrderID] {
					delete(ahead, h.OrderID)
				}
			}
			chain.last = a
		}
	}
	for _, id := range slices.Sorted(maps.Keys(ahead)) {
		r.fault(Finding{Seller: r.Seller, OrderID: id, Seq: ahead[id], What: "the order says that an anchor knows this event, and none does"})
	}
	return nil
}
