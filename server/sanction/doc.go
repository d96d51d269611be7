// SPDX-License-Identifier: Apache-2.0

// Package sanction tells how near a seller is to what the marketplace does to sellers whose interface fails: a product with more than five
// failed orders in a calendar month is taken off the catalogue, and five days in a row of failing test calls freeze the trade with it. It
// reads the records of calls (server/journal) and the instances that were never finished; it writes nothing, and nothing rests on it.
//
// It knows what reached Koogate. Calls that found no server, or whose signature did not hold, name no order here, and the marketplace counts
// them all the same: refused calls are told beside the rest.
//
// Start at [Service.Read].
package sanction
