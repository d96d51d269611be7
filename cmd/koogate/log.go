// SPDX-License-Identifier: Apache-2.0

package main

import (
	"log/slog"

	"github.com/koogate/koogate/server/telemetry"
)

// newLog logs to stderr: text for people, JSON for machines. Lines of a call carry its trace.
func newLog(out *console, level slog.Level) *slog.Logger {
	o := &slog.HandlerOptions{Level: level}
	var h slog.Handler = slog.NewJSONHandler(out.err, o)
	if terminal(out.err) {
		h = slog.NewTextHandler(out.err, o)
	}
	return slog.New(telemetry.NewLogHandler(h))
}
