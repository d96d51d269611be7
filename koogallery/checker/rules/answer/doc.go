// SPDX-License-Identifier: Apache-2.0

// Package answer holds the rules about the form of answers: what the marketplace's debugger objects to, one rule for each objection.
package answer
