// SPDX-License-Identifier: Apache-2.0

package show

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
)

// List writes the elements of a list as they come, so that a long list needs no more room than a page of it.
type List struct {
	form    string
	table   *tabwriter.Writer
	data    io.Writer
	eyes    eyes
	columns []Column
	stream  bool // elements stand alone: of JSON one on each line, instead of an array
	headed  bool
	count   int
}

// NewList begins a list of messages of one kind. With stream JSON is an object a line and YAML a document each, for lists without an end.
func NewList(out *terminal.Console, form string, kind protoreflect.MessageDescriptor, now time.Time, stream bool) *List {
	return &List{
		form: form, table: tabwriter.NewWriter(out.Out, 0, 0, 2, ' ', 0), data: out.Data(), stream: stream,
		eyes: eyes{now: now, exact: form == "wide"}, columns: seen(Columns[kind.FullName()], form == "wide"),
	}
}

func seen(all []Column, wide bool) []Column {
	var some []Column
	for _, c := range all {
		if wide || !c.Wide {
			some = append(some, c)
		}
	}
	return some
}

// Add writes an element; of a table it is there after Flush.
func (l *List) Add(m proto.Message) error {
	l.count++
	switch {
	case l.form == "json" && l.stream:
		text, err := Line(m)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(l.data, "%s\n", text)
		return err
	case l.form == "json":
		text, err := JSON(m)
		if err != nil {
			return err
		}
		before := ",\n  "
		if l.count == 1 {
			before = "[\n  "
		}
		_, err = fmt.Fprintf(l.data, "%s%s", before, strings.ReplaceAll(string(text), "\n", "\n  "))
		return err
	case l.form == "yaml":
		return l.addYAML(m)
	}
	l.Head()
	for i, c := range l.columns {
		if i > 0 {
			fmt.Fprint(l.table, "\t")
		}
		fmt.Fprint(l.table, l.cell(m, c))
	}
	_, err := fmt.Fprintln(l.table)
	return err
}

// Now is from when on times are seen.
func (l *List) Now(now time.Time) { l.eyes.now = now }

// Head writes the names of the columns, once.
func (l *List) Head() {
	if l.headed {
		return
	}
	l.headed = true
	heads := make([]string, 0, len(l.columns))
	for _, c := range l.columns {
		heads = append(heads, c.Head)
	}
	fmt.Fprintln(l.table, strings.Join(heads, "\t"))
}

func (l *List) cell(m proto.Message, c Column) string {
	text := l.eyes.at(m.ProtoReflect(), strings.Split(c.Path, "."))
	if short := []rune(text); c.Long && l.form == "table" && len(short) > 60 {
		return string(short[:59]) + "…"
	}
	return text
}

func (l *List) addYAML(m proto.Message) error {
	text, err := YAML(m)
	if err != nil {
		return err
	}
	if l.stream {
		_, err := fmt.Fprintf(l.data, "---\n%s", text)
		return err
	}
	_, err = fmt.Fprintf(l.data, "- %s\n", strings.ReplaceAll(strings.TrimSuffix(string(text), "\n"), "\n", "\n  "))
	return err
}

// Flush writes the rows that are there; later ones may stand in other columns.
func (l *List) Flush() error {
	if l.form == "json" || l.form == "yaml" {
		return nil
	}
	return l.table.Flush()
}

// End ends the list. A list that ends with an error is not ended: half of a JSON array must not be taken for the whole.
func (l *List) End() error {
	var err error
	switch {
	case l.stream:
		return l.Flush()
	case l.form == "json" && l.count == 0, l.form == "yaml" && l.count == 0:
		_, err = fmt.Fprintln(l.data, "[]")
	case l.form == "json":
		_, err = fmt.Fprint(l.data, "\n]\n")
	default:
		l.Head()
		err = l.Flush()
	}
	return err
}
