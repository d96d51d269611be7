// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
)

// nouns are the words that a command line of this program begins with.
func nouns(t *testing.T) []string {
	t.Helper()
	parser, err := newParser(t.Context(), terminal.New(&buffer{}, &buffer{}))
	if err != nil {
		t.Fatal(err)
	}
	all := []string{"--version"}
	for _, node := range parser.Model.Children {
		if !node.Hidden && node.Name != "worker-test" { // whose line ends with another command, which would run
			all = append(all, node.Name)
		}
	}
	return all
}

// shellWords parts a line into words as a shell does, as far as quotes go.
func shellWords(line string) (words []string) {
	var word strings.Builder
	quote, inside := rune(0), false
	for _, r := range line {
		switch {
		case quote == 0 && (r == '\'' || r == '"'):
			quote, inside = r, true
		case r == quote:
			quote = 0
		case quote == 0 && (r == ' ' || r == '\t'):
			if inside {
				words = append(words, word.String())
			}
			word.Reset()
			inside = false
		default:
			word.WriteRune(r)
			inside = true
		}
	}
	if inside {
		words = append(words, word.String())
	}
	return words
}

// Every command line of this program that a document, an example or a help text shows is one that it takes: with --help at its end it
// explains itself instead of refusing a command or a flag.
func TestShownCommandsExist(t *testing.T) {
	t.Parallel()
	line := regexp.MustCompile("(?m)(?:^\\s*(?:#\\s+)?(?:\\$ )?|`)(?:\\S*bin/)?koogate ((?:" + strings.Join(nouns(t), "|") + ")\\b[^`#<>&|\n]*)")
	var shown []string
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git" || d.Name() == "bin" || d.Name() == "third_party" || d.Name() == "adr"):
			return filepath.SkipDir
		case !d.IsDir() && (filepath.Ext(path) == ".md" || strings.HasPrefix(path, "../../deploy/")):
			text, err := os.ReadFile(path)
			for _, m := range line.FindAllStringSubmatch(string(text), -1) {
				shown = append(shown, m[1])
			}
			return err
		}
		return nil
	})
	if err != nil || len(shown) < 12 {
		t.Fatalf("%d command lines; error: %v", len(shown), err)
	}
	for _, command := range shown {
		args := shellWords(regexp.MustCompile(`\s{2,}.*`).ReplaceAllString(command, ""))                                           // a comment stands apart
		if code, _, errs := koogate(t, append(args, "--help")...); code != exitOK && !strings.Contains(errs, `but got "--help"`) { // a flag that is named without its value
			t.Errorf("koogate %s: %s", strings.Join(args, " "), errs)
		}
	}
	t.Logf("%d command lines", len(shown))
}

// A first installation, command by command as both READMEs give it: it starts, is ready and lets a worker in. Only the ports differ.
func TestTheFirstInstallationStarts(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ = bytes.Cut(text, []byte("## Use it"))
	_, text, _ = bytes.Cut(text, []byte("```\n"))
	block, _, found := bytes.Cut(text, []byte("```"))
	source, err := filepath.Abs("../..")
	if err != nil || !found {
		t.Fatal(err, "the commands are missing")
	}
	t.Chdir(t.TempDir())
	addrs := freeAddrs(t, 4)
	p := &process{site: &site{t: t}, bin: program(t), facade: addrs[0], api: addrs[1], grpc: addrs[2], ops: addrs[3], log: &bytes.Buffer{}}
	for line := range strings.Lines(string(block)) {
		command, _, _ := strings.Cut(line, "#")
		switch args := strings.Fields(command); {
		case slices.Equal(args, []string{"make", "build"}):
		case args[0] == "cp":
			file, err := os.ReadFile(filepath.Join(source, args[1]))
			if err != nil {
				t.Fatal(err)
			}
			file = fmt.Appendf(file, "listen: {facade: '%s', api: '%s', grpc: '%s', ops: '%s'}\n", p.facade, p.api, p.grpc, p.ops)
			if err := os.WriteFile(args[2], file, 0o600); err != nil {
				t.Fatal(err)
			}
		case len(args) == 4 && args[1] == "serve":
			p.config = args[3]
			p.start()
			token, err := os.ReadFile("api-token")
			if err != nil {
				t.Fatal(err)
			}
			if tasks, err := newTestWorker(t, p.grpc, strings.TrimSpace(string(token)), "crm").lease(t.Context(), 0); err != nil || len(tasks) > 0 {
				t.Errorf("a worker: %v, %v", tasks, err)
			}
			p.stop() // SQLite serves one process, and a command follows
		default:
			if code, out, errs := koogate(t, args[1:]...); code != exitOK || strings.Contains(out+errs, "koogate.yaml:") {
				t.Errorf("%s: %d\n%s%s", command, code, out, errs)
			}
		}
	}
	if p.config == "" {
		t.Error("nothing was served")
	}
}
