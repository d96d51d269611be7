// SPDX-License-Identifier: Apache-2.0

// Package telemetry makes one trace of the whole life of an order, and holds the service's metrics and log handler.
//
// The trace of an order has an id that follows from seller and order id ([TraceID]), and so has its root span
// (orderIDs). Nothing needs to be stored or handed over: a call, a task, a retry or a usage push, in any replica, weeks
// later, puts its spans under [UnderOrder] and lands in the same trace. [StartRoot] starts the root itself, once, where the
// order is admitted.
//
// Attributes are set through [Attr] alone, whose constructors name everything that may be said: no secret, credential or
// personal datum has a constructor. Values are bounded and valid UTF-8.
//
// [Setup] reads the standard OTEL_* variables and returns a [Provider]; without an endpoint nothing is exported and
// spans cost next to nothing, but logs still carry trace ids through [LogHandler]. [Metrics] are the Prometheus metrics.
//
// This package reads no clock but through server/clock; the OpenTelemetry SDK stamps spans with the system's.
package telemetry
