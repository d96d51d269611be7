// SPDX-License-Identifier: Apache-2.0

package main

import (
	"database/sql"
	"log/slog"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
	"github.com/koogate/koogate/cmd/koogate/internal/terminal/terminaltest"
)

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
		if _, err := db.ExecContext(t.Context(), statement, terminaltest.Hostile); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	code, out, errs := koogate(t, "usage", "prove", "--config", config)
	if terminaltest.Tame(t, "prove", out+errs); code != exitFailed || strings.Count(out, ` i-1\u001b[2J`) != 3 || !strings.Contains(out, `refused i-1\u001b[2J`) {
		t.Errorf("%d %q %q", code, out, errs)
	}
	if strings.Contains(out, "\n\tfake") || strings.Contains(out, "\nfake") {
		t.Errorf("another line: %q", out)
	}
	_, out, _ = koogate(t, "usage", "export", "--config", config) // a file for machines has the text as it is
	if !strings.Contains(out, terminaltest.Hostile[:20]) {
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
		if terminaltest.Tame(t, name, out+errs); code == exitOK || out+errs == "" {
			t.Errorf("%s: %d %q %q", name, code, out, errs)
		}
	}
}

func TestTheLogObeysNobody(t *testing.T) {
	var out, errs buffer
	log := newLog(terminal.New(&out, &errs), 0)
	log.Error("x", "order_id", terminaltest.Hostile, "took", time.Second)
	terminaltest.Tame(t, "the log", errs.String())
}

// What the OpenID provider's library says by itself reaches no log, and what others say does.
func TestALibraryIsQuiet(t *testing.T) {
	var text strings.Builder
	log := slog.New(quiet{slog.NewTextHandler(&text, nil)}).With("a", 1).WithGroup("g")
	for _, from := range []any{op.WriteError, oidc.DefaultToServerError} {
		r := slog.NewRecord(time.Time{}, slog.LevelError, "of the library", reflect.ValueOf(from).Pointer()+1)
		if err := log.Handler().Handle(t.Context(), r); err != nil {
			t.Error(err)
		}
	}
	log.Error("of somebody else")
	if got := text.String(); strings.Contains(got, "of the library") || !strings.Contains(got, "of somebody else") {
		t.Errorf("the log has %q", got)
	}
}
