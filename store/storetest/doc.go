// SPDX-License-Identifier: Apache-2.0

// Package storetest is the one conformance suite for every backend of store.Store, and what tests of domains need from a
// store: fixtures, and a wrapper that fails on purpose.
//
// A backend's test calls [Run] with a function that opens an empty store. What only some backends can do is switched on
// by an [Option], never by the backend's name.
package storetest
