// SPDX-License-Identifier: Apache-2.0

// Package logintest is a small world for tests of logins: a store with instances that were sold, and a directory that is changed by the
// calls of the marketplace.
package logintest
