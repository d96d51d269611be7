// SPDX-License-Identifier: Apache-2.0

// Package storetest is what tests need from a store: fixtures, and a wrapper that fails on purpose. The packages below it are the
// conformance suite of the backends; start at package suite.
package storetest
