// SPDX-License-Identifier: Apache-2.0

package wirejson

import (
	"bytes"
	"slices"
)

// Kind is the type of a JSON value.
type Kind uint8

// The kinds of value.
const (
	Null      Kind = iota
	Literal        // a number or a truth value
	Text           // in quotes
	List           // an array
	Structure      // an object
)

// Object is the outermost object of a body, or one of its parts. It refers to the bytes that it was parsed from.
type Object struct {
	members []member
	repairs []string
}

// member is one name and value.
type member struct {
	name   []byte // without quotes and escapes
	quoted []byte // as it was written
	raw    []byte // the value as it was written
	kind   Kind
}

// maxMembers is how many members one object may have: many times as many as any documented object has, and few enough that
// their bookkeeping is small beside the body.
const maxMembers = 1024

// keptMembers is how much room an Object keeps when it is used again.
const keptMembers = 64

// Parse checks body, which must be exactly one JSON object, and reads its members, replacing those that o had. A byte order
// mark before it is skipped. Text that is not UTF-8 is checked when its member is read. Work is linear in the length of
// body. Errors: ErrSyntax, ErrObject, ErrDepth, ErrMembers; after an error o is empty.
func (o *Object) Parse(body []byte) error {
	o.Reset()
	body = o.unmark(body)
	s := scanner{in: body}
	s.space()
	if s.pos < len(body) && body[s.pos] != '{' {
		// Tell valid JSON of another type from no JSON at all.
		_, err := s.value(0)
		switch s.space(); {
		case err != nil:
			return err
		case s.pos < len(body):
			return ErrSyntax
		}
		return ErrObject
	}
	err := o.read(&s)
	if s.space(); err == nil && s.pos != len(body) {
		err = ErrSyntax
	}
	if err != nil {
		o.Reset()
	}
	return err
}

// read reads the members of the object that is next.
func (o *Object) read(s *scanner) error {
	if !s.accept('{') {
		return ErrSyntax
	}
	s.space()
	if s.accept('}') {
		return nil
	}
	for {
		quoted, escaped, err := s.name()
		if err != nil {
			return err
		}
		m := member{quoted: quoted, name: quoted[1 : len(quoted)-1]}
		if escaped {
			m.name = unquote(quoted)
		}
		s.space()
		begin := s.pos
		if m.kind, err = s.value(1); err != nil {
			return err
		}
		m.raw = s.in[begin:s.pos]
		if len(o.members) == maxMembers {
			return ErrMembers
		}
		o.members = append(o.members, m)
		s.space()
		if s.accept('}') {
			return nil
		}
		if !s.accept(',') {
			return ErrSyntax
		}
	}
}

// Reset forgets all members and the bytes they refer to.
func (o *Object) Reset() {
	o.repairs = nil
	if cap(o.members) > keptMembers {
		o.members = nil
		return
	}
	clear(o.members)
	o.members = o.members[:0]
}

// Is reports whether a member is of a kind or absent.
func (o *Object) Is(name string, kind Kind) bool {
	for i := len(o.members) - 1; i >= 0; i-- {
		if string(o.members[i].name) == name {
			return o.members[i].kind == kind
		}
	}
	return true
}

// Text returns the member as a text field takes it: a text without quotes and escapes, a number or truth value as it was
// written; text that is not valid is mended. It is empty when there is no such member, when the member is null, and when it
// is an object or array.
func (o *Object) Text(name string) string {
	for i := len(o.members) - 1; i >= 0; i-- {
		if m := &o.members[i]; string(m.name) == name {
			text, _ := m.text()
			if !sound(text) {
				return mend(text)
			}
			return text
		}
	}
	return ""
}

// DropBlank removes the members that are null, or a text that is empty or nothing but white space.
func (o *Object) DropBlank() {
	o.members = slices.DeleteFunc(o.members, func(m member) bool {
		return m.kind == Null || m.kind == Text && len(bytes.TrimSpace(unquote(m.raw))) == 0
	})
}

// text returns the value of a text field; ok is false when it is of another type.
func (m *member) text() (text string, ok bool) {
	switch m.kind {
	case Null:
		return "", true
	case Literal:
		return string(m.raw), true
	case Text:
		return string(unquote(m.raw)), true
	case List, Structure:
	}
	return "", false
}

// extra renders members as a compact object, sorted by name; of a repeated name the last value counts.
func extra(list []member) string {
	slices.SortStableFunc(list, func(a, b member) int { return bytes.Compare(a.name, b.name) })
	out := []byte{'{'}
	for i := range list {
		if i+1 < len(list) && bytes.Equal(list[i].name, list[i+1].name) || list[i].kind == Null {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(out, list[i].quoted...), ':')
		out = compact(out, list[i].raw)
	}
	if len(out) == 1 {
		return ""
	}
	return string(append(out, '}'))
}
