// SPDX-License-Identifier: Apache-2.0

package openapi

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// maxMessage bounds Error.Message in characters.
	maxMessage = 256

	// maxScrubbed bounds what is looked at, in bytes.
	maxScrubbed = 8 << 10

	// personalDigits is the length from which a run of digits may be a phone
	// number or an identity number. Dates in order ids are shorter.
	personalDigits = 11

	mask = "[redacted]"
)

// scrub makes a text from outside fit for an error: bounded, printable, without
// the caller's keys, and without what looks like a mail address or phone number.
func scrub(s string, secrets []string) string {
	if len(s) > maxScrubbed {
		s = s[:maxScrubbed]
	}
	s = printable(s)
	for _, secret := range secrets {
		if secret != "" {
			s = strings.ReplaceAll(s, secret, mask)
		}
	}
	return fmt.Sprintf("%.*s", maxMessage, maskPersonal(s))
}

// printable drops control characters and repairs UTF-8; white space becomes one blank.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == utf8.RuneError, unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			return -1
		default:
			return r
		}
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// maskPersonal replaces words that hold an at sign and long runs of digits.
func maskPersonal(s string) string {
	words := strings.Split(s, " ")
	for i, word := range words {
		if strings.ContainsRune(word, '@') {
			words[i] = mask
			continue
		}
		words[i] = maskDigits(word)
	}
	return strings.Join(words, " ")
}

func maskDigits(word string) string {
	var b strings.Builder
	for i := 0; i < len(word); {
		j := i
		for j < len(word) && '0' <= word[j] && word[j] <= '9' {
			j++
		}
		switch {
		case j-i >= personalDigits:
			b.WriteString(mask)
		case j > i:
			b.WriteString(word[i:j])
		default:
			b.WriteByte(word[i])
			j++
		}
		i = j
	}
	return b.String()
}

// cleanCode accepts what can be a code: short, letters, digits, dots and the like.
func cleanCode(s string) string {
	const maxCode = 32
	if len(s) > maxCode || strings.ContainsFunc(s, notToken) {
		return ""
	}
	return s
}

// cleanID accepts what can be a request id.
func cleanID(s string) string {
	const maxRequestID = 128
	if len(s) > maxRequestID || strings.ContainsFunc(s, notToken) {
		return ""
	}
	return s
}

func notToken(r rune) bool {
	return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '.' || r == '-' || r == '_')
}
