// SPDX-License-Identifier: Apache-2.0

package wirejson

import (
	"bytes"
	"errors"
	"net/url"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Decode fills into, which must be empty, from the members of o. It keeps nothing of the bytes that o refers to. Errors
// are a *FieldError, or that the codec does not know the message.
func (c *Codec) Decode(o *Object, into proto.Message) error {
	m := into.ProtoReflect()
	p, err := c.plan(m)
	if err != nil {
		return err
	}
	_, err = p.decode(o, m)
	return err
}

// decode fills m. It reports whether there were members that the contract does not know and the message does not keep.
func (p *plan) decode(o *Object, m protoreflect.Message) (strange bool, err error) {
	var unknown []member
	for i := range o.members {
		mem := &o.members[i]
		f, ok := p.byName[string(mem.name)]
		if !ok {
			unknown = append(unknown, *mem)
			continue
		}
		if f.sub == nil {
			text, beside, err := f.take(o, mem)
			if err != nil {
				return false, err
			}
			if beside {
				unknown = append(unknown, *mem)
			}
			m.Set(f.desc, protoreflect.ValueOfString(text)) // an empty text is the field's zero value, that is absence
			continue
		}
		inside, err := f.decode(o, mem, m)
		if err != nil {
			return false, err
		}
		if inside {
			unknown = append(unknown, *mem)
		}
	}
	if len(unknown) > 0 && p.extra != nil {
		m.Set(p.extra, protoreflect.ValueOfString(o.keep(unknown)))
	}
	return len(unknown) > 0 && p.extra == nil, nil
}

// decode fills a field that holds messages: from an object, an array of objects, or a text that holds either, there also
// with names that are not quoted (kit §F5).
func (f *field) decode(call *Object, mem *member, m protoreflect.Message) (strange bool, err error) {
	m.Clear(f.desc)
	raw, kind := mem.raw, mem.kind
	if kind == Text {
		if raw, kind, err = inner(unquote(raw)); err != nil {
			return false, &FieldError{f.name, "holds a text that is not JSON"}
		}
	}
	s := scanner{in: raw}
	s.space()
	switch kind {
	case Null:
		return false, nil
	case Structure:
		return f.element(call, &s, new(Object), m)
	case List:
	case Literal, Text:
		return false, &FieldError{f.name, "must be an object or an array"}
	}
	if !f.list {
		return false, &FieldError{f.name, "must be an object"}
	}
	var o Object // used again for every element
	s.accept('[')
	for n := 0; ; n++ {
		s.space()
		if s.accept(']') {
			return strange, nil
		}
		if n >= f.max {
			return false, &FieldError{f.name, "has too many elements"}
		}
		inside, err := f.next(call, &s, &o, m)
		if err != nil {
			return false, err
		}
		strange = strange || inside
		s.space()
		s.accept(',')
	}
}

// inner checks a text that should hold JSON; an empty one is null.
func inner(text []byte) ([]byte, Kind, error) {
	if len(bytes.TrimSpace(text)) == 0 {
		return text, Null, nil
	}
	kind, err := whole(text)
	if err == nil {
		return text, kind, nil
	}
	text = relax(text)
	kind, err = whole(text)
	return text, kind, err
}

// whole checks that text is one JSON value and nothing else.
func whole(text []byte) (Kind, error) {
	s := scanner{in: text}
	kind, err := s.value(0)
	if s.space(); err == nil && s.pos != len(text) {
		err = ErrSyntax
	}
	return kind, err
}

// relax puts names into quotes that have none, and drops commas before a closing bracket: the published examples have both.
// The result still has to be checked.
func relax(text []byte) []byte {
	out := make([]byte, 0, len(text)+len(text)/4)
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c == '"':
			end := i + 1
			for end < len(text) && text[end] != '"' {
				if text[end] == '\\' {
					end++
				}
				end++
			}
			end = min(end+1, len(text))
			out = append(out, text[i:end]...)
			i = end
		case c == ',':
			next := i + 1
			for next < len(text) && isSpace(text[next]) {
				next++
			}
			if next == len(text) || text[next] != '}' && text[next] != ']' {
				out = append(out, c)
			}
			i++
		case isNameStart(c):
			end := i
			for end < len(text) && (isNameStart(text[end]) || '0' <= text[end] && text[end] <= '9') {
				end++
			}
			next := end
			for next < len(text) && isSpace(text[next]) {
				next++
			}
			if next < len(text) && text[next] == ':' {
				out = append(append(append(out, '"'), text[i:end]...), '"')
			} else {
				out = append(out, text[i:end]...)
			}
			i = end
		default:
			out = append(out, c)
			i++
		}
	}
	return out
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func isNameStart(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c == '$'
}

// next decodes an element of a list. Where elements are judged one by one, an element that cannot be read leaves an empty
// element in its place, so that the others keep their index.
func (f *field) next(call *Object, s *scanner, o *Object, m protoreflect.Message) (strange bool, err error) {
	start, list := s.pos, m.Mutable(f.desc).List()
	before := list.Len()
	strange, err = f.element(call, s, o, m)
	if err == nil && list.Len() == before && f.each { // null
		list.AppendMutable()
	}
	if err == nil || !f.each {
		return strange, err
	}
	s.pos = start
	if _, err := s.value(0); err != nil {
		return false, &FieldError{f.name, "must hold objects"}
	}
	list.Truncate(before)
	list.AppendMutable()
	return false, nil
}

// element decodes the value that is next, in text that was checked; null is passed over. o is room to work in; call gets
// what was repaired.
func (f *field) element(call *Object, s *scanner, o *Object, m protoreflect.Message) (strange bool, err error) {
	if s.pos < len(s.in) && s.in[s.pos] == 'n' {
		return false, s.word("null")
	}
	o.Reset()
	if err := o.read(s); err != nil {
		if errors.Is(err, ErrMembers) {
			return false, &FieldError{f.name, err.Error()}
		}
		return false, &FieldError{f.name, "must hold objects"}
	}
	defer func() {
		for _, r := range o.repairs {
			call.repaired(f.name, r)
		}
	}()
	if f.list {
		if !f.sub.knows(o) { // this also keeps a list of empty elements from costing many times its own length
			return false, &FieldError{f.name, "holds an object without any known member"}
		}
		return f.sub.decode(o, m.Mutable(f.desc).List().AppendMutable().Message())
	}
	return f.sub.decode(o, m.Mutable(f.desc).Message())
}

// knows says that the object has a member that the contract knows.
func (p *plan) knows(o *Object) bool {
	for i := range o.members {
		if p.byName[string(o.members[i].name)] != nil {
			return true
		}
	}
	return false
}

// Form renders an object as the form from which the gateway fills a message that has no body: its texts by name, and the
// members that the contract does not know as extraJson. Any other member is left out.
func (c *Codec) Form(o *Object, d protoreflect.MessageDescriptor) url.Values {
	form := make(url.Values, len(o.members)+1)
	p := c.plans[d]
	if p == nil {
		return form
	}
	var unknown []member
	for i := range o.members {
		mem := &o.members[i]
		f, ok := p.byName[string(mem.name)]
		if !ok {
			unknown = append(unknown, *mem)
			continue
		}
		if f.sub != nil {
			continue
		}
		text, beside, err := f.take(o, mem)
		if err != nil { // the contract's rules refuse every control character
			if text, ok := mem.text(); ok {
				form[f.name] = []string{strings.ToValidUTF8(text, "\ufffd")}
			}
			continue
		}
		if form[f.name] = []string{text}; beside {
			unknown = append(unknown, *mem)
		}
	}
	if len(unknown) > 0 && p.extra != nil {
		if text := o.keep(unknown); text != "" {
			form[p.extra.JSONName()] = []string{text}
		}
	}
	return form
}
