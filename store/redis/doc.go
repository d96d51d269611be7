// SPDX-License-Identifier: Apache-2.0

// Package redis keeps locks and nonces in Redis (one server, Sentinel or Cluster), so that replicas share them.
//
// Nothing durable lives here. Everything may vanish at any moment and no invariant breaks: the database's unique
// constraint decides, this package spares useless work and detects replays. Hence its manners:
//
//   - one round trip for an arrival's nonce and lock;
//   - no call takes longer than half a second, whatever the server or the network does;
//   - after a failure the server is left alone for a moment and calls fail at once with [ErrAway];
//   - [WithFallback] lets the process go on with memory of its own meanwhile.
//
// What callers do while Redis is away: a nonce error counts as "not seen" (a replay then meets the stored answer in the
// database), a lock error counts as "go on without the lock".
//
// Every key is built in keys.go and has a lifetime; the scripts are in script.go. Start at [Open].
package redis
