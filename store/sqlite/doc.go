// SPDX-License-Identifier: Apache-2.0

// Package sqlite is the store for one machine: one file, one process, no server.
//
// All writing goes through one goroutine that commits in groups: whatever has queued up while the disk was busy becomes
// one transaction, and callers are answered only after its commit. Reads run beside it on connections of their own and see
// the last commit. Every commit is synced to the disk, so an answered change survives a power loss.
//
// Start at [Open], then read writer.go.
package sqlite
