// SPDX-License-Identifier: Apache-2.0

package show

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
)

// eyes is for whom a value is written.
type eyes struct {
	now   time.Time
	exact bool // times are written out
}

// at is what stands at the end of a path in a message; "-" for nothing. Through a list the path goes for every element.
func (e eyes) at(m protoreflect.Message, path []string) string {
	field := m.Descriptor().Fields().ByName(protoreflect.Name(path[0]))
	if !m.Has(field) && (field.Message() != nil || field.IsList() || field.Kind() == protoreflect.StringKind) {
		return "-"
	}
	v := m.Get(field)
	switch {
	case len(path) > 1 && field.IsList():
		var parts []string
		for i := range v.List().Len() {
			parts = append(parts, e.at(v.List().Get(i).Message(), path[1:]))
		}
		return strings.Join(parts, ", ")
	case len(path) > 1:
		return e.at(v.Message(), path[1:])
	default:
		return e.value(field, v)
	}
}

// value writes one field.
func (e eyes) value(field protoreflect.FieldDescriptor, v protoreflect.Value) string {
	switch {
	case field.IsMap():
		var parts []string
		v.Map().Range(func(k protoreflect.MapKey, v protoreflect.Value) bool {
			parts = append(parts, terminal.Cell(k.String())+"="+e.single(field.MapValue(), v))
			return true
		})
		slices.Sort(parts)
		return strings.Join(parts, ", ")
	case field.IsList() && field.Message() != nil:
		return strconv.Itoa(v.List().Len())
	case field.IsList():
		var parts []string
		for i := range v.List().Len() {
			parts = append(parts, e.single(field, v.List().Get(i)))
		}
		return strings.Join(parts, ", ")
	}
	return e.single(field, v)
}

func (e eyes) single(field protoreflect.FieldDescriptor, v protoreflect.Value) string {
	switch field.Kind() {
	case protoreflect.BoolKind:
		if v.Bool() {
			return "yes"
		}
		return "-"
	case protoreflect.EnumKind:
		return Word(field.Enum(), v.Enum())
	case protoreflect.MessageKind:
		switch m := v.Message().Interface().(type) {
		case *timestamppb.Timestamp:
			if e.exact {
				return m.AsTime().Format(time.RFC3339)
			}
			return relative(m.AsTime(), e.now)
		case *durationpb.Duration:
			return m.AsDuration().String()
		}
		return "…"
	case protoreflect.BytesKind:
		return fmt.Sprintf("%d bytes", len(v.Bytes()))
	case protoreflect.StringKind:
		if v.String() == "" {
			return "-"
		}
	}
	return terminal.Cell(v.String())
}

// Word is an enum's value without the prefix that names the enum; "-" for the unspecified one.
func Word(enum protoreflect.EnumDescriptor, n protoreflect.EnumNumber) string {
	if n == 0 {
		return "-"
	}
	if v := enum.Values().ByNumber(n); v != nil {
		return strings.TrimPrefix(string(v.Name()), Prefix(enum))
	}
	return strconv.Itoa(int(n)) // the service is newer than this program
}

// Prefix is what the names of an enum's values begin with: TASK_STATE_ of TaskState.
func Prefix(enum protoreflect.EnumDescriptor) string {
	var b strings.Builder
	for i, r := range string(enum.Name()) {
		if i > 0 && unicode.IsUpper(r) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToUpper(r))
	}
	return b.String() + "_"
}

// relative says how far a time is from now: "3m ago", "in 2h", "now" within a second.
func relative(at, now time.Time) string {
	far := at.Sub(now)
	if far.Abs() < time.Second {
		return "now"
	}
	if far < 0 {
		return age(-far) + " ago"
	}
	return "in " + age(far)
}

// age is a length of time in its two largest units.
func age(d time.Duration) string {
	type unit struct {
		name string
		size time.Duration
	}
	units := []unit{{"d", 24 * time.Hour}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}}
	for i, u := range units {
		n := d / u.size
		if n == 0 {
			continue
		}
		text := fmt.Sprintf("%d%s", n, u.name)
		if i+1 < len(units) && n < 10 {
			if rest := d % u.size / units[i+1].size; rest > 0 {
				text += fmt.Sprintf("%d%s", rest, units[i+1].name)
			}
		}
		return text
	}
	return "0s"
}
