// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/koogate/koogate/store/storetest"
)

func TestMain(m *testing.M) {
	storetest.SetChecks()
	goleak.VerifyTestMain(m)
}
