// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every command line of this program that a document, an example or a help text shows is one that it takes: with --help at its end it
// explains itself instead of refusing a command or a flag.
func TestShownCommandsExist(t *testing.T) {
	line := regexp.MustCompile("(?m)(?:^\\s*(?:#\\s+)?(?:\\$ )?|`)(?:\\S*bin/)?koogate ((?:dev|serve|migrate|config|keys|usage|restore|verify|queues|evidence|completion|help|version|--version)\\b[^`#>&|\n]*)")
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
		args := strings.Fields(regexp.MustCompile(`\s{2,}.*`).ReplaceAllString(command, ""))                                       // a comment stands apart
		if code, _, errs := koogate(t, append(args, "--help")...); code != exitOK && !strings.Contains(errs, `but got "--help"`) { // a flag that is named without its value
			t.Errorf("koogate %s: %s", strings.Join(args, " "), errs)
		}
	}
	t.Logf("%d command lines", len(shown))
}
