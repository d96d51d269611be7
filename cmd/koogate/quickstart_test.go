// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// quickstarts are the pages by the examples that they belong to, each with the program that it needs.
var quickstarts = map[string]string{"worker": "go", "python": "python3", "node": "node", "java": "java", "php": "php"}

// TestTheQuickstarts runs each page by copying from it; only the ports differ, and where the example keeps what it makes.
func TestTheQuickstarts(t *testing.T) {
	t.Parallel()
	for name, tool := range quickstarts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(tool); err != nil {
				t.Skip(err)
			}
			text, err := os.ReadFile("../../docs/examples/" + name + "/README.md")
			if err != nil {
				t.Fatal(err)
			}
			var blocks [][]string
			for _, m := range regexp.MustCompile("(?ms)^```sh\n(.*?)\n```$").FindAllStringSubmatch(string(text), -1) {
				blocks = append(blocks, strings.Split(m[1], "\n"))
			}
			if len(blocks) < 2 || len(blocks[0]) != 3 || blocks[0][1] != "make build" {
				t.Fatalf("the page has the commands %q", blocks)
			}
			dev, ok := strings.CutPrefix(blocks[0][2], "bin/koogate dev ")
			if !ok {
				t.Fatalf("the page does not start koogate dev but %q", blocks[0][2])
			}
			r := &reader{t: t, dir: t.TempDir(), ports: []string{"127.0.0.1:9001", freeAddrs(t, 1)[0]}}
			d := startDevProcess(t, append([]string{"--once"}, strings.Fields(r.here(dev))...)...)
			r.ports = append(r.ports, "127.0.0.1:8081", d.api, "127.0.0.1:9090", d.grpc)
			d.until("The first order")

			own, said := r.start(blocks[1][0])
			d.ends()
			if !strings.Contains(d.output(), "17 orders, 0 failed") {
				t.Errorf("got\n%s", d.output())
			}
			if err := syscall.Kill(-own.Process.Pid, syscall.SIGTERM); err != nil {
				t.Error(err)
			}
			stopped := make(chan error, 1)
			go func() { stopped <- own.Wait() }()
			select {
			case <-stopped: // some interpreters end by the signal, which is theirs to say
			case <-time.After(15 * time.Second):
				t.Errorf("it does not stop when it is told to\n%s", said.String())
				_ = syscall.Kill(-own.Process.Pid, syscall.SIGKILL)
			}
			if made := strings.Count(said.String(), "TASK_KIND_CREATE"); name != "worker" && made < 12 {
				t.Errorf("%d creations came to it:\n%s", made, said.String())
			}
			if len(blocks) > 2 {
				var there []struct{ InstanceID, ResourceID string }
				if out := r.run(blocks[2][0]); json.Unmarshal([]byte(out), &there) != nil || len(there) == 0 || there[0].InstanceID == "" || there[0].ResourceID == "" {
					t.Errorf("in the system is %s", out)
				}
			}
			if len(blocks) > 3 {
				r.dir = t.TempDir() // the worker test begins with an empty system
				if out := r.run(strings.Join(blocks[3], "\n")); !strings.Contains(out, "No rule is broken. 9 hold.") {
					t.Errorf("the worker test says\n%s", out)
				}
			}
		})
	}
}

// reader copies from a page.
type reader struct {
	t     *testing.T
	dir   string   // where the example keeps what it makes
	ports []string // of the page, each with its own here
}

// here is a command with the ports and the program of this test.
func (r *reader) here(command string) string {
	return strings.NewReplacer(append(r.ports, "bin/koogate", program(r.t))...).Replace(command)
}

func (r *reader) command(line string) *exec.Cmd {
	cmd := exec.CommandContext(r.t.Context(), "bash", "-ec", r.here(line))
	cmd.Dir = "../.."
	cmd.Env = append(os.Environ(), "CRM_FILE="+filepath.Join(r.dir, "crm"), "CRM_DIR="+filepath.Join(r.dir, "crm"))
	return cmd
}

// start runs a command until it is stopped with what it has started.
func (r *reader) start(line string) (*exec.Cmd, *buffer) {
	r.t.Helper()
	cmd, said := r.command(line), &buffer{}
	cmd.Stdout, cmd.Stderr = said, said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	return cmd, said
}

// run runs a command to its end, which must be a good one, and returns what it printed.
func (r *reader) run(line string) string {
	r.t.Helper()
	cmd := r.command(line)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		r.t.Errorf("%s: %v\n%s%s", line, err, out.String(), errs.String())
	}
	return out.String()
}

// TestTheWebhookPages runs what docs/operations.md says about webhooks and about provisioners that are called, copied from it.
func TestTheWebhookPages(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip(err)
	}
	text, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	d := startDevProcess(t)
	d.until("Running until Ctrl-C")
	own := freeAddrs(t, 2)
	for heading, want := range map[string]string{ // the test message and what was delivered, and the task that came to its end
		"## Webhooks\n":                    `(?s)"messageId":\s*"ping_[^}]*"httpStatus":\s*200.*"deliveries":\s*\[.*"DELIVERY_STATE_DELIVERED"`,
		"## Your provisioner as a webhook": `"queue":\s*"hook",\s*"kind":\s*"TASK_KIND_CREATE",\s*"state":\s*"TASK_STATE_DONE"`,
	} {
		_, section, ok := strings.Cut(string(text), heading)
		_, section, _ = strings.Cut(section, "```sh\n")
		block, _, found := strings.Cut(section, "```")
		if !ok || !found {
			t.Fatalf("the page has no commands under %q", heading)
		}
		r := &reader{t: t, ports: []string{"127.0.0.1:9000", own[0], "127.0.0.1:9001", own[1], `("127.0.0.1", 9000)`, pair(own[0]), `("127.0.0.1", 9001)`, pair(own[1]),
			"127.0.0.1:8081", d.api, "127.0.0.1:8088", d.sim}}
		cmd := r.command(block)
		cmd.Dir = t.TempDir()
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		cmd.WaitDelay = time.Second // what it starts in the background goes on
		out, _ := cmd.CombinedOutput()
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		if !regexp.MustCompile(want).Match(out) {
			t.Errorf("%s%s\ngave\n%s", heading, block, out)
		}
	}
}

// pair is an address as Python has it.
func pair(addr string) string {
	host, port, _ := strings.Cut(addr, ":")
	return `("` + host + `", ` + port + `)`
}
