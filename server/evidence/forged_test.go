// SPDX-License-Identifier: Apache-2.0

package evidence_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/server/evidence"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/backendtest"
)

// forgedRecord is one value of an export, as somebody who forges it reads it. Members that it does not name stay as they are.
type forgedRecord struct {
	Header json.RawMessage `json:"header,omitempty"`
	Anchor *forgedAnchor   `json:"anchor,omitempty"`
	Order  *forgedOrder    `json:"order,omitempty"`
}

type forgedAnchor struct {
	Seq       int64  `json:"seq"`
	At        int64  `json:"at"`
	Heads     string `json:"heads"`
	PrevHash  string `json:"prevHash"`
	Hash      string `json:"hash"`
	Signature string `json:"signature"`
}

type forgedOrder struct {
	Seller    string          `json:"seller"`
	OrderID   string          `json:"orderId"`
	Head      json.RawMessage `json:"head"`
	Lines     json.RawMessage `json:"lines"`
	Instances json.RawMessage `json:"instances"`
	Events    []struct {
		Seq        int64  `json:"seq"`
		Kind       string `json:"kind"`
		InstanceID string `json:"instanceId"`
		At         int64  `json:"at"`
		Data       string `json:"data"`
		PrevHash   string `json:"prevHash"`
		Hash       string `json:"hash"`
		Claims     string `json:"claims,omitempty"`
		Signature  string `json:"signature,omitempty"`
	} `json:"events"`
}

// forge gives the first event of an order other data and computes every hash anew that hangs on it: those of the order's events, its
// head, the heads that anchors name, and the anchors. sign makes the signatures of the events that it changed; nil leaves the old ones.
func forge(t *testing.T, export, order string, sign func(hash string) string) string {
	t.Helper()
	var records []forgedRecord
	for in := json.NewDecoder(strings.NewReader(export)); in.More(); {
		var rec forgedRecord
		if err := in.Decode(&rec); err != nil {
			t.Fatal(err)
		}
		records = append(records, rec)
	}
	var renamed []string // old hash, new hash, …
	for _, rec := range records {
		if rec.Order == nil || rec.Order.OrderID != order {
			continue
		}
		prev := ""
		for i := range rec.Order.Events {
			e := &rec.Order.Events[i]
			if i == 0 {
				e.Data = `{"forged":true}`
			}
			old := e.Hash
			e.PrevHash = prev
			e.Hash = evidence.Hash(store.Event{
				Seller: rec.Order.Seller, OrderID: order, Seq: e.Seq, Kind: e.Kind, InstanceID: e.InstanceID, At: time.UnixMicro(e.At),
				Data: e.Data, PrevHash: e.PrevHash, Claims: e.Claims,
			})
			prev = e.Hash
			renamed = append(renamed, old, e.Hash)
			if sign != nil {
				e.Signature = sign(e.Hash)
			}
		}
	}
	rename := strings.NewReplacer(renamed...)
	var out bytes.Buffer
	to := json.NewEncoder(&out)
	prev := ""
	for _, rec := range records {
		if o := rec.Order; o != nil {
			o.Head = json.RawMessage(rename.Replace(string(o.Head)))
		}
		if a := rec.Anchor; a != nil {
			a.Heads, a.PrevHash = rename.Replace(a.Heads), prev
			a.Hash = evidence.AnchorHash(store.Anchor{Seller: "demo", Seq: a.Seq, At: time.UnixMicro(a.At), Heads: a.Heads, PrevHash: a.PrevHash})
			prev = a.Hash
		}
		if err := to.Encode(rec); err != nil {
			t.Fatal(err)
		}
	}
	return out.String()
}

// Somebody who forges an export can compute every hash, but not sign. Without signatures the forged export is whole; with the
// published keys each signature that is not theirs is named, whoever made it and whatever key it names.
func TestAStrangerRefusesAForgedExport(t *testing.T) {
	r, thief := newRig(t, backendtest.SQLite(t)), newRig(t, backendtest.SQLite(t))
	export := func(r *rig) string {
		r.admit(r.Service, "CS1")
		r.freeze(r.Service, "CS1", true)
		r.admit(r.Service, "CS2")
		r.anchor()
		r.admit(r.Service, "CS3") // no anchor knows it
		var b bytes.Buffer
		if err := evidence.Export(t.Context(), &b, r.store, r.store, "demo"); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	ours, theirs := export(r), export(thief)
	published, other := r.keys.Public()[0], thief.keys.Public()[0]
	stranger := &evidence.Verifier{Keys: must[*evidence.Keys](t)(evidence.Parse([]byte(published.PEM())))}
	const altered, unknown = "the signature is not that key's", "the key is not known"
	event := func(why string) string { return "the signature does not verify: " + why }
	anchor := func(why string) string { return "/0/1 the anchor's signature does not verify: " + why }
	underOurName := func(text string) string { return strings.ReplaceAll(text, other.ID, published.ID) }
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"ours", ours, nil},
		{"old signatures", forge(t, ours, "CS1", nil), []string{anchor(altered), "CS1/1/0 " + event(altered), "CS1/2/0 " + event(altered)}},
		{"old signatures, no anchor", forge(t, ours, "CS3", nil), []string{"CS3/1/0 " + event(altered)}},
		{"no signatures", forge(t, ours, "CS3", func(string) string { return "" }), []string{"CS3/1/0 the head is not signed, and no anchor knows it"}},
		{"signed by another key", forge(t, ours, "CS3", thief.keys.SignEvent), []string{"CS3/1/0 " + event(unknown)}},
		{"signed by another key under the published one's name", underOurName(forge(t, ours, "CS3", thief.keys.SignEvent)), []string{"CS3/1/0 " + event(altered)}},
		{"all of it signed by another key", theirs,
			[]string{anchor(unknown), "CS1/1/0 " + event(unknown), "CS1/2/0 " + event(unknown), "CS2/1/0 " + event(unknown), "CS3/1/0 " + event(unknown)}},
		{"all of it under the published one's name", underOurName(theirs),
			[]string{anchor(altered), "CS1/1/0 " + event(altered), "CS1/2/0 " + event(altered), "CS2/1/0 " + event(altered), "CS3/1/0 " + event(altered)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			read := func(v *evidence.Verifier) *evidence.Report {
				reports, err := v.ReadExport(strings.NewReader(c.text), "")
				if err != nil || len(reports) != 1 {
					t.Fatalf("%v, %v", reports, err)
				}
				return reports[0]
			}
			wantFaults(t, read(&evidence.Verifier{})) // its hashes are right
			wantFaults(t, read(stranger), c.want...)
		})
	}
}
