// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/koogate/koogate/koogallery/checker/probe"
)

// shown is how many exchanges of a rule are kept, and longest how many characters of a body.
const (
	shown   = 6
	longest = 2000
)

// Exchanges makes the last calls readable. What is secret is replaced: signatures, tokens, access information, and the texts that are named.
func Exchanges(seen []probe.Seen, secrets ...string) []Exchange {
	return NewMask(seen, secrets...).Exchanges(seen)
}

// Exchanges makes the last calls readable, without what is secret.
func (m *Mask) Exchanges(seen []probe.Seen) []Exchange {
	var all []Exchange
	for _, s := range seen[max(len(seen)-shown, 0):] {
		e := Exchange{At: s.At, Took: s.Took, Call: m.call(s), Status: s.Status, ContentType: m.Text(s.Answer.Header.Get("Content-Type")), Answer: m.Text(s.Err)}
		if s.Err == "" {
			e.Answer = cut(m.body(string(s.Answer.Body)))
		}
		all = append(all, e)
	}
	return all
}

// call writes a call for people: method and path, the parameters of the query each on a line of its own, and the body as it was sent.
func (m *Mask) call(s probe.Seen) string {
	address, query, _ := strings.Cut(s.Call.URL, "?")
	_, path, _ := strings.Cut(address, "://")
	_, path, _ = strings.Cut(path, "/")
	var b strings.Builder
	b.WriteString(s.Call.Method + " " + m.Text("/"+path))
	for pair := range strings.SplitSeq(query, "&") {
		name, value, ok := strings.Cut(pair, "=")
		switch {
		case pair == "":
		case ok && secretMember(name):
			b.WriteString("\n  " + name + "=" + hidden)
		case ok:
			b.WriteString("\n  " + name + "=" + m.Text(value))
		default:
			b.WriteString("\n  " + m.Text(pair))
		}
	}
	if len(s.Call.Body) > 0 {
		b.WriteString("\n" + m.body(string(s.Call.Body)))
	}
	return cut(b.String())
}

// cut shortens a text to what people read, and makes it one in UTF-8.
func cut(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if n := utf8.RuneCountInString(text); n > longest {
		return string([]rune(text)[:longest]) + fmt.Sprintf("… (%d characters in all)", n)
	}
	return text
}
