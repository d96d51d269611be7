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

// Tests that are named …OnBoth run on SQLite with the others, and on PostgreSQL only where make services-test runs their package.
func TestNoPackageIsForgottenOnPostgreSQL(t *testing.T) {
	makefile, err := os.ReadFile("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`-run OnBoth ([^;]+);`).FindSubmatch(makefile)
	if line == nil {
		t.Fatal("make services-test runs no tests named OnBoth")
	}
	run := " " + string(line[1]) + " "
	named, found := regexp.MustCompile(`(?m)^func Test\w+OnBoth\(`), 0
	err = filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil || !named.Match(text) {
			return err
		}
		room, _ := filepath.Rel("..", filepath.Dir(path))
		if found++; !strings.Contains(run, " ./"+filepath.ToSlash(room)+" ") {
			t.Errorf("%s has tests named OnBoth, which make services-test does not run on PostgreSQL", room)
		}
		return nil
	})
	if err != nil || found == 0 {
		t.Errorf("%d files with such tests, %v", found, err)
	}
}

// Tests that start a Redis of their own are skipped where there is none, so make services-test has to run their package.
func TestNoPackageIsForgottenWithRedis(t *testing.T) {
	makefile, err := os.ReadFile("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^\t[A-Z_a-z= ]*KOOGATE_CHECKS=100 \.ci/services .*$`).Find(makefile)
	found := 0
	err = filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") || filepath.Base(path) == "services_test.go" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(text), "guardtest.StartRedis(") && !strings.Contains(string(text), `Getenv("KOOGATE_TEST_REDIS`) {
			return err
		}
		room, _ := filepath.Rel("..", filepath.Dir(path))
		if found++; !regexp.MustCompile(` \./` + regexp.QuoteMeta(filepath.ToSlash(room)) + `[ ;']`).Match(line) {
			t.Errorf("%s has tests with a Redis, which make services-test does not run", room)
		}
		return nil
	})
	if err != nil || found == 0 {
		t.Errorf("%d files with such tests, %v", found, err)
	}
}
