// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// TestCommandsThatChangeTheDatabaseAreAudited: who has run them, why, and what they changed; newest first, in both forms.
func TestCommandsThatChangeTheDatabaseAreAudited(t *testing.T) {
	config, _ := restored(t)
	do := func(want int, args ...string) string {
		t.Helper()
		code, out, errs := koogate(t, append(args, "--config", config)...)
		if code != want {
			t.Fatalf("koogate %s: %d\n%s%s", strings.Join(args, " "), code, out, errs)
		}
		return out
	}
	do(exitOK, "restore", "open", "--since", "2026-07-01T03:00:00Z", "--why", "INC-1", "--by", "ann")
	do(exitFailed, "restore", "open", "--since", "2026-07-01T03:00:00Z", "--why", "INC-2", "--by", "ann") // one is open
	do(exitOK, "restore", "adopt", "--endpoint", "main", "--order", "CS1", "--line", "CS1-000001", "--why", "INC-3", "--by", "ben")
	do(exitOK, "restore", "adopt", "--endpoint", "main", "--order", "CS1", "--line", "CS1-000001", "--why", "again", "--by", "ben")
	do(exitOK, "restore", "close", "--why", "INC-4", "--by", "ann")
	do(exitOK, "config", "apply", "--why", "CHG-5", "--by", "eve")
	do(exitOK, "config", "apply", "--why", "CHG-6", "--by", "eve") // nothing to do
	do(exitOK, "keys", "reencrypt")                                // nothing is sealed with an older key
	var got []string
	var newest time.Time
	for line := range strings.Lines(do(exitOK, "audit", "list", "--json")) {
		var row auditLine
		if err := json.Unmarshal([]byte(line), &row); err != nil || row.Kind != "process" || row.RequestID == "" || len(row.After) != 64 || row.Time.IsZero() {
			t.Errorf("%v: %s", err, line)
		}
		if row.Action == "koogate restore adopt" && !strings.Contains(string(row.Resources), `"order":["CS1"]`) {
			t.Errorf("resources %s", row.Resources)
		}
		if newest.IsZero() {
			newest = row.Time
		}
		got = append(got, row.Seller+": "+row.Actor+", "+row.Action+", "+row.Reason)
	}
	want := []string{
		": process eve, koogate config apply, CHG-5",
		"acme: process ann, koogate restore close, INC-4", "acme: process ben, koogate restore adopt, INC-3", "acme: process ann, koogate restore open, INC-1",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q\nwant %q", got, want)
	}
	table := do(exitOK, "audit", "list", "--limit", "1", "--seller", "acme")
	if lines := strings.Split(strings.TrimSpace(table), "\n"); len(lines) != 2 || !strings.Contains(lines[1], "process ann") || !strings.Contains(lines[1], "INC-4") {
		t.Errorf("got %s", table)
	}
	if out := do(exitOK, "audit", "list", "--json", "--since", "2999-01-01"); out != "" {
		t.Errorf("got %s", out)
	}
	for later, lines := range map[time.Duration]int{0: 1, time.Microsecond: 0} { // the time itself counts
		out := do(exitOK, "audit", "list", "--json", "--since", newest.Add(later).Format(time.RFC3339Nano))
		if strings.Count(out, "\n") != lines {
			t.Errorf("since %s after the newest row: %s", later, out)
		}
	}
	do(exitFailed, "audit", "list", "--limit", "0")
}
