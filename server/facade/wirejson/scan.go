// SPDX-License-Identifier: Apache-2.0

package wirejson

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// MaxDepth is the deepest nesting of objects and arrays, counting the outermost as one. It is that of sign.Canonical, so
// a body has the same verdict in both forms.
const MaxDepth = 64

// scanner walks over JSON and checks it. Half a surrogate pair is what encoding/json and Jackson take it for as well: not a
// character. It becomes a byte that is not UTF-8, so that every reader of the text sees that it is broken.
type scanner struct {
	in  []byte
	pos int
}

func (s *scanner) space() {
	for s.pos < len(s.in) {
		switch s.in[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

func (s *scanner) accept(c byte) bool {
	if s.pos < len(s.in) && s.in[s.pos] == c {
		s.pos++
		return true
	}
	return false
}

// value passes over one value, leading space included, inside containers of the given depth.
func (s *scanner) value(depth int) (Kind, error) {
	s.space()
	if s.pos >= len(s.in) {
		return 0, ErrSyntax
	}
	switch c := s.in[s.pos]; c {
	case '"':
		_, err := s.text()
		return Text, err
	case '{':
		return Structure, s.container(depth+1, '}', true)
	case '[':
		return List, s.container(depth+1, ']', false)
	case 't':
		return Literal, s.word("true")
	case 'f':
		return Literal, s.word("false")
	case 'n':
		return Null, s.word("null")
	default:
		return Literal, s.number()
	}
}

// container passes over an object or array whose opening bracket is next.
func (s *scanner) container(depth int, closing byte, named bool) error {
	if depth > MaxDepth {
		return ErrDepth
	}
	s.pos++
	s.space()
	if s.accept(closing) {
		return nil
	}
	for {
		if named {
			if _, _, err := s.name(); err != nil {
				return err
			}
		}
		if _, err := s.value(depth); err != nil {
			return err
		}
		s.space()
		if s.accept(closing) {
			return nil
		}
		if !s.accept(',') {
			return ErrSyntax
		}
	}
}

// name passes over a member's name and its colon, and returns the name in quotes.
func (s *scanner) name() (quoted []byte, escaped bool, err error) {
	s.space()
	begin := s.pos
	if escaped, err = s.text(); err != nil {
		return nil, false, err
	}
	quoted = s.in[begin:s.pos]
	s.space()
	if !s.accept(':') {
		return nil, false, ErrSyntax
	}
	return quoted, escaped, nil
}

// text passes over a text in quotes and tells whether there are escapes in it.
func (s *scanner) text() (escaped bool, err error) {
	if !s.accept('"') {
		return false, ErrSyntax
	}
	for s.pos < len(s.in) {
		switch c := s.in[s.pos]; {
		case c == '"':
			s.pos++
			return escaped, nil
		case c == '\\':
			escaped = true
			if _, ok := s.escape(); !ok {
				return false, ErrSyntax
			}
		case c < ' ':
			return false, ErrSyntax
		default:
			s.pos++
		}
	}
	return false, ErrSyntax
}

// escape reads one escape sequence, or two that form a surrogate pair.
func (s *scanner) escape() (rune, bool) {
	if len(s.in)-s.pos < 2 {
		return 0, false
	}
	c := s.in[s.pos+1]
	s.pos += 2
	switch c {
	case '"', '\\', '/':
		return rune(c), true
	case 'b':
		return '\b', true
	case 'f':
		return '\f', true
	case 'n':
		return '\n', true
	case 'r':
		return '\r', true
	case 't':
		return '\t', true
	case 'u':
		r, ok := s.hex4()
		if !ok || !utf16.IsSurrogate(r) {
			return r, ok
		}
		return s.pair(r)
	}
	return 0, false
}

// half is the byte that stands for half a surrogate pair; no other escape yields it.
const half = rune(-1)

// pair reads the escape behind a first surrogate when the two are a pair.
func (s *scanner) pair(high rune) (rune, bool) {
	ahead := *s
	if !ahead.accept('\\') || !ahead.accept('u') {
		return half, true
	}
	low, ok := ahead.hex4()
	if !ok {
		return 0, false
	}
	r := utf16.DecodeRune(high, low)
	if r == utf8.RuneError {
		return half, true // the next escape is read on its own
	}
	s.pos = ahead.pos
	return r, true
}

func (s *scanner) hex4() (rune, bool) {
	if len(s.in)-s.pos < 4 {
		return 0, false
	}
	var r rune
	for _, c := range s.in[s.pos : s.pos+4] {
		switch {
		case '0' <= c && c <= '9':
			r = r<<4 | rune(c-'0')
		case 'a' <= c && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case 'A' <= c && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
	}
	s.pos += 4
	return r, true
}

func (s *scanner) word(w string) error {
	if !bytes.HasPrefix(s.in[s.pos:], []byte(w)) {
		return ErrSyntax
	}
	s.pos += len(w)
	return nil
}

// number passes over a number of the JSON grammar.
func (s *scanner) number() error {
	s.accept('-')
	if !s.accept('0') && !s.digits() {
		return ErrSyntax
	}
	if s.accept('.') && !s.digits() {
		return ErrSyntax
	}
	if s.accept('e') || s.accept('E') {
		if !s.accept('+') {
			s.accept('-')
		}
		if !s.digits() {
			return ErrSyntax
		}
	}
	return nil
}

func (s *scanner) digits() bool {
	begin := s.pos
	for s.pos < len(s.in) && '0' <= s.in[s.pos] && s.in[s.pos] <= '9' {
		s.pos++
	}
	return s.pos > begin
}

// unquote returns the content of a checked text in quotes.
func unquote(quoted []byte) []byte {
	content := quoted[1 : len(quoted)-1]
	at := bytes.IndexByte(content, '\\')
	if at < 0 {
		return content
	}
	out := append(make([]byte, 0, len(content)), content[:at]...)
	s := scanner{in: content, pos: at}
	for s.pos < len(s.in) {
		if s.in[s.pos] != '\\' {
			out = append(out, s.in[s.pos])
			s.pos++
			continue
		}
		r, _ := s.escape()
		if r == half {
			out = append(out, 0xff)
			continue
		}
		out = utf8.AppendRune(out, r)
	}
	return out
}

// compact appends a checked value without the space between its parts.
func compact(dst, raw []byte) []byte {
	inText := false
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		switch {
		case inText && c == '\\': // an escaped character never ends the text
			dst = append(dst, c, raw[i+1])
			i++
			continue
		case c == '"':
			inText = !inText
		case !inText && (c == ' ' || c == '\t' || c == '\n' || c == '\r'):
			continue
		}
		dst = append(dst, c)
	}
	return dst
}
