// SPDX-License-Identifier: Apache-2.0

package sqlite_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/koogate/koogate/store/storetest"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(crashChild); path != "" {
		writeUntilKilled(path)
	}
	storetest.SetChecks()
	goleak.VerifyTestMain(m)
}
