// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// maxDepth is the deepest nesting that is read, far beyond any documented one.
const maxDepth = 64

// cursor walks over a text that isJSON has accepted, so it need not look for
// errors. It is written by hand because encoding/json compares the names of
// members without regard to case and takes much memory for small values.
type cursor struct {
	text []byte
	pos  int
}

// isJSON reports whether text is one JSON value in UTF-8 of bounded depth.
func isJSON(text []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			quoted = !quoted
		case quoted && c == '\\':
			i++
		case quoted:
		case c == '[' || c == '{':
			depth++
		case c == ']' || c == '}':
			depth--
		}
		if depth > maxDepth {
			return false
		}
	}
	return utf8.Valid(text) && json.Valid(text)
}

// next skips white space and returns the character there.
func (c *cursor) next() byte {
	for {
		switch b := c.text[c.pos]; b {
		case ' ', '\t', '\r', '\n':
			c.pos++
		default:
			return b
		}
	}
}

// accept steps over b if it comes next.
func (c *cursor) accept(b byte) bool {
	if c.next() != b {
		return false
	}
	c.pos++
	return true
}

// object calls member for each member of the object that comes next, until it
// returns false. It returns false too if no object comes next.
func (c *cursor) object(member func(name string, value []byte) bool) bool {
	if !c.accept('{') {
		return false
	}
	for !c.accept('}') {
		name := content(c.value())
		c.accept(':')
		if !member(name, c.value()) {
			return false
		}
		c.accept(',')
	}
	return true
}

// value returns the text of the value that comes next.
func (c *cursor) value() []byte {
	c.next()
	begin := c.pos
	depth, quoted := 0, false
	for c.pos < len(c.text) {
		switch b := c.text[c.pos]; {
		case quoted && b == '\\':
			c.pos++
		case b == '"':
			quoted = !quoted
		case quoted:
		case b == '[' || b == '{':
			depth++
		case depth > 0 && (b == ']' || b == '}'):
			depth--
		case depth == 0 && bytes.IndexByte([]byte(",:]} \t\r\n"), b) >= 0:
			return c.text[begin:c.pos]
		}
		c.pos++
	}
	return c.text[begin:c.pos]
}

// content is what a JSON string stands for, and any other value as compact JSON.
func content(value []byte) string {
	switch value[0] {
	case '"':
		if bytes.IndexByte(value, '\\') < 0 {
			return string(value[1 : len(value)-1])
		}
		var s string
		if json.Unmarshal(value, &s) != nil {
			return ""
		}
		return s
	case '{', '[':
		var b bytes.Buffer
		if json.Compact(&b, value) != nil {
			return ""
		}
		return b.String()
	default:
		return string(value)
	}
}
