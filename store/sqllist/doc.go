// SPDX-License-Identifier: Apache-2.0

// Package sqllist is what the lists of both SQL backends share.
//
// A page of a list is the list's base query, which sqlc made for the engine and whose one parameter is the seller, and what this
// package appends to it. Which columns may be filtered, and which indexes serve them, is the same for both engines; how they write
// a parameter is not. Lists that API clients ask for take turns (ADR 27).
package sqllist
