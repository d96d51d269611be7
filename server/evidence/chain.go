// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"github.com/koogate/koogate/store"
)

// digester gathers fields and hashes them, each text preceded by its length as eight bytes, so that no two records share an
// encoding.
type digester struct{ fields []byte }

func newDigester(kind string) *digester {
	d := &digester{make([]byte, 0, 1024)}
	d.text(kind)
	return d
}

func (d *digester) num(v int64) {
	d.fields = binary.BigEndian.AppendUint64(d.fields, uint64(v)) // the hash takes the bits, whatever the sign
}

func (d *digester) text(s string) {
	d.num(int64(len(s)))
	d.fields = append(d.fields, s...)
}

// row is text of the row's JSON.
func (d *digester) row(r row) {
	at := len(d.fields)
	d.num(0) // in the place of the length
	begin := len(d.fields)
	d.fields = r.append(d.fields)
	binary.BigEndian.PutUint64(d.fields[at:], uint64(len(d.fields)-begin))
}

func (d *digester) hex() string {
	sum := sha256.Sum256(d.fields)
	return hex.EncodeToString(sum[:])
}

// Hash computes the link of an event: SHA-256 over every field but Hash, Signature and Sealed. Events without claims have the form
// that all events of earlier releases have.
func Hash(e store.Event) string {
	form := "koogate/event/1"
	if e.Claims != "" {
		form = "koogate/event/2"
	}
	d := newDigester(form)
	d.text(e.Seller)
	d.text(e.OrderID)
	d.num(e.Seq)
	d.text(e.Kind)
	d.text(e.InstanceID)
	d.num(e.At.UnixMicro())
	d.text(e.Data)
	d.text(e.PrevHash)
	if e.Claims != "" {
		d.text(e.Claims)
	}
	return d.hex()
}

// Broken is a place where a chain does not hold.
type Broken struct {
	Seq    int64
	Detail string
}

// Error implements error.
func (b *Broken) Error() string { return fmt.Sprintf("event %d: %s", b.Seq, b.Detail) }

// VerifyLinks checks that events continue from head without a gap and returns the new head. The error is a *Broken.
func VerifyLinks(head store.Head, events []store.Event) (store.Head, error) {
	for _, e := range events {
		switch {
		case e.Seq != head.Seq+1:
			return head, &Broken{head.Seq + 1, fmt.Sprintf("missing; the next event is %d", e.Seq)}
		case e.PrevHash != head.Hash:
			return head, &Broken{e.Seq, "does not point at the event before it"}
		case e.Hash != Hash(e):
			return head, &Broken{e.Seq, "was altered: its hash does not recompute"}
		}
		head = store.Head{Seq: e.Seq, Hash: e.Hash}
	}
	return head, nil
}
