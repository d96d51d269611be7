// SPDX-License-Identifier: Apache-2.0

// Package memory keeps locks and nonces inside one process: the twin of store/redis for the deployment on one machine, and
// what store/redis falls back on while its server is away. It answers as store/redis does; guardtest holds both to that.
//
// It is not durable and not shared. Memory is bounded: an entry goes when it expires and, beyond a million entries, when
// it is the oldest. Names are kept as digests, so their length costs nothing.
//
// Start at [Guard].
package memory
