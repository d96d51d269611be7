// SPDX-License-Identifier: Apache-2.0

// Package webhook tells a vendor's systems of events by calls to addresses of their own (ADR 43), in the form of Standard Webhooks with
// CloudEvents as the content.
//
//	target.go    webhooks, and how they are changed
//	secret.go    their secrets, of which two may be valid at once
//	courier.go   what delivers for one seller: it looks, and gives each webhook its turn
//	read.go      reads the feed and writes what is to be delivered, in one transaction with the place
//	attempt.go   one attempt at a delivery, and what comes of it
//	judge.go     retries, and when a webhook is disabled
//	message.go   the bytes of a message, and its signatures
//	delivery.go  the log of deliveries, delivering anew, and the end of the log
//
// Every process delivers. Deliveries are leased row by row, so several share the work, and what a process that dies had in hand is
// attempted again when its lease ends: an event comes at least once. Start at [Service.Run].
package webhook
