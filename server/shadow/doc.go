// SPDX-License-Identifier: Apache-2.0

// Package shadow holds what an old server answers against what Koogate would have answered (ADR 56). A call gets here when the old server's answer
// is out. It goes through a core of its own, over a database in memory that knows nothing but what such calls have told, and
// whose provisioner does everything at once; what the two answers differ in is named by the rules of koogallery/compare.
//
//	shadow.go     the queue: calls one after the other, dropped when there are too many
//	world.go      the core of its own, and what has to be there before a call is answered
//	provision.go  who provisions there, and stands in for the marketplace
//	judge.go      what the marketplace thinks of both answers, and the rules that they differ by
//
// Nothing of it reaches the database of Koogate, and nothing calls the marketplace. Start at [Service].
package shadow
