// SPDX-License-Identifier: Apache-2.0

// Package access says who calls and what the caller may do: a [Principal], put into the context of a call by the listener that has
// authenticated the caller. What an rpc needs is written at the rpc (proto/koogate/v1/scope.proto) and enforced by
// interceptor.Demand; this package knows neither proto nor gRPC, so that the domains can tell in their events who acted.
package access
