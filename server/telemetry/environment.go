// SPDX-License-Identifier: Apache-2.0

package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// environment reads the standard variables. Those of the exporters that are not read here (headers, certificates,
// compression, timeout) the exporters read from the process's environment themselves.
type environment func(string) string

func (env environment) first(names ...string) string {
	for _, n := range names {
		if v := strings.TrimSpace(env(n)); v != "" {
			return v
		}
	}
	return ""
}

// exporter returns the exporter that the variables ask for, nil for none: OTEL_SDK_DISABLED, OTEL_TRACES_EXPORTER=none, or
// no endpoint and no explicit wish for otlp.
func (env environment) exporter(ctx context.Context) (sdktrace.SpanExporter, error) {
	endpoint := env.first("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
	switch wish := env.first("OTEL_TRACES_EXPORTER"); {
	case strings.EqualFold(env.first("OTEL_SDK_DISABLED"), "true"), wish == "none", wish == "" && endpoint == "":
		return nil, nil // none is a valid choice of exporter
	case wish != "" && wish != "otlp":
		return nil, fmt.Errorf("telemetry: OTEL_TRACES_EXPORTER %q is not known; otlp and none are", clean(wish))
	}
	protocol := env.first("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
	target, err := parseTarget(endpoint)
	if err != nil {
		return nil, err
	}
	if protocol == "" {
		protocol = "http/protobuf" // the standard's default, but 4317 is the port of the other
		if target != nil && target.Port() == "4317" {
			protocol = "grpc"
		}
	}
	own := env.first("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != ""
	switch protocol {
	case "grpc":
		return otlptracegrpc.New(ctx, env.grpcOptions(target)...)
	case "http/protobuf":
		var options []otlptracehttp.Option
		if target != nil {
			if !own { // the endpoint of all signals is a base
				target = target.JoinPath("v1", "traces")
			}
			options = append(options, otlptracehttp.WithEndpointURL(target.String()))
		}
		return otlptracehttp.New(ctx, options...)
	}
	return nil, fmt.Errorf("telemetry: OTEL_EXPORTER_OTLP_PROTOCOL %q is not known; grpc and http/protobuf are", clean(protocol))
}

func (env environment) grpcOptions(target *url.URL) []otlptracegrpc.Option {
	switch {
	case target == nil:
		return nil
	case target.Scheme == "":
		options := []otlptracegrpc.Option{otlptracegrpc.WithEndpoint(target.Host)}
		if strings.EqualFold(env.first("OTEL_EXPORTER_OTLP_TRACES_INSECURE", "OTEL_EXPORTER_OTLP_INSECURE"), "true") {
			options = append(options, otlptracegrpc.WithInsecure())
		}
		return options
	}
	return []otlptracegrpc.Option{otlptracegrpc.WithEndpointURL(target.String())}
}

var errEndpoint = errors.New("telemetry: OTEL_EXPORTER_OTLP_ENDPOINT is not a URL of http or https with a host, nor host:port")

// parseTarget returns nil for an empty endpoint. The error does not quote it: it may hold a password.
func parseTarget(endpoint string) (*url.URL, error) {
	if endpoint == "" {
		return nil, nil // the exporter's own default
	}
	if !strings.Contains(endpoint, "://") {
		u, err := url.Parse("//" + endpoint)
		if err != nil || u.Host == "" || u.Port() == "" {
			return nil, errEndpoint
		}
		return u, nil
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errEndpoint
	}
	return u, nil
}

// resource says who exports: OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win over the program's own name and version. suffix
// tells the role; instance tells replicas apart in one trace.
//
// All processes name the same host. Jaeger takes a span of another host that lies outside of its parent for a sign of clocks that
// differ, warns and may move it; but what an order causes happens long after the call that caused it has ended.
func (env environment) resource(name, suffix, version, instance string) (*resource.Resource, error) {
	attrs := []attribute.KeyValue{
		attribute.String("telemetry.sdk.name", "opentelemetry"),
		attribute.String("telemetry.sdk.language", "go"),
		attribute.String("telemetry.sdk.version", sdk.Version()),
		attribute.String("service.instance.id", instance),
		attribute.String("host.id", "koogate"), // Jaeger 2
		attribute.String("ip", "koogate"),      // Jaeger 1
	}
	if version != "" {
		attrs = append(attrs, attribute.String("service.version", version))
	}
	for pair := range strings.SplitSeq(env("OTEL_RESOURCE_ATTRIBUTES"), ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		k, v, ok := strings.Cut(pair, "=")
		if k = strings.TrimSpace(k); !ok || k == "" {
			return nil, errors.New("telemetry: OTEL_RESOURCE_ATTRIBUTES is not a list of key=value")
		}
		v, err := url.PathUnescape(strings.TrimSpace(v))
		if err != nil {
			return nil, errors.New("telemetry: OTEL_RESOURCE_ATTRIBUTES is not percent-encoded")
		}
		attrs = append(attrs, attribute.String(clean(k), clean(v)))
	}
	for _, a := range attrs {
		if a.Key == "service.name" {
			name = a.Value.AsString()
		}
	}
	if v := env.first("OTEL_SERVICE_NAME"); v != "" {
		name = clean(v)
	}
	attrs = append(attrs, attribute.String("service.name", name+suffix))
	return resource.NewSchemaless(attrs...), nil // of equal keys the last one stands
}

// batch reads the variables of the batch processor.
func (env environment) batch() (batchLimits, error) {
	l := defaultBatch
	for name, set := range map[string]func(int){
		"OTEL_BSP_SCHEDULE_DELAY":        func(v int) { l.delay = time.Duration(v) * time.Millisecond },
		"OTEL_BSP_EXPORT_TIMEOUT":        func(v int) { l.timeout = time.Duration(v) * time.Millisecond },
		"OTEL_BSP_MAX_QUEUE_SIZE":        func(v int) { l.queue = v },
		"OTEL_BSP_MAX_EXPORT_BATCH_SIZE": func(v int) { l.batch = v },
	} {
		text := env.first(name)
		if text == "" {
			continue
		}
		v, err := strconv.Atoi(text)
		if err != nil || v <= 0 || v > 10_000_000 {
			return l, fmt.Errorf("telemetry: %s is not a positive number", name)
		}
		set(v)
	}
	l.batch = min(l.batch, l.queue)
	return l, nil
}
