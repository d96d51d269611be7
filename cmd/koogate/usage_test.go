// SPDX-License-Identifier: Apache-2.0

package main

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/sqlite"
)

// ledgerFile makes a configuration and a database with one window, of which a record is pushed.
func ledgerFile(t *testing.T) (config, database string) {
	t.Helper()
	dir := t.TempDir()
	database = filepath.Join(dir, "koogate.db")
	st, err := sqlite.Open(t.Context(), sqlite.Options{Path: database, Migrate: true})
	if err != nil {
		t.Fatal(err)
	}
	start := time.Date(2026, 7, 1, 11, 0, 0, 0, time.UTC)
	raw := func(key string, value store.Units, start time.Time) store.UsageRaw {
		return store.UsageRaw{
			Seller: "acme", Key: key, InstanceID: "i-1", Meter: "sms", Mode: store.UsageSum, BeginAt: start, EndAt: start.Add(time.Minute), Value: value,
			ReportedAt: start, Window: store.UsageWindowTimes{
				StartAt: start, EndAt: start.Add(time.Hour), DueAt: start.Add(61 * time.Minute), DeadlineAt: start.Add(75 * time.Minute), RefuseAt: start.Add(504 * time.Hour),
			},
		}
	}
	_, err = st.AddUsage(t.Context(), []store.UsageRaw{raw("a", 15000, start), raw("b", 2500, start), raw("c", 10000, start.Add(24*time.Hour))})
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []time.Time{start.Add(61 * time.Minute), start.Add(30 * time.Hour)} {
		list, err := st.CloseUsage(t.Context(), "acme", at, store.SpansApart, 10)
		if err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		state := map[bool]store.UsageState{true: store.UsagePushed, false: store.UsageRefused}[list[0].StartAt.Equal(start)]
		code := map[bool]string{false: "012"}[state == store.UsagePushed]
		if err := st.SettleUsage(t.Context(), []store.UsageVerdict{{Seller: "acme", ID: list[0].ID, State: state, Code: code, DueAt: at}}, at); err != nil {
			t.Fatal(err)
		}
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	return writeConfig(t, dir, cliKey, cliToken, []string{"127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3", "127.0.0.1:4"}), database
}

func TestUsageProve(t *testing.T) {
	config, database := ledgerFile(t)
	code, out, errs := koogate(t, "usage", "prove", "--config", config)
	words := strings.Join(strings.Fields(out), " ")
	if code != exitOK || words != "seller acme windows 2 raw 2.75 pending 0 sending 0 pushed 1.75 refused 012 1 difference 0" {
		t.Errorf("%d\n%s%s", code, out, errs)
	}
	db, err := sql.Open("sqlite", database)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "UPDATE usage_raw SET value = value + 1 WHERE key = 'b'"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	code, out, _ = koogate(t, "usage", "prove", "--config", config, "--seller", "acme")
	if words := strings.Join(strings.Fields(out), " "); code != exitFailed || !strings.Contains(words, "difference 0.0001") || !strings.Contains(words, `broken i-1 from 2026-07-01T11:00:00Z package "": raw 1.7501`) {
		t.Errorf("%d\n%s", code, out)
	}
	if code, _, errs := koogate(t, "usage", "prove", "--config", config, "--seller", "nobody"); code != exitFailed || !strings.Contains(errs, "no such seller") {
		t.Errorf("%d %s", code, errs)
	}
	if code, _, _ := koogate(t, "usage", "prove", "--wrong"); code != exitUsage {
		t.Errorf("%d", code)
	}
}

func TestUsageExport(t *testing.T) {
	config, _ := ledgerFile(t)
	code, out, errs := koogate(t, "usage", "export", "--config", config)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if code != exitOK || len(lines) != 3 || lines[0] != "metering_sn,instance_id,begin_time,end_time,usage_value,state,code,record_time" {
		t.Fatalf("%d\n%s%s", code, out, errs)
	}
	for i, want := range []string{
		",i-1,20260701T110000Z,20260701T120000Z,1.75,PUSHED,,20260701T120100Z", ",i-1,20260702T110000Z,20260702T120000Z,1,REFUSED,012,20260702T170000Z",
	} {
		if len(lines[i+1]) != 36+len(want) || !strings.HasSuffix(lines[i+1], want) {
			t.Errorf("%s, want …%s", lines[i+1], want)
		}
	}
	for _, c := range []struct {
		from, to string
		lines    int
	}{{"2026-07-02", "", 2}, {"", "2026-07-02", 2}, {"2026-07-01T12:00:00Z", "2026-07-02T12:00:00Z", 2}, {"2026-07-03", "", 1}} {
		args := []string{"usage", "export", "--config", config}
		if c.from != "" {
			args = append(args, "--from", c.from)
		}
		if c.to != "" {
			args = append(args, "--to", c.to)
		}
		if _, out, _ := koogate(t, args...); strings.Count(out, "\n") != c.lines {
			t.Errorf("%+v:\n%s", c, out)
		}
	}
	if code, _, errs := koogate(t, "usage", "export", "--config", config, "--from", "July"); code != exitFailed || !strings.Contains(errs, "--from") {
		t.Errorf("%d %s", code, errs)
	}
}
