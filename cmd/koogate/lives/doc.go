// SPDX-License-Identifier: Apache-2.0

// Package lives lets Koogate live orders in virtual time, with faults at its durable steps, and holds it to every promise after each
// step. Koogate is embedded: its facade, its API and its jobs are driven one step at a time, so that a seed tells the whole of a life,
// and a life that breaks a promise is shrunk to the shortest one that does. It is the only place that sees both sides.
//
// Start with [Run]. A [Plan] is what is to happen in a life, [world] the Koogate that lives it, and life what the outside knows.
package lives
