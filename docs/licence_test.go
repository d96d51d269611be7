// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Every source file says under which licence it is, in its first line. What is generated says so of itself.
func TestSourcesCarryTheLicence(t *testing.T) {
	sources := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains([]string{"node_modules", ".git", "bin", "third_party", "gen", "dbsqlc", "state"}, d.Name()):
			return filepath.SkipDir
		case filepath.Ext(path) != ".go" && filepath.Ext(path) != ".proto":
			return nil
		}
		text, err := os.ReadFile(path)
		sources++
		generated := strings.HasPrefix(string(text), "// Code generated ")
		if !generated && !strings.HasPrefix(string(text), "// SPDX-License-Identifier: Apache-2.0\n\n") {
			t.Errorf("%s does not begin with its licence", path)
		}
		return err
	})
	if err != nil || sources < 400 {
		t.Errorf("%d sources; error: %v", sources, err)
	}
}
