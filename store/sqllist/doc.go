// SPDX-License-Identifier: Apache-2.0

// Package sqllist makes the SQL of one page of a list: what follows the WHERE of a list's base query, which an engine's sqlc made
// and whose one parameter is the seller. Which columns may be filtered, and which indexes serve them, is the same for both
// engines; how they write a parameter is not.
package sqllist
