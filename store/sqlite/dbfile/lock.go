// SPDX-License-Identifier: Apache-2.0

package dbfile

import "errors"

// errInUse is the answer to a second opener.
var errInUse = errors.New("the database is in use by another process; one file serves one process")
