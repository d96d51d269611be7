// SPDX-License-Identifier: Apache-2.0

package facade_test

import (
	"errors"
	"time"
)

var errSecret = errors.New("canary-cause")

func unixMilli(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
