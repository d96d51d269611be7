// SPDX-License-Identifier: Apache-2.0

// Package judge holds the marketplace's rules over one call to a seller and its answer: what the debugger objects to and
// what counts as success, in every protocol family ([Family]). It is what a simulator and a checker have in common.
//
// It is pure: no state, no HTTP client, no clock. Whatever takes a memory to know, such as whether an instance id is the
// same as before, is not judged here; [Shown] has what a memory needs.
//
// Start with [Judge]. The names of families and activities are here too ([Activity]), with what each family knows.
package judge
