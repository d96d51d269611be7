// SPDX-License-Identifier: Apache-2.0

package dev

import (
	"bytes"
	"strings"
	"testing"

	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
	"github.com/koogate/koogate/cmd/koogate/internal/terminal/terminaltest"
	"github.com/koogate/koogate/server/clock"
)

// The table of koogate dev has colours of its own and none of others.
func TestTheTableObeysNobody(t *testing.T) {
	for _, colour := range []bool{false, true} {
		var out, errs bytes.Buffer
		c := terminal.New(&out, &errs)
		c.Colour = colour
		tab := &table{out: c, trace: func(row) string { return "-" }, began: clock.System{}.Now()}
		tab.add(row{order: terminaltest.Hostile, kind: terminaltest.Hostile, instance: terminaltest.Hostile, seller: "acme"})
		tab.add(row{order: "CS1", kind: "new", instance: "i", seller: "acme", err: terminaltest.Hostile})
		tab.usage = []usageRow{{kind: terminaltest.Hostile, instance: terminaltest.Hostile, reported: "1", state: terminaltest.Hostile, err: terminaltest.Hostile}}
		tab.print()
		text := out.String()
		if colour {
			for _, own := range []string{"\x1b[1m", "\x1b[31m", "\x1b[32m", "\x1b[0m"} {
				if !strings.Contains(text, own) {
					t.Errorf("no %q", own)
				}
				text = strings.ReplaceAll(text, own, "")
			}
		}
		terminaltest.Tame(t, "the table", text+errs.String())
		if strings.Contains(text, "\n\tfake") || strings.Contains(text, "\nfake") || strings.Contains(text, "fake\tok") {
			t.Errorf("another line or cell: %q", text)
		}
	}
}
