// SPDX-License-Identifier: Apache-2.0

package resultcode

import (
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// MaxMessage is the longest resultMsg in characters (saas-v2 §5), as the marketplace's Java counts them: in UTF-16 units.
const MaxMessage = 255

// Message returns the resultMsg for c: the English meaning of the code, followed
// by ": " and detail if there is one.
//
// The result is never empty, valid UTF-8, at most MaxMessage characters, and
// free of control characters, line and paragraph separators and invisible
// direction marks; white space among them becomes one blank. Operators and
// customers may see it: detail must hold no secret and no personal data.
func Message(c Code, detail string) string {
	meaning := Meaning(c)
	detail = plain(detail)
	if detail == "" {
		return meaning
	}
	return cut(meaning + ": " + detail)
}

// plain removes what must not be in a message. It stops as soon as it has
// enough characters, so a huge detail costs no memory.
func plain(s string) string {
	var b strings.Builder
	length, blank := 0, false
	for _, r := range s {
		switch {
		case unicode.IsSpace(r):
			blank = length > 0
			continue
		case r == utf8.RuneError, unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == '\ufeff':
			continue
		}
		if blank {
			b.WriteByte(' ')
			length++
			blank = false
		}
		if length >= MaxMessage {
			break
		}
		b.WriteRune(r)
		length++
	}
	return strings.TrimRight(b.String(), " ")
}

// cut shortens s to MaxMessage characters, on a character boundary.
func cut(s string) string {
	count := 0
	for i, r := range s {
		if count += utf16.RuneLen(r); count > MaxMessage {
			return strings.TrimRight(s[:i], " ")
		}
	}
	return s
}
