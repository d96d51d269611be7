// SPDX-License-Identifier: Apache-2.0

// Package rewrite changes single values of a JSON text and leaves every other byte as it is: order, blanks, escapes and repeated
// names. What a signature was computed over stays what it was but for the values that were changed.
package rewrite

import (
	"bytes"
	"encoding/json"
	"errors"
	"unicode/utf8"
)

// ErrText says that a text is no JSON in UTF-8, or nested too deep.
var ErrText = errors.New("rewrite: no JSON text in UTF-8")

// maxDepth is the deepest nesting that is followed, as deep as a signature's sorted form.
const maxDepth = 64

// Value is one string or number of a text.
type Value struct {
	Name   string // of the member that holds it, of the nearest one for an element of a list; empty for none
	Text   string // of a string as it is after un-escaping, of a number as written
	Number bool
}

// Edit calls change for every string and number, in the order of the text, and writes what it returns instead: for a number a literal,
// for a string its content. Names of members are handed to rename, which may be nil. Errors: ErrText.
func Edit(text []byte, change func(Value) string, rename func(string) string) ([]byte, error) {
	if !utf8.Valid(text) || !json.Valid(text) {
		return nil, ErrText
	}
	e := editor{in: text, change: change, rename: rename, out: make([]byte, 0, len(text))}
	if !e.value("", 0) {
		return nil, ErrText
	}
	return append(e.out, e.in[e.pos:]...), nil
}

// editor walks through a text that is known to be JSON.
type editor struct {
	in     []byte
	pos    int
	out    []byte
	change func(Value) string
	rename func(string) string
}

// upTo copies bytes that stay, blanks and punctuation, until one of the stops, which is left.
func (e *editor) upTo(stops string) byte {
	n := bytes.IndexAny(e.in[e.pos:], stops)
	e.out = append(e.out, e.in[e.pos:e.pos+n]...)
	e.pos += n
	return e.in[e.pos]
}

// copy copies n bytes.
func (e *editor) copy(n int) {
	e.out = append(e.out, e.in[e.pos:e.pos+n]...)
	e.pos += n
}

// value handles the next value; false if it is nested too deep.
func (e *editor) value(name string, depth int) bool {
	if depth > maxDepth {
		return false
	}
	switch c := e.upTo(`{["-0123456789tfn`); c {
	case '{':
		e.copy(1)
		for e.upTo(`"}`) == '"' {
			raw := e.literal()
			member := decode(raw)
			if e.rename == nil || e.rename(member) == member {
				e.out = append(e.out, raw...)
			} else {
				e.out = append(e.out, encode(e.rename(member))...)
			}
			e.upTo(":")
			e.copy(1)
			if !e.value(member, depth+1) {
				return false
			}
		}
		e.copy(1)
	case '[':
		e.copy(1)
		for e.upTo(`{["-0123456789tfn]`) != ']' {
			if !e.value(name, depth+1) {
				return false
			}
		}
		e.copy(1)
	case '"':
		raw := e.literal()
		text := decode(raw)
		if next := e.change(Value{Name: name, Text: text}); next != text {
			raw = encode(next)
		}
		e.out = append(e.out, raw...)
	case 't', 'n':
		e.copy(len("true"))
	case 'f':
		e.copy(len("false"))
	default:
		end := e.pos
		for end < len(e.in) && bytes.IndexByte([]byte("+-.0123456789eE"), e.in[end]) >= 0 {
			end++
		}
		text := string(e.in[e.pos:end])
		e.pos = end
		e.out = append(e.out, e.change(Value{Name: name, Text: text, Number: true})...)
	}
	return true
}

// literal takes the string that begins here, with its quotation marks.
func (e *editor) literal() []byte {
	end := e.pos + 1
	for e.in[end] != '"' {
		if e.in[end] == '\\' {
			end++
		}
		end++
	}
	raw := e.in[e.pos : end+1]
	e.pos = end + 1
	return raw
}

func decode(raw []byte) string {
	var s string
	_ = json.Unmarshal(raw, &s) // it is known to be a string
	return s
}

// encode writes a string without HTML escapes, as the marketplace does.
func encode(s string) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string cannot fail
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
