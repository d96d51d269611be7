// SPDX-License-Identifier: Apache-2.0

package report

import (
	_ "embed"
	"html/template"
	"io"
	"strconv"
	"time"

	"github.com/koogate/koogate/koogallery/checker/rule"
)

//go:embed page.html
var page string

//go:embed page.css
var style string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"word":     func(key string) rule.Text { return words[key] },
	"severity": SeverityText,
	"all":      rule.Severities,
	"clean":    func(text string) string { return tame(text, "\n\t") },
	"seen":     func(t rule.Text) rule.Text { return rule.Text{ZH: visible(t.ZH), EN: visible(t.EN)} },
	"beijing":  func(t time.Time) string { return t.In(time.FixedZone("CST", 8*3600)).Format("2006-01-02 15:04:05") },
	"ms":       func(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) + " ms" },
}).Parse(page))

// HTML writes the report as one page that needs nothing else: in Chinese and English, for light and dark, for paper. It runs no script and
// loads nothing. Language, "zh" or "en", is the one that is shown first. Errors: the writer's.
func HTML(w io.Writer, r *Report, of Lookup, language string) error {
	return pageTemplate.Execute(w, struct {
		view
		Verdict  rule.Text
		Language string
		Style    template.CSS
		Good     bool
		Unknown  int
		Held     int
	}{r.view(of), r.Verdict(of), language, template.CSS(style), r.Count(rule.Fail) == 0, r.Count(rule.Skip), r.Count(rule.Pass)}) //nolint:gosec // our own file
}
