// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// TestAWebhookProvisionerAsTheManualShows: the block of docs/operations.md runs as it is written, but for the ports: its server in Python fulfils an order of the simulator.
func TestAWebhookProvisionerAsTheManualShows(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"python3", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip("no " + tool)
		}
	}
	manual, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile("(?s)\n## Your provisioner as a webhook\n.*?```sh\n(.*?)```").FindSubmatch(manual)
	if shown == nil {
		t.Fatal("the manual does not show it")
	}
	server := regexp.MustCompile(`(?s)<<'END'\n(.*?)\nEND\n`).FindSubmatch(shown[1])
	if lines := bytes.Count(server[1], []byte("\n")) + 1; lines > 30 {
		t.Errorf("the server has %d lines", lines)
	}
	d := startDevProcess(t)
	d.until("Ctrl-C")
	own := freeAddrs(t, 1)[0]
	block := strings.NewReplacer("127.0.0.1:8081", d.api, "127.0.0.1:8082", d.sim, "127.0.0.1:9001", own, `("127.0.0.1", 9001)`, `("127.0.0.1", `+strings.TrimPrefix(own, "127.0.0.1:")+")").Replace(string(shown[1]))
	cmd := exec.Command("sh", "-c", block)
	cmd.Dir = t.TempDir()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // the server is its child, and outlives it
	said, err := os.Create(cmd.Dir + "/said")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = said.Close() }()
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }()
	err = cmd.Wait()
	text, _ := os.ReadFile(said.Name())
	if err != nil || !strings.Contains(string(text), " TASK_KIND_CREATE ") || !strings.Contains(string(text), `"state":"TASK_STATE_DONE"`) {
		t.Errorf("%v\n%s", err, text)
	}
}
