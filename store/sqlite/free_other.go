// SPDX-License-Identifier: Apache-2.0

//go:build !linux && !darwin && !freebsd

package sqlite

import (
	"errors"

	"github.com/koogate/koogate/store"
)

var _ store.Disk = (*Store)(nil)

// Free implements store.Disk.
func (*Store) Free() (int64, error) { return 0, errors.ErrUnsupported }
