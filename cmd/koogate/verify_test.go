// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/evidence"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/store"
)

// evidenceFile makes a configuration and a database with two orders, which are signed and anchored.
func evidenceFile(t *testing.T) (config, dir string) {
	t.Helper()
	dir = t.TempDir()
	config = writeConfig(t, dir, cliKey, cliToken, []string{"127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3", "127.0.0.1:4"})
	f, err := os.OpenFile(config, os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteString("signing_key_file: '" + filepath.Join(dir, "signing.pem") + "'\n")
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"keys", "new", filepath.Join(dir, "keyset.json")}, {"keys", "new-signing", filepath.Join(dir, "signing.pem")}, {"migrate", "--config", config}} {
		if code, _, errs := koogate(t, args...); code != exitOK {
			t.Fatal(args, errs)
		}
	}
	onDatabase(t, config, func(d server.Deps, core *fulfil.Service) {
		ep, _ := core.Endpoint("main")
		for _, order := range []string{"CS1", "CS2"} {
			if _, err := core.NewInstance(t.Context(), fulfil.NewInstance{
				Endpoint: ep, OrderID: order, OrderLineID: "1", BusinessID: "biz-" + order, Arrived: time.Now(),
				Told: &fulfil.OrderFacts{OrderType: "NEW", Product: store.Product{ProductID: "p", ChargingMode: "ON_DEMAND"}, Buyer: []byte(`{"customerId":"canary"}`)},
			}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := (&evidence.Anchorer{Store: d.Store, Keys: d.Keys, Clock: d.Clock, Log: d.Log}).Anchor(t.Context(), "acme"); err != nil {
			t.Fatal(err)
		}
	})
	return config, dir
}

// onDatabase works on the database of a configuration in this process.
func onDatabase(t *testing.T, config string, f func(d server.Deps, core *fulfil.Service)) {
	t.Helper()
	cfg, problems := configFlags{Config: config}.load()
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	d, after, err := openBackends(t.Context(), cfg, wiring{log: newLog(terminal.New(io.Discard, io.Discard), 0)})
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.New(cfg, d)
	if err != nil {
		t.Fatal(err)
	}
	f(d, s.Core())
	after()
	if err := errors.Join(d.Store.Close(), d.Guard.Close(), d.Telemetry.Shutdown(t.Context())); err != nil {
		t.Fatal(err)
	}
}

func tamper(t *testing.T, dir string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "koogate.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
}

func TestVerify(t *testing.T) {
	config, dir := evidenceFile(t)
	code, out, errs := koogate(t, "verify", "--config", config)
	if code != exitOK || !strings.Contains(out, "seller acme: 2 orders, 2 events, 1 anchors\n  newest anchor 1:") || !strings.Contains(out, "\n  no fault\n") {
		t.Fatalf("%d\n%s%s", code, out, errs)
	}
	noted := strings.TrimSpace(out[strings.Index(out, "1:"):strings.Index(out, "\n  no fault")])
	if code, out, _ := koogate(t, "verify", "--config", config, "--seller", "acme", "--order", "CS1", "--anchor", noted); code != exitOK || !strings.Contains(out, "1 orders") {
		t.Errorf("one order: %d %s", code, out)
	}
	if code, _, errs := koogate(t, "verify", "--config", config, "--order", "none"); code != exitFailed || !strings.Contains(errs, "no order none") {
		t.Errorf("no order: %d %s", code, errs)
	}
	if code, _, errs := koogate(t, "verify", "--config", config, "--order", "CS1", "--file", "x"); code != exitUsage {
		t.Errorf("both: %d %s", code, errs)
	}
	tamper(t, dir, `UPDATE order_lines SET answer_code = '000000' WHERE order_id = 'CS1'`, `DELETE FROM orders WHERE order_id = 'CS2'`)
	code, out, _ = koogate(t, "verify", "--config", config)
	if code != exitFailed || !strings.Contains(out, "FAULT order CS1, event 1: line/CS1/1//newInstance was altered") ||
		!strings.Contains(out, "FAULT order CS2: the order is missing; anchor 1 recorded 1 events of it") || !strings.Contains(out, "2 faults") {
		t.Errorf("%d\n%s", code, out)
	}
	code, out, _ = koogate(t, "verify", "--config", config, "--json")
	var r evidence.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != exitFailed || r.Seller != "acme" || r.FaultCount != 2 || r.Faults[0].OrderID != "CS1" || r.Faults[0].Seq != 1 {
		t.Errorf("%d %v %s", code, err, out)
	}
	tamper(t, dir, `DELETE FROM anchors`)
	if code, out, _ = koogate(t, "verify", "--config", config, "--anchor", noted); code != exitFailed || !strings.Contains(out, "FAULT anchor 1: the anchor that was noted outside") {
		t.Errorf("%d\n%s", code, out)
	}
}

// A pack is verified without configuration and database, by the seller's key or by its own.
func TestVerifyAPack(t *testing.T) {
	config, dir := evidenceFile(t)
	var pack bytes.Buffer
	onDatabase(t, config, func(_ server.Deps, core *fulfil.Service) {
		m := evidence.Manifest{Seller: "acme", OrderID: "CS1", MadeAt: time.Date(2026, 11, 29, 8, 0, 0, 0, time.UTC), MadeBy: "token \x1b[2Jops"}
		parts := []evidence.Part{{Name: "calls.jsonl", What: "the calls", Write: func(_ context.Context, w io.Writer) error { _, err := io.WriteString(w, "{}\n"); return err }}}
		if err := core.WritePack(t.Context(), &pack, m, parts); err != nil {
			t.Fatal(err)
		}
	})
	t.Setenv("KOOGATE_CONFIG", "")
	write := func(name string, text []byte) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	_, public, _ := koogate(t, "keys", "public", filepath.Join(dir, "signing.pem"))
	key, file := write("public.pem", []byte(public)), write("order-CS1.zip", pack.Bytes())
	code, out, errs := koogate(t, "evidence", "verify", file, "--public-key", key)
	if code != exitOK || !strings.HasPrefix(out, "order CS1 of seller acme: 4 files, made 2026-11-29T08:00:00Z by token ") || strings.Contains(out, "\x1b") ||
		!strings.Contains(out, "\nsigned with key ") || !strings.HasSuffix(out, "\nseller acme: 1 orders, 1 events, 0 anchors\n  no fault\n") {
		t.Errorf("%d %s %s", code, out, errs)
	}
	if code, out, _ := koogate(t, "evidence", "verify", file); code != exitOK || !strings.Contains(out, "\n  note  order CS1: the key ") || !strings.Contains(out, " came with the pack") {
		t.Errorf("%d %s", code, out)
	}
	other := write("other.pem", []byte(func() string {
		_, dir := evidenceFile(t)
		_, text, _ := koogate(t, "keys", "public", filepath.Join(dir, "signing.pem"))
		return text
	}()))
	if code, out, _ := koogate(t, "evidence", "verify", file, "--public-key", other); code != exitFailed ||
		!strings.Contains(out, "\n  FAULT order CS1: the manifest's signature does not verify: the key is not known\n") || strings.Contains(out, "signed with") {
		t.Errorf("%d %s", code, out)
	}
	code, out, _ = koogate(t, "evidence", "verify", file, "--public-key", other, "--json")
	var report struct {
		Manifest evidence.Manifest
		Report   evidence.Report
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil || code != exitFailed || report.Report.FaultCount != 2 || report.Manifest.OrderID != "CS1" || len(report.Manifest.Files) != 4 {
		t.Errorf("%d %v %s", code, err, out)
	}
	for name, path := range map[string]string{"no pack": write("cut.zip", pack.Bytes()[:100]), "no file": filepath.Join(dir, "none.zip"), "no key": file} {
		args := []string{"evidence", "verify", path}
		if name == "no key" {
			args = append(args, "--public-key", path)
		}
		if code, out, errs := koogate(t, args...); code != exitFailed || out != "" || errs == "" {
			t.Errorf("%s: %d %s %s", name, code, out, errs)
		}
	}
}

// What is exported is verified without configuration, database and private key.
func TestVerifyAnExport(t *testing.T) {
	config, dir := evidenceFile(t)
	t.Setenv("KOOGATE_CONFIG", "")
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	code, public, errs := koogate(t, "keys", "public", filepath.Join(dir, "signing.pem"))
	if code != exitOK || strings.Contains(public, "PRIVATE") || !strings.HasPrefix(errs, "key ") {
		t.Fatalf("%d %s %s", code, public, errs)
	}
	key := write("public.pem", public)
	code, all, errs := koogate(t, "evidence", "export", "--config", config)
	if code != exitOK || strings.Contains(all, "canary") {
		t.Fatalf("%d %s %s", code, all, errs)
	}
	if code, out, errs := koogate(t, "verify", "--file", write("all.jsonl", all), "--public-key", key); code != exitOK || !strings.Contains(out, "2 orders, 2 events, 1 anchors") {
		t.Errorf("%d %s %s", code, out, errs)
	}
	one := func(order string) string {
		_, text, _ := koogate(t, "evidence", "export", "--config", config, "--seller", "acme", "--order", order)
		return text
	}
	forged := strings.Replace(one("CS1"), `"answer":"000004"`, `"answer":"000000"`, 1)
	if code, out, _ := koogate(t, "verify", "--file", write("one.jsonl", forged), "--public-key", key); code != exitFailed || forged == one("CS1") || !strings.Contains(out, "order CS1, event 1: line") {
		t.Errorf("%d %s", code, out)
	}
	// CS1's event with the signature of CS2's names the right key; everything in the export is linked as it should be.
	signature := func(order string) string {
		_, rest, _ := strings.Cut(one(order), `"signature":"`)
		text, _, _ := strings.Cut(rest, `"`)
		return text
	}
	swapped := strings.Replace(all, signature("CS1"), signature("CS2"), 1)
	if code, out, _ := koogate(t, "verify", "--file", write("swapped.jsonl", swapped), "--public-key", key); code != exitFailed || swapped == all ||
		!strings.Contains(out, "FAULT order CS1, event 1: the signature does not verify: the signature is not that key's") || !strings.Contains(out, "\n  1 faults\n") {
		t.Errorf("%d %s", code, out)
	}
	// What another Koogate has signed is none of this key's, whatever it says.
	other, _ := evidenceFile(t)
	code, theirs, errs := koogate(t, "evidence", "export", "--config", other)
	if code != exitOK {
		t.Fatal(errs)
	}
	if code, out, _ := koogate(t, "verify", "--file", write("theirs.jsonl", theirs), "--public-key", key); code != exitFailed ||
		!strings.Contains(out, "FAULT anchor 1: the anchor's signature does not verify: the key is not known") ||
		!strings.Contains(out, "FAULT order CS1, event 1: the signature does not verify: the key is not known") || !strings.Contains(out, "\n  3 faults\n") {
		t.Errorf("%d %s", code, out)
	}
	if code, _, errs := koogate(t, "keys", "new-signing", filepath.Join(dir, "signing.pem")); code != exitFailed || !strings.Contains(errs, "not overwritten") {
		t.Errorf("%d %s", code, errs)
	}
	if code, _, errs := koogate(t, "keys", "rotate-signing", filepath.Join(dir, "signing.pem")); code != exitOK {
		t.Errorf("%d %s", code, errs)
	}
	if code, out, errs := koogate(t, "verify", "--config", config); code != exitOK {
		t.Errorf("after a rotation: %d %s %s", code, out, errs)
	}
}
