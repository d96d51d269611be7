// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/koogate/koogate/store"
)

// Finding is something wrong, or, as a note, something that cannot be proved and is to be known.
type Finding struct {
	Seller  string `json:"seller,omitempty"`
	OrderID string `json:"order,omitempty"`
	Seq     int64  `json:"seq,omitempty"`    // of the event; 0 when it is about the order as a whole
	Anchor  int64  `json:"anchor,omitempty"` // seq of the anchor that shows it
	What    string `json:"what"`
}

// Rows are an order as its rows tell it.
type Rows struct {
	Seller    string     `json:"seller"`
	OrderID   string     `json:"orderId"`
	Head      store.Head `json:"head"`
	Lines     []Line     `json:"lines"`
	Instances []Instance `json:"instances"`
}

// RowsOf are the rows of an aggregate.
func RowsOf(a *store.Aggregate) Rows {
	r := Rows{Seller: a.Order.Seller, OrderID: a.Order.OrderID, Head: a.Order.Head, Lines: []Line{}, Instances: []Instance{}}
	for i := range a.Lines {
		r.Lines = append(r.Lines, LineOf(&a.Lines[i]))
	}
	for i := range a.Instances {
		r.Instances = append(r.Instances, InstanceOf(&a.Instances[i]))
	}
	return r
}

// claim is what the chain says of one row.
type claim struct {
	digest string
	seq    int64
}

// walk goes along the chain of one order, up to the head that its rows name.
type walk struct {
	rows     Rows
	keys     *Keys
	anchored []anchored // what anchors recorded of the order, ascending
	signing  bool       // every head should be signed or known to an anchor

	head      store.Head
	broken    *Broken
	claims    map[string]claim
	open      int64 // events since the last claims
	unclaimed int64 // seq of the last event of a change that claimed nothing, so of an earlier release
	signed    int64 // seq of the last event whose signature was judged
	events    int64
	faults    []Finding
	notes     []Finding
}

// anchored is one record of an anchor.
type anchored struct {
	seq      int64
	hash     string
	anchor   int64
	unsigned bool
}

func newWalk(rows Rows, keys *Keys, known []anchored, signing bool) *walk {
	return &walk{rows: rows, keys: keys, anchored: known, signing: signing, claims: map[string]claim{}}
}

func (w *walk) fault(seq int64, format string, args ...any) {
	w.faults = append(w.faults, Finding{Seller: w.rows.Seller, OrderID: w.rows.OrderID, Seq: seq, What: fmt.Sprintf(format, args...)})
}

func (w *walk) note(seq int64, format string, args ...any) {
	w.notes = append(w.notes, Finding{Seller: w.rows.Seller, OrderID: w.rows.OrderID, Seq: seq, What: fmt.Sprintf(format, args...)})
}

// add takes the next events; false when the chain is broken and further ones mean nothing.
func (w *walk) add(events []store.Event) bool {
	for i := range events {
		e := &events[i]
		head, err := VerifyLinks(w.head, events[i:i+1])
		if err == nil && (e.Seller != w.rows.Seller || e.OrderID != w.rows.OrderID) {
			err = &Broken{e.Seq, "belongs to another order"}
		}
		if errors.As(err, &w.broken) {
			w.fault(w.broken.Seq, "%s", w.broken.Detail)
			return false
		}
		w.head = head
		w.events++
		w.signature(e)
		w.claim(e)
		w.known(e)
	}
	return true
}

func (w *walk) signature(e *store.Event) {
	if e.Signature == "" || len(w.keys.Public()) == 0 {
		return
	}
	if err := w.keys.check(signsEvent, e.Hash, e.Signature); err != nil {
		w.fault(e.Seq, "the signature does not verify: %v", err)
	}
	w.signed = e.Seq
}

func (w *walk) claim(e *store.Event) {
	w.open++
	c, ok := claimed(e)
	if !ok {
		return
	}
	if w.open > int64(c.Of) {
		w.unclaimed = e.Seq - int64(c.Of)
	}
	w.open = 0
	for name, digest := range c.Rows {
		w.claims[name] = claim{digest, e.Seq}
	}
}

// sealed holds what is sealed beside events to the digests in them. What was erased is not missed.
func (w *walk) sealed(s Sealer, events []store.Event) {
	for i := range events {
		e := &events[i]
		if len(e.Sealed) == 0 {
			continue
		}
		digest := digestIn(e)
		if digest == "" && strings.Contains(e.Data, `"extraSealed"`) {
			continue // a copy of what an earlier release sealed in the data
		}
		if _, err := Unseal(s, e.Sealed, digest, SealContext(e)); err != nil {
			w.fault(e.Seq, "what is sealed beside it is not what it was made with: %v", err)
		}
	}
}

// known compares an event with what anchors recorded under its seq.
func (w *walk) known(e *store.Event) {
	for len(w.anchored) > 0 && w.anchored[0].seq <= e.Seq {
		a := w.anchored[0]
		w.anchored = w.anchored[1:]
		if a.hash != e.Hash {
			f := Finding{Seller: w.rows.Seller, OrderID: w.rows.OrderID, Seq: e.Seq, Anchor: a.anchor}
			f.What = fmt.Sprintf("is not the event that anchor %d recorded: the chain was rewritten", a.anchor)
			w.faults = append(w.faults, f)
			continue
		}
		switch {
		case a.unsigned:
			w.note(e.Seq, "bore no signature when anchor %d recorded it: an earlier release wrote it", a.anchor)
		case len(w.keys.Public()) > 0 && w.signed < e.Seq:
			w.fault(e.Seq, "its signature, which anchor %d saw, is gone", a.anchor)
		}
		w.signed = max(w.signed, e.Seq) // the anchor's signature stands for it
	}
}

// end compares the chain with the rows, after the last event.
func (w *walk) end() {
	if w.broken != nil {
		return
	}
	if w.head.Seq < w.rows.Head.Seq {
		w.fault(w.head.Seq+1, "missing, and so is everything behind it")
		return
	}
	if w.head != w.rows.Head {
		w.fault(w.head.Seq, "is not the head that the order names")
	}
	for _, a := range w.anchored {
		w.faults = append(w.faults, Finding{
			Seller: w.rows.Seller, OrderID: w.rows.OrderID, Seq: a.seq, Anchor: a.anchor,
			What: fmt.Sprintf("missing although anchor %d recorded it: the chain was cut to %d events", a.anchor, w.head.Seq),
		})
	}
	if len(w.keys.Public()) > 0 && w.signed < w.head.Seq {
		switch {
		case w.signing:
			w.fault(w.head.Seq, "the head is not signed, and no anchor knows it")
		default:
			w.note(w.head.Seq, "the head is not signed")
		}
	}
	if w.open > 0 {
		w.unclaimed = w.head.Seq
	}
	w.compare()
}

// compare holds the rows to the newest claims.
func (w *walk) compare() {
	there := map[string]bool{}
	check := func(r row) {
		name := r.Name()
		there[name] = true
		c, ok := w.claims[name]
		switch {
		case !ok && w.unclaimed == 0:
			w.fault(0, "%s is in the database, and no event tells of it", name)
		case ok && c.digest != digestOf(r) && w.unclaimed > c.seq:
			w.note(c.seq, "%s is not as this event left it; an earlier release has written since (event %d)", name, w.unclaimed)
		case ok && c.digest != digestOf(r):
			w.fault(c.seq, "%s was altered: it is not as this event left it", name)
		}
	}
	for _, l := range w.rows.Lines {
		check(l)
	}
	for _, i := range w.rows.Instances {
		check(i)
	}
	var missing []string
	for name := range w.claims {
		if !there[name] {
			missing = append(missing, name)
		}
	}
	slices.Sort(missing)
	for _, name := range missing {
		w.fault(w.claims[name].seq, "%s is missing", name)
	}
}
