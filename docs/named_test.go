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

// The tests that these pages rest on exist. In a command, -run TestX stands for every test whose name begins so.
func TestNamedTestsExist(t *testing.T) {
	declared := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)[A-Z]\w*)\(`)
	var all []string
	err := filepath.WalkDir("..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range declared.FindAllStringSubmatch(string(text), -1) {
			all = append(all, m[1])
		}
		return err
	})
	if err != nil || len(all) < 500 {
		t.Fatalf("%d tests; error: %v", len(all), err)
	}
	known := "\n" + strings.Join(all, "\n") + "\n"
	least := map[string]int{"security.md": 25, "operations.md": 0, "house-rules.md": 40, "claims.md": 8, "proofs.md": 3, "login-conformance.md": 50}
	for page, least := range least {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		named := 0
		for n, line := range strings.Split(string(text), "\n") {
			for _, name := range regexp.MustCompile(`\b(?:Test|Fuzz)[A-Z]\w*\b`).FindAllString(line, -1) {
				named++
				if !strings.Contains(known, "\n"+name+"\n") && !(strings.Contains(line, "-run") && strings.Contains(known, "\n"+name)) {
					t.Errorf("%s:%d: there is no %s", page, n+1, name)
				}
			}
		}
		if named < least {
			t.Errorf("%s names %d tests, want at least %d", page, named, least)
		}
	}
}

// The metrics that pages name exist.
func TestNamedMetricsExist(t *testing.T) {
	metric := regexp.MustCompile(`\bkoogate_[a-z_]+[a-z]\b`)
	known := make(map[string]bool)
	err := filepath.WalkDir("../server/telemetry", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" {
			return err
		}
		text, err := os.ReadFile(path)
		for _, name := range metric.FindAllString(string(text), -1) {
			known[name] = true
		}
		return err
	})
	if err != nil || len(known) < 20 {
		t.Fatalf("%d metrics; error: %v", len(known), err)
	}
	named := 0
	for path, text := range pages(t) {
		for _, name := range slices.Compact(slices.Sorted(slices.Values(metric.FindAllString(text, -1)))) {
			named++
			if !known[name] {
				t.Errorf("%s: there is no metric %s", path, name)
			}
		}
	}
	if named < 15 {
		t.Errorf("only %d metrics are named", named)
	}
}
