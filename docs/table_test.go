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

var ruler = regexp.MustCompile(`^\|[ :|-]+\|$`)

// A table that a blank line cuts is shown as text from there on: every block of rows begins with a heading and its rule.
func TestTablesAreWhole(t *testing.T) {
	tables := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git" || d.Name() == "bin" || d.Name() == "third_party") {
			return filepath.SkipDir
		}
		if filepath.Ext(path) != ".md" {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		lines, code := strings.Split(string(text), "\n"), false
		for i, line := range lines {
			if strings.HasPrefix(line, "```") {
				code = !code
			}
			if code || !strings.HasPrefix(line, "|") || i > 0 && strings.HasPrefix(lines[i-1], "|") {
				continue
			}
			tables++
			if i+1 == len(lines) || !ruler.MatchString(lines[i+1]) {
				t.Errorf("%s:%d: a table begins here without a heading: %s", path, i+1, line)
			}
		}
		return nil
	})
	if err != nil || tables < 10 {
		t.Errorf("%d tables, %v", tables, err)
	}
}
