// SPDX-License-Identifier: Apache-2.0

package rowfile

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
)

// csv reads the header, and returns what reads the rows.
func (r *Reader) csv(in *bufio.Reader) (func(*Row) error, error) {
	rows := csv.NewReader(in)
	rows.Comma, rows.ReuseRecord = separatorOf(in), true
	header, err := rows.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the file is empty")
	}
	if err != nil {
		return nil, broken(err)
	}
	names := make([]string, len(header))
	seen := make(map[string]bool)
	for k, name := range header {
		names[k] = strings.ToLower(strings.TrimSpace(name))
		if _, ok := columns[names[k]]; !ok { // its text is not told: without a header it is a value
			return nil, fmt.Errorf("the first line has to name the columns, and its entry %d names none; they are %s", k+1, strings.Join(order, ", "))
		}
		if seen[names[k]] {
			return nil, fmt.Errorf("the header names %s twice", names[k])
		}
		seen[names[k]] = true
	}
	return func(row *Row) error {
		fields, err := rows.Read()
		uneven := errors.Is(err, csv.ErrFieldCount)
		if err != nil && !uneven {
			return broken(err)
		}
		row.Line, _ = rows.FieldPos(0)
		if uneven {
			row.fault(fmt.Sprintf("has %d fields, and the header %d", len(fields), len(names)))
			return nil
		}
		for k, text := range fields {
			r.put(row, names[k], text)
		}
		return nil
	}, nil
}

// separatorOf is the comma, or what a spreadsheet has written in its place: a header has commas, or none.
func separatorOf(in *bufio.Reader) rune {
	begin, _ := in.Peek(4096) // a shorter file is read whole
	line, _, _ := bytes.Cut(begin, []byte("\n"))
	for _, other := range ";\t" {
		if bytes.IndexByte(line, ',') < 0 && bytes.ContainsRune(line, other) {
			return other
		}
	}
	return ','
}

// broken is the error of a file whose quotes are wrong: where one ends cannot be said.
func broken(err error) error {
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		return fmt.Errorf("line %d: %w", parse.StartLine, parse.Err)
	}
	return err
}
