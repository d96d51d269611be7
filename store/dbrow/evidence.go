// SPDX-License-Identifier: Apache-2.0

package dbrow

import "github.com/koogate/koogate/store"

// ToAnchor makes an anchor of its row.
func ToAnchor(r Anchor) store.Anchor {
	return store.Anchor{
		Seller: r.Seller, Seq: r.Seq, At: Time(r.At), Heads: r.Heads, PrevHash: r.PrevHash, Hash: r.Hash, Signature: r.Signature,
	}
}

// FromAnchor makes the row of an anchor.
func FromAnchor(a *store.Anchor) AnchorInsertParams {
	return AnchorInsertParams{
		Seller: a.Seller, Seq: a.Seq, At: Micros(a.At), Heads: a.Heads, PrevHash: a.PrevHash, Hash: a.Hash, Signature: a.Signature,
	}
}

// ToSignedHead makes the head of an order that is to be anchored of its row.
func ToSignedHead(r OrdersUnanchoredRow) store.SignedHead {
	return store.SignedHead{OrderID: r.OrderID, Head: store.Head{Seq: r.HeadSeq, Hash: r.HeadHash}, Signature: r.Signature}
}
