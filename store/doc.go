// SPDX-License-Identifier: Apache-2.0

// Package store says what Koogate keeps and how it changes, without naming a database.
//
// What is kept for ever sits behind [Store], which is composed of an interface for each domain: [Orders], [Instances], [Tasks],
// [Directory], [Ledger] and so on, each with its rows in a file of its name. Whoever needs a part asks for that part. What may be
// lost at any moment sits behind [Guard]: locks and nonces. A backend is a package below this one; storetest/suite is the suite
// that every backend passes.
//
// All changes of orders go one way, [Changes]: a domain reads, computes a [Change] and applies it whole or not at all.
// Events of one order are numbered without gaps and their number is unique, so two writers that read the same state
// cannot both succeed: the second gets [ErrStale], reads again and decides again. That constraint, not a lock, decides.
//
// Start at [Change] and [Store].
package store
