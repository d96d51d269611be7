// SPDX-License-Identifier: Apache-2.0

// Package family holds the protocol families of the production interface: what each is called, at which door its calls arrive,
// which rpcs answer them, and what a call is about. Begin at families.go, which lists all; each has a file of its own.
//
// It verifies nothing and serves nothing: package facade does, for all families alike.
package family
