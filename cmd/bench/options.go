// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// options are the flags of a run.
type options struct {
	rounds           int
	length           time.Duration
	backend          string
	only             []string // empty for all
	sizes            []int    // of the databases of growth, in orders, in ascending order
	backlog, pending int
	quick, json      bool

	onlyText, sizesText string
}

// parts are the values of -only.
var parts = []string{
	"marketplace", "life", "growth", "replicas", "process", "usage",
	"usage/ingest", "usage/records", "usage/windows", "usage/order", "usage/quota",
}

// quickly are the defaults of -quick, which ends within three minutes on two cores.
var quickly = map[string]string{
	"rounds": "1", "for": "500ms", "sizes": "1000,5000", "backlog": "20000", "pending": "50000",
}

const usageText = `Usage: go run ./cmd/bench [flags]

Measures Koogate against a hand-written floor, and against itself as the work grows. Results are tables on stdout; progress
goes to stderr. PostgreSQL and Redis are measured when KOOGATE_TEST_POSTGRES and KOOGATE_TEST_REDIS are set (.ci/services).

Parts:
  marketplace  newInstance, replay and queryInstance against the floor
  life         create, order query, lease by a worker, completion, query: orders/s, and the time from admission to lease
  growth       each call with -sizes orders in the database, as growth factors against the smallest
  replicas     from one to three replicas on one PostgreSQL at the same load: CPU of Koogate and of PostgreSQL
  process      start-up time, idle memory and CPU, size of the binary
  usage        the usage ledger; its own parts are usage/ingest, usage/records, usage/windows, usage/order, usage/quota

Examples:
  .ci/services go run ./cmd/bench                             everything (make bench)
  .ci/services go run ./cmd/bench -quick                      everything, small: within three minutes (make bench QUICK=1)
  go run ./cmd/bench -only marketplace -backend sqlite -rounds 3 -for 2s
  .ci/services go run ./cmd/bench -only life,replicas -json >results.json
  go run ./cmd/bench -only growth -backend sqlite -sizes 1000,10000

Flags:
`

func defineOptions(f *flag.FlagSet) *options {
	o := &options{}
	f.IntVar(&o.rounds, "rounds", 5, "rounds, what is compared in turn")
	f.DurationVar(&o.length, "for", 3*time.Second, "length of one measurement")
	f.StringVar(&o.backend, "backend", "", "sqlite or postgres; empty for both where they are there")
	f.StringVar(&o.onlyText, "only", "", "`parts` to measure, separated by commas; empty for all")
	f.StringVar(&o.sizesText, "sizes", "1000,100000,1000000", "`orders` in the databases of growth, separated by commas, at least 100")
	f.IntVar(&o.backlog, "backlog", 200_000, "records in the backlog that is pushed, at most 5000000")
	f.IntVar(&o.pending, "pending", 1_000_000, "records among which the next are found by deadline, at most 5000000")
	f.BoolVar(&o.quick, "quick", false, "small sizes and one round, to see within three minutes that nothing is far off; other flags go before it")
	f.BoolVar(&o.json, "json", false, "print the results as JSON when everything is done")
	f.Usage = func() {
		fmt.Fprint(f.Output(), usageText)
		f.PrintDefaults()
	}
	return o
}

// settle applies -quick to the flags that were not given and reads the lists.
func (o *options) settle(f *flag.FlagSet) error {
	if f.NArg() > 0 {
		return fmt.Errorf("%q is no flag; see -help", f.Arg(0))
	}
	if o.quick {
		given := map[string]bool{}
		f.Visit(func(g *flag.Flag) { given[g.Name] = true })
		for name, value := range quickly {
			if given[name] {
				continue
			}
			if err := f.Set(name, value); err != nil {
				return err
			}
		}
	}
	if !slices.Contains([]string{"", "sqlite", "postgres"}, o.backend) {
		return fmt.Errorf("-backend %s: want sqlite or postgres", o.backend)
	}
	if o.rounds < 1 || o.length <= 0 {
		return fmt.Errorf("-rounds %d -for %s: want at least one round of some length", o.rounds, o.length)
	}
	for p := range strings.SplitSeq(o.onlyText, ",") {
		if p == "" && o.onlyText == "" {
			break
		}
		if !slices.Contains(parts, p) {
			return fmt.Errorf("-only %s: there is no such part; there are %s", p, strings.Join(parts, ", "))
		}
		o.only = append(o.only, p)
	}
	for s := range strings.SplitSeq(o.sizesText, ",") {
		n, err := strconv.Atoi(s)
		if err != nil || n < minSize {
			return fmt.Errorf("-sizes %s: %q is not a number of at least %d", o.sizesText, s, minSize)
		}
		o.sizes = append(o.sizes, n)
	}
	if !slices.IsSorted(o.sizes) || len(o.sizes) < 2 {
		return fmt.Errorf("-sizes %s: want two or more, in ascending order", o.sizesText)
	}
	return nil
}

// wants reports whether a part, or a part of it, was asked for.
func (o *options) wants(part string) bool {
	return len(o.only) == 0 || slices.ContainsFunc(o.only, func(p string) bool { return p == part || strings.HasPrefix(p, part+"/") })
}

// wantsDetail reports whether a part of a part was asked for.
func (o *options) wantsDetail(part, detail string) bool {
	return len(o.only) == 0 || slices.Contains(o.only, part) || slices.Contains(o.only, part+"/"+detail)
}
