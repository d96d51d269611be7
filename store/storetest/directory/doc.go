// SPDX-License-Identifier: Apache-2.0

// Package directory is the suite of the directory: calls in any order end in the same rows.
package directory

import "github.com/koogate/koogate/store/storetest/check"

// Groups are the properties.
var Groups = []check.Group{
	{Name: "Directory", Cases: directoryCases},
}
