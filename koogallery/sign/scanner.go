package sign

import (
	"unicode/utf16"
	"unicode/utf8"
)

// scanner reads JSON from in and appends its compact form to out. It is written
// by hand because encoding/json repairs invalid UTF-8 and lone surrogates in
// silence, where a verifier has to refuse them.
type scanner struct {
	in  []byte
	out []byte
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

// members reads the rest of an object after its opening brace. Each member is
// appended to out as "name":value without separators between members.
func (s *scanner) members(depth int) ([]member, error) {
	if depth > MaxDepth {
		return nil, ErrDepth
	}
	var list []member
	s.space()
	if s.accept('}') {
		return nil, nil
	}
	for {
		s.space()
		m := member{start: len(s.out)}
		name, err := s.text()
		if err != nil {
			return nil, err
		}
		m.name = name
		s.space()
		if !s.accept(':') {
			return nil, ErrJSON
		}
		s.out = append(s.out, ':')
		if m.null, err = s.value(depth); err != nil {
			return nil, err
		}
		m.end = len(s.out)
		list = append(list, m)
		s.space()
		if s.accept('}') {
			return list, nil
		}
		if !s.accept(',') {
			return nil, ErrJSON
		}
	}
}

// value reads one value inside a container of the given depth.
func (s *scanner) value(depth int) (null bool, err error) {
	s.space()
	if s.pos >= len(s.in) {
		return false, ErrJSON
	}
	switch c := s.in[s.pos]; {
	case c == '{':
		s.pos++
		return false, s.object(depth + 1)
	case c == '[':
		s.pos++
		return false, s.array(depth + 1)
	case c == '"':
		_, err = s.text()
		return false, err
	case c == 't':
		return false, s.literal("true")
	case c == 'f':
		return false, s.literal("false")
	case c == 'n':
		return true, s.literal("null")
	case c == '-' || isDigit(c):
		return false, s.number()
	default:
		return false, ErrJSON
	}
}

// object reads a nested object. Members are written apart and joined at the
// end, because only then it is known which of them survive.
func (s *scanner) object(depth int) error {
	begin := len(s.out)
	list, err := s.members(depth)
	if err != nil {
		return err
	}
	kept := lastOfEach(list)
	joined := make([]byte, 0, len(s.out)-begin+len(kept)+2)
	joined = append(joined, '{')
	for i, m := range kept {
		if i > 0 {
			joined = append(joined, ',')
		}
		joined = append(joined, s.out[m.start:m.end]...)
	}
	s.out = append(append(s.out[:begin], joined...), '}')
	return nil
}

func (s *scanner) array(depth int) error {
	if depth > MaxDepth {
		return ErrDepth
	}
	s.out = append(s.out, '[')
	s.space()
	if s.accept(']') {
		s.out = append(s.out, ']')
		return nil
	}
	for {
		if _, err := s.value(depth); err != nil {
			return err
		}
		s.space()
		if s.accept(']') {
			s.out = append(s.out, ']')
			return nil
		}
		if !s.accept(',') {
			return ErrJSON
		}
		s.out = append(s.out, ',')
	}
}

func (s *scanner) literal(word string) error {
	if len(s.in)-s.pos < len(word) || string(s.in[s.pos:s.pos+len(word)]) != word {
		return ErrJSON
	}
	s.pos += len(word)
	s.out = append(s.out, word...)
	return nil
}

// number copies a number of the JSON grammar, text unchanged.
func (s *scanner) number() error {
	begin := s.pos
	s.accept('-')
	if !s.accept('0') && !s.digits() {
		return ErrJSON
	}
	if s.accept('.') && !s.digits() {
		return ErrJSON
	}
	if s.accept('e') || s.accept('E') {
		if !s.accept('+') {
			s.accept('-')
		}
		if !s.digits() {
			return ErrJSON
		}
	}
	s.out = append(s.out, s.in[begin:s.pos]...)
	return nil
}

func (s *scanner) digits() bool {
	begin := s.pos
	for s.pos < len(s.in) && isDigit(s.in[s.pos]) {
		s.pos++
	}
	return s.pos > begin
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// text reads a string, appends it to out in quotes and returns its content.
func (s *scanner) text() (string, error) {
	if !s.accept('"') {
		return "", ErrJSON
	}
	var content []byte
	for s.pos < len(s.in) {
		c := s.in[s.pos]
		switch {
		case c == '"':
			s.pos++
			s.out = appendQuoted(s.out, content)
			return string(content), nil
		case c == '\\':
			r, err := s.escape()
			if err != nil {
				return "", err
			}
			content = utf8.AppendRune(content, r)
		case c < ' ':
			return "", ErrJSON
		case c < utf8.RuneSelf:
			content = append(content, c)
			s.pos++
		default:
			r, size := utf8.DecodeRune(s.in[s.pos:])
			if r == utf8.RuneError && size == 1 {
				return "", ErrJSON
			}
			content = append(content, s.in[s.pos:s.pos+size]...)
			s.pos += size
		}
	}
	return "", ErrJSON
}

// escape reads one escape sequence, or two that form a surrogate pair.
func (s *scanner) escape() (rune, error) {
	if len(s.in)-s.pos < 2 {
		return 0, ErrJSON
	}
	c := s.in[s.pos+1]
	s.pos += 2
	switch c {
	case '"', '\\', '/':
		return rune(c), nil
	case 'b':
		return '\b', nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'u':
		r, ok := s.hex4()
		if !ok {
			return 0, ErrJSON
		}
		if !utf16.IsSurrogate(r) {
			return r, nil
		}
		if !s.accept('\\') || !s.accept('u') {
			return 0, ErrJSON
		}
		low, ok := s.hex4()
		if !ok {
			return 0, ErrJSON
		}
		if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
			return 0, ErrJSON
		}
		return r, nil
	default:
		return 0, ErrJSON
	}
}

func (s *scanner) hex4() (rune, bool) {
	if len(s.in)-s.pos < 4 {
		return 0, false
	}
	var r rune
	for _, c := range s.in[s.pos : s.pos+4] {
		switch {
		case isDigit(c):
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

// appendQuoted writes a string as Jackson does by default.
func appendQuoted(out, content []byte) []byte {
	const upper = "0123456789ABCDEF"
	out = append(out, '"')
	for _, c := range content {
		switch {
		case c == '"' || c == '\\':
			out = append(out, '\\', c)
		case c >= ' ':
			out = append(out, c)
		case c == '\b':
			out = append(out, '\\', 'b')
		case c == '\t':
			out = append(out, '\\', 't')
		case c == '\n':
			out = append(out, '\\', 'n')
		case c == '\f':
			out = append(out, '\\', 'f')
		case c == '\r':
			out = append(out, '\\', 'r')
		default:
			out = append(out, '\\', 'u', '0', '0', upper[c>>4], upper[c&0xF])
		}
	}
	return append(out, '"')
}
