// SPDX-License-Identifier: Apache-2.0

package terminal

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// plain writes text for people to w, with everything in it that commands a terminal made visible. Whatever a command prints
// goes through one, since identifiers, codes and messages are made by others and a terminal obeys them.
type plain struct{ w io.Writer }

// Write implements io.Writer. Texts are written whole: a character that is split between two calls is shown as its bytes.
func (p plain) Write(text []byte) (int, error) {
	if _, err := io.WriteString(p.w, visible(string(text), "\n\t")); err != nil {
		return 0, err
	}
	return len(text), nil
}

// Cell makes a text fit to be a cell of a table, where line breaks and tabs would begin another.
func Cell(text string) string { return visible(text, "") }

// visible writes out as \u001b what commands a terminal: control characters, also those of eight bits, marks that turn the
// direction of writing, line separators, and as \xff what is no text. Characters in keep stay.
func visible(text, keep string) string {
	if !strings.ContainsFunc(text, func(r rune) bool { return r == utf8.RuneError || commands(r) && !strings.ContainsRune(keep, r) }) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case commands(r) && !strings.ContainsRune(keep, r):
			fmt.Fprintf(&b, `\u%04x`, r) // all of them have four digits
		default:
			b.WriteString(text[i : i+n])
		}
		i += n
	}
	return b.String()
}

// commands says whether a terminal acts on a character instead of showing it.
func commands(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029'
}
