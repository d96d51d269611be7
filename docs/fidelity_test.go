// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/koogate/koogate/docs"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/facade/family"
)

func rules(t *testing.T) []docs.Rule {
	t.Helper()
	list, err := docs.Rules()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestPageIsCurrent(t *testing.T) {
	page, err := os.ReadFile("fidelity.md")
	if err != nil {
		t.Fatal(err)
	}
	if docs.Markdown(rules(t)) != string(page) {
		t.Error("fidelity.md is not what fidelity.yaml says: run make generate")
	}
	table, err := os.ReadFile(filepath.FromSlash("../koogallery/checker/source/table.go"))
	if err != nil {
		t.Fatal(err)
	}
	if sources, err := docs.Sources(rules(t)); err != nil || string(sources) != string(table) {
		t.Errorf("the checker's table of sources is not what fidelity.yaml says: run make generate; error: %v", err)
	}
	// Every rule has a row: a new family needs a table.
	tables := strings.Count(string(page), "\n## ")
	if rows := strings.Count(string(page), "\n| "); rows != len(rules(t))+2*tables {
		t.Errorf("%d rows in %d tables for %d rules", rows, tables, len(rules(t)))
	}
}

var (
	kebab  = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	pageID = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*…?$`)
	date   = regexp.MustCompile(`^(20[0-9]{2}-[01][0-9]-[0-3][0-9]|not shown)$`)
)

// why begins the reason of a rule that is not followed.
var why = regexp.MustCompile(`^(does not concern|issue [0-9]+: )`)

// The rules of the two readings, by their numbers.
const secondReading, thirdReading = 25, 56

// TestEveryReadingHasARow walks all rules of the readings.
func TestEveryReadingHasARow(t *testing.T) {
	rows := make(map[string]int)
	for _, r := range rules(t) {
		for i, number := range r.Reading {
			if rows[number]++; slices.Contains(r.Reading[:i], number) {
				t.Errorf("%s: %s twice", r.ID, number)
			}
		}
	}
	all := make(map[string]bool)
	for letter, last := range map[string]int{"C": secondReading, "T": thirdReading} {
		for n := 1; n <= last; n++ {
			number := letter + strconv.Itoa(n)
			all[number] = true
			if rows[number] == 0 {
				t.Errorf("no row names %s", number)
			}
		}
	}
	for number := range rows {
		if !all[number] {
			t.Errorf("%s is no rule of the readings", number)
		}
	}
}

func TestRules(t *testing.T) {
	families := append(family.Names(), docs.FamilyAll, docs.FamilyOpenAPI, docs.FamilyLogin, docs.FamilyOpen)
	ids, rows := make(map[string]bool), make(map[string]int)
	for _, r := range rules(t) {
		wrong := func(what, text string) { t.Errorf("%s: %s: %q", r.ID, what, text) }
		if !kebab.MatchString(r.ID) || ids[r.ID] {
			wrong("the id is not kebab-case or used twice", r.ID)
		}
		ids[r.ID] = true
		rows[r.Family]++
		for i, f := range append([]string{r.Family}, r.Also...) {
			if !slices.Contains(families, f) || i > 0 && f == r.Family {
				wrong("unknown family", f)
			}
			if f == docs.FamilyAll && len(r.Also) > 0 {
				wrong("all families, and more", f)
			}
		}
		for _, p := range r.Page {
			if !pageID.MatchString(p) {
				wrong("not the ID of a page", p)
			}
		}
		if !date.MatchString(r.Date) || len(r.Page) == 0 && r.Date != "not shown" {
			wrong("date", r.Date)
		}
		if !slices.Contains([]string{docs.Seen, docs.Sample, docs.Inferred}, r.Confidence) || r.Confidence == docs.Seen && len(r.Page) == 0 {
			wrong("confidence", r.Confidence)
		}
		if r.Confidence == docs.Inferred && r.Says == "" {
			wrong("inferred, although the documents are clear", r.Says)
		}
		for _, text := range []string{r.Rule, r.Says, r.Does} {
			if strings.TrimSpace(text) != text || strings.HasSuffix(text, ".") || strings.ContainsAny(text, "\n|") || strings.Count(text, "`")%2 != 0 {
				wrong("text", text)
			}
		}
		open := r.Family == docs.FamilyOpen
		if r.Rule == "" || r.Does == "" || (len(r.Proof) == 0) != open {
			t.Errorf("%s: rule, does and proof are required, and what is not followed has no proof", r.ID)
		}
		if open && (len(r.Reading) == 0 || r.Setting != "" || !why.MatchString(r.Does)) {
			wrong("not followed: want why, and which issue will, or that it does not concern", r.Does)
		}
	}
	for _, f := range families {
		if rows[f] == 0 {
			t.Errorf("no rule of %s", f)
		}
	}
}

// keys are those of a configuration, as the page writes them.
func keys(of reflect.Type, at string) []string {
	switch of.Kind() {
	case reflect.Slice, reflect.Map:
		if of.Elem().Kind() == reflect.Struct {
			return keys(of.Elem(), at+"[]")
		}
	case reflect.Struct:
		var list []string
		for i := range of.NumField() {
			key := of.Field(i).Tag.Get("koanf")
			if key == "" { // no key of the file
				continue
			}
			list = append(list, keys(of.Field(i).Type, strings.TrimPrefix(at+"."+key, "."))...)
		}
		return list
	}
	return []string{at}
}

// What an endpoint says that is not about the wire.
var otherSettings = []string{
	"endpoints[].name", "endpoints[].seller", "endpoints[].products[].provisioner", "endpoints[].route", "endpoints[].products[].route",
}

func TestSettings(t *testing.T) {
	all := keys(reflect.TypeFor[config.Config](), "")
	named := make(map[string]bool)
	for _, r := range rules(t) {
		named[r.Setting] = true
		if r.Setting != "" && !slices.Contains(all, r.Setting) {
			t.Errorf("%s: there is no setting %s", r.ID, r.Setting)
		}
	}
	seen := 0
	for _, key := range all {
		list, isFile := strings.CutSuffix(key, "_files")
		if !strings.HasPrefix(key, "endpoints[]") || slices.Contains(otherSettings, key) || isFile && slices.Contains(all, list+"s") {
			continue
		}
		if seen++; !named[key] {
			t.Errorf("no rule names %s", key)
		}
	}
	if seen < 20 {
		t.Errorf("only %d keys of endpoints were found", seen)
	}
}

// tests are the functions of a directory's test files, with the texts in them.
func tests(t *testing.T, dir string) map[string]map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", filepath.FromSlash(dir), "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]map[string]bool)
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv != nil {
				continue
			}
			texts := make(map[string]bool)
			ast.Inspect(fn, func(n ast.Node) bool {
				if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					if text, err := strconv.Unquote(lit.Value); err == nil {
						texts[text] = true
					}
				}
				return true
			})
			found[fn.Name.Name] = texts
		}
	}
	return found
}

var testName = regexp.MustCompile(`^(Test|Fuzz|Example)[A-Z_]`)

func TestProofsExist(t *testing.T) {
	cases := make(map[string]bool)
	for _, e := range examples(t) {
		cases[e.ID] = true
	}
	parsed := make(map[string]map[string]map[string]bool)
	for _, r := range rules(t) {
		for _, p := range r.Proof {
			head, text, _ := strings.Cut(p, ".")
			name, text, isCase := strings.Cut(text, "/")
			if parsed[head] == nil {
				parsed[head] = tests(t, head)
			}
			texts, ok := parsed[head][name]
			if !ok || !testName.MatchString(name) {
				t.Errorf("%s: there is no test %s", r.ID, p)
				continue
			}
			if isCase && !texts[text] && !cases[text] {
				t.Errorf("%s: there is no case %q in %s.%s", r.ID, text, head, name)
			}
		}
	}
}

// The data files name pages by their IDs: no addresses but those that a printed request holds, and nothing of any machine.
func TestNothingOfAnyMachine(t *testing.T) {
	address := regexp.MustCompile(`(?i)[a-z]+://[a-z0-9.-]*|\b[a-z0-9-]+\.(com|cn|io|org|net|internal|local)\b|\b\d+\.\d+\.\d+\.\d+\b|(^|[ "'` + "`" + `(])/(work|tmp|home|root|usr|etc|var)/`)
	printed := []string{"https://example.tenantaccount.com", "example.com"}
	for _, file := range []string{"fidelity.yaml", "fidelity.md", "examples.yaml"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range address.FindAllString(string(text), -1) {
			if file != "examples.yaml" || !slices.Contains(printed, found) {
				t.Errorf("%s holds %q", file, found)
			}
		}
	}
}
