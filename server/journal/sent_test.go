// SPDX-License-Identifier: Apache-2.0

package journal_test

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/koogate/koogate/server/call"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/backendtest"
)

func sent(n int) call.Sent {
	return call.Sent{
		Seller: "acme", Operation: call.OrderQuery, OrderID: fmt.Sprint("CS", n), InstanceID: "i-1", TaskID: "t-1", TraceID: "0af7651916cd43dd8448eb211c80319c",
		Attempt: 2, At: noon, Took: 1500 * time.Microsecond, Reason: "MKT.0999", Until: noon.Add(3 * time.Hour),
		Heard: call.Heard{Tries: 1, Status: 500, Code: "MKT.0999", Request: 10, Answer: 20},
	}
}

// What Koogate asked the marketplace is read as it was told, and what was never asked leaves no row.
func TestCallsToTheMarketplaceAreRecordedOnBoth(t *testing.T) {
	backendtest.Each(t, func(t *testing.T, st store.Store) {
		r := newRig(nil)
		r.Store = st
		never := sent(9)
		never.Heard = call.Heard{}
		if id := r.Sent(never); id != "" {
			t.Errorf("a call that was not made has the row %s", id)
		}
		push := sent(2)
		push.Operation, push.OrderID, push.InstanceID, push.TaskID, push.Records, push.Heard = call.UsagePush, "", "", "", 1000, call.Heard{Tries: 2, Request: 1 << 20}
		push.Reason = "NETWORK"
		ids := []string{r.Sent(sent(1)), r.Sent(push)}
		flush(t, r)
		want := []store.Call{{
			Seller: "acme", Direction: store.CallOutbound, ID: ids[0], CreatedAt: noon, LastAt: noon, Times: 1, Activity: "order_query", OrderID: "CS1",
			InstanceID: "i-1", TaskID: "t-1", TraceID: "0af7651916cd43dd8448eb211c80319c", Verdict: store.CallAnswered, Code: "MKT.0999", Reason: "MKT.0999",
			HTTPStatus: 500, Took: 1500 * time.Microsecond, Request: 10, Answer: 20, Attempt: 2, UntilAt: noon.Add(3 * time.Hour),
		}, {
			Seller: "acme", Direction: store.CallOutbound, ID: ids[1], CreatedAt: noon, LastAt: noon, Times: 1, Activity: "usage_push",
			TraceID: "0af7651916cd43dd8448eb211c80319c", Verdict: store.CallUnanswered, Reason: "NETWORK", Took: 1500 * time.Microsecond, Request: 1 << 20,
			Attempt: 2, Records: 1000, UntilAt: noon.Add(3 * time.Hour),
		}}
		got, err := st.ListCalls(t.Context(), store.ListQuery{Seller: "acme", Limit: 10, Filter: []store.Term{{Field: "direction", Value: "OUTBOUND"}}})
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("the rows are\n%+v, want\n%+v, %v", got, want, err)
		}
	})
}

// While the database is away, calls to the marketplace take half of the room and the marketplace's own have the other.
func TestCallsToTheMarketplaceLeaveRoom(t *testing.T) {
	r := newRig(nil)
	r.book.fail(errors.New("away"))
	for n := range 3000 {
		r.Sent(sent(n))
	}
	for n := range 2048 {
		if r.Take(entry(n, noon)) == "" {
			t.Fatalf("there is no room for call %d", n)
		}
	}
	if r.lost(t, "sent") != 3000-2048 || r.lost(t, "call") != 0 {
		t.Errorf("%v calls to the marketplace and %v of it are lost", r.lost(t, "sent"), r.lost(t, "call"))
	}
}
