// SPDX-License-Identifier: Apache-2.0

// Package terminaltest has a text that commands a terminal in every way, for tests that nothing printed does.
package terminaltest

import (
	"testing"
	"unicode"
	"unicode/utf8"
)

// Hostile is a text that clears a screen, sets a title, hides what follows, turns the direction of writing, begins other lines
// and cells, and is no text at its end.
const Hostile = "i-1\x1b[2J\x1b]0;owned\x07\u009b31m\u202egnp.exe\u2066\u2028\r\n\tfake\tok\x00\x7f\x08\xff\x9b31m"

// Tame fails when a terminal would act on anything but line breaks and tabs.
func Tame(t testing.TB, what, text string) {
	t.Helper()
	for i, r := range text {
		if r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028') || !utf8.ValidString(text[i:]) {
			t.Fatalf("%s commands the terminal at %d: %q", what, i, text)
		}
	}
}
