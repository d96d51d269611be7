// SPDX-License-Identifier: Apache-2.0

// Package keys has the keys that sign what applications are told: ID tokens and logout tokens. They are in the store, sealed, and every
// replica signs with the same one.
//
// Nothing rotates them by the clock. Whoever needs a key reads what is there, and adds the next one when it is due: a key signs for
// [Config.Life], the next one is published [Config.Ahead] before it signs, so that every application has fetched it by then, and the
// older one stays published [Config.Behind] after, so that what it has signed can be checked. When nobody has asked for a long time, the
// next one still is published first. Of two replicas that add one at once, one does.
//
// Start at [Keys].
package keys
