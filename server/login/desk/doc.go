// SPDX-License-Identifier: Apache-2.0

// Package desk is what the seller's own people do about logins: they look at sessions and end them, look at logins and why one has failed,
// try a login themselves, and have a ticket redeemed by their app. Applications are package registry's. Start at [Service].
package desk
