// SPDX-License-Identifier: Apache-2.0

// Package rowfile reads instances that are to be imported from CSV and JSON, row by row, so that a file of any length costs the memory of one row.
// It is what knows of byte order marks, of separators that spreadsheets choose, of two forms of times. A row that cannot be read is told with its
// columns and never with what is in them: a file may hold passwords, also where none are expected.
//
// Begin with [New].
package rowfile
