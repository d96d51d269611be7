// SPDX-License-Identifier: Apache-2.0

package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/sqlite"
	"github.com/koogate/koogate/store/storetest"
)

func TestQueues(t *testing.T) {
	dir := t.TempDir()
	config := writeConfig(t, dir, cliKey, cliToken, []string{"127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3", "127.0.0.1:4"})
	with := func(do func(st *sqlite.Store) error) {
		t.Helper()
		st, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(dir, "koogate.db"), Migrate: true})
		if err != nil {
			t.Fatal(err)
		}
		if err := do(st); err != nil {
			t.Fatal(err)
		}
		if err := st.Close(); err != nil {
			t.Fatal(err)
		}
	}
	with(func(st *sqlite.Store) error {
		task := storetest.NewTask("CS1", "i-1", 1, time.Now().Add(-2*time.Hour))
		task.Seller, task.Queue = "acme", "crm"
		task.Payload = `{"until":{"at":"2026-01-01T00:00:00Z","end":"refund"}}`
		return st.Apply(t.Context(), &store.Change{NewTasks: []store.Task{task}})
	})
	code, out, errs := koogate(t, "queues", "--config", config)
	if words := strings.Join(strings.Fields(out), " "); code != exitFailed || !strings.Contains(words, "acme crm CREATE 1 0 0 2h0m") || !strings.Contains(words, " - - -") || !strings.Contains(words, " away") {
		t.Errorf("%d\n%s%s", code, out, errs)
	}
	with(func(st *sqlite.Store) error {
		return st.NoteLease(t.Context(), "acme", "crm-1", []string{"crm"}, nil)
	})
	code, out, errs = koogate(t, "queues", "--config", config, "--seller", "acme")
	if code != exitOK || !strings.Contains(out, " crm-1") {
		t.Errorf("%d\n%s%s", code, out, errs)
	}
	if code, _, errs := koogate(t, "queues", "--config", config, "--seller", "nobody"); code != exitFailed || !strings.Contains(errs, "no such seller") {
		t.Errorf("%d %s", code, errs)
	}
}
