// SPDX-License-Identifier: Apache-2.0

package evidence_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/koogate/koogate/server/evidence"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/backendtest"
)

// Everything that somebody who can write into the database may do to the records, and the fault that names it. With SHA-256 links
// alone, all but the first passed as valid.
func TestWhatAThiefDoesIsNamed(t *testing.T) {
	// rewrite gives an order's chain other data from an event on, with links that recompute and the old signatures.
	rewrite := func(r *rig, exec func(string), order string, from, to int64) {
		prev := ""
		if from > 1 {
			prev = r.event(order, from-1).Hash
		}
		for seq := from; seq <= to; seq++ {
			e := r.event(order, seq)
			e.PrevHash = prev
			if seq == from {
				e.Data = `{"forged":true}`
			}
			e.Hash = evidence.Hash(e)
			exec(fmt.Sprintf(`UPDATE events SET data = '%s', prev_hash = '%s', hash = '%s' WHERE order_id = '%s' AND seq = %d`, e.Data, e.PrevHash, e.Hash, order, seq))
			prev = e.Hash
		}
		exec(fmt.Sprintf(`UPDATE orders SET head_hash = '%s' WHERE order_id = '%s'`, prev, order))
	}
	cut := func(r *rig, exec func(string), order string, to int64) {
		exec(fmt.Sprintf(`DELETE FROM events WHERE order_id = '%s' AND seq > %d`, order, to))
		exec(fmt.Sprintf(`UPDATE orders SET head_seq = %d, head_hash = '%s' WHERE order_id = '%s'`, to, r.event(order, to).Hash, order))
	}
	remove := func(exec func(string), order string) {
		for _, table := range []string{"orders", "order_lines", "instances", "events", "tasks"} {
			exec(fmt.Sprintf(`DELETE FROM %s WHERE order_id = '%s'`, table, order))
		}
	}
	for _, c := range []struct {
		name string
		do   func(r *rig, exec func(string))
		want []string
	}{
		{"event", func(_ *rig, exec func(string)) {
			exec(`UPDATE events SET data = '{}' WHERE order_id = 'CS1' AND seq = 1`)
		},
			[]string{"CS1/1/0 was altered"}},
		{"answer", func(_ *rig, exec func(string)) {
			exec(`UPDATE order_lines SET answer_code = '000000' WHERE order_id = 'CS1'`)
		}, []string{"CS1/1/0 line/CS1/1/p/newInstance was altered"}},
		{"fact", func(_ *rig, exec func(string)) {
			exec(`UPDATE instances SET expire_at = 4102444800000000 WHERE order_id = 'CS1'`)
		}, []string{"CS1/3/0 instance/biz-CS1 was altered"}},
		{"line removed", func(_ *rig, exec func(string)) { exec(`DELETE FROM order_lines WHERE order_id = 'CS1'`) },
			[]string{"CS1/1/0 line/CS1/1/p/newInstance is missing"}},
		{"line added", func(_ *rig, exec func(string)) {
			exec(`INSERT INTO order_lines (seller, order_id, order_line_id, product_id, action, root_order_id, instance_id, params, bought_product_id,
				sku_code, product_name, charging_mode, linear_value, answer_code, created_at)
				VALUES ('demo', 'CS9', '1', '', 'refreshInstance/RENEWAL', 'CS1', 'biz-CS1', '{}', '', '', '', '', 0, '000000', 1)`)
		}, []string{"CS1/0/0 line/CS9/1//refreshInstance/RENEWAL is in the database, and no event tells of it"}},
		{"tail cut with its head", func(r *rig, exec func(string)) { cut(r, exec, "CS1", 2) },
			[]string{"CS1/3/2 missing although anchor 2 recorded it", "CS1/2/0 instance/biz-CS1 was altered"}},
		{"chain rewritten", func(r *rig, exec func(string)) { rewrite(r, exec, "CS2", 1, 1) },
			[]string{"CS2/1/0 the signature does not verify", "CS2/1/1 is not the event that anchor 1 recorded"}},
		{"chain rewritten and unsigned", func(r *rig, exec func(string)) {
			rewrite(r, exec, "CS3", 1, 1) // an order that no anchor knows yet
			exec(`UPDATE events SET signature = '' WHERE order_id = 'CS3'`)
		}, []string{"CS3/1/0 the head is not signed, and no anchor knows it"}},
		{"signature stripped", func(_ *rig, exec func(string)) { exec(`UPDATE events SET signature = '' WHERE order_id = 'CS2'`) },
			[]string{"CS2/1/0 its signature, which anchor 1 saw, is gone"}},
		{"order removed", func(_ *rig, exec func(string)) { remove(exec, "CS2") },
			[]string{"CS2/0/1 the order is missing; anchor 1 recorded 1 events of it"}},
		{"anchor altered", func(_ *rig, exec func(string)) {
			remove(exec, "CS2")
			exec(`UPDATE anchors SET heads = '[]' WHERE seq = 1`)
		}, []string{"/0/1 the anchor was altered"}},
		{"anchor rewritten", func(r *rig, exec func(string)) {
			remove(exec, "CS2")
			as := must[[]store.Anchor](r.t)(r.store.Anchors(r.t.Context(), "demo", 0, 10))
			as[0].Heads = "[]"
			as[0].Hash = evidence.AnchorHash(as[0])
			as[1].PrevHash = as[0].Hash
			as[1].Hash = evidence.AnchorHash(as[1])
			for _, a := range as {
				exec(fmt.Sprintf(`UPDATE anchors SET heads = '%s', prev_hash = '%s', hash = '%s' WHERE seq = %d`, a.Heads, a.PrevHash, a.Hash, a.Seq))
			}
		}, []string{"/0/1 the anchor's signature does not verify", "/0/2 the anchor's signature does not verify"}},
		{"anchors removed", func(_ *rig, exec func(string)) {
			exec(`DELETE FROM anchors`)
		}, []string{"/0/0 there is no anchor", "CS1/3/0 the order says that an anchor knows", "CS2/1/0 the order says that an anchor knows"}},
		{"kept from the anchors", func(_ *rig, exec func(string)) {
			exec(`UPDATE orders SET anchored_seq = head_seq WHERE order_id = 'CS3'`)
		}, []string{"CS3/1/0 the order says that an anchor knows this event, and none does"}},
		{"sealed value exchanged", func(_ *rig, exec func(string)) {
			exec(`UPDATE events SET sealed = (SELECT o.sealed FROM events AS o WHERE o.order_id = 'CS1' AND o.seq = 3) WHERE order_id = 'CS1' AND seq = 2`)
		}, []string{"CS1/2/0 what is sealed beside it is not what it was made with"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			backendtest.EachWithSQL(t, func(t *testing.T, st store.Store, exec func(string)) {
				r := newRig(t, st)
				r.admit(r.Service, "CS1")
				r.admit(r.Service, "CS2")
				r.freeze(r.Service, "CS1", true)
				r.anchor()
				r.freeze(r.Service, "CS1", false)
				r.anchor()
				r.admit(r.Service, "CS3")
				if report := r.verify(""); report.Orders != 3 || report.Events != 5 || report.Anchors != 2 || report.NoteCount != 0 {
					t.Fatalf("before: %+v", report)
				}
				c.do(r, exec)
				if held := r.linksHold(); held == (c.name == "event") {
					t.Errorf("the links alone hold: %v", held)
				}
				r.verify("", c.want...)
			})
		})
	}
}

// Who cuts the newest anchors together with what they recorded is found by an anchor that was noted elsewhere.
func TestAnAnchorNotedOutside(t *testing.T) {
	backendtest.EachWithSQL(t, func(t *testing.T, st store.Store, exec func(string)) {
		r := newRig(t, st)
		r.admit(r.Service, "CS1")
		r.anchor()
		r.freeze(r.Service, "CS1", true)
		r.anchor()
		noted := must[store.Anchor](t)(st.LastAnchor(t.Context(), "demo")).Name()
		if r.verify(noted).Last != noted || !strings.Contains(r.log.String(), noted) {
			t.Errorf("anchor %s; log %s", noted, r.log.String())
		}
		exec(`DELETE FROM anchors WHERE seq = 2`)
		exec(`DELETE FROM events WHERE seq = 2`)
		exec(fmt.Sprintf(`UPDATE orders SET head_seq = 1, head_hash = '%s', anchored_seq = 1`, r.event("CS1", 1).Hash))
		exec(`UPDATE instances SET frozen = frozen - frozen`)
		r.verify("") // everything there is true; it is only not everything
		r.verify(noted, "/0/2 the anchor that was noted outside is not among the anchors")
	})
}
