// SPDX-License-Identifier: Apache-2.0

// Package rest is the internal API in the form that REST has it: the generated gateway, held to the contract. A request that names
// anything which its call does not know is refused with the place of the fault, and every error is answered as a google.rpc.Status
// with the names that JSON has for the fields. It is no transport of its own: each call goes on to the same rpc, through the same
// interceptors, as one over gRPC, and the package knows no handler. Start at [New].
package rest
