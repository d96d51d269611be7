// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"log/slog"
	"runtime"
	"strings"

	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
	"github.com/koogate/koogate/server/telemetry"
)

// newLog logs to stderr: text for people, JSON for machines. Lines of a call carry its trace.
func newLog(out *terminal.Console, level slog.Level) *slog.Logger {
	o := &slog.HandlerOptions{Level: level}
	var h slog.Handler = slog.NewJSONHandler(out.Err, o)
	if terminal.Is(out.Err) {
		h = slog.NewTextHandler(out.Err, o)
	}
	return slog.New(telemetry.NewLogHandler(h))
}

// quiet drops what a library says of requests that it refuses, such as that of the OpenID provider: anybody can make it say so without
// end, and Koogate counts them itself.
type quiet struct{ slog.Handler }

// noisy begins the names of that library's functions.
const noisy = "github.com/zitadel/"

// Handle implements slog.Handler.
func (q quiet) Handle(ctx context.Context, r slog.Record) error {
	if f, _ := runtime.CallersFrames([]uintptr{r.PC}).Next(); strings.HasPrefix(f.Function, noisy) {
		return nil
	}
	return q.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (q quiet) WithAttrs(attrs []slog.Attr) slog.Handler { return quiet{q.Handler.WithAttrs(attrs)} }

// WithGroup implements slog.Handler.
func (q quiet) WithGroup(name string) slog.Handler { return quiet{q.Handler.WithGroup(name)} }
