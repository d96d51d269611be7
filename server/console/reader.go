// SPDX-License-Identifier: Apache-2.0

package console

import (
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/koogate/koogate/koogallery/wiretime"
)

// beijing is the zone of all times that people see.
var beijing = wiretime.Beijing()

// reader is who looks at a page: in a language, at a time.
type reader struct {
	lang string // zh or en
	now  time.Time
}

// readerOf takes the language from ?lang=, else from the browser's wish, else Chinese.
func readerOf(r *http.Request, now time.Time) reader {
	switch lang := r.URL.Query().Get("lang"); {
	case lang == "zh" || lang == "en":
		return reader{lang, now}
	case prefersEnglish(r.Header.Get("Accept-Language")):
		return reader{"en", now}
	}
	return reader{"zh", now}
}

// prefersEnglish says whether a list of languages names English before Chinese, or names languages without Chinese.
func prefersEnglish(wish string) bool {
	wish = strings.ToLower(wish)
	zh, en := strings.Index(wish, "zh"), strings.Index(wish, "en")
	return wish != "" && zh < 0 && wish != "*" || en >= 0 && en < zh
}

func (r reader) other() string {
	if r.lang == "en" {
		return "zh"
	}
	return "en"
}

// functions are what the pages call.
func (r reader) functions() template.FuncMap {
	return template.FuncMap{"t": r.t, "at": r.at, "second": second, "ago": r.ago, "took": took}
}

// t returns the text of a key in the reader's language, with its arguments.
func (r reader) t(key string, args ...any) string {
	w, ok := words[key]
	if !ok {
		return key
	}
	text := w.zh
	if r.lang == "en" {
		text = w.en
	}
	if len(args) == 0 {
		return text
	}
	return fmt.Sprintf(text, args...)
}

// word returns what the reader calls a value of an enumeration; the value itself where there is no word for it.
func (r reader) word(kind, value string) string {
	if _, ok := words[kind+"."+value]; ok {
		return r.t(kind + "." + value)
	}
	return value
}

// causes are the words for what an instance's reason names; what has none is shown as it is.
func (r reader) causes(reason string) string {
	parts := strings.Split(reason, ", ")
	for i := range parts {
		parts[i] = r.word("cause", parts[i])
	}
	return strings.Join(parts, r.t("causes.and"))
}

// at shows a moment in Beijing time.
func (r reader) at(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.In(beijing).Format("2006-01-02 15:04:05.000")
}

// second shows a moment in Beijing time, to the second.
func second(t time.Time) string { return t.In(beijing).Format(time.DateTime) }

// ago shows how far a moment is from now.
func (r reader) ago(t time.Time) string {
	if d := r.now.Sub(t); d >= 0 {
		return r.t("ago", r.lasting(d))
	}
	return r.t("in", r.lasting(t.Sub(r.now)))
}

// lasting names a length of time by its two largest units.
func (r reader) lasting(d time.Duration) string {
	units := []struct {
		key  string
		size time.Duration
	}{{"days", 24 * time.Hour}, {"hours", time.Hour}, {"minutes", time.Minute}, {"seconds", time.Second}}
	for i, u := range units {
		if n := d / u.size; n > 0 {
			text := r.t(u.key, int(n))
			if i+1 < len(units) {
				if rest := d % u.size / units[i+1].size; rest > 0 {
					text += r.t("and") + r.t(units[i+1].key, int(rest))
				}
			}
			return text
		}
	}
	return r.t("seconds", 0)
}

// took shows the length of a span.
func took(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%d µs", d.Microseconds())
	case d < time.Second:
		return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
	case d < time.Minute:
		return fmt.Sprintf("%.2f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}
