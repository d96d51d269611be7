// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"strings"
)

// whole writes an account as plain text.
func whole(s *Situation, a *Account) Text {
	return Text{inOne(s, a, func(t Text) string { return t.EN }), inOne(s, a, func(t Text) string { return t.ZH })}
}

// inOne writes an account in the language that in picks.
func inOne(s *Situation, a *Account, in func(Text) string) string {
	var b strings.Builder
	line := func(t Text) { b.WriteString(in(t) + "\n") }
	line(wordTitle.of(s.Order.Order.OrderID, s.Order.Order.Endpoint, s.Now))
	b.WriteString("\n")
	line(a.Summary)
	for _, part := range []struct {
		title Text
		lines []Line
		times bool // shows when each was
		owner bool // shows on whom each is
	}{
		{wordArrived, a.Arrived, true, false},
		{wordAnswered, a.Answered, true, false},
		{wordDone, a.Done, true, false},
		{wordPending, a.Pending, false, true},
		{wordNext, a.Next, false, false},
		{wordYouCan, a.YouCan, false, false},
	} {
		b.WriteString("\n")
		line(part.title)
		if len(part.lines) == 0 {
			line(wordNone)
		}
		for _, l := range part.lines {
			b.WriteString("- ")
			if part.times && !l.At.IsZero() {
				b.WriteString(stamp(l.At) + "  ")
			}
			if part.owner && l.Owner != "" {
				b.WriteString(in(wordOn.of(owners[l.Owner])))
			}
			line(l.Text)
		}
	}
	b.WriteString("\n")
	line(wordGlossary)
	if s.TraceURL != "" {
		line(wordTraceAt.of(s.TraceURL))
	} else {
		line(wordTrace.of(s.TraceID))
	}
	return b.String()
}
