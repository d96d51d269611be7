// SPDX-License-Identifier: Apache-2.0

// Package vendortest is a small seller's server in memory that does everything right, as a careful vendor would write it, and what it
// looks like when one thing is wrong ([Mutants]). The rules of the checker are held against both.
//
// Start with [New]. The families are in files of their own: post.go and those beside it for the calls with a signature in the URL,
// get.go for V1, kit.go for the Kit.
package vendortest
