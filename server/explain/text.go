// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/koogate/koogate/koogallery/wiretime"
)

// Text is the same text in English and Chinese.
type Text struct{ EN, ZH string }

// maxQuoted is how many characters of a foreign text an account repeats.
const maxQuoted = 300

// of fills a text with arguments, which it writes in the text's language: texts, moments, lengths of time, numbers, and foreign
// strings, which come out as one line.
func (t Text) of(args ...any) Text {
	en, zh := make([]any, len(args)), make([]any, len(args))
	for k, arg := range args {
		switch v := arg.(type) {
		case Text:
			en[k], zh[k] = v.EN, v.ZH
		case time.Time:
			en[k], zh[k] = moment(v).EN, moment(v).ZH
		case time.Duration:
			en[k], zh[k] = lasting(v).EN, lasting(v).ZH
		case string:
			en[k], zh[k] = clean(v), clean(v)
		default:
			en[k], zh[k] = v, v
		}
	}
	return Text{fmt.Sprintf(t.EN, en...), fmt.Sprintf(t.ZH, zh...)}
}

// and appends a sentence.
func (t Text) and(next Text) Text {
	switch {
	case next == Text{}:
		return t
	case t == Text{}:
		return next
	}
	return Text{t.EN + " " + next.EN, t.ZH + next.ZH}
}

// clean makes one line of a foreign text and bounds it.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp, unicode.Cf) {
			return ' '
		}
		return r
	}, s)
	if runes := []rune(s); len(runes) > maxQuoted {
		s = string(runes[:maxQuoted]) + "…"
	}
	return s
}

// stamp is a moment in Beijing time, to the second.
func stamp(t time.Time) string { return t.In(wiretime.Beijing()).Format("2006-01-02 15:04:05") }

// moment names a moment together with its zone.
func moment(t time.Time) Text {
	return Text{stamp(t) + " Beijing time (UTC+8)", "北京时间 " + stamp(t) + "（UTC+8）"}
}

// units are those in which lengths of time are told.
var units = []struct {
	size time.Duration
	name Text
}{
	{24 * time.Hour, Text{"d", "天"}}, {time.Hour, Text{"h", "小时"}}, {time.Minute, Text{"min", "分钟"}}, {time.Second, Text{"s", "秒"}},
}

// lasting names a length of time by its two largest units.
func lasting(d time.Duration) Text {
	d = d.Abs().Truncate(time.Second)
	for k, u := range units {
		if d < u.size {
			continue
		}
		t := Text{fmt.Sprintf("%d %s", d/u.size, u.name.EN), fmt.Sprintf("%d %s", d/u.size, u.name.ZH)}
		if k+1 < len(units) {
			if rest := d % u.size / units[k+1].size; rest > 0 {
				t.EN += fmt.Sprintf(" %d %s", rest, units[k+1].name.EN)
				t.ZH += fmt.Sprintf(" %d %s", rest, units[k+1].name.ZH)
			}
		}
		return t
	}
	return Text{"0 s", "0 秒"}
}
