// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"fmt"
	"io"
	"os"
	"reflect"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/koogate/koogate/cmd/koogate/internal/remote/show"
	"github.com/koogate/koogate/koogallery/wiretime"
)

// A flag fills the field of the request that its tag api names, by a path of names or by its number: what a request is about has the
// number 1 everywhere. A flag that was not given fills nothing.

// secretFile is a flag of a secret: the name of its file, - for the standard input. A command line does not hold secrets.
type secretFile string

// mostBytes bounds what is read from a file: more than any request may have.
const mostBytes = 4 << 20

// fill copies flags into a request.
func (e *Env) fill(request proto.Message, flags any) error {
	return e.fillFrom(request, reflect.Indirect(reflect.ValueOf(flags)))
}

func (e *Env) fillFrom(request proto.Message, v reflect.Value) error {
	for i := range v.NumField() {
		field, value := v.Type().Field(i), v.Field(i)
		if field.Anonymous {
			if err := e.fillFrom(request, value); err != nil {
				return err
			}
			continue
		}
		name, ok := field.Tag.Lookup("api")
		if !ok || value.IsZero() {
			continue
		}
		if err := e.set(request.ProtoReflect(), name, value.Interface()); err != nil {
			return fmt.Errorf("%s: %w", flagName(field), err)
		}
	}
	return nil
}

// flagName is how the user has written a flag.
func flagName(field reflect.StructField) string {
	name := field.Tag.Get("name")
	if name == "" {
		var b strings.Builder
		for i, r := range field.Name {
			if i > 0 && r >= 'A' && r <= 'Z' && (field.Name[i-1] < 'A' || field.Name[i-1] > 'Z') {
				b.WriteByte('-')
			}
			b.WriteRune(r)
		}
		name = strings.ToLower(b.String())
	}
	if _, ok := field.Tag.Lookup("arg"); ok {
		return strings.ToUpper(name)
	}
	return "--" + name
}

// target finds the field at the end of a path, and the message that has it.
func target(m protoreflect.Message, path string) (protoreflect.Message, protoreflect.FieldDescriptor) {
	head, rest, deeper := strings.Cut(path, ".")
	field := m.Descriptor().Fields().ByName(protoreflect.Name(head))
	if n, err := strconv.Atoi(head); err == nil {
		field = m.Descriptor().Fields().ByNumber(protoreflect.FieldNumber(n))
	}
	if !deeper || field == nil {
		return m, field
	}
	if field.Message() == nil || field.IsList() || field.IsMap() {
		return m, nil
	}
	return target(m.Mutable(field).Message(), rest)
}

// set sets the field at a path to a flag's value.
func (e *Env) set(m protoreflect.Message, path string, value any) error {
	m, field := target(m, path)
	switch v := value.(type) {
	case secretFile:
		text, err := e.read(string(v))
		if err != nil {
			return err
		}
		m.Set(field, protoreflect.ValueOfString(strings.TrimRight(string(text), "\r\n")))
	case []string:
		list := m.Mutable(field).List()
		for _, text := range v {
			one, err := e.scalar(field, text)
			if err != nil {
				return err
			}
			list.Append(one)
		}
	case bool:
		m.Set(field, protoreflect.ValueOfBool(v))
	case time.Duration:
		m.Set(field, protoreflect.ValueOfMessage(durationpb.New(v).ProtoReflect()))
	case string:
		one, err := e.scalar(field, v)
		if err != nil {
			return err
		}
		m.Set(field, one)
	default:
		one, err := e.scalar(field, fmt.Sprint(v))
		if err != nil {
			return err
		}
		m.Set(field, one)
	}
	return nil
}

// scalar reads a text as a value of a field.
func (e *Env) scalar(field protoreflect.FieldDescriptor, text string) (v protoreflect.Value, err error) {
	switch field.Kind() {
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(text), nil
	case protoreflect.BoolKind:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return v, Usagef("%q is neither true nor false", text)
		}
		return protoreflect.ValueOfBool(b), nil
	case protoreflect.Int32Kind:
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			return v, Usagef("%q is no number, or too large a one", text)
		}
		return protoreflect.ValueOfInt32(int32(n)), nil
	case protoreflect.Int64Kind:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return v, Usagef("%q is no number, or too large a one", text)
		}
		return protoreflect.ValueOfInt64(n), nil
	case protoreflect.EnumKind:
		return enum(field.Enum(), text)
	case protoreflect.MessageKind:
		switch field.Message().FullName() {
		case "google.protobuf.Timestamp":
			at, err := e.time(text)
			return protoreflect.ValueOfMessage(timestamppb.New(at).ProtoReflect()), err
		case "google.protobuf.Duration":
			d, err := time.ParseDuration(text)
			if err != nil {
				return v, Usagef("%q is no duration: write 90s or 1h30m", text)
			}
			return protoreflect.ValueOfMessage(durationpb.New(d).ProtoReflect()), nil
		}
	}
	return v, Usagef("%s is not given on the command line: use a file (-f)", field.Name())
}

// enum reads an enum's value, with or without what all its names begin with.
func enum(of protoreflect.EnumDescriptor, text string) (v protoreflect.Value, err error) {
	word := strings.ReplaceAll(strings.ToUpper(text), "-", "_")
	var words []string
	for i := range of.Values().Len() {
		value := of.Values().Get(i)
		short := strings.TrimPrefix(string(value.Name()), show.Prefix(of))
		if value.Number() == 0 {
			continue
		}
		if word == short || word == string(value.Name()) {
			return protoreflect.ValueOfEnum(value.Number()), nil
		}
		words = append(words, strings.ToLower(short))
	}
	return v, Usagef("%q is none of %s", text, strings.Join(words, ", "))
}

// ago is [Env.time] for what has been: 6h is six hours ago.
func (e *Env) ago(text string) (time.Time, error) {
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return e.Clock.Now().Add(-d), nil
	}
	at, err := e.time(text)
	if err != nil {
		err = Usagef("%q is no time: write 2026-07-01T00:00:00Z, 2026-07-01 (Beijing time), or 6h for six hours ago", text)
	}
	return at, err
}

// time reads a time: RFC 3339, a day in Beijing time, or how far ahead it is, such as +30m.
func (e *Env) time(text string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	if t, err := time.ParseInLocation(time.DateOnly, text, wiretime.Beijing()); err == nil {
		return t, nil
	}
	if strings.HasPrefix(text, "+") {
		if d, err := time.ParseDuration(text); err == nil {
			return e.Clock.Now().Add(d), nil
		}
	}
	return time.Time{}, Usagef("%q is no time: write 2026-07-01T00:00:00Z, 2026-07-01 (Beijing time), or +2h for in two hours", text)
}

// read reads a file, the standard input for "-".
func (e *Env) read(path string) (text []byte, err error) {
	if path == "-" {
		text, err = io.ReadAll(io.LimitReader(e.In, mostBytes+1))
	} else {
		text, err = os.ReadFile(path)
	}
	if err == nil && len(text) > mostBytes {
		err = Usagef("%s has more than %d bytes", path, mostBytes)
	}
	return text, err
}
