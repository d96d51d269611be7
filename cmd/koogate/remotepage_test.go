// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/cmd/koogate/internal/terminal/terminaltest"
)

// pageStep is a file that a page shows, or a command with what it prints.
type pageStep struct {
	file, text string // of a file
	command    string
	prints     []string
}

// steps reads the steps of a page in their order.
func steps(t *testing.T, page string) (all []pageStep) {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range regexp.MustCompile("(?ms)^```(console|yaml)\n(.*?)^```").FindAllStringSubmatch(string(text), -1) {
		if block[1] == "yaml" {
			first, _, _ := strings.Cut(block[2], "\n")
			all = append(all, pageStep{file: strings.TrimPrefix(first, "# "), text: block[2]})
			continue
		}
		for line := range strings.Lines(block[2]) {
			line = strings.TrimSpace(line)
			if command, ok := strings.CutPrefix(line, "$ "); ok {
				all = append(all, pageStep{command: command})
			} else {
				all[len(all)-1].prints = append(all[len(all)-1].prints, line)
			}
		}
	}
	return all
}

// The commands of docs/cli.md run in their order, and print what the page shows of it.
func TestTheCommandsOfThePage(t *testing.T) {
	all := steps(t, "../../docs/cli.md")
	if len(all) < 45 {
		t.Fatalf("%d steps", len(all))
	}
	r := newRemoteSite(t)
	t.Chdir(t.TempDir())
	stop := background(func(ctx context.Context) error { return r.work(ctx, "w") })
	defer func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	}()
	ids := map[string]string{"ORDER": "CS2611281200R60"}
	ids["INSTANCE"] = r.buy(t, ids["ORDER"])
	for i, s := range all {
		if s.file != "" {
			if err := os.WriteFile(s.file, []byte(s.text), 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if i == 1 { // logged in
			await(t, "the instance", func() bool {
				return object(t, must(does(t, exitOK, "instances", "get", ids["INSTANCE"], "-o", "json")))["state"] == "INSTANCE_STATE_ACTIVE"
			})
			await(t, "the call", func() bool {
				calls := objects(t, must(does(t, exitOK, "calls", "list", "--filter", `activity = "newInstance"`, "-o", "json")))
				if len(calls) > 0 {
					ids["CALL"] = calls[0]["callId"].(string)
				}
				return len(calls) > 0
			})
		}
		r.step(t, s, ids)
	}
}

// step runs one command of a page.
func (r *remoteSite) step(t *testing.T, s pageStep, ids map[string]string) {
	t.Helper()
	args := shellWords(strings.ReplaceAll(s.command, "127.0.0.1:9090", r.grpc))
	for i, word := range args {
		if name, ok := strings.CutPrefix(word, "$"); ok {
			if name == "KEY" {
				ids[name] = objects(t, must(does(t, exitOK, "keys", "list", "--filter", `endpoint = "shop"`, "-o", "json")))[0]["keyId"].(string)
			}
			if name == "WEBHOOK" {
				ids[name] = objects(t, must(does(t, exitOK, "webhooks", "list", "-o", "json")))[0]["webhookId"].(string)
			}
			if args[i] = ids[name]; args[i] == "" {
				t.Fatalf("%s: what is $%s?", s.command, name)
			}
		}
	}
	var into string
	if i := slices.Index(args, ">"); i > 0 {
		into, args = args[i+1], args[:i]
	}
	typed(t, bigToken)
	if i := slices.Index(args, "<"); i > 0 {
		text, err := os.ReadFile(args[i+1])
		if err != nil {
			t.Fatal(err)
		}
		typed(t, string(text))
		args = args[:i]
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out, errs buffer
	words := func(text string) string { return strings.Join(strings.Fields(text), " ") }
	missing := func() (lines []string) { // of what the page shows
		text := linesOf(out.String()+errs.String(), words)
		for _, line := range s.prints {
			pattern := strings.ReplaceAll(regexp.QuoteMeta(words(strings.ReplaceAll(line, "127.0.0.1:9090", r.grpc))), "…", ".*")
			if !regexp.MustCompile("(?m)^" + pattern + "$").MatchString(text) {
				lines = append(lines, line)
			}
		}
		return lines
	}
	if slices.Contains(args, "--watch") || slices.Contains(args, "tail") || slices.Contains(args, "listen") {
		go func() { // it goes on until it is ended
			for end := time.Now().Add(20 * time.Second); (out.String() == "" || len(missing()) > 0) && time.Now().Before(end); {
				time.Sleep(20 * time.Millisecond)
			}
			cancel()
		}()
	}
	code := run(ctx, args[1:], &out, &errs)
	text := out.String() + errs.String()
	if terminaltest.Tame(t, s.command, text); code != exitOK || strings.Contains(text, bigToken) || text == "" {
		t.Fatalf("%s: %d\n%s", s.command, code, text)
	}
	for _, line := range missing() {
		t.Errorf("%s: %q is not printed:\n%s", s.command, line, text)
	}
	if into != "" {
		if err := os.WriteFile(into, []byte(out.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// linesOf is a text with each line made by f.
func linesOf(text string, f func(string) string) string {
	var lines []string
	for line := range strings.Lines(text) {
		lines = append(lines, f(line))
	}
	return strings.Join(lines, "\n")
}

// A page's yaml block names its file in its first line, so that a reader can copy it.
func TestFilesOfThePageHaveNames(t *testing.T) {
	for _, s := range steps(t, "../../docs/cli.md") {
		if s.command == "" && (filepath.Ext(s.file) != ".yaml" || strings.Contains(s.file, " ")) {
			t.Errorf("%q is no name of a file", s.file)
		}
	}
}
