// SPDX-License-Identifier: Apache-2.0

package check

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
	"github.com/koogate/koogate/koogallery/checker/report"
)

// Written is how a report is written.
type Written struct {
	Format   string // table, json, junit or html
	Output   string // the file; empty for where the command's output goes
	Language string // zh or en
	Rules    report.Lookup
}

// Write writes the report where it is wanted. Errors: those of the file and the output.
func (x Written) Write(out *terminal.Console, r *report.Report) error {
	if x.Output == "" {
		w := out.Data()
		if x.Format == "table" {
			w = out.Raw // its texts are tame, the colours our own
		}
		return x.form(w, r, out.Colour)
	}
	f, err := os.OpenFile(x.Output, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(x.form(f, r, false), f.Close()); err != nil {
		return err
	}
	fmt.Fprintf(out.Err, "%s: %s\n", x.Output, r.Verdict(x.Rules).In(x.Language))
	return nil
}

func (x Written) form(w io.Writer, r *report.Report, colour bool) error {
	switch x.Format {
	case "json":
		return report.JSON(w, r, x.Rules)
	case "junit":
		return report.JUnit(w, r, x.Rules, x.Language)
	case "html":
		return report.HTML(w, r, x.Rules, x.Language)
	default:
		return report.Table(w, r, x.Rules, x.Language, colour)
	}
}
