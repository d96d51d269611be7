// SPDX-License-Identifier: Apache-2.0

package replay_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/journal"
	"github.com/koogate/koogate/server/replay"
	"github.com/koogate/koogate/store"
)

// history is the records of the calls about one instance, the first of them the one to be let in.
type history struct{ all []store.Call }

func (h history) Call(context.Context, string, string) (store.Call, error) { return h.all[0], nil }

func (h history) Body(context.Context, store.Call) (journal.Body, error) { return journal.Body{}, nil }

func (h history) Calls(_ context.Context, q store.ListQuery) ([]store.Call, error) {
	later := slices.DeleteFunc(slices.Clone(h.all), func(c store.Call) bool {
		return q.After != nil && !c.CreatedAt.After(q.After.CreatedAt)
	})
	if q.Desc {
		slices.Reverse(later)
	}
	return later[:min(q.Limit, len(later))], nil
}

// What has overtaken a call is found behind however many repetitions of it, and none of these is taken for it.
func TestWhatHasOvertakenACallIsFoundBehindItsRepetitions(t *testing.T) {
	began := time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC)
	call := func(i int, activity, subject string) store.Call {
		return store.Call{
			ID: fmt.Sprintf("%04d", i), Seller: "acme", InstanceID: "i", Activity: activity, Subject: subject, Direction: store.CallInbound, Verdict: store.CallAnswered,
			Code: "000000", CreatedAt: began.Add(time.Duration(i) * time.Minute),
		}
	}
	for overtaken, at := range []int{0, 1, 100, 101, 250, 333} {
		h := history{}
		for i := range 334 {
			if i == at && i > 0 {
				h.all = append(h.all, call(i, "releaseInstance", "r"))
				continue
			}
			h.all = append(h.all, call(i, "expireInstance", "e"))
		}
		s := replay.New(replay.Deps{Calls: h, Clock: clock.System{}})
		_, err := s.Replay(t.Context(), replay.Request{Seller: "acme", CallID: "0000", Look: true})
		if overtaken == 0 {
			if err != nil {
				t.Errorf("only repetitions: %v", err)
			}
			continue
		}
		if errs.As(err).Reason != errs.ReplayNeedsForce || !strings.Contains(err.Error(), fmt.Sprintf("(call %04d)", at)) {
			t.Errorf("overtaken at %d: %v", at, err)
		}
	}
}
