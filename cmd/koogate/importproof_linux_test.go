// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/koogate/koogate/server/clock"
)

// What an import may cost, beyond the service at rest.
const (
	importService = 256 << 20
	importCommand = 128 << 20
)

// TestImportProof imports KOOGATE_IMPORTS instances (a thousand) by the command into a running service, on both databases, while the marketplace repeats a
// call; then again, which changes nothing: rows are counted, and all evidence is verified.
func TestImportProof(t *testing.T) {
	rows := int(fromEnv(t, "KOOGATE_IMPORTS", 1000))
	for _, database := range []string{"sqlite", "postgres"} {
		t.Run(database, func(t *testing.T) { importProof(t, newSite(t, database), rows) })
	}
}

func importProof(t *testing.T, s *site, rows int) {
	p := s.process(true)
	text, err := os.ReadFile(p.config)
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.Replace(text, []byte("    api_tokens: ['"+testToken+"']"), []byte("    api_tokens: ['"+testToken+"']\n    tokens: [{name: mover, secret: "+bigToken+
		", scopes: [configure, secrets, personal_data]}]"), 1)
	if err := os.WriteFile(p.config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	s.run("migrate", "--config", p.config)
	p.start()
	ended := sync.OnceFunc(p.stop)
	defer ended()
	idle, _ := p.resident()
	token, one, all := s.path("token"), s.path("one.csv"), s.path("all.csv")
	if err := os.WriteFile(token, []byte(bigToken), 0o600); err != nil {
		t.Fatal(err)
	}
	instancesFile(t, one, 1)
	size := instancesFile(t, all, rows)
	imported := func(file string) (summary string, took time.Duration, peak int64) {
		t.Helper()
		cmd := exec.Command(s.bin, "import", file, "--address", p.grpc, "--token-file", token, "--endpoint", "main", "--reason", "moving in", "--report", s.path("report.csv"))
		began := time.Now()
		var out buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		over := make(chan error, 1)
		go func() { over <- cmd.Wait() }()
		for running := true; running; { // what wait says of a child's memory includes that of the process that started it
			select {
			case err := <-over:
				if err != nil || strings.Contains(out.String(), "canary") {
					t.Fatalf("%v\n%s", err, out.String())
				}
				running = false
			case <-time.After(2 * time.Millisecond):
				if _, most, err := residentOf(cmd.Process.Pid); err == nil {
					peak = max(peak, most)
				}
			}
		}
		if peak == 0 {
			t.Fatal("how much memory the command takes was not seen")
		}
		return strings.TrimSpace(out.String()), time.Since(began), peak
	}
	imported(one)

	var calls, slowest atomic.Int64
	stop := background(func(ctx context.Context) error { // the marketplace repeats what bought the first instance
		for ctx.Err() == nil {
			began := time.Now()
			a, err := p.call(ctx, newInstanceBody("CS-old-0000000"))
			if right := err == nil && a.ResultCode == "000000" && a.InstanceID == "old-0000000"; !right && ctx.Err() == nil {
				return fmt.Errorf("the repeat: %+v %w", a, err)
			}
			calls.Add(1)
			slowest.Store(max(slowest.Load(), int64(time.Since(began))))
			_ = clock.Sleep(ctx, clock.System{}, 20*time.Millisecond)
		}
		return nil
	})
	summary, first, command := imported(all)
	if err := stop(); err != nil {
		t.Error(err)
	}
	if want := fmt.Sprintf("%d rows: %d created, 1 there before, 0 there and different, 0 invalid", rows, rows-1); !strings.HasPrefix(summary, want) {
		t.Errorf("%s; want %s", summary, want)
	}
	before := s.counts(t)
	for _, table := range []string{"orders", "order_lines", "instances", "events"} {
		if before[table] != rows {
			t.Errorf("%d %s, want %d", before[table], table, rows)
		}
	}
	if calls := (rows-1)/500 + 3; before["audit"] > calls || before["tasks"] != 0 {
		t.Errorf("%d audit rows of at most %d calls, %d tasks", before["audit"], calls, before["tasks"])
	}
	summary, second, again := imported(all)
	if want := fmt.Sprintf("%d rows: 0 created, %d there before, 0 there and different, 0 invalid", rows, rows); !strings.HasPrefix(summary, want) {
		t.Errorf("%s; want %s", summary, want)
	}
	for table, n := range s.counts(t) {
		if n != before[table] {
			t.Errorf("the second import has made %d %s of %d", n, table, before[table])
		}
	}
	_, peak := p.resident()
	if peak-idle > importService && !raceDetector || max(command, again) > importCommand && !raceDetector {
		t.Errorf("the service had %d MiB when idle and %d MiB at most, the command %d MiB", idle>>20, peak>>20, max(command, again)>>20)
	}
	a, err := p.call(t.Context(), fmt.Sprintf(`{"activity":"queryInstance","instanceId":"old-%07d"}`, rows-1))
	if err != nil || a.ResultCode != "000000" || a.Info[0].AppInfo.Password != "canary-password" {
		t.Errorf("%+v %v", a, err)
	}
	ended() // one file serves one process
	out, err := exec.Command(s.bin, "verify", "--config", p.config).CombinedOutput()
	if err != nil || !regexp.MustCompile(fmt.Sprintf(`%d orders, %d events`, rows, rows)).Match(out) {
		t.Errorf("%v\n%s", err, out)
	}
	t.Logf("%d rows, %d KiB: imported in %s, again in %s; the service had %d MiB when idle and %d MiB at most, the command %d MiB; %d repeats of newInstance meanwhile, the slowest %s",
		rows, size>>10, first.Round(100*time.Millisecond), second.Round(100*time.Millisecond), idle>>20, peak>>20, max(command, again)>>20, calls.Load(),
		time.Duration(slowest.Load()).Round(time.Millisecond))
}

// counts are the rows of the tables that an import writes to, and of those that it does not.
func (s *site) counts(t *testing.T) map[string]int {
	t.Helper()
	driver, source := "pgx", s.database
	if path, ok := strings.CutPrefix(s.database, "sqlite:"); ok {
		driver, source = "sqlite", path
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	all := make(map[string]int)
	for _, table := range []string{"orders", "order_lines", "instances", "events", "tasks", "audit"} {
		var n int
		if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table+map[string]string{"tasks": " WHERE instance_id <> ''"}[table]).Scan(&n); err != nil {
			t.Fatal(err)
		}
		all[table] = n
	}
	return all
}

// instancesFile writes a file of so many instances, and returns its size in bytes.
func instancesFile(t *testing.T, path string, rows int) int64 {
	t.Helper()
	file, err := os.Create(filepath.Clean(path))
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(file)
	fmt.Fprintln(w, "order_id,order_line_id,instance_id,product_id,sku_code,charging_mode,quantity,state,expire_time,create_time,customer_id,front_end_url,user_name,password,memo")
	for n := range rows {
		id := fmt.Sprintf("%07d", n)
		fmt.Fprintf(w, "CS-old-%s,CS-old-%s-000001,old-%s,OFFI-1,sku-%d,PERIOD,%d,%s,20271123155959,2025-03-01T08:00:00Z,canary-customer-%s,https://%s.old.example.com/,admin,canary-password,%q\n",
			id, id, id, n%7, n%50+1, []string{"ACTIVE", "ACTIVE", "ACTIVE", "FROZEN", "EXPIRED"}[n%5], id, id, "canary, memo")
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return info.Size()
}
