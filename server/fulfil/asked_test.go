// SPDX-License-Identifier: Apache-2.0

package fulfil_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/store"
)

// asked serves only what the calls of the hot paths may ask a store, and notes it; anything else is a nil pointer.
type asked struct {
	store.Store
	over store.Store

	mu  sync.Mutex
	got []string
}

func (a *asked) note(what string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.got = append(a.got, what)
}

func (a *asked) Apply(ctx context.Context, c *store.Change) error {
	a.note("Apply")
	return a.over.Apply(ctx, c)
}

func (a *asked) Line(ctx context.Context, k store.LineKey) (store.Line, error) {
	a.note("Line")
	return a.over.Line(ctx, k)
}

func (a *asked) Instances(ctx context.Context, seller string, ids []string) ([]store.Instance, error) {
	a.note(fmt.Sprintf("Instances(%d)", len(ids)))
	return a.over.Instances(ctx, seller, ids)
}

func (a *asked) Lease(ctx context.Context, r store.LeaseRequest) ([]store.Task, error) {
	a.note("Lease")
	return a.over.Lease(ctx, r)
}

func (a *asked) NoteLease(ctx context.Context, seller, worker string, queues, leased []string) error {
	a.note("NoteLease")
	return a.over.NoteLease(ctx, seller, worker, queues, leased)
}

func (a *asked) Turn(topics ...string) *store.Turn { return a.over.Turn(topics...) }

func (a *asked) Watch(topics ...string) (<-chan struct{}, func()) { return a.over.Watch(topics...) }

// TestWhatTheHotCallsAskTheStore: an admission is one change and nothing is read before or after it, a repeat reads its line, and
// queryInstance reads its instances once. A repeat of what is still being provisioned also reads the instance, which may be there by
// now (third-reading T10).
func TestWhatTheHotCallsAskTheStore(t *testing.T) {
	r := newRig(t)
	other, provisioned := r.active("CS1"), r.active("CS2")
	a := &asked{over: r.store}
	hot := over(t, a)
	hot.Sealer = r.Sealer
	expect := func(what string, want ...string) {
		t.Helper()
		if !slices.Equal(a.got, want) {
			t.Errorf("%s asks the store for %q, want %q", what, a.got, want)
		}
		a.got = nil
	}
	answer, err := hot.call("CS3", "biz-3")
	hot.wantCode(answer, err, resultcode.Processing)
	expect("a first newInstance", "Apply")

	held := func(order string, lock store.LockState) (fulfil.Answer, error) {
		return hot.NewInstance(t.Context(), fulfil.NewInstance{
			Endpoint: hot.ep, OrderID: order, OrderLineID: order + "-000001", BusinessID: "biz", Arrived: time.Now(), Lock: store.Entry{Lock: lock},
		})
	}
	answer, err = held("CS3", store.LockDone)
	hot.wantCode(answer, err, resultcode.Processing)
	expect("a repeat while it is provisioned", "Line", "Instances(1)")

	answer, shown, err := hot.QueryInstance(t.Context(), fulfil.Query{Endpoint: hot.ep, InstanceIDs: other + "," + provisioned})
	if hot.wantCode(answer, err, resultcode.Success); len(shown) != 2 || shown[0].Row.InstanceID != other || shown[1].Row.State != store.InstanceActive {
		t.Errorf("queryInstance shows %+v", shown)
	}
	expect("queryInstance", "Instances(2)")

	hot.lease(fulfil.QueueOrderQuery)
	if len(a.got) > 0 {
		a.got = slices.DeleteFunc(a.got, func(s string) bool { return s == "NoteLease" }) // once in ten seconds
	}
	expect("a lease", "Lease")
}

// TestARepeatOfASuccessReadsItsLine: its answer is final, so nothing else is read.
func TestARepeatOfASuccessReadsItsLine(t *testing.T) {
	r := newRig(t, withBudget(4*time.Second))
	r.background("worker")
	answer, err := r.call("CS1", "biz-1")
	r.wantCode(answer, err, resultcode.Success)
	a := &asked{over: r.store}
	hot := over(t, a)
	answer, err = hot.NewInstance(t.Context(), fulfil.NewInstance{
		Endpoint: hot.ep, OrderID: "CS1", OrderLineID: "CS1-000001", BusinessID: "biz", Arrived: time.Now(), Lock: store.Entry{Lock: store.LockDone},
	})
	if hot.wantCode(answer, err, resultcode.Success); !slices.Equal(a.got, []string{"Line"}) {
		t.Errorf("the repeat asks the store for %q", a.got)
	}
}
