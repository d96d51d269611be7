// SPDX-License-Identifier: Apache-2.0

package main

import (
	"log/slog"

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
