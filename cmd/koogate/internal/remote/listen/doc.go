// SPDX-License-Identifier: Apache-2.0

// Package listen hands events and tasks to a program on a developer's machine: koogate listen. The calls are those of webhooks (package webhook) and
// of webhook provisioners (package handover), made by the same code; what differs is where they come from, which is the API.
//
//	target.go  whom to call
//	events.go  events: at least once, those of an order in their order, none skipped
//	tasks.go   tasks: the queue of package handover, over the API
//	say.go     what is shown of each call
//
// The command itself is remote.Listen.
package listen
