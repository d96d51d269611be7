// SPDX-License-Identifier: Apache-2.0

// Package replay lets calls in again that were answered before, at an operator's hand, and shows what was said in them.
//
// It decides whether a replay is safe, from the records of calls, and hands the rest to those who know: the facade lets a call of the
// marketplace in from behind its verification on, and fulfil retries the task of a call to the marketplace. Nothing here is an invariant: what
// a call may still change is decided by the transaction that it comes to, as for every repeat.
//
// Start at [Service.Replay].
package replay
