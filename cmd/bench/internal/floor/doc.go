// SPDX-License-Identifier: Apache-2.0

// Package floor is what Koogate is measured against: what a careful engineer would write by hand for newInstance, queryInstance and
// the report of usage, and nothing beyond it. It verifies, takes the same lock and writes the same rows with the same durability;
// it has no contract, no tracing, no metrics, no state machine and no replay of conflicts.
//
// Read floor.go (HTTP and verification), sqlite.go and postgres.go (rows) and usage.go to judge the figures.
package floor
