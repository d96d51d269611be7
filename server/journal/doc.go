// SPDX-License-Identifier: Apache-2.0

// Package journal keeps which calls the marketplace has made and how they were answered (ADR 37, ADR 38), and which Koogate has made to it
// (ADR 44). The facade hands it an [Entry] after each answer, and whoever asks the marketplace a [call.Sent]; [Journal.Take] and [Journal.Sent]
// only note it, and [Journal.Run] writes in batches. A call never waits for its record: when the
// database is away for long, records are lost and counted. What a call has changed is proved by its order's events, not here.
//
// Begin with take.go.
package journal
