// SPDX-License-Identifier: Apache-2.0

package telemetry

import (
	"context"
	"sync"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/koogate/koogate/server/clock"
)

// batchLimits are those of the standard's batch processor, with its variables; the defaults are ours.
type batchLimits struct {
	delay   time.Duration // a span waits at most this long
	timeout time.Duration // of one export
	queue   int           // spans kept; more are dropped and counted
	batch   int           // spans of one export
}

var defaultBatch = batchLimits{delay: time.Second, timeout: 10 * time.Second, queue: 16384, batch: 1024}

// batcher hands ended spans to an exporter in batches, at the cost of the SDK's own processor, which it replaces because
// that one reports errors to a handler of the whole process, drops spans silently, reads the system's clock, and goes on
// exporting after Shutdown's deadline.
type batcher struct {
	exporter sdktrace.SpanExporter
	clock    clock.Clock
	limits   batchLimits
	report   func(err error, dropped int64)

	mu      sync.Mutex
	ended   []sdktrace.ReadOnlySpan
	spare   []sdktrace.ReadOnlySpan // the slice that the last round emptied
	dropped int64
	closed  bool

	full  chan struct{} // capacity 1
	flush chan chan error
	stop  chan struct{}
	done  chan struct{}
	life  context.Context // of exports; ends when Shutdown can wait no longer
	abort context.CancelFunc
	err   error // of the exporter's shutdown, readable after done
}

var _ sdktrace.SpanProcessor = (*batcher)(nil)

func newBatcher(e sdktrace.SpanExporter, c clock.Clock, l batchLimits, report func(error, int64)) *batcher {
	b := &batcher{
		exporter: e, clock: c, limits: l, report: report,
		full: make(chan struct{}, 1), flush: make(chan chan error), stop: make(chan struct{}), done: make(chan struct{}),
	}
	b.life, b.abort = context.WithCancel(context.Background())
	go b.run()
	return b
}

// OnStart implements sdktrace.SpanProcessor.
func (*batcher) OnStart(context.Context, sdktrace.ReadWriteSpan) {}

// OnEnd implements sdktrace.SpanProcessor.
func (b *batcher) OnEnd(s sdktrace.ReadOnlySpan) {
	if !s.SpanContext().IsSampled() {
		return
	}
	b.mu.Lock()
	if b.closed || len(b.ended) >= b.limits.queue {
		b.dropped++
		b.mu.Unlock()
		return
	}
	b.ended = append(b.ended, s)
	full := len(b.ended)%b.limits.batch == 0
	b.mu.Unlock()
	if full {
		select {
		case b.full <- struct{}{}:
		default:
		}
	}
}

// ForceFlush implements sdktrace.SpanProcessor: it exports what has ended so far.
func (b *batcher) ForceFlush(ctx context.Context) error {
	answer := make(chan error, 1)
	select {
	case b.flush <- answer:
	case <-b.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Shutdown implements sdktrace.SpanProcessor: it exports what has ended, as far as ctx allows, and shuts the exporter down.
func (b *batcher) Shutdown(ctx context.Context) error {
	b.mu.Lock()
	if !b.closed {
		b.closed = true
		close(b.stop)
	}
	b.mu.Unlock()
	select {
	case <-b.done:
		return b.err
	case <-ctx.Done():
		b.abort() // this ends the export that is under way
		return ctx.Err()
	}
}

func (b *batcher) run() {
	defer close(b.done)
	defer b.abort()
	timer := b.clock.NewTimer(b.limits.delay)
	defer func() { timer.Stop() }()
	for {
		select {
		case <-b.full:
		case <-timer.C():
			timer = b.clock.NewTimer(b.limits.delay)
		case answer := <-b.flush:
			answer <- b.export()
			continue
		case <-b.stop:
			_ = b.export()
			ctx, cancel := context.WithTimeout(b.life, b.limits.timeout)
			b.err = b.exporter.Shutdown(ctx)
			cancel()
			return
		}
		_ = b.export()
	}
}

// export hands over everything that has ended. A batch that fails is lost: the exporter has repeated it already.
func (b *batcher) export() error {
	b.mu.Lock()
	spans, dropped := b.ended, b.dropped
	b.ended, b.spare, b.dropped = b.spare[:0], nil, 0
	b.mu.Unlock()
	var first error
	for rest := spans; len(rest) > 0; {
		n := min(len(rest), b.limits.batch)
		ctx, cancel := context.WithTimeout(b.life, b.limits.timeout)
		err := b.exporter.ExportSpans(ctx, rest[:n:n])
		cancel()
		if err != nil && first == nil {
			first = err
		}
		rest = rest[n:]
	}
	if first != nil || dropped > 0 {
		b.report(first, dropped)
	}
	clear(spans)
	b.mu.Lock()
	b.spare = spans[:0]
	b.mu.Unlock()
	return first
}
