// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The benchmark starts itself for the floor: this binary is the benchmark when its first argument is a flag of that.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && slices.Contains([]string{"-floor", "-push"}, os.Args[1]) {
		main()
		return
	}
	os.Exit(m.Run())
}

// Every part runs with tiny sizes, against real processes, and each of its rows ends in figures.
func TestEveryPartRuns(t *testing.T) {
	program := filepath.Join(t.TempDir(), "koogate")
	if err := build(t.Context(), program); err != nil {
		t.Fatal(err)
	}
	for part, columns := range map[string][]string{
		"marketplace": {"RATIO", "CPU ratio"},
		"process":     {"RATIO", "RSS ratio"},
		"growth":      {"p50 GROWTH"},
		"life":        {"RATIO", "its GROWTH", "CPU ratio"},
	} {
		t.Run(part, func(t *testing.T) {
			o, err := settled("-quick", "-for", "50ms", "-sizes", "100,200", "-backend", "sqlite", "-json", "-only", part)
			if err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			b := &bench{options: *o, dir: t.TempDir(), koogate: program, out: &results{to: &out, asJSON: true}}
			if err := b.measure(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := b.out.close(); err != nil {
				t.Fatal(err)
			}
			var got struct {
				Tables []struct {
					Part string
					Rows []map[string]any
				}
			}
			if err := json.Unmarshal([]byte(out.String()), &got); err != nil {
				t.Fatal(err)
			}
			if len(got.Tables) != 1 || got.Tables[0].Part != part || len(got.Tables[0].Rows) == 0 {
				t.Fatalf("got %s", out.String())
			}
			for _, row := range got.Tables[0].Rows {
				for _, c := range columns {
					if f, ok := row[c].(float64); !ok || f <= 0 {
						t.Errorf("%s is %v in %v", c, row[c], row)
					}
				}
			}
		})
	}
}
