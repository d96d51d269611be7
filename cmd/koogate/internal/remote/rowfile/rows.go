// SPDX-License-Identifier: Apache-2.0

package rowfile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
)

// The formats.
const (
	CSV  = "csv"
	JSON = "json" // an array of objects, or objects one behind the other
)

// MaxRow bounds a row, in bytes of its request.
const MaxRow = 64 << 10

// Row is one row of a file.
type Row struct {
	Number int // from 1; a header does not count
	Line   int // where it begins in a file of CSV; 0 in JSON
	// Import is the row, as far as it could be read.
	Import *koogatev1.ImportRow
	// Fault says why the row could not be read, and Columns of which columns; both are empty when it could.
	Fault   string
	Columns []string
}

// fault notes what is wrong with columns; the first fault is told.
func (r *Row) fault(what string, columns ...string) {
	if r.Fault == "" {
		r.Columns, r.Fault = columns, what
	}
}

// Reader reads rows.
type Reader struct {
	next func(r *Row) error
	zone *time.Location
	read int
}

// errUTF16 is told of a file that a spreadsheet has saved as "Unicode text".
var errUTF16 = errors.New("the file is UTF-16: save it as CSV UTF-8")

// New reads a file of a format. Times without a zone are of the zone. Errors: what is wrong with the file's beginning.
func New(file io.Reader, format string, zone *time.Location) (*Reader, error) {
	in := bufio.NewReaderSize(file, 64<<10)
	begin, err := in.Peek(3)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(begin, []byte("\xff\xfe")) || bytes.HasPrefix(begin, []byte("\xfe\xff")):
		return nil, errUTF16
	case string(begin) == "\ufeff":
		if _, err := in.Discard(len(begin)); err != nil {
			return nil, err
		}
	}
	r := &Reader{zone: zone}
	if format == JSON {
		r.next, err = r.json(in)
	} else {
		r.next, err = r.csv(in)
	}
	return r, err
}

// Next returns the next row. Errors: io.EOF behind the last one; any other ends the reading.
func (r *Reader) Next() (Row, error) {
	row := Row{Number: r.read + 1, Import: &koogatev1.ImportRow{}}
	if err := r.next(&row); err != nil {
		return row, err
	}
	r.read++
	if row.Fault == "" && proto.Size(row.Import) > MaxRow {
		row.fault(fmt.Sprintf("is longer than %d bytes", MaxRow))
	}
	return row, nil
}

// put puts the text of a column into a row.
func (r *Reader) put(row *Row, name, text string) {
	if !utf8.ValidString(text) {
		row.fault("is not UTF-8: save the file as CSV UTF-8", name)
		return
	}
	c := columns[name]
	if !c.verbatim {
		text = strings.TrimSpace(text)
	}
	if text == "" {
		return
	}
	if err := c.set(row.Import, text, r.zone); err != nil {
		row.fault(err.Error(), name)
	}
}
