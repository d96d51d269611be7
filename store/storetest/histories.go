// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"cmp"
	"flag"
	"fmt"
	"os"
)

// Everyday is how many random histories each property plays when nobody says how many: enough to meet what is broken
// outright. What is rare is met by the hundreds of `make services-test` and the thousands of `make proofs`.
const Everyday = 20

// ChecksEnv is the environment variable that says how many instead; the flag -rapid.checks overrides both.
const ChecksEnv = "KOOGATE_CHECKS"

// SetChecks makes it so; a TestMain calls it before the flags are parsed.
func SetChecks() {
	text := cmp.Or(os.Getenv(ChecksEnv), fmt.Sprint(Everyday))
	if err := flag.Set("rapid.checks", text); err != nil {
		panic(fmt.Sprintf("%s=%q: %v", ChecksEnv, text, err))
	}
}
