// SPDX-License-Identifier: Apache-2.0

package usage_test

import (
	"context"
	"reflect"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/deadline"
	"github.com/koogate/koogate/server/call"
	"github.com/koogate/koogate/server/usage"
	"github.com/koogate/koogate/store"
)

// told is a journal that remembers.
type told []call.Sent

func (l *told) Sent(s call.Sent) string {
	*l = append(*l, s)
	return ""
}

// audible is a marketplace that is heard on the wire.
type audible struct{ usage.Pusher }

func (a audible) PushUsage(ctx context.Context, seller string, records []store.UsageRecord) ([]usage.Verdict, error) {
	*call.Listening(ctx) = call.Heard{Tries: 1, Status: 200, Code: "MKT.0000"}
	return a.Pusher.PushUsage(ctx, seller, records)
}

// Each push is told once with the number of its records: of several instances without a name, of one with its own and its order's; until
// when what was not taken is sent again is the end of the oldest.
func TestEachPushIsTold(t *testing.T) {
	t.Parallel()
	var heard told
	r := newRig(t, func(_ *usage.Config, d *usage.Deps) { d.Calls, d.Pusher = &heard, audible{d.Pusher} })
	r.fill(3)
	r.market.say = map[string]usage.Verdict{"i-001": {Kind: usage.VerdictAgain, Code: "013"}}
	r.clock.Advance(time.Minute)
	r.push()
	r.clock.Advance(5 * time.Second)
	r.push()
	r.market.before = func([]store.UsageRecord) ([]usage.Verdict, error) {
		return nil, &usage.PushError{Class: usage.PushContent, Code: "MKT.9001"}
	}
	r.clock.Advance(5 * time.Minute)
	r.push()
	begin := r.records()[0].BeginAt
	until := begin.Add(deadline.UsageAge)
	if len(heard) != 3 {
		t.Fatalf("%d pushes are told, want 3: %+v", len(heard), heard)
	}
	for i, want := range []call.Sent{
		{Records: 3, Attempt: 1, Reason: "013", Until: until, At: noon.Add(time.Minute)},
		{Records: 1, Attempt: 2, Reason: "013", Until: until, At: noon.Add(65 * time.Second), InstanceID: "i-001", OrderID: "order-all"},
		{Records: 1, Attempt: 3, Reason: "MKT.9001", At: noon.Add(365 * time.Second), InstanceID: "i-001", OrderID: "order-all"},
	} {
		want.Seller, want.Operation, want.Heard = seller, call.UsagePush, call.Heard{Tries: 1, Status: 200, Code: "MKT.0000"}
		got := heard[i]
		if len(got.TraceID) != 32 {
			t.Errorf("push %d has no trace", i)
		}
		if got.TraceID = ""; !reflect.DeepEqual(got, want) {
			t.Errorf("push %d is told as\n%+v, want\n%+v", i, got, want)
		}
	}
}
