// SPDX-License-Identifier: Apache-2.0

// Package life holds the rules about what becomes of an instance after it was opened: renewals, freezing, upgrades and the release, each
// told once, again, late and in another order.
package life
