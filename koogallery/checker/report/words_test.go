// SPDX-License-Identifier: Apache-2.0

package report

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// Every label is there in both languages, and each that a form names is there.
func TestWordsAreWhole(t *testing.T) {
	for key, text := range words {
		if text.ZH == "" || text.EN == "" {
			t.Errorf("%s: %+v", key, text)
		}
	}
	used := map[string]bool{}
	for _, file := range []string{"page.html", "table.go"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?:word |label\(|field\()"([a-z-]+)"`).FindAllStringSubmatch(string(text), -1) {
			used[m[1]] = true
			if words[m[1]].EN == "" {
				t.Errorf("%s: there is no word %q", file, m[1])
			}
		}
	}
	for key := range words {
		if !used[key] {
			t.Errorf("nothing says %q", key)
		}
	}
	if len(style) > 20<<10 || strings.Contains(page+style, "http") && !strings.Contains(page, "http-equiv") {
		t.Error("the page is too heavy or loads something")
	}
}
