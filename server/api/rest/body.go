// SPDX-License-Identifier: Apache-2.0

package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/koogate/koogate/server/errs"
)

// maxFaults bounds how many fields one refusal names.
const maxFaults = 20

// faults are what is wrong with a request, in its order.
type faults []errs.Field

func (f *faults) add(path, msg string) { *f = append(*f, errs.Field{Path: path, Msg: msg}) }

// err is the refusal; nil when nothing is wrong.
func (f faults) err() error {
	if len(f) == 0 {
		return nil
	}
	var text strings.Builder
	for i, fault := range f {
		if i == maxFaults {
			text.WriteString("; and more")
			break
		}
		if i > 0 {
			text.WriteString("; ")
		}
		text.WriteString(fault.Path + ": " + fault.Msg)
	}
	e := errs.New(errs.Invalid, errs.InvalidField, "%s", text.String())
	e.Fields = f[:min(len(f), maxFaults)]
	return e
}

// checkBody holds a body to the message that it is read into.
func (c *restCall) checkBody(body []byte) error {
	d := json.NewDecoder(bytes.NewReader(body))
	var raw json.RawMessage
	if err := d.Decode(&raw); err != nil {
		return notJSON(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errs.New(errs.Invalid, errs.InvalidField, "the body is more than one JSON object")
	}
	return c.checkMessage(raw)
}

func notJSON(err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return errs.New(errs.Invalid, errs.InvalidField, "the body is not JSON from byte %d on", syntax.Offset)
	}
	return errs.New(errs.Invalid, errs.InvalidField, "the body ends within its JSON object")
}

// checkMessage holds one JSON value to the body's message. Records of usage are judged one by one when they are read.
func (c *restCall) checkMessage(raw json.RawMessage) error {
	members, ok := membersOf(raw)
	if !ok {
		return errs.New(errs.Invalid, errs.InvalidField, "the body is not a JSON object")
	}
	var f faults
	prefix := c.bodyName
	for _, m := range f.members(members, c.body, prefix) {
		switch path := join(prefix, m.field.JSONName()); {
		case c.body == c.input && c.inPath[m.field.Name()]:
			f.add(path, "belongs to the path alone")
		case m.field.Message() != nil && m.field.Message().FullName() == rawUsage:
			if m.raw[0] != '[' && string(m.raw) != "null" {
				f.add(path, formList)
			}
		default:
			f.value(m.field, m.raw, path)
		}
	}
	return f.err()
}

// rawUsage is the message whose list readReport reads element by element.
const rawUsage = "koogate.v1.RawUsage"

// member is one member of an object.
type member struct {
	name  string
	raw   json.RawMessage
	field protoreflect.FieldDescriptor // nil when the message has no such field
}

// membersOf reads an object, in its order and with repeated names; ok is false when it is none.
func membersOf(raw json.RawMessage) (list []member, ok bool) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if start, err := d.Token(); err != nil || start != json.Delim('{') {
		return nil, false
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, false
		}
		m := member{name: name.(string)}
		if d.Decode(&m.raw) != nil {
			return nil, false
		}
		list = append(list, m)
	}
	return list, true
}

// members finds the fields of an object's members and notes what is wrong with the names: unknown, repeated, or two of a choice.
func (f *faults) members(list []member, d protoreflect.MessageDescriptor, path string) []member {
	known := make([]member, 0, len(list))
	seen := map[protoreflect.Name]bool{}
	chosen := map[protoreflect.Name]bool{}
	for _, m := range list {
		if m.field = fieldOf(d, m.name); m.field == nil {
			f.add(join(path, shown(m.name)), "no such field")
			continue
		}
		if seen[m.field.Name()] {
			f.add(join(path, m.field.JSONName()), "is given twice")
			continue
		}
		seen[m.field.Name()] = true
		if o := m.field.ContainingOneof(); o != nil && !o.IsSynthetic() && string(m.raw) != "null" {
			if chosen[o.Name()] {
				f.add(join(path, m.field.JSONName()), "give only one of "+choices(o))
				continue
			}
			chosen[o.Name()] = true
		}
		known = append(known, m)
	}
	return known
}

func choices(o protoreflect.OneofDescriptor) string {
	names := make([]string, o.Fields().Len())
	for i := range names {
		names[i] = o.Fields().Get(i).JSONName()
	}
	return strings.Join(names, ", ")
}

// fieldOf finds a field by either of its names.
func fieldOf(d protoreflect.MessageDescriptor, name string) protoreflect.FieldDescriptor {
	if f := d.Fields().ByJSONName(name); f != nil {
		return f
	}
	return d.Fields().ByTextName(name)
}

// value checks what a field holds.
func (f *faults) value(field protoreflect.FieldDescriptor, raw json.RawMessage, path string) {
	switch {
	case string(raw) == "null": // absent
	case field.IsList():
		var list []json.RawMessage
		if json.Unmarshal(raw, &list) != nil {
			f.add(path, formList)
			return
		}
		for i, element := range list {
			f.single(field, element, path+"["+strconv.Itoa(i)+"]")
		}
	default:
		f.single(field, raw, path)
	}
}

func (f *faults) single(field protoreflect.FieldDescriptor, raw json.RawMessage, path string) {
	if !isObject(field) {
		if !readable(field, raw) {
			f.add(path, form(field, true))
		}
		return
	}
	members, ok := membersOf(raw)
	if !ok {
		f.add(path, "want an object")
		return
	}
	for _, m := range f.members(members, field.Message(), path) {
		f.value(m.field, m.raw, join(path, m.field.JSONName()))
	}
}

// isObject reports whether a field holds a message that JSON has as an object of its fields.
func isObject(field protoreflect.FieldDescriptor) bool {
	return field.Message() != nil && !field.IsMap() && !strings.HasPrefix(string(field.Message().FullName()), "google.protobuf.")
}

// readable reports whether protojson reads a field's value, or the element of its list.
func readable(field protoreflect.FieldDescriptor, raw json.RawMessage) bool {
	text := []byte(`{"` + field.JSONName() + `":`)
	if field.IsList() {
		text = append(text, '[')
	}
	text = append(text, raw...)
	if field.IsList() {
		text = append(text, ']')
	}
	return protojson.Unmarshal(append(text, '}'), dynamicpb.NewMessage(field.ContainingMessage())) == nil
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
