// SPDX-License-Identifier: Apache-2.0

// Package console shows people what the internal API tells programs: an order with its trace, and how the seller stands with the marketplace. It stands on the
// API, called through the same interceptors as any client, and can show nothing that the caller's token may not read. Its sentence and what goes on are the API's account of the order (server/explain). The pages
// are made here, whole, without scripts and without anything from another host.
//
// Start at [Console.Handler]. A trace comes from a Jaeger (jaeger.go), in one request within 3 s of its query API (trace.go), and is laid out as
// a picture (picture.go).
package console
