// SPDX-License-Identifier: Apache-2.0

package login

import "time"

// machine is the machine's clock. A program depends on this package as it depends on any other, so nothing is injected unless it wants to.
func machine() time.Time { return time.Now() }
