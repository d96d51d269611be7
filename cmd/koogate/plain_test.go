// SPDX-License-Identifier: Apache-2.0

package main

import (
	"database/sql"
	"os"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/koogate/koogate/server/clock"
)

// hostile is a text that clears a screen, sets a title, hides what follows, turns the direction of writing, begins other lines
// and cells, and is no text at its end.
const hostile = "i-1\x1b[2J\x1b]0;owned\x07\u009b31m\u202egnp.exe\u2066\u2028\r\n\tfake\tok\x00\x7f\x08\xff\x9b31m"

// tame fails when a terminal would act on anything but line breaks and tabs.
func tame(t *testing.T, what, text string) {
	t.Helper()
	for i, r := range text {
		if r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028') || !utf8.ValidString(text[i:]) {
			t.Fatalf("%s commands the terminal at %d: %q", what, i, text)
		}
	}
}

func TestVisible(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "plain": "plain", "订单 😀 a\u0301 é": "订单 😀 a\u0301 é", "a\nb\tc": `a\u000ab\u0009c`, "\x1b[0m": `\u001b[0m`, "\u202eabc\u2069": `\u202eabc\u2069`,
		"\u009b": `\u009b`, "\xff\xc4\xe3": `\xff\xc4\xe3`, "\ufffd": "\ufffd", "\u200d": "\u200d", "\x7f\x00\r": `\u007f\u0000\u000d`,
	} {
		if got := cell(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if got := visible("a\n\tb\r", "\n\t"); got != "a\n\tb\\u000d" {
		t.Errorf("%q", got)
	}
	tame(t, "the hostile text", cell(hostile))
}

// What a command prints of others' texts is shown and not obeyed, in results, messages and errors alike.
func TestTerminalsObeyNobody(t *testing.T) {
	config, database := ledgerFile(t)
	db, err := sql.Open("sqlite", database)
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		"UPDATE usage_raw SET value = value + 1, instance_id = ?", "UPDATE usage_windows SET instance_id = ?", "UPDATE usage_records SET instance_id = ?",
		"UPDATE usage_records SET code = ? WHERE state = 'REFUSED'",
	} {
		if _, err := db.ExecContext(t.Context(), statement, hostile); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	code, out, errs := koogate(t, "usage", "prove", "--config", config)
	if tame(t, "prove", out+errs); code != exitFailed || strings.Count(out, ` i-1\u001b[2J`) != 3 || !strings.Contains(out, `refused i-1\u001b[2J`) {
		t.Errorf("%d %q %q", code, out, errs)
	}
	if strings.Contains(out, "\n\tfake") || strings.Contains(out, "\nfake") {
		t.Errorf("another line: %q", out)
	}
	_, out, _ = koogate(t, "usage", "export", "--config", config) // a file for machines has the text as it is
	if !strings.Contains(out, hostile[:20]) {
		t.Errorf("the export: %q", out)
	}

	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	bad := strings.Replace(string(text), "provisioner: crm", `provisioner: "a\e[2J\u202Eb", "\e]0;x\a": 1`, 1)
	if err := os.WriteFile(config, []byte(bad), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{
		"config check": {"config", "check", "--config", config}, "a file that is not there": {"config", "check", "--config", "/nowhere/" + "\x1b[2J\u202e"},
		"a flag": {"usage", "prove", "--\x1b[2J"}, "a command": {"\x1b[2J\u202e"}, "a seller": {"usage", "prove", "--config", config, "--seller", "\x1b[2J"},
		"a time": {"usage", "export", "--config", config, "--from", "\x1b[2J\x9b"},
	} {
		code, out, errs := koogate(t, args...)
		if tame(t, name, out+errs); code == exitOK || out+errs == "" {
			t.Errorf("%s: %d %q %q", name, code, out, errs)
		}
	}
}

// The table of koogate dev has colours of its own and none of others.
func TestTheTableObeysNobody(t *testing.T) {
	for _, colour := range []bool{false, true} {
		var out, errs buffer
		c := newConsole(&out, &errs)
		c.colour = colour
		tab := &table{out: c, trace: func(row) string { return "-" }, began: clock.System{}.Now()}
		tab.add(row{order: hostile, kind: hostile, instance: hostile, seller: "acme"})
		tab.add(row{order: "CS1", kind: "new", instance: "i", seller: "acme", err: hostile})
		tab.usage = []usageRow{{kind: hostile, instance: hostile, reported: "1", state: hostile, err: hostile}}
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
		tame(t, "the table", text+errs.String())
		if strings.Contains(text, "\n\tfake") || strings.Contains(text, "\nfake") || strings.Contains(text, "fake\tok") {
			t.Errorf("another line or cell: %q", text)
		}
	}
	var out, errs buffer
	log := newLog(newConsole(&out, &errs), 0)
	log.Error("x", "order_id", hostile, "took", time.Second)
	tame(t, "the log", errs.String())
}
