// SPDX-License-Identifier: Apache-2.0

// Package sqlitetest gives tests SQLite files whose schema is up to date. A file is a copy of one that is migrated once in
// the process: under the race detector the migrations cost more than most tests do. What the migrations do, and that a store
// brings its file up to date itself, is tested in store/sqlite.
package sqlitetest
