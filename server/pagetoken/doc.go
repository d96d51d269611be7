// SPDX-License-Identifier: Apache-2.0

// Package pagetoken makes the opaque page tokens of list calls: a place in a keyset, bound to the request it belongs to.
//
// A token is not a secret and grants nothing: every list is limited to the caller's seller whatever the token says. The
// checksum only tells a token that was made here for the same request from anything else, so that a client that changes
// its filter between pages gets an error and not a list with holes. Replicas need no common key for that.
//
// Start at [Bind], then [Encode] and [Decode].
package pagetoken
