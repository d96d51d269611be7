// SPDX-License-Identifier: Apache-2.0

package clock_test

import (
	marketplace "github.com/koogate/koogate/koogallery/clock"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/clock/clocktest"
)

// These clocks drive the marketplace's side too, which has an interface of its own.
var (
	_ marketplace.Clock = clock.System{}
	_ marketplace.Clock = (*clocktest.Clock)(nil)
	_ marketplace.Clock = (*clock.Followed)(nil)
)
