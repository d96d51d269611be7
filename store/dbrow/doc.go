// SPDX-License-Identifier: Apache-2.0

// Package dbrow is how the tables of the SQL backends keep what package store names: a time is microseconds since 1970, a truth
// value is 0 or 1, bytes that are empty are NULL. Both schemas have the same tables and columns, so the structs that sqlc makes of
// both are taken to this package (sqlc.go, by .ci/tools/sqlrows), and what converts them is here once. The statements are the
// backends' own.
package dbrow
