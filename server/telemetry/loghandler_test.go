// SPDX-License-Identifier: Apache-2.0

package telemetry

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestLogHandler(t *testing.T) {
	const canary = "canary-90aa"
	ctx := UnderOrder(t.Context(), "demo", "CS1")
	for name, log := range map[string]func(*slog.Logger){
		"plain": func(l *slog.Logger) { l.InfoContext(ctx, "m", "order", "CS1", "access_key", canary) },
		"bound": func(l *slog.Logger) { l.With("order", "CS1", "authToken", canary).InfoContext(ctx, "m") },
		"groups": func(l *slog.Logger) {
			l.With("order", "CS1").WithGroup("a").With("SK", canary, "x", 1).WithGroup("b").With("y", 2).InfoContext(ctx, "m", "z", 3, "password", canary)
		},
		"group value": func(l *slog.Logger) {
			l.InfoContext(ctx, "m", "order", "CS1", slog.Group("g", slog.Group("h", "kit-key", canary), "Authorization", canary))
		},
	} {
		var out bytes.Buffer
		log(slog.New(NewLogHandler(slog.NewJSONHandler(&out, nil))))
		if strings.Contains(out.String(), canary) || !strings.Contains(out.String(), redacted) {
			t.Errorf("%s: a secret shows: %s", name, out.String())
		}
		var line map[string]any
		if err := json.Unmarshal(out.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		if line["trace_id"] != TraceID("demo", "CS1").String() || line["span_id"] != rootSpanID("demo", "CS1").String() || line["order"] != "CS1" {
			t.Errorf("%s: %s", name, out.String())
		}
		if name == "groups" {
			if got := fmt.Sprint(line["a"]); got != "map[SK:[redacted] b:map[password:[redacted] y:2 z:3] x:1]" {
				t.Errorf("groups: %s", got)
			}
		}
	}
	var out bytes.Buffer
	slog.New(NewLogHandler(slog.NewJSONHandler(&out, nil))).InfoContext(t.Context(), "m", "keyboard", "x", "task_id", "y", "instance_key_count", 3)
	if strings.Contains(out.String(), "trace_id") || strings.Contains(out.String(), redacted) {
		t.Errorf("without a span: %s", out.String())
	}
}

// Siblings made from one logger do not write into each other's attributes.
func TestLogHandlerSharesNothing(t *testing.T) {
	var out bytes.Buffer
	base := slog.New(NewLogHandler(slog.NewJSONHandler(&out, nil))).WithGroup("g").With("a", 1)
	x, y := base.With("x", 1), base.With("y", 1)
	x.Info("m")
	y.Info("m")
	if lines := strings.Split(out.String(), "\n"); strings.Contains(lines[0], `"y"`) || strings.Contains(lines[1], `"x"`) {
		t.Error(out.String())
	}
}
