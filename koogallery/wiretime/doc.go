// SPDX-License-Identifier: Apache-2.0

// Package wiretime reads and writes the marketplace's timestamps: fourteen
// digits yyyyMMddHHmmss, or seventeen digits yyyyMMddHHmmssSSS with
// milliseconds (saas-v2 §5.2, §5.3; open-apis §2.3).
//
// The documents say fourteen digits for an expiry and print seventeen in the
// example, so both are accepted everywhere. They say UTC in their newer
// versions and name no zone in the older ones: [Parse] reads UTC, [ParseIn]
// reads any other zone, and [Beijing] is the one that old documents imply.
//
// What it is not: a reader of the UNIX timestamps of signatures (package sign)
// or of the times with separators that the licence and usage interfaces use.
//
// Start with [Parse].
package wiretime
