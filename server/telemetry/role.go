// SPDX-License-Identifier: Apache-2.0

package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/embedded"
)

// Role is which part of the service a span is of. In Jaeger each is a service of its own, so that a trace shows at a glance
// who did what: "koogate" has an order's root and end, "koogate-facade" the marketplace's calls, and so on.
type Role uint8

// The roles. The number of a role is its place in roleNames.
const (
	RoleOrder  Role = iota // the order itself: its root, and its end
	RoleFacade             // the marketplace's calls
	RoleAPI                // calls of the internal API
	RoleWorker             // what outside workers do: leases, heartbeats, reports
	RoleJobs               // Koogate's own work
	RoleLogin              // logins to joint products
	roles
)

var roleNames = [roles]string{RoleFacade: "-facade", RoleAPI: "-api", RoleWorker: "-worker", RoleJobs: "-jobs", RoleLogin: "-login"}

type roleKey struct{}

// As returns a context whose spans are of a role, until a further As.
func As(ctx context.Context, r Role) context.Context { return context.WithValue(ctx, roleKey{}, r) }

func roleOf(ctx context.Context) Role {
	r, _ := ctx.Value(roleKey{}).(Role)
	return r
}

// byRole starts each span with the tracer of its context's role.
type byRole struct {
	embedded.Tracer
	tracers [roles]trace.Tracer
}

// Start implements trace.Tracer.
func (b *byRole) Start(ctx context.Context, name string, options ...trace.SpanStartOption) (context.Context, trace.Span) {
	return b.tracers[roleOf(ctx)].Start(ctx, name, options...)
}
