// SPDX-License-Identifier: Apache-2.0

package redis

import (
	"flag"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// What is parallel here sleeps until something expires: it takes no turn of a CPU.
	if err := flag.Set("test.parallel", "16"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}
