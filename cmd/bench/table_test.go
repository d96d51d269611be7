// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func sample() *table {
	t := &table{part: "life", title: "A title", columns: []string{"call", "clients", "rate", "RATIO", "p50", "size"}}
	t.add(word("newInstance"), count(32), number(1234.56, 0), ratio(3, 4), micros(1500*time.Nanosecond), megabytes(12_340_000))
	t.add(word("replay"), count(1), number(7, 0), ratio(1, 0), none(), none())
	t.note("%d spans", 5)
	return t
}

func TestATableForPeople(t *testing.T) {
	var out strings.Builder
	r := results{to: &out}
	if err := r.add(sample()); err != nil {
		t.Fatal(err)
	}
	if err := r.close(); err != nil {
		t.Fatal(err)
	}
	want := `
A title
         call  clients  rate  RATIO  p50     size
  newInstance       32  1235   0.75  1µs  12.3 MB
       replay        1     7      -    -        -
5 spans
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

// A program reads figures that are not rounded, with their units.
func TestATableForPrograms(t *testing.T) {
	var out strings.Builder
	r := results{to: &out, asJSON: true}
	if err := r.add(sample()); err != nil {
		t.Fatal(err)
	}
	if out.Len() > 0 {
		t.Errorf("printed before the end: %s", out.String())
	}
	if err := r.close(); err != nil {
		t.Fatal(err)
	}
	var got struct {
		CPUs   int
		Tables []struct {
			Part, Title string
			Rows        []map[string]any
			Notes       []string
		}
	}
	if err := json.Unmarshal([]byte(out.String()), &got); err != nil {
		t.Fatal(err)
	}
	if got.CPUs < 1 || len(got.Tables) != 1 || got.Tables[0].Part != "life" || len(got.Tables[0].Rows) != 2 || len(got.Tables[0].Notes) != 1 {
		t.Fatalf("got %s", out.String())
	}
	row := got.Tables[0].Rows[0]
	for key, want := range map[string]any{
		"call": "newInstance", "clients": 32.0, "rate": 1234.56, "RATIO": 0.75, "p50 (µs)": 1.5, "size (MB)": 12.34,
	} {
		if row[key] != want {
			t.Errorf("%s is %v, want %v", key, row[key], want)
		}
	}
	if v, ok := got.Tables[0].Rows[1]["RATIO"]; !ok || v != nil {
		t.Errorf("a ratio without a divisor is %v, want null", v)
	}
}
