// SPDX-License-Identifier: Apache-2.0

package show

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
)

// One writes one message: for people its fields that say something, a line each, and what it has several of as tables behind them.
func One(out *terminal.Console, form string, m proto.Message, now time.Time) error {
	if form == "json" || form == "yaml" {
		return write(out.Data(), form, m)
	}
	d := details{eyes: eyes{now: now}, table: tabwriter.NewWriter(out.Out, 0, 0, 2, ' ', 0)}
	d.fields("", m.ProtoReflect())
	if d.lines == 0 && len(d.lists) == 0 {
		fmt.Fprintln(d.table, "(nothing)")
	}
	if err := d.table.Flush(); err != nil {
		return err
	}
	for _, list := range d.lists {
		fmt.Fprintf(out.Out, "\n%s\n", list.name)
		l := NewList(out, form, list.kind, now, false)
		for i := range list.of.Len() {
			if err := l.Add(list.of.Get(i).Message().Interface()); err != nil {
				return err
			}
		}
		if err := l.End(); err != nil {
			return err
		}
	}
	return nil
}

type details struct {
	eyes  eyes
	table *tabwriter.Writer
	lines int
	lists []several
}

// several is a field with several messages.
type several struct {
	name string
	kind protoreflect.MessageDescriptor
	of   protoreflect.List
}

// fields writes what a message says, in the order of the contract, names of fields within it behind the path to it.
func (d *details) fields(path string, m protoreflect.Message) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		if !m.Has(field) {
			continue
		}
		name, v := path+string(field.Name()), m.Get(field)
		switch {
		case field.IsList() && field.Message() != nil && Columns[field.Message().FullName()] != nil:
			d.lists = append(d.lists, several{name, field.Message(), v.List()})
		case field.IsList() && field.Message() != nil:
			for j := range v.List().Len() {
				d.fields(fmt.Sprintf("%s[%d].", name, j), v.List().Get(j).Message())
			}
		case field.Message() != nil && !field.IsMap() && !plainMessage(v.Message()):
			d.fields(name+".", v.Message())
		default:
			d.line(name, d.full(field, v))
		}
	}
}

func (d *details) line(name, text string) {
	d.lines++
	fmt.Fprintf(d.table, "%s\t%s\n", name, text)
}

// full is a value with a time both as it is and as seen from now, and a text of several lines as such.
func (d *details) full(field protoreflect.FieldDescriptor, v protoreflect.Value) string {
	if field.Message() != nil && !field.IsMap() && !field.IsList() {
		if at, ok := v.Message().Interface().(*timestamppb.Timestamp); ok {
			return fmt.Sprintf("%s (%s)", at.AsTime().Format(time.RFC3339), relative(at.AsTime(), d.eyes.now))
		}
	}
	if field.Kind() == protoreflect.StringKind && !field.IsList() && !field.IsMap() && strings.Contains(v.String(), "\n") {
		lines := strings.Split(strings.TrimSuffix(v.String(), "\n"), "\n")
		for i := range lines {
			lines[i] = terminal.Cell(lines[i])
		}
		return strings.Join(lines, "\n\t")
	}
	return d.eyes.value(field, v)
}

// plainMessage says whether a message is one value.
func plainMessage(m protoreflect.Message) bool {
	switch m.Interface().(type) {
	case *timestamppb.Timestamp, *durationpb.Duration:
		return true
	}
	return false
}
