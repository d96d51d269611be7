// SPDX-License-Identifier: Apache-2.0

package wirejson

import (
	"unicode/utf16"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Append appends m as compact ASCII JSON. It fails only for a message that the codec does not know.
func (c *Codec) Append(dst []byte, m proto.Message) ([]byte, error) {
	r := m.ProtoReflect()
	p, err := c.plan(r)
	if err != nil {
		return dst, err
	}
	return p.encode(dst, r), nil
}

func (p *plan) encode(dst []byte, m protoreflect.Message) []byte {
	dst = append(dst, '{')
	begin := len(dst)
	for _, f := range p.fields {
		if f.sub == nil {
			text := m.Get(f.desc).String()
			if text == "" {
				continue
			}
			dst = f.open(dst, begin)
			if f.bare && isNumber(text) {
				dst = append(dst, text...)
			} else {
				dst = AppendText(dst, text)
			}
			continue
		}
		if !m.Has(f.desc) {
			continue
		}
		dst = f.open(dst, begin)
		if !f.list {
			dst = f.sub.encode(dst, m.Get(f.desc).Message())
			continue
		}
		list := m.Get(f.desc).List()
		dst = append(dst, '[')
		for i := range list.Len() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = f.sub.encode(dst, list.Get(i).Message())
		}
		dst = append(dst, ']')
	}
	return append(dst, '}')
}

// isNumber says whether a text is a number of the JSON grammar.
func isNumber(text string) bool {
	s := scanner{in: []byte(text)}
	return s.number() == nil && s.pos == len(text)
}

// open begins the field's member; begin is where the object's first member would be.
func (f *field) open(dst []byte, begin int) []byte {
	if len(dst) > begin {
		dst = append(dst, ',')
	}
	return append(dst, f.key...)
}

// AppendText appends s in quotes, in ASCII: anything else becomes \u escapes, beyond the basic plane as surrogate pairs.
// Bytes that are not UTF-8 become U+FFFD.
func AppendText(dst []byte, s string) []byte {
	const digits = "0123456789abcdef"
	unit := func(r rune) {
		dst = append(dst, '\\', 'u', digits[r>>12&15], digits[r>>8&15], digits[r>>4&15], digits[r&15])
	}
	dst = append(dst, '"')
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			i++
			switch {
			case c == '"' || c == '\\':
				dst = append(dst, '\\', c)
			case c >= ' ' && c != 0x7f:
				dst = append(dst, c)
			case c == '\n':
				dst = append(dst, '\\', 'n')
			case c == '\r':
				dst = append(dst, '\\', 'r')
			case c == '\t':
				dst = append(dst, '\\', 't')
			default:
				unit(rune(c))
			}
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		i += size
		if r > 0xffff {
			high, low := utf16.EncodeRune(r)
			unit(high)
			unit(low)
			continue
		}
		unit(r)
	}
	return append(dst, '"')
}
