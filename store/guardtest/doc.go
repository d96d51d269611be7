// SPDX-License-Identifier: Apache-2.0

// Package guardtest holds what tests of store.Guard share: [Run], the suite that every guard passes, and [StartRedis],
// a real redis-server of the test's own.
//
// A backend calls Run with a function that opens an empty guard; the suite never looks behind the interface.
package guardtest
