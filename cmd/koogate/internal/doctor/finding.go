// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
	"github.com/koogate/koogate/koogallery/checker/rule"
)

// State is how something was found.
type State string

// The states.
const (
	OK      State = "OK"
	Warning State = "WARNING" // it works, and should not stay so
	Fault   State = "FAULT"
)

// Finding is one thing that was looked at.
type Finding struct {
	Check  string // what was looked at, such as marketplace
	About  string // which of them, such as a seller's name; may be empty
	State  State
	Seen   rule.Text
	Remedy rule.Text // empty where nothing is to be done
}

func good(zh, en string, values ...any) Finding {
	return Finding{State: OK, Seen: rule.Say(zh, en, values...)}
}

// bad is a fault or a warning; by says what to do.
func bad(state State, about, zh, en string, values ...any) Finding {
	return Finding{About: about, State: state, Seen: rule.Say(zh, en, values...)}
}

func (f Finding) by(zh, en string, values ...any) Finding {
	f.Remedy = rule.Say(zh, en, values...)
	return f
}

// Faults counts them.
func Faults(all []Finding) (n int) {
	for _, f := range all {
		if f.State == Fault {
			n++
		}
	}
	return n
}

// line is a finding in JSON.
type line struct {
	Check  string `json:"check"`
	About  string `json:"about,omitempty"`
	State  State  `json:"state"`
	Seen   string `json:"seen"`
	Remedy string `json:"remedy,omitempty"`
}

// WriteJSON writes the findings as one object.
func WriteJSON(w io.Writer, all []Finding, language string) error {
	report := struct {
		Faults   int    `json:"faults"`
		Findings []line `json:"findings"`
	}{Faults(all), make([]line, len(all))}
	for i, f := range all {
		report.Findings[i] = line{f.Check, f.About, f.State, f.Seen.In(language), f.Remedy.In(language)}
	}
	text, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s\n", text)
	return err
}

// WriteTable writes the findings for people, what is worst last, where it is seen.
func WriteTable(w io.Writer, all []Finding, language string) error {
	order := []State{OK, Warning, Fault}
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b Finding) int { return cmp.Compare(slices.Index(order, a.State), slices.Index(order, b.State)) })
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range sorted {
		about := f.Check
		if f.About != "" {
			about += " " + f.About
		}
		fmt.Fprintf(t, "%s\t%s\t%s\n", f.State, terminal.Cell(about), terminal.Cell(f.Seen.In(language)))
		if remedy := f.Remedy.In(language); remedy != "" {
			fmt.Fprintf(t, "\t\t→ %s\n", terminal.Cell(remedy))
		}
	}
	return t.Flush()
}
