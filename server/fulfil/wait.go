// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"context"
	"time"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/store"
)

// waitPause is how often waitFor looks when no wake-up comes: one may be lost between replicas.
const waitPause = time.Second

// waitFor looks until look has an answer or fails: at once, after each change of the instance, and each second. When the time is
// over first, ok is false and the caller says what that means. Every call that waits for work in hand waits here.
func (s *Service) waitFor(ctx context.Context, seller, instanceID string, until time.Time, look func() (answer Answer, ok bool, err error)) (answer Answer, ok bool, err error) {
	wake, stop := s.Store.Watch(store.InstanceTopic(seller, instanceID))
	defer stop()
	for {
		if answer, ok, err = look(); ok || err != nil {
			return answer, ok, err
		}
		left := until.Sub(s.now())
		if left <= 0 {
			return Answer{}, false, nil
		}
		if !clock.Wait(ctx, s.Clock, min(left, waitPause), wake) {
			return Answer{}, false, s.storeError(ctx, ctx.Err(), errs.TaskNotFound, "")
		}
	}
}
