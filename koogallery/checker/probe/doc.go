// SPDX-License-Identifier: Apache-2.0

// Package probe calls a seller as the marketplace does, and as it never would: it makes up purchases, writes their calls down,
// lets a rule alter them, makes them and remembers what was said, without what is secret.
//
// Start with [Probe.Open].
package probe
