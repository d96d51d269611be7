// SPDX-License-Identifier: Apache-2.0

// Package suite is the one conformance suite for every backend of store.Store. Each domain has its part of it in a package of its
// own beside this one.
//
// A backend's test calls [Run] and [RunBilling] with a function that opens an empty store. What only some backends can do is
// switched on by an [Option], never by the backend's name.
package suite
