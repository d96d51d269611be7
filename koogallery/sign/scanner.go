// SPDX-License-Identifier: Apache-2.0

package sign

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
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

	list  []member // stack of members, shared by all levels
	order []int32  // scratch of repeats
	buf   []byte   // scratch of content and of rejoin
}

// memberLen is the shortest member, "":0 and a comma.
const memberLen = 5

// room lets out grow to the length of in, which it never passes, once it has begun to grow: steps would leave several times
// that behind.
func (s *scanner) room(n int) {
	if len(s.out)+n+memberLen > cap(s.out) {
		s.out = slices.Grow(s.out, len(s.in)-len(s.out))
	}
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

// members reads the rest of an object after its opening brace and pushes its
// members on the list. Each is appended to out as "name":value, with a comma
// between two members that belongs to neither.
func (s *scanner) members(depth int) error {
	if depth > MaxDepth {
		return ErrDepth
	}
	s.space()
	if s.accept('}') {
		return nil
	}
	if s.list == nil {
		s.list = make([]member, 0, min(bytes.Count(s.in, []byte{':'}), len(s.in)/memberLen+1, MaxMembers))
	}
	bottom := len(s.list)
	for {
		if len(s.list)-bottom == MaxMembers {
			return ErrMembers
		}
		s.space()
		m := member{start: len(s.out)}
		content, err := s.content()
		if err != nil {
			return err
		}
		m.name = string(content)
		s.room(len(content))
		s.out = appendQuoted(s.out, content)
		s.space()
		if !s.accept(':') {
			return ErrJSON
		}
		s.out = append(s.out, ':')
		if m.null, err = s.value(depth); err != nil {
			return err
		}
		m.end = len(s.out)
		s.list = append(s.list, m)
		s.space()
		if s.accept('}') {
			return nil
		}
		if !s.accept(',') {
			return ErrJSON
		}
		s.out = append(s.out, ',')
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
		content, err := s.content()
		if err != nil {
			return false, err
		}
		s.room(len(content))
		s.out = appendQuoted(s.out, content)
		return false, nil
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

// object reads a nested object. Only when a name is repeated is what was
// written put together anew.
func (s *scanner) object(depth int) error {
	begin, bottom := len(s.out), len(s.list)
	s.out = append(s.out, '{')
	if err := s.members(depth); err != nil {
		return err
	}
	if list := s.list[bottom:]; s.repeats(list) {
		s.rejoin(begin, list)
	}
	s.list = s.list[:bottom]
	s.out = append(s.out, '}')
	return nil
}

// repeats reports whether a name occurs more than once. Of such members the
// first takes over the last one's text and the others lose theirs, as in a Java
// LinkedHashMap.
func (s *scanner) repeats(list []member) bool {
	if len(list) < 2 {
		return false
	}
	s.order = s.order[:0]
	for i := range list {
		s.order = append(s.order, int32(i)) // no overflow below a body of 10 GiB
	}
	slices.SortFunc(s.order, func(i, j int32) int {
		return cmp.Or(strings.Compare(list[i].name, list[j].name), cmp.Compare(i, j))
	})
	found := false
	for from := 0; from < len(s.order); {
		to := from + 1
		for to < len(s.order) && list[s.order[to]].name == list[s.order[from]].name {
			to++
		}
		if to-from > 1 {
			found = true
			first, last := &list[s.order[from]], list[s.order[to-1]]
			for _, i := range s.order[from+1 : to] {
				list[i].start, list[i].end = 0, 0
			}
			first.start, first.end = last.start, last.end
		}
		from = to
	}
	return found
}

// rejoin replaces what out holds from the brace at begin on by the members that
// still have a text.
func (s *scanner) rejoin(begin int, list []member) {
	s.buf = append(s.buf[:0], '{')
	for _, m := range list {
		if m.start == m.end {
			continue
		}
		if len(s.buf) > 1 {
			s.buf = append(s.buf, ',')
		}
		s.buf = append(s.buf, s.out[m.start:m.end]...)
	}
	s.out = append(s.out[:begin], s.buf...)
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

// content reads a string and returns what it stands for, never longer than its
// spelling. The result is valid until the next call.
func (s *scanner) content() ([]byte, error) {
	if !s.accept('"') {
		return nil, ErrJSON
	}
	if s.buf == nil {
		s.buf = make([]byte, 0, min(len(s.in)-s.pos, 1<<10)) // enough for nearly every string
	}
	content := s.buf[:0]
	for s.pos < len(s.in) {
		if len(content) == cap(content) {
			content = slices.Grow(content, len(s.in)-s.pos) // at once, as steps would leave several times that behind
		}
		c := s.in[s.pos]
		switch {
		case c == '"':
			s.pos++
			s.buf = content
			return content, nil
		case c == '\\':
			r, err := s.escape()
			if err != nil {
				return nil, err
			}
			content = utf8.AppendRune(content, r)
		case c < ' ':
			return nil, ErrJSON
		case c < utf8.RuneSelf:
			content = append(content, c)
			s.pos++
		default:
			r, size := utf8.DecodeRune(s.in[s.pos:])
			if r == utf8.RuneError && size == 1 {
				return nil, ErrJSON
			}
			content = append(content, s.in[s.pos:s.pos+size]...)
			s.pos += size
		}
	}
	return nil, ErrJSON
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
