// SPDX-License-Identifier: Apache-2.0

// Package explain writes the account of an order: what arrived, what was answered, what was done, what is pending and on whom,
// what happens next and when, and what its reader can do; in English and Chinese, for somebody who knows none of the
// marketplace's documents. Of is one pure function of rows that others have read. It knows no clock, no proto and no store, and
// changes nothing. Every sentence stands in a file words_….go. Start with account.go.
package explain
