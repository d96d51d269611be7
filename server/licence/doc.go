// SPDX-License-Identifier: Apache-2.0

// Package licence serves licence codes (授权码) for the vendor's software: the marketplace's activation, which is not
// idempotent, once; its status, remembered; and the use of the software, counted by day. It knows neither proto nor SQL nor
// gRPC.
//
// A code is a credential of the buyer. It is kept under a hash that is the seller's own, sealed and bound to its row; it is
// in no error, log or event. Clients are kept as hashes that are keyed by the code, for one day each.
//
//	activate.go  the claim of a code, and what becomes of an outcome that is not known
//	query.go     status and expiry, from the row or from the marketplace
//	use.go       clients by day, and the report after midnight
//
// Package fulfil handles the marketplace's calls about a code (renewal, freeze, release). Start with [Service].
package licence
