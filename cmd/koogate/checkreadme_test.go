// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/checker"
)

// checkerPage is the page that says how a seller's server is checked.
const checkerPage = "../../koogallery/checker/README.md"

// The page's commands, as written: each server is started and checked. The two plain ones break no rule, in less than five minutes together.
func TestTheCheckersPage(t *testing.T) {
	text, err := os.ReadFile(checkerPage)
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	began, servers := time.Now(), 0
	for _, block := range regexp.MustCompile("(?s)\n```\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		address := regexp.MustCompile(`127\.0\.0\.1:[0-9]+`).FindString(block[1])
		if address == "" { // the reader's own server
			continue
		}
		servers++
		t.Run(address, func(t *testing.T) {
			free := freeAddrs(t, 1)[0]
			for line := range strings.Lines(strings.ReplaceAll(block[1], address, free)) {
				line = strings.TrimSpace(line)
				switch args := strings.Fields(line); {
				case line == "make build":
				case args[0] == "bin/koogate":
					t.Chdir(t.TempDir())
					code, out, errs := koogate(t, args[1:]...)
					if want := map[bool]int{true: exitFailed, false: exitOK}[strings.Contains(block[1], "/today")]; code != want {
						t.Errorf("%s: %d\n%s%s", line, code, out, errs)
					}
				default:
					serveExample(t, root, line, free)
				}
			}
		})
	}
	if took := time.Since(began); servers != 3 || took > 5*time.Minute {
		t.Errorf("%d servers in %v", servers, took)
	} else {
		t.Logf("%d servers started and checked in %v", servers, took.Round(time.Millisecond))
	}
}

// The plain servers are as short as the page says: lines of code, without blank ones and what is said about them.
func TestThePlainServersAreShort(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(checkerPage)
	if err != nil {
		t.Fatal(err)
	}
	said := regexp.MustCompile(`(?s)examples/go/main\.go\), (\d+) lines.*?examples/python/server\.py\), (\d+)\.`).FindStringSubmatch(string(page))
	if said == nil {
		t.Fatal("the page does not say how long they are")
	}
	for n, file := range []string{"examples/go/main.go", "examples/python/server.py"} {
		text, err := os.ReadFile(filepath.Join(filepath.Dir(checkerPage), file))
		if err != nil {
			t.Fatal(err)
		}
		code, lines := regexp.MustCompile(`(?s)"""(.*?)"""`).ReplaceAllString(string(text), ""), 0
		for line := range strings.Lines(code) {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "//") && !strings.HasPrefix(line, "#") {
				lines++
			}
		}
		if want, _ := strconv.Atoi(said[n+1]); lines != want || lines > 130 {
			t.Errorf("%s has %d lines of code", file, lines)
		}
	}
}

// serveExample runs a command of the page until the test ends.
func serveExample(t *testing.T, root, command, addr string) {
	t.Helper()
	if strings.Contains(command, "python3") {
		if _, err := exec.LookPath("python3"); err != nil {
			t.Skip("no python3")
		}
	}
	cmd := exec.Command("sh", "-c", command)
	cmd.Dir = root
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // go run has a child
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	over := make(chan error, 1)
	go func() { over <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-over
	})
	waitListening(t, addr, over, &said)
}

// today is a server that breaks rules; these are among them, and the page shows what the report says of them.
func TestWhatSellersStartFromBreaks(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	addr := freeAddrs(t, 1)[0]
	serveExample(t, root, "go run ./koogallery/checker/examples/today "+addr, addr)
	broken := map[string]bool{}
	for _, way := range [][]string{nil, {"--deep"}} {
		code, found := checked(t, "http://"+addr+"/produce", append([]string{"--key", "vendor-key", "--family", "saas_v2"}, way...)...)
		for _, f := range found {
			broken[f.Rule] = broken[f.Rule] || f.Outcome == "FAIL"
		}
		if code != exitFailed {
			t.Errorf("%v: exit code %d", way, code)
		}
	}
	for _, want := range []string{"same-instance-again", "renewal-17-digits", "unknown-members-are-ignored", "odd-values-are-answered", "unknown-scene-refused"} {
		if !broken[want] {
			t.Errorf("%s is not found broken: %v", want, slices.Sorted(maps.Keys(broken)))
		}
	}
	text, err := os.ReadFile(checkerPage)
	if err != nil {
		t.Fatal(err)
	}
	_, shown, _ := strings.Cut(string(text), "```text\n")
	shown, _, _ = strings.Cut(shown, "```")
	findings := regexp.MustCompile(`(?m)^  ✗ (\S+)`).FindAllStringSubmatch(shown, -1)
	for _, m := range findings {
		known, ok := checker.Find(m[1])
		if !ok || !broken[m[1]] || !strings.Contains(shown, known.Remedy.EN) || !strings.Contains(shown, known.Sentence.EN) || !strings.Contains(shown, known.Cost.EN) {
			t.Errorf("the page shows %s as it is not", m[1])
		}
	}
	if len(findings) < 3 {
		t.Errorf("the page shows %d findings", len(findings))
	}
}

// waitListening waits until somebody listens.
func waitListening(t *testing.T, addr string, over chan error, said *bytes.Buffer) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		select {
		case err := <-over:
			over <- err
			t.Fatalf("the server ended: %v\n%s", err, said.String())
		default:
		}
		if conn, err := net.Dial("tcp", addr); err == nil {
			_ = conn.Close()
			return
		}
	}
	t.Fatalf("nothing listens on %s", addr)
}
