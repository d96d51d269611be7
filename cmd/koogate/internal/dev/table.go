// SPDX-License-Identifier: Apache-2.0

package dev

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/simulator/rehearsal"
	"github.com/koogate/koogate/server/clock"
)

// row is one order of the table.
type row struct {
	order, kind, instance string
	seller                string
	took                  time.Duration
	steps                 int
	err                   string
}

// table collects the orders' outcomes and prints them.
type table struct {
	out   *terminal.Console
	trace func(row) string // where an order's trace is shown
	began time.Time

	mu    sync.Mutex
	rows  []row
	usage []usageRow
}

// add records an outcome and says so at once.
func (t *table) add(r row) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows = append(t.rows, r)
	verdict := "ok"
	if r.err != "" {
		verdict = "FAILED: " + terminal.Cell(r.err)
	}
	fmt.Fprintf(t.out.Err, "  %-25s %s (%d steps, %s)\n", terminal.Cell(r.kind), verdict, r.steps, r.took.Round(time.Millisecond))
}

// place is where a row stands: the kinds in their documented order, then the families, then the drill.
func (t *table) place(r row) int {
	kinds, families := catalogue.Kinds(), familyRows()
	if i := slices.Index(kinds, catalogue.Kind(r.kind)); i >= 0 {
		return i
	}
	if i := slices.Index(families, r.kind); i >= 0 {
		return len(kinds) + i
	}
	return len(kinds) + len(families)
}

func (t *table) failed() (n int) {
	for _, r := range t.rows {
		if r.err != "" {
			n++
		}
	}
	for _, r := range t.usage {
		if r.err != "" {
			n++
		}
	}
	return n
}

func (t *table) all() int { return len(t.rows) + len(t.usage) }

func (t *table) print() {
	slices.SortStableFunc(t.rows, func(a, b row) int { return t.place(a) - t.place(b) })
	paint := func(code, s string) string {
		if !t.out.Colour {
			return s
		}
		return "\x1b[" + code + "m" + s + "\x1b[0m"
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ORDER\tKIND\tINSTANCE\tRESULT\tTIME\tTRACE")
	for _, r := range t.rows {
		trace := t.trace(r)
		result := "ok"
		if r.err != "" {
			result = "FAILED"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", terminal.Cell(r.order), terminal.Cell(r.kind), terminal.Cell(r.instance), result, r.took.Round(time.Millisecond), trace)
	}
	_ = w.Flush() // a strings.Builder takes everything
	for i, line := range strings.Split(strings.TrimRight(b.String(), "\n"), "\n") {
		switch { // colour whole lines: escapes inside cells would spoil the columns
		case i == 0:
			line = paint("1", line)
		case t.rows[i-1].err == "":
			line = paint("32", line)
		default:
			line = paint("31", line)
		}
		fmt.Fprintln(t.out.Raw, line) // the cells are plain, the colours our own
	}
	for _, r := range t.rows {
		if r.err != "" {
			fmt.Fprintf(t.out.Out, "%s %s: %s\n", terminal.Cell(r.order), terminal.Cell(r.kind), terminal.Cell(r.err))
		}
	}
	t.printUsage(t.usage)
	fmt.Fprintf(t.out.Out, "\n%d orders, %d failed, %s since start\n", len(t.rows), t.failed(), clock.System{}.Now().Sub(t.began).Round(10*time.Millisecond))
}

// drive takes one order of each kind and of each family through its life, and one whose worker is killed. Where the orders are
// those of a system of the user's, the first waits until there is one.
func (c *Command) drive(ctx context.Context, m *markets, t *table, usage *usageDemo) error {
	fmt.Fprintln(t.out.Err, "driving one order of each kind and of each protocol family through its life")
	life := func(kind catalogue.Kind) error {
		report, err := m.demo.Life(ctx, kind)
		if err != nil {
			return err
		}
		t.add(c.judge(ctx, report))
		return nil
	}
	kinds := catalogue.Kinds()
	if c.outside() {
		c.await(t.out)
		if err := life(kinds[0]); err != nil {
			return err
		}
		kinds = kinds[1:]
	}
	var group errgroup.Group
	for _, kind := range kinds {
		group.Go(func() error { return life(kind) })
	}
	group.Go(func() error { return c.families(ctx, m, t) })
	group.Go(func() (err error) {
		began := clock.System{}.Now()
		if t.usage, err = usage.rows(ctx); err == nil {
			fmt.Fprintf(t.out.Err, "  %-25s some hours on a clock that jumps (%s)\n", "usage", clock.System{}.Now().Sub(began).Round(time.Millisecond))
		}
		return err
	})
	group.Go(func() error {
		r, err := c.drill(ctx, m)
		if err == nil {
			t.add(r)
		}
		return err
	})
	return group.Wait()
}

// judge turns a life's report into a row; the order's event chain must hold as well.
func (c *Command) judge(ctx context.Context, report rehearsal.Report) row {
	r := row{
		order: report.OrderID, kind: string(report.Kind), instance: report.InstanceID, seller: demoSeller, took: report.Took, steps: len(report.Steps),
	}
	for _, s := range report.Steps {
		if s.Err != "" && r.err == "" {
			r.err = s.Name + ": " + s.Err
		}
	}
	if r.err == "" && report.Result != rehearsal.Passed {
		r.err = "the simulator did not accept it"
	}
	if err := c.verifyChain(ctx, demoToken, r.order); err != nil && r.err == "" {
		r.err = err.Error()
	}
	return r
}

// verifyChain asks the internal API whether the order's events hold together.
func (c *Command) verifyChain(ctx context.Context, token, order string) error {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.API+"/v1/orders/"+order+":verify", nil)
	if err != nil {
		return err
	}
	q.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(q)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	var verdict struct {
		Valid   bool   `json:"valid"`
		Detail  string `json:"detail"`
		Message string `json:"message"`
	}
	if err := json.NewDecoder(res.Body).Decode(&verdict); err != nil {
		return fmt.Errorf("event chain: %w", err)
	}
	if !verdict.Valid {
		return fmt.Errorf("event chain of %s: %s%s", order, verdict.Detail, verdict.Message)
	}
	return nil
}
