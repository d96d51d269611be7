// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/koogate/koogate/store"
)

// Format names the form of an export: JSON values one after the other, each a record. The first of a seller is its header; anchors
// come before orders.
const Format = "koogate/evidence/1"

// record is one value of an export; one member is set.
type record struct {
	Header *header        `json:"header,omitempty"`
	Anchor *exportAnchor  `json:"anchor,omitempty"`
	Order  *exportedOrder `json:"order,omitempty"`
}

type header struct {
	Format string `json:"format"`
	Seller string `json:"seller"`
	All    bool   `json:"all"` // every order and anchor of the seller follows
}

type exportAnchor struct {
	Seq       int64  `json:"seq"`
	At        int64  `json:"at"` // microseconds since the epoch
	Heads     string `json:"heads"`
	PrevHash  string `json:"prevHash"`
	Hash      string `json:"hash"`
	Signature string `json:"signature"`
}

type exportedOrder struct {
	Rows
	Events []exportedEvent `json:"events"`
}

type exportedEvent struct {
	Seq        int64  `json:"seq"`
	Kind       string `json:"kind"`
	InstanceID string `json:"instanceId"`
	At         int64  `json:"at"` // microseconds since the epoch
	Data       string `json:"data"`
	PrevHash   string `json:"prevHash"`
	Hash       string `json:"hash"`
	Claims     string `json:"claims,omitempty"`
	Signature  string `json:"signature,omitempty"`
}

// begin writes the header of an export.
func begin(w io.Writer, seller string, all bool) (*json.Encoder, error) {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	return out, out.Encode(record{Header: &header{Format, seller, all}})
}

// ExportOrder is Export of one order without anchors, because those name other orders. It returns the head up to which the chain was written.
func ExportOrder(ctx context.Context, w io.Writer, orders Source, seller, orderID string) (store.Head, error) {
	out, err := begin(w, seller, false)
	if err != nil {
		return store.Head{}, err
	}
	return exportOrder(ctx, out, orders, seller, orderID)
}

// Export writes what a stranger needs to verify: the chains of all orders of a seller with the anchors, and of the rows what the chains claim.
// Sealed values are not in it.
func Export(ctx context.Context, w io.Writer, orders Source, anchors AnchorSource, seller string) error {
	out, err := begin(w, seller, true)
	if err != nil {
		return err
	}
	for after := int64(0); ; {
		page, err := anchors.Anchors(ctx, seller, after, pageOfAnchors)
		if err != nil {
			return err
		}
		for _, a := range page {
			if err := out.Encode(record{Anchor: &exportAnchor{a.Seq, a.At.UnixMicro(), a.Heads, a.PrevHash, a.Hash, a.Signature}}); err != nil {
				return err
			}
			after = a.Seq
		}
		if len(page) < pageOfAnchors {
			break
		}
	}
	q := store.ListQuery{Seller: seller, Limit: pageOfOrders}
	for {
		page, err := orders.ListOrders(ctx, q)
		if err != nil {
			return err
		}
		for i := range page {
			q.After = &store.Cursor{CreatedAt: page[i].CreatedAt, ID: page[i].OrderID}
			if _, err := exportOrder(ctx, out, orders, seller, page[i].OrderID); err != nil {
				return err
			}
		}
		if len(page) < pageOfOrders {
			return nil
		}
	}
}

func exportOrder(ctx context.Context, out *json.Encoder, orders Source, seller, orderID string) (store.Head, error) {
	agg, err := orders.Aggregate(ctx, seller, orderID)
	if err != nil {
		return store.Head{}, err
	}
	o := &exportedOrder{Rows: RowsOf(agg), Events: []exportedEvent{}}
	for after := int64(0); after < agg.Order.Head.Seq; {
		events, err := orders.Events(ctx, seller, orderID, after, int(min(pageOfEvents, agg.Order.Head.Seq-after)))
		if err != nil {
			return store.Head{}, err
		}
		for _, e := range events {
			o.Events = append(o.Events, exportedEvent{e.Seq, e.Kind, e.InstanceID, e.At.UnixMicro(), e.Data, e.PrevHash, e.Hash, e.Claims, e.Signature})
			after = e.Seq
		}
		if len(events) == 0 {
			break // koogate verify names what is missing
		}
	}
	return agg.Order.Head, out.Encode(record{Order: o})
}

// ReadExport verifies an export, without a database. It returns a report for each header.
func (v *Verifier) ReadExport(r io.Reader, noted string) (reports []*Report, err error) {
	in := json.NewDecoder(r)
	var part *exportPart
	end := func() {
		if part != nil {
			part.end(v, noted)
			reports = append(reports, part.report)
		}
	}
	for {
		var rec record
		switch err := in.Decode(&rec); {
		case errors.Is(err, io.EOF):
			if part == nil {
				return nil, fmt.Errorf("evidence: this is no export of the form %s", Format)
			}
			end()
			return reports, nil
		case err != nil:
			return nil, fmt.Errorf("evidence: the export cannot be read: %w", err)
		}
		switch {
		case rec.Header != nil && rec.Header.Format == Format:
			end()
			part = &exportPart{header: *rec.Header, report: newReport(rec.Header.Seller, v.Keys), chain: &anchorChain{heads: map[string][]anchored{}}}
		case part == nil || rec.Anchor == nil && rec.Order == nil || rec.Anchor != nil && part.ordered:
			return nil, fmt.Errorf("evidence: this is no export of the form %s", Format)
		case rec.Anchor != nil:
			a := rec.Anchor
			part.chain.take(part.report, v.Keys, store.Anchor{
				Seller: part.header.Seller, Seq: a.Seq, At: time.UnixMicro(a.At).UTC(), Heads: a.Heads, PrevHash: a.PrevHash, Hash: a.Hash, Signature: a.Signature,
			}, "", noted)
		default:
			part.order(v, rec.Order, noted)
		}
	}
}

// exportPart is what an export tells of one seller.
type exportPart struct {
	header  header
	report  *Report
	chain   *anchorChain
	ordered bool // an order was met, so no anchor follows
}

func (p *exportPart) order(v *Verifier, o *exportedOrder, noted string) {
	p.settle(noted)
	w := newWalk(o.Rows, v.Keys, p.chain.heads[o.OrderID], p.chain.began())
	if o.Seller != p.header.Seller {
		w.fault(0, "belongs to another seller than the export")
	}
	events := make([]store.Event, len(o.Events))
	for i, e := range o.Events {
		events[i] = store.Event{
			Seller: o.Seller, OrderID: o.OrderID, Seq: e.Seq, Kind: e.Kind, InstanceID: e.InstanceID, At: time.UnixMicro(e.At).UTC(), Data: e.Data,
			PrevHash: e.PrevHash, Hash: e.Hash, Claims: e.Claims, Signature: e.Signature,
		}
	}
	w.add(events)
	w.end()
	p.report.took(w)
	if v.read != nil {
		v.read(o.Rows)
	}
	delete(p.chain.heads, o.OrderID)
	if v.Progress != nil && p.report.Orders%pageOfOrders == 0 {
		v.Progress(p.report)
	}
}

// settle closes the anchors before the first order.
func (p *exportPart) settle(noted string) {
	if !p.ordered {
		p.chain.end(p.report, noted)
	}
	p.ordered = true
}

func (p *exportPart) end(v *Verifier, noted string) {
	p.settle(noted)
	if !p.header.All {
		return
	}
	v.begun(p.report, p.chain)
	for _, id := range slices.Sorted(maps.Keys(p.chain.heads)) {
		p.chain.missing(p.report, id)
	}
}
