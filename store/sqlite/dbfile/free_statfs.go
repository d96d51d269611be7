// SPDX-License-Identifier: Apache-2.0

//go:build linux || darwin || freebsd

package dbfile

import (
	"fmt"
	"syscall"
)

// Free tells how much room is left, for others than root, in the file system of a file.
func Free(path string) (int64, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(path, &st); err != nil {
		return 0, fmt.Errorf("free space: %w", err)
	}
	return int64(st.Bavail) * int64(st.Bsize), nil //nolint:unconvert // their types differ by system
}
