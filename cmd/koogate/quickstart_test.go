// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// quickstarts are the pages by the examples that they belong to, each with the program that it needs.
var quickstarts = map[string]string{"worker": "go", "python": "python3", "node": "node", "java": "java", "php": "php"}

// TestTheQuickstarts runs each page by copying from it; only the ports differ, and where the example keeps what it makes.
func TestTheQuickstarts(t *testing.T) {
	t.Parallel()
	var g errgroup.Group // at once, beside the tests' own slots: they wait most of the time
	for name, tool := range quickstarts {
		if _, err := exec.LookPath(tool); err != nil {
			t.Logf("the quickstart %s is not run: %v", name, err)
			continue
		}
		blocks, err := commands("../../docs/examples/" + name + "/README.md")
		if err != nil {
			t.Fatal(err)
		}
		r := &reader{t: t, name: name, dir: t.TempDir(), ports: []string{"127.0.0.1:9001", freeAddrs(t, 1)[0]}}
		d := startDevProcess(t, append([]string{"--once"}, strings.Fields(r.here(strings.TrimPrefix(blocks[0][2], "bin/koogate dev")))...)...)
		r.ports = append(r.ports, "127.0.0.1:8081", d.api, "127.0.0.1:9090", d.grpc)
		g.Go(func() error {
			if err := r.follow(d, blocks[1:]); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			return nil
		})
	}
	_ = g.Wait()
}

// commands are the blocks of a quickstart's page: the first one builds koogate and starts dev.
func commands(page string) (blocks [][]string, err error) {
	text, err := os.ReadFile(page)
	if err != nil {
		return nil, err
	}
	for _, m := range regexp.MustCompile("(?ms)^```sh\n(.*?)\n```$").FindAllStringSubmatch(string(text), -1) {
		blocks = append(blocks, strings.Split(m[1], "\n"))
	}
	if len(blocks) < 2 || len(blocks[0]) != 3 || blocks[0][1] != "make build" || !strings.HasPrefix(blocks[0][2], "bin/koogate dev ") {
		return nil, fmt.Errorf("%s has the commands %q", page, blocks)
	}
	return blocks, nil
}

// follow does what the page says once koogate dev runs.
func (r *reader) follow(d *devProcess, blocks [][]string) error {
	if err := d.says("The first order"); err != nil {
		return err
	}
	own, said, err := r.start(blocks[0][0])
	if err != nil {
		return err
	}
	if err := d.ended(); err != nil || !strings.Contains(d.output(), "19 orders, 0 failed") {
		return fmt.Errorf("%w\n%s\n%s", err, d.output(), said)
	}
	if err := syscall.Kill(-own.Process.Pid, syscall.SIGTERM); err != nil {
		return err
	}
	stopped := make(chan error, 1)
	go func() { stopped <- own.Wait() }()
	select {
	case <-stopped: // some interpreters end by the signal, which is theirs to say
	case <-time.After(15 * time.Second):
		_ = syscall.Kill(-own.Process.Pid, syscall.SIGKILL)
		return fmt.Errorf("it does not stop when it is told to\n%s", said)
	}
	if made := strings.Count(said.String(), "TASK_KIND_CREATE"); r.name != "worker" && made < 12 {
		return fmt.Errorf("%d creations came to it:\n%s", made, said)
	}
	if len(blocks) > 1 {
		var there []struct{ InstanceID, ResourceID string }
		out, err := r.run(blocks[1][0])
		if err != nil || json.Unmarshal([]byte(out), &there) != nil || len(there) == 0 || there[0].InstanceID == "" || there[0].ResourceID == "" {
			return fmt.Errorf("in the system is %s, %w", out, err)
		}
	}
	if len(blocks) > 2 {
		r.dir = r.t.TempDir() // the worker test begins with an empty system
		want := "No rule is broken. 10 hold."
		if r.name == "php" { // who answers in the call holds no lease that could be lost
			want = "No rule is broken. 1 could not be found out, 9 hold."
		}
		if out, err := r.run(strings.Join(blocks[2], "\n")); err != nil || !strings.Contains(out, want) {
			return fmt.Errorf("the worker test says\n%s%w", out, err)
		}
	}
	return nil
}

// reader copies from a page.
type reader struct {
	t     *testing.T
	name  string   // of the example
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
func (r *reader) start(line string) (*exec.Cmd, *buffer, error) {
	cmd, said := r.command(line), &buffer{}
	cmd.Stdout, cmd.Stderr = said, said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	r.t.Cleanup(func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	return cmd, said, nil
}

// run runs a command to its end, which must be a good one, and returns what it printed.
func (r *reader) run(line string) (string, error) {
	cmd := r.command(line)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%s: %w\n%s", line, err, errs.String())
	}
	return out.String(), nil
}

// TestTheWebhookPages runs what docs/operations.md says about webhooks and about provisioners that are called, copied from it.
func TestTheWebhookPages(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"python3", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(err)
		}
	}
	text, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	d := startDevProcess(t)
	d.until("Running until Ctrl-C")
	own := freeAddrs(t, 2)
	for heading, want := range map[string]string{ // the test message and what was delivered, and the task that came to its end
		"## Webhooks\n":                    `(?s)"messageId":\s*"ping_[^}]*"httpStatus":\s*200.*"deliveries":\s*\[\{"deliveryId"`,
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
		cmd := r.command("(sleep 60; kill -9 0) &\n" + block) // the page waits for what it has started, and the test for a minute
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
