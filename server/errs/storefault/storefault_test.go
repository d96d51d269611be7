// SPDX-License-Identifier: Apache-2.0

package storefault_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/errs/storefault"
	"github.com/koogate/koogate/store"
)

// A fault of the data is never told as an outage.
func TestOf(t *testing.T) {
	for _, c := range []struct {
		err    error
		kind   errs.Kind
		reason errs.Reason
		retry  time.Duration
	}{
		{store.ErrBadText, errs.Invalid, errs.InvalidField, 0},
		{fmt.Errorf("postgres: insert: %w", store.ErrBadText), errs.Invalid, errs.InvalidField, 0},
		{fmt.Errorf("postgres: insert: %w", store.ErrBadData), errs.Internal, errs.InternalFault, 0},
		{fmt.Errorf("sqlite: list: %w: 2 run and 64 wait", store.ErrBusy), errs.Exhausted, errs.ListBusy, time.Second},
		{fmt.Errorf("sqlite: list: %w: %w", store.ErrTooLong, context.DeadlineExceeded), errs.TooSlow, errs.ListTooSlow, 0},
		{fmt.Errorf("postgres: insert order: %w", store.ErrOtherSide), errs.Unavailable, errs.ForwardFailed, time.Second},
		{errors.New("connection refused"), errs.Unavailable, errs.StoreUnavailable, time.Second},
	} {
		e := storefault.Of(c.err)
		if e.Kind != c.kind || e.Reason != c.reason || e.Retry != c.retry || !errors.Is(e, c.err) || storefault.Outage(c.err) != (c.retry > 0) {
			t.Errorf("%v became %v", c.err, e)
		}
	}
}
