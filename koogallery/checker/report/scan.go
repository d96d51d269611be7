// SPDX-License-Identifier: Apache-2.0

package report

import "strings"

// eachValue goes through a body, which need not be JSON that can be read, and has replace say what stands instead of each text and each
// number that is a value. hidden tells whether it is secret by where it stands: under the name of a secret member, however deep below, or in
// the access information of an answer. It takes time in proportion to the length of the body.
func eachValue(body string, replace func(raw string, hidden bool) string) string {
	var b strings.Builder
	b.Grow(len(body))
	var within []bool // for each object and list that is open, whether what it holds is hidden
	below, next := false, false
	for i := 0; i < len(body); {
		switch c := body[i]; {
		case c == '"':
			end := endOfText(body, i)
			if colon := afterBlanks(body, end); colon < len(body) && body[colon] == ':' {
				next = hides(unquote(body[i:end]))
				b.WriteString(body[i : colon+1])
				i = colon + 1
				continue
			}
			b.WriteString(replace(body[i:end], below || next))
			next, i = false, end
		case c == '-' || c >= '0' && c <= '9':
			end := endOfNumber(body, i)
			b.WriteString(replace(body[i:end], below || next))
			next, i = false, end
		default:
			switch c {
			case '{', '[':
				within = append(within, below)
				below, next = below || next, false
			case '}', ']':
				if n := len(within); n > 0 {
					below, within = within[n-1], within[:n-1]
				}
				next = false
			case ',':
				next = false
			}
			b.WriteByte(c)
			i++
		}
	}
	return b.String()
}

// hides tells whether what stands under a name is secret.
func hides(name string) bool { return strings.EqualFold(name, "appInfo") || secretMember(name) }

// endOfText is where a JSON text ends that begins at i, behind its quotation mark; a text that was cut off ends with the body.
func endOfText(body string, i int) int {
	for i++; i < len(body); i++ {
		switch body[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(body)
}

// endOfNumber is where what begins like a number ends.
func endOfNumber(body string, i int) int {
	for i++; i < len(body) && strings.IndexByte("0123456789.eE+-", body[i]) >= 0; i++ {
	}
	return i
}

func afterBlanks(body string, i int) int {
	for i < len(body) && strings.IndexByte(" \t\r\n", body[i]) >= 0 {
		i++
	}
	return i
}
