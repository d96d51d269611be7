// SPDX-License-Identifier: Apache-2.0

package words_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/koogate/koogate/server/login/words"
)

// TestEveryFaultHasWords: what a package can say is read from its source, so that a new fault without words is found here.
func TestEveryFaultHasWords(t *testing.T) {
	found := 0
	for file, kind := range map[string]string{"../upstream/fault.go": "Kind", "../../../store/login.go": "LoginEnd", "fault.go": ""} {
		for _, code := range constants(t, file, kind) {
			found++
			f := words.Of(code)
			if !words.Known(code) {
				t.Errorf("%s of %s has no words", code, file)
			}
			for _, b := range []words.Both{f.What, f.Do, f.Staff} {
				if !strings.ContainsFunc(b.ZH, func(r rune) bool { return unicode.Is(unicode.Han, r) }) || b.EN == "" ||
					strings.ContainsFunc(b.EN, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
					t.Errorf("%s lacks a language: %+v", code, b)
				}
				if !strings.HasSuffix(b.ZH, "。") || !strings.HasSuffix(b.EN, ".") {
					t.Errorf("%s is no sentence: %+v", code, b)
				}
			}
		}
	}
	if found < 40 {
		t.Errorf("%d faults were found", found)
	}
	if words.Known("SOMETHING") || words.Of("SOMETHING") != words.Of(words.Unavailable) {
		t.Error("an unknown fault has words of its own")
	}
}

// TestTheGuideListsEveryFault: docs/login.md says of each code what the pages say.
func TestTheGuideListsEveryFault(t *testing.T) {
	guide, err := os.ReadFile("../../../docs/login.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for file, kind := range map[string]string{"../upstream/fault.go": "Kind", "../../../store/login.go": "LoginEnd", "fault.go": ""} {
		for _, code := range constants(t, file, kind) {
			f := words.Of(code)
			if row := "| `" + code + "` | " + f.What.EN + " | " + f.Staff.EN + " |\n"; !strings.Contains(string(guide), row) {
				t.Errorf("docs/login.md lacks the row\n%s", row)
			}
			rows++
		}
	}
	if n := strings.Count(string(guide), "\n| `"); rows < 40 || n < rows {
		t.Errorf("%d faults, %d rows", rows, n)
	}
}

// constants are the values of a file's constants of a type, or without one.
func constants(t *testing.T, file, kind string) (values []string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST {
			continue
		}
		for _, s := range g.Specs {
			v := s.(*ast.ValueSpec)
			name := ""
			if id, ok := v.Type.(*ast.Ident); ok {
				name = id.Name
			}
			if name != kind || len(v.Values) == 0 {
				continue
			}
			text, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			values = append(values, text)
		}
	}
	return values
}
