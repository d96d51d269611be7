// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// order creates an instance with the built-in provisioner and returns the call's body and answer.
func (p *process) order(t *testing.T, name string) (body string, first answer) {
	t.Helper()
	body = newInstanceBody(name)
	within(t, 10*time.Second, name+" is created", func() bool {
		a, err := p.call(t.Context(), body)
		first = a
		return err == nil && a.ResultCode == "000000"
	})
	return body, first
}

// TestAReadOnlyDatabase: what is known is still told, repeats get their answers, what would be new is refused to be repeated, and
// readiness is degraded: every replica has the same database. It ends with the failover.
func TestAReadOnlyDatabase(t *testing.T) {
	s := newSite(t, "postgres")
	proxy := s.behindProxy()
	s.products = `{"*": {provisioner: inside}}`
	p := s.process(true)
	p.start()
	defer p.stop()
	body, first := p.order(t, "CS2611231200READ1")

	proxy.ReadOnly(true)
	proxy.Cut()
	within(t, 10*time.Second, "degraded", func() bool {
		return strings.Contains(p.readiness(), `"database":{"status":"degraded"`) && p.ready() == http.StatusOK
	})
	other := strings.Replace(body, `"businessId":"`, `"businessId":"x`, 1)
	for name, repeat := range map[string]string{"the same": body, "another business ID": other} {
		if a, err := p.call(t.Context(), repeat); err != nil || a.ResultCode != "000000" || a.InstanceID != first.InstanceID {
			t.Errorf("a repeat (%s): %+v %v, first %+v", name, a, err, first)
		}
	}
	query := fmt.Sprintf(`{"activity":"queryInstance","instanceId":"%s"}`, first.InstanceID)
	if a, err := p.call(t.Context(), query); err != nil || a.ResultCode != "000000" || len(a.Info) != 1 {
		t.Errorf("a query: %+v %v", a, err)
	}
	if a, err := p.call(t.Context(), newInstanceBody("CS2611231200READ2")); err != nil || a.ResultCode != "000005" {
		t.Errorf("a new order: %+v %v", a, err)
	}

	proxy.ReadOnly(false)
	began := time.Now()
	p.order(t, "CS2611231200READ3")
	within(t, 10*time.Second, "ready", func() bool { return strings.Contains(p.readiness(), `"database":{"status":"ok"`) })
	t.Logf("writes and readiness %s after the failover", time.Since(began))
}

// TestAFullDisk: SQLite on a file system that is full. Readiness fails before and while changes do, the metric shows why, what is
// known is still told, and it all ends with more room.
func TestAFullDisk(t *testing.T) {
	t.Parallel()
	s := newSite(t, "sqlite")
	dir := smallDisk(t)
	s.database = "sqlite:" + filepath.Join(dir, "koogate.db")
	s.products = `{"*": {provisioner: inside}}`
	s.migrate()
	p := s.process(true)
	p.start()
	defer p.stop()
	body, first := p.order(t, "CS2611231200FULL1")
	if text := p.readiness(); !strings.Contains(text, `"disk":{"status":"degraded","detail":"`) {
		t.Errorf("a small disk: %s", text)
	}
	filler := filepath.Join(dir, "filler")
	fill(t, filler)
	within(t, 5*time.Second, "not ready", func() bool { return p.ready() == http.StatusServiceUnavailable })
	if text := p.readiness(); !strings.Contains(text, `"disk":{"status":"failing","detail":"0 MiB free`) {
		t.Errorf("a full disk: %s", text)
	}
	if m := p.metrics(); !strings.Contains(m, "koogate_database_free_bytes 0\n") {
		t.Errorf("a full disk: %s", m)
	}
	failed := 0
	for n := range 200 {
		if a, err := p.call(t.Context(), newInstanceBody(fmt.Sprint("CS2611231200FULL-", n))); err == nil && a.ResultCode == "000005" {
			failed++
		}
	}
	t.Logf("%d of 200 orders refused", failed)
	if failed == 0 {
		t.Error("the disk is not full enough for this test")
	}
	within(t, 5*time.Second, "the write of readiness fails", func() bool {
		return strings.Contains(p.readiness(), `"database":{"status":"failing"`)
	})
	if a, err := p.call(t.Context(), body); err != nil || a.InstanceID != first.InstanceID || a.ResultCode != "000000" {
		t.Errorf("a repeat: %+v %v", a, err)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	within(t, 10*time.Second, "ready", func() bool { return p.ready() == http.StatusOK })
	p.order(t, "CS2611231200FULL2")
}

// smallDisk mounts a file system of 64 MiB until the test ends. It takes root, or sudo without a password.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	run := func(args ...string) error {
		if os.Geteuid() != 0 {
			args = append([]string{"sudo", "-n"}, args...)
		}
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, out)
		}
		return nil
	}
	options := fmt.Sprintf("size=64m,mode=0700,uid=%d", os.Geteuid())
	if err := run("mount", "-t", "tmpfs", "-o", options, "tmpfs", dir); err != nil {
		if os.Getenv("KOOGATE_TEST_SERVICES") == "required" {
			t.Fatal(err)
		}
		t.Skip("needs root to mount a small file system: ", err)
	}
	t.Cleanup(func() {
		if err := run("umount", "-l", dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill writes until nothing fits any more.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for size := 1 << 20; size > 0; {
		n, err := f.Write(make([]byte, size))
		if err != nil || n < size {
			size /= 2
		}
	}
}
