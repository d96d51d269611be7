// SPDX-License-Identifier: Apache-2.0

// Package simtest is what the tests of the simulator's rooms share: a virtual clock and sellers in memory, correct ones
// that can be made wrong. It is for tests only.
package simtest
