// SPDX-License-Identifier: Apache-2.0

// Package check is what the properties of a store are written with: the stores that a property opens, what it demands of them,
// and what several domains do in the same way.
package check
