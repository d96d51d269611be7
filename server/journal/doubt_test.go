// SPDX-License-Identifier: Apache-2.0

package journal_test

import (
	"testing"

	"github.com/koogate/koogate/server/journal"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/backendtest"
)

// found is a doubt that finds a cause and counts how often it was asked.
type found struct {
	cause store.CallCause
	asked int
}

func (f *found) Cause() store.CallCause {
	f.asked++
	return f.cause
}

func doubtful(r *rig, d journal.Doubt) string {
	e := entry(0, r.clock.Now())
	e.Code, e.Reason, e.Cause, e.Doubt = "000001", "signature", store.CauseKey, d
	return r.Take(e)
}

// A second look comes before the record and after the answer: row and count say what it found, once; what finds no room stays KEY.
func TestARefusalIsRecordedAsASecondLookFoundItOnBoth(t *testing.T) {
	backendtest.Each(t, func(t *testing.T, st store.Store) {
		r := newRig(nil)
		r.Store = st
		var looks []*found
		var ids []string
		for range 10 { // two more than there is room for
			f := &found{cause: store.CauseKeyEnded}
			looks, ids = append(looks, f), append(ids, doubtful(r, f))
		}
		if r.Room() {
			t.Error("there is room for more second looks")
		}
		if looks[0].asked != 0 {
			t.Error("the call itself looked again")
		}
		flush(t, r)
		flush(t, r)
		ended := 0
		for i, id := range ids {
			c, err := r.Call(t.Context(), "acme", id)
			if err != nil {
				t.Fatal(err)
			}
			want, asked := store.CauseKeyEnded, 1
			if i >= 8 {
				want, asked = store.CauseKey, 0
			} else {
				ended++
			}
			if c.Cause != want || looks[i].asked != asked || c.OrderID != "" || c.Verdict != store.CallRefused {
				t.Errorf("call %d is recorded as %+v after %d looks", i, c, looks[i].asked)
			}
		}
		counts, err := r.Refusals(t.Context(), store.ListQuery{Seller: "acme", Limit: 10})
		if err != nil || len(counts) != 2 || counts[0].Cause != store.CauseKey || counts[0].Calls != 2 || counts[1].Cause != store.CauseKeyEnded || counts[1].Calls != int64(ended) {
			t.Errorf("the counts are %+v, %v", counts, err)
		}
		if !r.Room() {
			t.Error("there is no room after the looks")
		}
	})
}

// Nobody's calls are looked at as well, and leave neither row nor count.
func TestNobodysDoubtsLeaveNothing(t *testing.T) {
	r := newRig(nil)
	f := &found{cause: store.CauseKey}
	r.Take(journal.Entry{Code: "000001", Cause: store.CauseKey, Arrived: r.clock.Now(), Doubt: f})
	flush(t, r)
	if len(r.book.calls)+len(r.book.refusals) != 0 || f.asked != 1 {
		t.Errorf("%v, %v after %d looks", r.book.calls, r.book.refusals, f.asked)
	}
}
