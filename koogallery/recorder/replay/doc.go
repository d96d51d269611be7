// SPDX-License-Identifier: Apache-2.0

// Package replay makes the calls of a recording again, at another build or another implementation, and compares the answers by rule:
// not whether they are the same bytes, but whether the marketplace would think the same of them.
//
// Every call is signed anew, with the target's key and the time of now. Calls about the same order or instance keep their order, others
// may be made side by side. A target gives instance ids of its own; later calls name those. What was a stand-in in the recording is one
// at the target: no buyer is told anything.
//
// Start with [Run].
package replay
