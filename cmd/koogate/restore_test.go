// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/sqlite"
)

// restored makes a configuration, its keyset and an empty database.
func restored(t *testing.T) (config, database string) {
	t.Helper()
	dir := t.TempDir()
	config = writeConfig(t, dir, cliKey, cliToken, []string{"127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3", "127.0.0.1:4"})
	for _, args := range [][]string{{"migrate", "--config", config}, {"keys", "new", filepath.Join(dir, "keyset.json")}} {
		if code, out, errs := koogate(t, args...); code != exitOK {
			t.Fatal(out, errs)
		}
	}
	return config, filepath.Join(dir, "koogate.db")
}

// seen counts a call about an instance in the open gap, as the service does.
func seen(t *testing.T, database, id string) {
	t.Helper()
	st, err := sqlite.Open(t.Context(), sqlite.Options{Path: database})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = st.Close() }()
	g, err := st.OpenedGap(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := st.CountGapCall(t.Context(), store.GapCall{
		Seller: "acme", GapID: g.ID, InstanceID: id, Activity: "refreshInstance", LastAt: time.Date(2026, 7, 2, 3, 4, 5, 0, time.UTC),
	}); err != nil {
		t.Fatal(err)
	}
}

// The whole drill after a restore: open a gap, see what calls name, adopt one, import the others, close.
func TestRestoreDrill(t *testing.T) {
	config, database := restored(t)
	do := func(want int, args ...string) string {
		t.Helper()
		args = append([]string{"restore", args[0], "--config", config}, args[1:]...)
		code, out, errs := koogate(t, args...)
		if code != want {
			t.Fatalf("koogate %s: %d\n%s%s", strings.Join(args, " "), code, out, errs)
		}
		return strings.Join(strings.Fields(out+errs), " ")
	}
	says := func(text, want string) {
		t.Helper()
		if !strings.Contains(text, want) {
			t.Errorf("%q does not say %q", text, want)
		}
	}
	says(do(exitOK, "status"), "seller acme: no gap is open")
	says(do(exitFailed, "close", "--why", "x"), "no gap is open")
	says(do(exitFailed, "open", "--since", clock.System{}.Now().Add(time.Hour).Format(time.RFC3339), "--why", "x"), "--since: lies in the future")
	says(do(exitFailed, "open", "--since", "yesterday", "--why", "x"), "--since: write")
	says(do(exitFailed, "open", "--since", "2026-07-01", "--why", " "), "--why: say why")
	says(do(exitFailed, "open", "--since", "2026-07-01", "--why", "x", "--seller", "nobody"), "there is no such seller")
	says(do(exitOK, "open", "--since", "2026-07-01T03:00:00Z", "--why", "disk lost", "--by", "ann"),
		"seller acme: a gap is open since 2026-07-01T03:00:00Z; the database has no order of it")
	says(do(exitFailed, "open", "--since", "2026-07-01", "--why", "again"), "seller acme has an open gap already")

	adopt := []string{"adopt", "--endpoint", "main", "--order", "CS1", "--line", "CS1-000001", "--why", "disk lost"}
	id := regexp.MustCompile(`^order CS1: instance ([0-9a-f-]{14}8[0-9a-f-]{21}) is adopted, ACTIVE$`).FindStringSubmatch(do(exitOK, adopt...))
	if id == nil {
		t.Fatal("no derived instance")
	}
	says(do(exitOK, adopt...), id[1]) // again
	says(do(exitFailed, append(adopt, "--instance", "other")...), "order CS1 has instance "+id[1]+" already")
	says(do(exitFailed, "adopt", "--endpoint", "nowhere", "--order", "CS1", "--why", "x"), `--endpoint: "nowhere" does not exist`)

	seen(t, database, "told-2")
	seen(t, database, "told-2")
	seen(t, database, id[1]) // is known by now
	says(do(exitOK, "status"), "seller acme: a gap is open since 2026-07-01T03:00:00Z, opened at ")
	says(do(exitOK, "status"), "by ann: disk lost INSTANCE ACTIVITY CALLS FIRST LAST told-2 refreshInstance 2 2026-07-02T03:04:05Z 2026-07-02T03:04:05Z 1 unknown instances")
	file := filepath.Join(t.TempDir(), "orders.csv")
	if err := os.WriteFile(file, []byte("\ufefforder,line,instance\nCS2,CS2-000001,told-2\nCS3,,told-3\nCS4\nCS5, CS5-000001 ,told-5\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // running it again changes nothing
		text := do(exitFailed, "import", "--endpoint", "main", "--why", "disk lost", "--create", file)
		says(text, "order CS2: instance told-2 is adopted, PROVISIONING order CS5: instance told-5 is adopted, PROVISIONING")
		says(text, "line 3: INVALID_FIELD: line: required")
		says(text, "line 4: record on line 4: wrong number of fields")
	}
	if err := os.WriteFile(file, []byte("order,password\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	says(do(exitFailed, "import", "--endpoint", "main", "--why", "x", file), `the header names "password"; the columns are order, line,`)
	text := do(exitOK, "close", "--why", "all adopted")
	says(text, "0 unknown instances")
	says(text, "seller acme: the gap is closed")
	says(do(exitOK, "status"), "seller acme: no gap is open")
}
