// SPDX-License-Identifier: Apache-2.0

// Package door holds the rules about who is let in: whose calls count, how fresh they are, and what happens to those that nobody
// should ever send. They are about the calls whose signature stands in the URL.
package door
