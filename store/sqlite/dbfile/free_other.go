// SPDX-License-Identifier: Apache-2.0

//go:build !linux && !darwin && !freebsd

package dbfile

import "errors"

// Free tells how much room is left in the file system of a file. Errors: errors.ErrUnsupported.
func Free(string) (int64, error) { return 0, errors.ErrUnsupported }
