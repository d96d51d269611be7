// SPDX-License-Identifier: Apache-2.0

// Package v1 serves the internal API, package koogate.v1 of the contract: tasks for provisioners, orders and instances for
// operators and the vendor's systems, and the directory that the marketplace synchronises. Its handlers convert, call the core
// or the directory and convert back; rules live in server/fulfil and server/directory.
//
// The seller of a call is the bearer token's, put into the context by the authenticating interceptor. Requests arrive
// validated by the interceptor chain; what is checked here again is what a result must satisfy to be shown to the
// marketplace.
//
// Start at [New]; convert.go maps rows to messages, list.go pages, filter.go reads filters.
package v1
