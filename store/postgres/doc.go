// SPDX-License-Identifier: Apache-2.0

// Package postgres is the store for any number of stateless replicas over one PostgreSQL database.
//
// A change is one round trip: its statements are queued by the generated code into one pipelined batch, which the server
// runs as one transaction and commits at its end. Unique constraints and row checks inside the statements decide; the
// transaction is never open while the client thinks. See batch.go.
//
// Wake-ups inside the process go through store.Hub at once; other processes hear of them by LISTEN/NOTIFY, sent after the
// commit and in bundles, since a NOTIFY inside the admission transaction would make all commits queue. See notify.go.
//
// Start at [Open].
package postgres
