// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// Members are the members of a JSON object, by their exact names: unlike
// encoding/json with a struct, the marketplace does not ignore case.
type Members map[string]json.RawMessage

// Object reads a JSON object in UTF-8.
func Object(b []byte) (Members, bool) {
	var m Members
	if !utf8.Valid(b) || json.Unmarshal(b, &m) != nil || m == nil {
		return nil, false
	}
	return m, true
}

// Text returns a member that is a string.
func (m Members) Text(name string) (string, bool) {
	var s *string
	if json.Unmarshal(m[name], &s) != nil || s == nil {
		return "", false
	}
	return *s, true
}

// Has tells whether a member is there and not null.
func (m Members) Has(name string) bool {
	raw, ok := m[name]
	return ok && string(raw) != "null"
}

// List returns a member that is an array of objects.
func (m Members) List(name string) ([]Members, bool) {
	var raw []json.RawMessage
	if json.Unmarshal(m[name], &raw) != nil || raw == nil {
		return nil, false
	}
	out := make([]Members, 0, len(raw))
	for _, r := range raw {
		element, ok := Object(r)
		if !ok {
			return nil, false
		}
		out = append(out, element)
	}
	return out, true
}

// Shorten cuts a text to n characters.
func Shorten(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return strings.ToValidUTF8(s, "\uFFFD")
	}
	return string([]rune(s)[:n])
}
