// SPDX-License-Identifier: Apache-2.0

// Package directory keeps what the marketplace's joint-operation Kit (联营Kit) synchronises: enterprises (tenants), their
// applications, users and departments. It knows neither proto nor SQL nor gRPC.
//
// Calls may come in any order and any number of times: of two calls about one thing the one with the later time counts, a
// deletion of an enterprise ends everything about it that is not newer, and repeating a call changes nothing. A call about
// an instance that exists also leaves an event on that instance's order, without any personal data.
//
// Start with [Service].
package directory
