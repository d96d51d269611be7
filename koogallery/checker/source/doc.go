// SPDX-License-Identifier: Apache-2.0

// Package source says where the rules of the checker come from: what the marketplace's documents say, on which page, as of when, and
// how sure that is. The table is generated from docs/fidelity.yaml, so the checker and Koogate rest on the same data.
package source
