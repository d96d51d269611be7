// SPDX-License-Identifier: Apache-2.0

// Package quota is for packages whose service ends when they are used up (用完即停套餐包): may an amount be used, and what was.
// It knows neither proto nor SQL nor gRPC.
//
// Reserve, use, commit. The database alone decides: a reservation is one transaction over the instance's packages, so the
// bound of overselling is zero; a commit books its usage in the ledger in the same transaction, so no unit is lost. A
// process that dies between the two leaves a reservation that frees itself.
//
// What follows from a used up package is caught up with rather than scheduled (settle.go): after every commit, and
// whenever something is refused, warnings and the freeze are brought to where the packages stand.
//
// It is not the ledger (usage) and does not talk to the marketplace. Start with [Service].
package quota
