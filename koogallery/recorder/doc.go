// SPDX-License-Identifier: Apache-2.0

// Package recorder writes down what a marketplace tells a seller and what the seller answers: it sits between them, passes every byte on
// and appends each call to a file ([tape]), in which stand-ins take the place of what is secret or personal ([veil]). Package replay
// makes the calls again, to another build or another implementation.
//
// What it is not: it ends no TLS, changes nothing but the header Host, answers nothing itself, and repeats nothing. If the file cannot
// be written it says so, counts, and goes on passing calls.
//
// Start with [New].
package recorder
