package wirejson

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// maxElements bounds a list. The contract's own bounds are lower; this one keeps a hostile list from costing more.
const maxElements = 100

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

// decode fills m. It reports whether there were members that the contract does not know.
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
			text, ok := mem.text()
			if !ok {
				return false, &FieldError{f.name, "must be a text"}
			}
			m.Set(f.desc, protoreflect.ValueOfString(text)) // an empty text is the field's zero value, that is absence
			continue
		}
		inside, err := f.decode(mem, m)
		if err != nil {
			return false, err
		}
		if inside {
			unknown = append(unknown, *mem)
		}
	}
	if len(unknown) > 0 && p.extra != nil {
		m.Set(p.extra, protoreflect.ValueOfString(extra(unknown)))
	}
	return len(unknown) > 0, nil
}

// decode fills a field that holds messages: from an object, an array of objects, or a text that holds either.
func (f *field) decode(mem *member, m protoreflect.Message) (strange bool, err error) {
	m.Clear(f.desc)
	raw, kind := mem.raw, mem.kind
	if kind == Text {
		if raw = unquote(raw); len(raw) == 0 {
			return false, nil
		}
		s := scanner{in: raw}
		if kind, err = s.value(0); err != nil {
			return false, &FieldError{f.name, "holds a text that is not JSON"}
		}
		if s.space(); s.pos != len(raw) {
			return false, &FieldError{f.name, "holds a text that is not JSON"}
		}
	}
	s := scanner{in: raw}
	s.space()
	switch kind {
	case Null:
		return false, nil
	case Structure:
		return f.element(&s, m)
	case List:
	case Literal, Text:
		return false, &FieldError{f.name, "must be an object or an array"}
	}
	if !f.list {
		return false, &FieldError{f.name, "must be an object"}
	}
	s.accept('[')
	for n := 0; ; n++ {
		s.space()
		if s.accept(']') {
			return strange, nil
		}
		if n >= maxElements {
			return false, &FieldError{f.name, "has too many elements"}
		}
		inside, err := f.element(&s, m)
		if err != nil {
			return false, err
		}
		strange = strange || inside
		s.space()
		s.accept(',')
	}
}

// element decodes the value that is next, in text that was checked; null is passed over.
func (f *field) element(s *scanner, m protoreflect.Message) (strange bool, err error) {
	if s.pos < len(s.in) && s.in[s.pos] == 'n' {
		return false, s.word("null")
	}
	var o Object
	if err := o.read(s); err != nil {
		return false, &FieldError{f.name, "must hold objects"}
	}
	if f.list {
		return f.sub.decode(&o, m.Mutable(f.desc).List().AppendMutable().Message())
	}
	return f.sub.decode(&o, m.Mutable(f.desc).Message())
}
