// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
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
	least := map[string]int{"security.md": 25, "operations.md": 0, "house-rules.md": 40, "claims.md": 8, "proofs.md": 3}
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
