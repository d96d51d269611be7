// SPDX-License-Identifier: Apache-2.0

// Package billing is what the marketplace makes of usage: exact amounts ([Amount]), when usage is collected into a bill
// ([Mode]), what is wrong with a record ([Ledger.Verdict]), and the records, sums and bills of a seller ([Ledger]).
//
// It is arithmetic and memory without a lock, a clock or HTTP: the market owns the ledger and guards it. There are no
// prices here.
package billing
