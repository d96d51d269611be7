// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	fence   = regexp.MustCompile("(?ms)^```.*?^```")
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
	target  = regexp.MustCompile(`(?m)^([a-z-]+):`)
	calls   = regexp.MustCompile(`\bmake (?:-C \S+ )?([a-z][a-z -]*)`)
	notSlug = regexp.MustCompile(`[^\p{L}\p{N}\- _]`)
)

// pages are the project's own Markdown files.
func pages(t *testing.T) map[string]string {
	t.Helper()
	found := make(map[string]string)
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains([]string{"node_modules", ".git", "bin", "third_party"}, d.Name()):
			return filepath.SkipDir
		case filepath.Ext(path) == ".md":
			text, err := os.ReadFile(path)
			found[path] = string(text)
			return err
		}
		return nil
	})
	if err != nil || len(found) < 20 {
		t.Fatalf("%d pages, %v", len(found), err)
	}
	return found
}

// anchor is what a heading is reached by on a page.
func anchor(text string) string {
	text = strings.ToLower(link.ReplaceAllString(strings.ReplaceAll(text, "`", ""), ""))
	return strings.ReplaceAll(notSlug.ReplaceAllString(text, ""), " ", "-")
}

// Every link within the project leads to a file that is there, and to a heading of it.
func TestLinks(t *testing.T) {
	all, links := pages(t), 0
	for path, text := range all {
		for _, m := range link.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
			if strings.Contains(m[1], "://") || strings.HasPrefix(m[1], "mailto:") {
				continue
			}
			links++
			file, fragment, _ := strings.Cut(m[1], "#")
			to := path
			if file != "" {
				to = filepath.Join(filepath.Dir(path), file)
			}
			if _, err := os.Stat(to); err != nil {
				t.Errorf("%s: the link to %s leads nowhere", path, m[1])
				continue
			}
			if fragment == "" {
				continue
			}
			there := false
			for _, h := range heading.FindAllStringSubmatch(all[to], -1) {
				there = there || anchor(h[1]) == fragment
			}
			if !there {
				t.Errorf("%s: %s has no heading #%s", path, to, fragment)
			}
		}
	}
	if links < 50 {
		t.Errorf("only %d links were found", links)
	}
}

// Every make target that a page names exists.
func TestTargets(t *testing.T) {
	text, err := os.ReadFile("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	targets := make(map[string]bool)
	for _, m := range target.FindAllStringSubmatch(string(text), -1) {
		targets[m[1]] = true
	}
	named := 0
	for path, text := range pages(t) {
		for _, code := range append(fence.FindAllString(text, -1), regexp.MustCompile("`[^`\n]+`").FindAllString(text, -1)...) {
			for _, m := range calls.FindAllStringSubmatch(code, -1) {
				for _, word := range strings.Fields(m[1]) {
					named++
					if !targets[word] {
						t.Errorf("%s: make %s is no target", path, word)
					}
				}
			}
		}
	}
	if named < 20 {
		t.Errorf("only %d targets were found", named)
	}
}

// The two READMEs have equal content: the same links in the same order, the same commands, as many headings and rows.
func TestReadmesAreAlike(t *testing.T) {
	shape := func(path string) (s []string) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		code := false
		for line := range strings.Lines(string(text)) {
			line = strings.TrimSpace(line)
			switch {
			case strings.HasPrefix(line, "```"):
				code = !code
				s = append(s, "fence")
			case code:
				command, _, _ := strings.Cut(line, " #")
				s = append(s, strings.TrimSpace(command))
			case strings.HasPrefix(line, "#"):
				s = append(s, strings.Repeat("#", strings.Count(line, "#")))
			case strings.HasPrefix(line, "|"):
				s = append(s, "row")
			}
			for _, m := range link.FindAllStringSubmatch(line, -1) {
				if !code && !strings.HasPrefix(m[1], "README") {
					s = append(s, m[1])
				}
			}
		}
		return s
	}
	english, chinese := shape("../README.md"), shape("../README.zh-CN.md")
	for i := range max(len(english), len(chinese)) {
		if i >= len(english) || i >= len(chinese) || english[i] != chinese[i] {
			t.Fatalf("they part at %q and %q", english[min(i, len(english)):min(i+3, len(english))], chinese[min(i, len(chinese)):min(i+3, len(chinese))])
		}
	}
	if len(english) < 60 {
		t.Errorf("only %d parts were compared", len(english))
	}
}
