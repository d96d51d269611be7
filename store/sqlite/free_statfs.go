// SPDX-License-Identifier: Apache-2.0

//go:build linux || darwin || freebsd

package sqlite

import (
	"fmt"
	"syscall"

	"github.com/koogate/koogate/store"
)

var _ store.Disk = (*Store)(nil)

// Free implements store.Disk: what is free for others than root.
func (s *Store) Free() (int64, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(s.path, &st); err != nil {
		return 0, fmt.Errorf("sqlite: free space: %w", err)
	}
	return int64(st.Bavail) * int64(st.Bsize), nil //nolint:unconvert // their types differ by system
}
