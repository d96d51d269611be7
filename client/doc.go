// SPDX-License-Identifier: Apache-2.0

// Package client is what a vendor's Go program depends on to live with Koogate: it does Koogate's tasks, receives its webhooks and
// reads its errors. It is a client: it imports nothing of the server, and everything in it can be done in any language with the
// contract in proto/koogate/v1 alone.
//
//	dial.go     a connection, from the environment or from explicit options
//	worker.go   leases tasks of a queue and stops in order
//	running.go  one task in hand: its lease, its handler, the report of its result
//	result.go   what a handler can say of its task
//	error.go    what Koogate refuses, with reason, fields and remedy
//	webhook.go  verifies webhooks and hands their events on
//	event.go    the events
//
// Tasks and events come at least once. A handler keys what it does by the instance's ID and states what shall be instead of what to
// add; what it must remember between two attempts it keeps in the vendor's own database, since Koogate holds no notes for it. A
// receiver of webhooks remembers the IDs of the events that it has dealt with.
package client
