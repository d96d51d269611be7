// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"flag"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
)

func settled(args ...string) (*options, error) {
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	o := defineOptions(f)
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	return o, o.settle(f)
}

func TestPartsAreChosen(t *testing.T) {
	for _, c := range []struct {
		only, part, detail string
		want               bool
	}{
		{"", "life", "", true}, {"", "usage", "ingest", true}, {"life,process", "process", "", true}, {"life,process", "marketplace", "", false},
		{"usage", "usage", "order", true}, {"usage/order", "usage", "order", true}, {"usage/order", "usage", "quota", false},
		{"usage/order", "marketplace", "", false},
	} {
		o, err := settled("-only", c.only)
		if err != nil {
			t.Fatal(err)
		}
		got := o.wants(c.part)
		if c.detail != "" {
			got = got && o.wantsDetail(c.part, c.detail)
		}
		if got != c.want {
			t.Errorf("-only %q: %s/%s is %v, want %v", c.only, c.part, c.detail, got, c.want)
		}
	}
}

func TestWrongFlagsAreRefused(t *testing.T) {
	for _, args := range [][]string{
		{"-only", "lives"}, {"-only", "life,"}, {"-sizes", "1000"}, {"-sizes", "1000,"}, {"-sizes", "1,1000"}, {"-sizes", "2000,1000"},
		{"-backend", "mysql"}, {"-rounds", "0"}, {"-for", "0s"}, {"extra"},
	} {
		if _, err := settled(args...); err == nil {
			t.Errorf("%v was taken", args)
		}
	}
}

func TestQuickGivesWayToOtherFlags(t *testing.T) {
	o, err := settled("-quick", "-for", "2s", "-sizes", "100,200")
	if err != nil {
		t.Fatal(err)
	}
	if o.rounds != 1 || o.length != 2*time.Second || !slices.Equal(o.sizes, []int{100, 200}) || o.backlog >= 200_000 {
		t.Errorf("got %+v", o)
	}
}

// The help names every part and every flag that people give, and shows examples.
func TestHelp(t *testing.T) {
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	var out bytes.Buffer
	f.SetOutput(&out)
	defineOptions(f)
	f.Usage()
	for _, want := range append(slices.Clone(parts), "Examples:", "make bench QUICK=1", "-only", "-sizes", "-json", "-quick", "-backend") {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the help does not hold %q:\n%s", want, out.String())
		}
	}
}
