// SPDX-License-Identifier: Apache-2.0

package work_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/work"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
)

// A kind that cannot be is a fault of the program, and is told at its start.
func TestKindsThatCannotBe(t *testing.T) {
	t.Parallel()
	do := func(context.Context, store.Task) work.Outcome { return work.Done("") }
	own := work.Kind{Name: "A", Queue: "koogate-a", Do: do}
	for want, kinds := range map[string][]work.Kind{
		"a kind without a name":           {{Workers: true}},
		"kind A: either workers do it":    {{Name: "A"}},
		"kind B: either workers do it":    {{Name: "B", Workers: true, Queue: "koogate-b", Do: do}},
		"kind C: either workers do it":    {{Name: "C", Workers: true, Queue: "koogate-c"}},
		"kind D: either workers do it":    {{Name: "D", Do: do}},
		"does not begin with koogate-":    {{Name: "E", Queue: "e", Do: do}},
		"kind F: what workers do belongs": {{Name: "F", Workers: true, Nobody: true}},
		"kind A is registered twice":      {own, {Name: "A", Queue: "koogate-b", Do: do}},
		"have the queue koogate-a":        {own, {Name: "B", Queue: "koogate-a", Do: do}},
	} {
		func() {
			defer func() {
				err, _ := recover().(error)
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%s: %v", want, err)
				}
			}()
			new(work.Registry).Register(kinds...)
		}()
	}
}

// What no binary of this release has registered is nobody's to take: its jobs end in a way that only another release knows.
func TestUnknownKindsAreNotForWorkers(t *testing.T) {
	t.Parallel()
	s := work.New(work.Deps{})
	s.Register(work.Kind{Name: store.TaskCreate, Workers: true})
	if err := s.CheckForWorkers(store.Task{Kind: store.TaskCreate}); err != nil {
		t.Error(err)
	}
	if err := s.CheckForWorkers(store.Task{Kind: "OF_TOMORROW"}); errs.As(err).Reason != errs.TaskNotFound {
		t.Error(err)
	}
}

func TestPauses(t *testing.T) {
	t.Parallel()
	for n, seconds := range []int{1, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300} {
		if got := (work.Retry{}).Pause(int32(n)).Seconds(); got != float64(seconds) {
			t.Errorf("after attempt %d: %v s, want %d s", n, got, seconds)
		}
	}
	if got := (work.Retry{Base: time.Second, Max: time.Millisecond}).Pause(1); got != time.Millisecond {
		t.Errorf("beyond the longest pause: %s", got)
	}
	if got := (work.Retry{}).Pause(1 << 30); got != 5*time.Minute {
		t.Errorf("after very many: %s", got)
	}
}

// A job whose owner there cannot be is a fault of the program.
func TestOwnersThatCannotBe(t *testing.T) {
	t.Parallel()
	s := work.New(work.Deps{Clock: clock.System{}, NewID: storetest.NewID})
	s.Register(
		work.Kind{Name: "A", Queue: "koogate-a", Do: func(context.Context, store.Task) work.Outcome { return work.Done("") }},
		work.Kind{Name: store.TaskCreate, Workers: true},
	)
	for name, j := range map[string]work.Job{
		"a kind that nobody has registered": {Kind: "B", Seller: seller},
		"a kind of provisioners":            {Kind: store.TaskCreate, Seller: seller},
		"a seller's kind for nobody":        {Kind: "A"},
		"nobody's kind for a seller":        {Kind: "FORGET_JOBS", Seller: seller},
		"an instance without an order":      {Kind: "A", Seller: seller, InstanceID: "i-1"},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: a job is made", name)
				}
			}()
			s.New(t.Context(), j)
		}()
	}
}
