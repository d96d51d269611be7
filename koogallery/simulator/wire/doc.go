// SPDX-License-Identifier: Apache-2.0

// Package wire writes the marketplace's calls down, signs them, makes them and has the answers judged, in the dialect of
// each protocol family. It is told what to say ([Message]) and knows no market: no orders, no retries, no effects. Its only
// memory is the last time stamp that it gave out ([Caller.Stamp]).
//
// Start with [Caller.Send]. [CurlExample] writes a call for a person to make.
package wire
