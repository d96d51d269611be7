// SPDX-License-Identifier: Apache-2.0

package telemetry

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/koogate/koogate/server/clock"
)

// Scope is the name of the service's tracer.
const Scope = "github.com/koogate/koogate"

// serviceName is the service's name in traces, unless OTEL_SERVICE_NAME gives another.
const serviceName = "koogate"

// Options of Setup. All may be left empty.
type Options struct {
	Version string
	// Getenv reads the OTEL_* variables; os.Getenv when nil.
	Getenv func(string) string
	// Clock paces the export; the system's when nil.
	Clock clock.Clock
	// Logger is told of failed exports, at most once a minute; slog.Default() when nil.
	Logger *slog.Logger
	// Exporters get every sampled span in batches, beside what the variables ask for.
	Exporters []sdktrace.SpanExporter
}

// Provider is the service's source of spans. Its tracer has a service name for each [Role].
type Provider struct {
	sdk    [roles]*sdktrace.TracerProvider // all with the same processors
	tracer *byRole
}

// Setup returns a provider after the standard variables (OTEL_TRACES_EXPORTER, OTEL_EXPORTER_OTLP_*, OTEL_TRACES_SAMPLER,
// OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, OTEL_BSP_*, OTEL_SDK_DISABLED). It sets no global of the otel packages and
// does not wait for a collector. Without an exporter, spans have valid ids and are otherwise empty.
func Setup(ctx context.Context, o Options) (*Provider, error) {
	if o.Getenv == nil {
		o.Getenv = os.Getenv
	}
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	env := environment(o.Getenv)
	sampler, err := samplerFrom(o.Getenv)
	if err != nil {
		return nil, err
	}
	limits, err := env.batch()
	if err != nil {
		return nil, err
	}
	otlp, err := env.exporter(ctx)
	if err != nil {
		return nil, err
	}
	exporters := o.Exporters
	if otlp != nil {
		exporters = append([]sdktrace.SpanExporter{otlp}, exporters...)
	}
	if len(exporters) == 0 {
		sampler = sdktrace.NeverSample()
	}
	options := []sdktrace.TracerProviderOption{
		sdktrace.WithIDGenerator(IDGenerator{}),
		sdktrace.WithSampler(sampler),
	}
	for _, e := range exporters {
		complain := &complaint{logger: o.Logger, clock: o.Clock}
		options = append(options, sdktrace.WithSpanProcessor(newBatcher(e, o.Clock, limits, complain.report)))
	}
	p := &Provider{tracer: new(byRole)}
	instance := rand.Text()
	for r, suffix := range roleNames {
		res, err := env.resource(serviceName, suffix, o.Version, instance)
		if err != nil {
			return nil, err
		}
		p.sdk[r] = sdktrace.NewTracerProvider(slices.Concat(options, []sdktrace.TracerProviderOption{sdktrace.WithResource(res)})...)
		p.tracer.tracers[r] = p.sdk[r].Tracer(Scope, trace.WithInstrumentationVersion(o.Version))
	}
	return p, nil
}

// Tracer returns the service's tracer.
func (p *Provider) Tracer() trace.Tracer { return p.tracer }

// ForceFlush exports everything that has ended. It returns the exporters' errors.
func (p *Provider) ForceFlush(ctx context.Context) error { return p.sdk[RoleOrder].ForceFlush(ctx) }

// Shutdown flushes and releases everything; spans that end later are lost.
func (p *Provider) Shutdown(ctx context.Context) error {
	var errs []error
	for _, sdk := range p.sdk {
		errs = append(errs, sdk.Shutdown(ctx)) // the first shuts the processors down, which the others then find done
	}
	return errors.Join(errs...)
}

// complaint logs what an exporter could not do, at most once a minute.
type complaint struct {
	logger *slog.Logger
	clock  clock.Clock

	mu      sync.Mutex
	last    time.Time
	failed  int64
	dropped int64
}

const betweenComplaints = time.Minute

func (c *complaint) report(err error, dropped int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.failed++
	}
	c.dropped += dropped
	now := c.clock.Now()
	if since := now.Sub(c.last); !c.last.IsZero() && since >= 0 && since < betweenComplaints {
		return
	}
	text := ""
	if err != nil {
		text = clean(err.Error())
	}
	c.logger.Warn("traces are not exported", "error", text, "failed_exports", c.failed, "dropped_spans", c.dropped)
	c.last, c.failed, c.dropped = now, 0, 0
}
