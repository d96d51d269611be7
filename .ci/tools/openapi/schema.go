// SPDX-License-Identifier: Apache-2.0

package main

import (
	"regexp"
	"strings"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

const ignoreAlways = validate.Ignore_IGNORE_ALWAYS

// direction is whether a schema describes what is sent or what is answered.
type direction bool

const (
	request  direction = false
	response direction = true
)

// hidden are the fields that REST does not have.
var hidden = map[protoreflect.FullName]bool{"koogate.v1.RawUsage.unreadable": true}

// rules are the bounds of a field; nil when it has none.
func rules(f *protogen.Field) *validate.FieldRules {
	r, _ := proto.GetExtension(f.Desc.Options(), validate.E_Field).(*validate.FieldRules)
	return r
}

// message adds a message's schema to the components, unless it is there, and returns its name, and whether what was added has a
// required member. The fields of without are left out.
func (b *builder) message(m *protogen.Message, d direction, without map[string]bool) (name string, needed bool) {
	name = string(m.Desc.Name())
	if owner, ok := b.owner[name]; ok && owner != d { // a message that goes both ways has two schemas
		name += map[direction]string{request: "Input", response: "Output"}[d]
	}
	if _, done := b.schemas[name]; done {
		return name, false
	}
	b.owner[name] = d
	schema := object{"type": "object", "description": b.text(m.Comments)}
	b.schemas[name] = schema
	members := object{}
	var required []string
	for _, f := range m.Fields {
		if without[string(f.Desc.Name())] || hidden[f.Desc.FullName()] {
			continue
		}
		s := b.schema(f, d)
		s["description"] = b.fieldText(f)
		members[f.Desc.JSONName()] = s
		if d == response && f.Desc.ContainingOneof() == nil || d == request && b.required(f) {
			required = append(required, f.Desc.JSONName())
		}
	}
	if len(members) > 0 {
		schema["properties"] = members
	}
	if len(required) > 0 {
		schema["required"] = required
	}
	if d == request {
		schema["additionalProperties"] = false
		for _, o := range m.Oneofs {
			if !o.Desc.IsSynthetic() {
				schema["description"] = schema["description"].(string) + "\n\nAt most one of " + oneOf(o) + " may be given."
			}
		}
	}
	return name, len(required) > 0
}

func oneOf(o *protogen.Oneof) string {
	names := make([]string, len(o.Fields))
	for i, f := range o.Fields {
		names[i] = f.Desc.JSONName()
	}
	return strings.Join(names, ", ")
}

// required reports whether a request without the field is refused.
func (b *builder) required(f *protogen.Field) bool {
	r := rules(f)
	switch {
	case r == nil || r.GetIgnore() != validate.Ignore_IGNORE_UNSPECIFIED:
		return false
	case r.GetRequired(), r.GetString().GetMinLen() > 0, r.GetInt64().GetGt() > 0, r.GetInt32().GetGt() > 0, r.GetRepeated().GetMinItems() > 0:
		return true
	}
	pattern := r.GetString().GetPattern()
	if pattern == "" || b.alone[string(f.Parent.Desc.FullName())] {
		return false
	}
	return !regexp.MustCompile(pattern).MatchString("")
}

// schema describes what a field holds.
func (b *builder) schema(f *protogen.Field, d direction) object {
	r := rules(f)
	switch {
	case f.Desc.IsMap():
		s := object{"type": "object", "additionalProperties": b.single(f.Message.Fields[1], nil, d)}
		if n := r.GetMap().GetMaxPairs(); n > 0 {
			s["maxProperties"] = n
		}
		return s
	case f.Desc.IsList():
		s := object{"type": "array", "items": b.single(f, r.GetRepeated().GetItems(), d)}
		if n := r.GetRepeated().GetMaxItems(); n > 0 {
			s["maxItems"] = n
		}
		if n := r.GetRepeated().GetMinItems(); n > 0 && d == request {
			s["minItems"] = n
		}
		return s
	}
	s := b.single(f, r, d)
	if ref, ok := s["$ref"]; ok && d == response && f.Message != nil && f.Desc.ContainingOneof() == nil {
		return object{"anyOf": []object{{"$ref": ref}, {"type": "null"}}}
	}
	return s
}

// single describes one value.
func (b *builder) single(f *protogen.Field, r *validate.FieldRules, d direction) object {
	switch {
	case f.Enum != nil:
		return object{"$ref": "#/components/schemas/" + b.enum(f.Enum)}
	case f.Message != nil:
		if name := string(f.Message.Desc.FullName()); strings.HasPrefix(name, "google.protobuf.") {
			return object{"$ref": "#/components/schemas/" + strings.TrimPrefix(name, "google.protobuf.")}
		}
		name, _ := b.message(f.Message, d, nil)
		return object{"$ref": "#/components/schemas/" + name}
	}
	switch f.Desc.Kind() {
	case protoreflect.BoolKind:
		return object{"type": "boolean"}
	case protoreflect.Int32Kind:
		s := object{"type": "integer", "format": "int32"}
		if x := r.GetInt32(); x != nil {
			if x.HasGte() {
				s["minimum"] = x.GetGte()
			}
			if x.HasGt() {
				s["exclusiveMinimum"] = x.GetGt()
			}
			if x.HasLte() {
				s["maximum"] = x.GetLte()
			}
		}
		return s
	case protoreflect.Int64Kind:
		return object{"$ref": "#/components/schemas/Int64"}
	case protoreflect.BytesKind:
		s := object{"type": "string", "contentEncoding": "base64"}
		if n := r.GetBytes().GetMaxLen(); n > 0 {
			s["maxLength"] = (n + 2) / 3 * 4
		}
		return s
	case protoreflect.StringKind:
		return text(r)
	}
	panic("openapi: " + string(f.Desc.FullName()) + " is of a kind that the tool does not know yet")
}

// text describes a string. A rule that an empty text need not keep is left to the description.
func text(r *validate.FieldRules) object {
	s := object{"type": "string"}
	x := r.GetString()
	if x == nil {
		return s
	}
	if x.HasMaxLen() {
		s["maxLength"] = x.GetMaxLen()
	}
	if r.GetIgnore() != validate.Ignore_IGNORE_UNSPECIFIED {
		return s
	}
	if x.HasMinLen() {
		s["minLength"] = x.GetMinLen()
	}
	if x.HasPattern() {
		s["pattern"] = x.GetPattern()
	}
	if x.GetUri() {
		s["format"] = "uri"
	}
	return s
}

// enum adds an enum's schema to the components and returns its name.
func (b *builder) enum(e *protogen.Enum) string {
	name := string(e.Desc.Name())
	values, text := make([]string, len(e.Values)), b.text(e.Comments)+"\n"
	for i, v := range e.Values {
		values[i] = string(v.Desc.Name())
		text += "\n- " + values[i] + ": " + b.text(v.Comments)
	}
	b.schemas[name] = object{"type": "string", "enum": values, "description": text}
	return name
}
