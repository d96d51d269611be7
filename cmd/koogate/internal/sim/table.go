// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
	"github.com/koogate/koogate/koogallery/recorder/replay"
)

// most is how many differences a table shows.
const most = 100

// table prints a report for people.
func table(w io.Writer, r *replay.Report) {
	for _, n := range r.Torn {
		fmt.Fprintf(w, "line %d of the recording is torn and was left out\n", n)
	}
	for _, c := range r.LeftOut {
		fmt.Fprintf(w, "call %d (%s) was left out: %s\n", c.N, terminal.Cell(string(c.Activity)), terminal.Cell(c.Why))
	}
	if len(r.Differences) > 0 {
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "call\tactivity\torder or instance\trule\trecorded\tanswered\t")
		for _, d := range r.Differences[:min(len(r.Differences), most)] {
			about := d.OrderID
			if about == "" {
				about = d.InstanceID
			}
			allowed := ""
			if d.Allowed {
				allowed = "allowed"
			}
			fmt.Fprintf(t, "%d\t%s %s\t%s\t%s\t%s\t%s\t%s\n", d.N, d.Family, terminal.Cell(string(d.Activity)), terminal.Cell(about), d.Rule,
				dash(d.Recorded), dash(d.Answered), allowed)
		}
		_ = t.Flush() // to a terminal
		if more := len(r.Differences) - most; more > 0 {
			fmt.Fprintf(w, "and %d more; --json shows all\n", more)
		}
	}
	allowed := 0
	for _, d := range r.Differences {
		if d.Allowed {
			allowed++
		}
	}
	fmt.Fprintf(w, "%d calls in %v, %d answered the same; %d differences, %d of them allowed", r.Calls, r.Took.Round(time.Millisecond), r.Same,
		len(r.Differences), allowed)
	if r.Sooner > 0 {
		fmt.Fprintf(w, "; %d answered sooner than recorded", r.Sooner)
	}
	if r.Later > 0 {
		fmt.Fprintf(w, "; %d had to be asked again", r.Later)
	}
	fmt.Fprintln(w)
}

func dash(text string) string {
	if text == "" {
		return "–"
	}
	return terminal.Cell(text)
}
