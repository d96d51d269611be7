// SPDX-License-Identifier: Apache-2.0

// Package check is koogate check: it holds any seller's address against the rules of koogallery/checker and writes the report.
//
// Start with [Command].
package check
