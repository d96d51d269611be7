// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"
)

// cell is one field of a table: what people read, and what programs read.
type cell struct {
	text  string
	value any
	unit  string // of the value
}

func word(s string) cell { return cell{text: s, value: s} }

func count(n int) cell { return cell{text: fmt.Sprint(n), value: n} }

// number has a fixed number of decimals for people.
func number(f float64, decimals int) cell {
	return cell{text: fmt.Sprintf("%.*f", decimals, f), value: f}
}

// ratio is a quotient with two decimals; without a divisor there is none.
func ratio(a, b float64) cell {
	if b == 0 {
		return none()
	}
	return number(a/b, 2)
}

func micros(d time.Duration) cell {
	return cell{text: fmt.Sprintf("%dµs", d.Microseconds()), value: float64(d.Nanoseconds()) / 1e3, unit: "µs"}
}

func megabytes(bytes float64) cell {
	return cell{text: fmt.Sprintf("%.1f MB", bytes/1e6), value: bytes / 1e6, unit: "MB"}
}

func kilobytes(bytes int64) cell {
	return cell{text: fmt.Sprintf("%.1f kB", float64(bytes)/1e3), value: float64(bytes) / 1e3, unit: "kB"}
}

// percent is of one processor.
func percent(f float64) cell {
	return cell{text: fmt.Sprintf("%.1f %%", f*100), value: f * 100, unit: "%"}
}

// none stands where there is no figure.
func none() cell { return cell{text: "-"} }

// table is what one measurement found out.
type table struct {
	part    string // as -only names it
	title   string
	columns []string
	rows    [][]cell
	notes   []string // each a line below the table
}

func (t *table) add(cells ...cell) { t.rows = append(t.rows, cells) }

func (t *table) note(format string, args ...any) {
	t.notes = append(t.notes, fmt.Sprintf(format, args...))
}

// write prints a table for people.
func (t *table) write(to io.Writer) error {
	fmt.Fprintf(to, "\n%s\n", t.title)
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', tabwriter.AlignRight)
	if len(t.columns) > 0 {
		fmt.Fprintln(w, strings.Join(t.columns, "\t")+"\t")
	}
	for _, row := range t.rows {
		for _, c := range row {
			fmt.Fprint(w, c.text+"\t")
		}
		fmt.Fprintln(w)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, n := range t.notes {
		fmt.Fprintln(to, n)
	}
	return nil
}

// MarshalJSON implements json.Marshaler: every row is an object, whose keys are the columns with the unit behind them.
func (t *table) MarshalJSON() ([]byte, error) {
	rows := make([]map[string]any, len(t.rows))
	for i, row := range t.rows {
		rows[i] = make(map[string]any, len(row))
		for k, c := range row {
			key := t.columns[k]
			if c.unit != "" {
				key += " (" + c.unit + ")"
			}
			rows[i][key] = c.value
		}
	}
	return json.Marshal(struct {
		Part  string           `json:"part"`
		Title string           `json:"title"`
		Rows  []map[string]any `json:"rows"`
		Notes []string         `json:"notes,omitempty"`
	}{t.part, t.title, rows, t.notes})
}

// results are the tables of one run: printed one by one for people, or all together at the end for programs.
type results struct {
	to     io.Writer
	asJSON bool
	tables []*table
}

func (r *results) add(t *table) error {
	r.tables = append(r.tables, t)
	if r.asJSON {
		return nil
	}
	return t.write(r.to)
}

func (r *results) close() error {
	if !r.asJSON {
		return nil
	}
	e := json.NewEncoder(r.to)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(struct {
		Go     string   `json:"go"`
		System string   `json:"system"`
		CPUs   int      `json:"cpus"`
		Tables []*table `json:"tables"`
	}{runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH, runtime.NumCPU(), r.tables})
}
