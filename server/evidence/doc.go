// SPDX-License-Identifier: Apache-2.0

// Package evidence makes what Koogate has recorded provable against somebody who can write into the database (ADR 24).
//
// Every order has a chain of events, linked by SHA-256. The last event of each change claims the rows that the change wrote, by
// their digests, and bears a signature. Anchors are a chain over all orders of a seller: each records the heads that have changed
// since the one before, so that a tail that is cut together with its head, or a whole order that is gone, is found.
//
// The package does not decide what an event is about and does not append it (package fulfil does). It reads the store, and writes
// nothing to it but anchors.
//
// Start at [Verifier].
package evidence
