// SPDX-License-Identifier: Apache-2.0

// Package server puts Koogate together and runs it: four listeners over one core.
//
//	facade   public HTTP    the marketplace's calls            listener_facade.go, server/facade
//	api      private HTTP   REST of the internal API           listener_api.go, server/api/rest
//	grpc     private gRPC   the internal API, and production   listener_grpc.go
//	ops      private HTTP   health and metrics                 listener_ops.go, health.go
//
// [New] wires a [config.Config] and [Deps], [Server.Run] listens, serves, works and, when its context ends, stops in order. It
// names no backend: cmd/koogate opens the store and the guard and hands them over.
//
// Start at server.go. What can be configured, and its faults, are server/config; projection.go and usage.go make of it what the
// domains know.
package server
