// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"bytes"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	mostFiles    = 25  // of a package, tests aside
	medianLength = 110 // lines of a source file, tests aside
)

// larger are the packages that have more files, and what their doc.go says about it.
var larger = map[string]string{
	"server/fulfil": "It has more than 25 files, on purpose",
}

// sources are the lengths in lines of the source files that people write, by directory.
func sources(t *testing.T) map[string][]int {
	t.Helper()
	found := make(map[string][]int)
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains([]string{"node_modules", ".git", "bin", "third_party", "gen", "dbsqlc", "state"}, d.Name()):
			return filepath.SkipDir
		case filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(path)
		if err == nil && !bytes.Contains(text[:min(len(text), 200)], []byte("// Code generated ")) {
			room, _ := filepath.Rel("..", filepath.Dir(path))
			found[filepath.ToSlash(room)] = append(found[filepath.ToSlash(room)], bytes.Count(text, []byte("\n")))
		}
		return err
	})
	if err != nil || len(found) < 80 {
		t.Fatalf("%d packages, %v", len(found), err)
	}
	return found
}

// A package that grows beyond what a reader can hold is divided where its own parts meet, or says why it is not.
func TestNoPackageHasMoreThan25Files(t *testing.T) {
	found := sources(t)
	for room, files := range found {
		if len(files) > mostFiles && larger[room] == "" {
			t.Errorf("%s has %d source files, the most is %d: give a part of it a package of its own", room, len(files), mostFiles)
		}
	}
	for room, reason := range larger {
		doc, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", filepath.FromSlash(room), "doc.go"), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		if len(found[room]) <= mostFiles {
			t.Errorf("%s has %d source files and needs no exception any more", room, len(found[room]))
		}
		if !strings.Contains(doc.Doc.Text(), reason) {
			t.Errorf("doc.go of %s does not say: %s", room, reason)
		}
	}
}

func TestFilesAreShort(t *testing.T) {
	lengths := slices.Sorted(func(yield func(int) bool) {
		for _, files := range sources(t) {
			for _, n := range files {
				if !yield(n) {
					return
				}
			}
		}
	})
	middle := lengths[len(lengths)/2]
	t.Logf("%d source files, the median has %d lines, the longest %d", len(lengths), middle, lengths[len(lengths)-1])
	if middle > medianLength {
		t.Errorf("the median of %d source files has %d lines, the most is %d", len(lengths), middle, medianLength)
	}
}
