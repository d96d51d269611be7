// SPDX-License-Identifier: Apache-2.0

package rowfile

import (
	"encoding/csv"
	"os"
	"strconv"
	"strings"
)

// Verdict is what became of a row.
type Verdict struct {
	Name    string
	Columns []string
	Message string
}

// Report writes verdicts as CSV.
type Report struct {
	file *os.File
	rows *csv.Writer
}

// NewReport begins a report, which only its owner can read. What was in the file is gone.
func NewReport(path string) (*Report, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	r := &Report{file, csv.NewWriter(file)}
	return r, r.rows.Write([]string{"row", "line", "order_id", "order_line_id", "instance_id", "verdict", "columns", "message"})
}

// Add writes the verdict on a row. Only the IDs of the row are repeated.
func (r *Report) Add(row *Row, v Verdict) error {
	line := ""
	if row.Line > 0 {
		line = strconv.Itoa(row.Line)
	}
	i := row.Import
	fields := []string{
		strconv.Itoa(row.Number), line, i.GetOrderId(), i.GetOrderLineId(), i.GetInstanceId(), v.Name, strings.Join(v.Columns, " "), v.Message,
	}
	for k, text := range fields {
		if strings.ContainsAny(text[:min(1, len(text))], "=+-@\t\r") { // a spreadsheet would take it for a formula
			fields[k] = "'" + text
		}
	}
	return r.rows.Write(fields)
}

// Close writes what is left.
func (r *Report) Close() error {
	r.rows.Flush()
	if err := r.rows.Error(); err != nil {
		_ = r.file.Close()
		return err
	}
	return r.file.Close()
}
