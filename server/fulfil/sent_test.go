// SPDX-License-Identifier: Apache-2.0

package fulfil_test

import (
	"context"
	"reflect"
	"testing"
	"time"

	"github.com/koogate/koogate/server/call"
	"github.com/koogate/koogate/server/fulfil"
)

// told is a journal that remembers.
type told []call.Sent

func (l *told) Sent(s call.Sent) string {
	*l = append(*l, s)
	return ""
}

// audible is a marketplace that is heard on the wire.
type audible struct{ fulfil.Marketplace }

func (a audible) QueryOrder(ctx context.Context, seller, orderID, lineID string) (fulfil.OrderFacts, error) {
	*call.Listening(ctx) = call.Heard{Tries: 1, Status: 200, Code: "MKT.0000"}
	return a.Marketplace.QueryOrder(ctx, seller, orderID, lineID)
}

func (a audible) UploadLicence(ctx context.Context, seller, eventID string, l fulfil.Licence) error {
	*call.Listening(ctx) = call.Heard{Tries: 1, Status: 200, Code: "0000"}
	return a.Marketplace.UploadLicence(ctx, seller, eventID, l)
}

// Each order query is told once: about which order and instance, by which task, the how manieth, why it failed and until when it is tried.
func TestEachOrderQueryIsTold(t *testing.T) {
	var heard told
	r := newRig(t, func(_ *fulfil.Config, _ *fulfil.Endpoint, d *fulfil.Deps) {
		d.Calls, d.Marketplace = &heard, audible{d.Marketplace}
	})
	r.market.fail(&fulfil.QueryError{Retryable: true, Code: "NETWORK"}, &fulfil.QueryError{Code: "LINE_MISSING"})
	r.mustCall("CS1", "biz-1")
	for range 2 {
		r.query()
	}
	r.mustCall("CS2", "biz-2")
	r.query()
	if len(heard) != 3 {
		t.Fatalf("%d calls are told, want 3", len(heard))
	}
	tasks := make(map[string]time.Time)
	for _, c := range heard {
		task, err := r.store.Task(t.Context(), c.TaskID)
		if err != nil || task.LineOrderID != c.OrderID {
			t.Fatalf("%+v, %v", task, err)
		}
		tasks[c.TaskID] = task.RetryUntil
	}
	for i, want := range []call.Sent{
		{OrderID: "CS1", InstanceID: "biz-1", Attempt: 1, Reason: "NETWORK", Until: tasks[heard[0].TaskID]},
		{OrderID: "CS1", InstanceID: "biz-1", Attempt: 2, Reason: "LINE_MISSING"},
		{OrderID: "CS2", InstanceID: "biz-2", Attempt: 1},
	} {
		got := heard[i]
		if tasks[got.TaskID].IsZero() || len(got.TraceID) != 32 || got.At.IsZero() || got.Took < 0 {
			t.Errorf("call %d: %+v", i, got)
		}
		want.Seller, want.Operation, want.Heard = "demo", call.OrderQuery, call.Heard{Tries: 1, Status: 200, Code: "MKT.0000"}
		got.TaskID, got.TraceID, got.At, got.Took = "", "", time.Time{}, 0
		if !got.Until.Equal(want.Until) {
			t.Errorf("call %d is tried until %s, want %s", i, got.Until, want.Until)
		}
		got.Until = want.Until
		if !reflect.DeepEqual(got, want) {
			t.Errorf("call %d is told as\n%+v, want\n%+v", i, got, want)
		}
	}
}

// A query that failed for the last time is not tried again, and its record does not say so.
func TestTheLastOrderQueryIsNotTriedAgain(t *testing.T) {
	var heard told
	r := newRig(t, func(c *fulfil.Config, _ *fulfil.Endpoint, d *fulfil.Deps) {
		c.QueryWindow = time.Nanosecond
		d.Calls, d.Marketplace = &heard, audible{d.Marketplace}
	})
	r.market.fail(&fulfil.QueryError{Retryable: true, Code: "NETWORK"})
	r.mustCall("CS1", "biz-1")
	r.query()
	if len(heard) != 1 || heard[0].Reason != "NETWORK" || !heard[0].Until.IsZero() {
		t.Errorf("%+v", heard)
	}
}

// An upload is told with its task and its instance, and without the licence.
func TestEachUploadIsTold(t *testing.T) {
	var heard told
	r := newRig(t, func(_ *fulfil.Config, _ *fulfil.Endpoint, d *fulfil.Deps) {
		d.Calls, d.Marketplace = &heard, audible{d.Marketplace}
	})
	r.active("CS1")
	if _, err := r.getLicence("E1"); err != nil {
		t.Fatal(err)
	}
	if err := r.issue(r.lease("worker"), text); err != nil {
		t.Fatal(err)
	}
	r.upload()
	got := heard[len(heard)-1]
	want := call.Sent{
		Seller: "demo", Operation: call.LicenceUpload, OrderID: "CS1", InstanceID: "biz-CS1", TaskID: got.TaskID, TraceID: got.TraceID, Attempt: 1, At: got.At,
		Took: got.Took, Heard: call.Heard{Tries: 1, Status: 200, Code: "0000"},
	}
	if len(heard) != 2 || !reflect.DeepEqual(got, want) || got.TaskID == "" || len(got.TraceID) != 32 {
		t.Errorf("%d calls, the last is told as\n%+v, want\n%+v", len(heard), got, want)
	}
}
