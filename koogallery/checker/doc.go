// SPDX-License-Identifier: Apache-2.0

// Package checker holds any seller's production address against the rules of the marketplace's documents, and says of each that is
// broken what it costs, how to mend it and which page says so. It is an outside party: it knows the wire and nothing of Koogate.
//
// Start with [Check]. What a rule is stands in rule, how a seller is asked in probe, the rules themselves in the rooms of rules, and
// the forms of the result in report.
package checker
