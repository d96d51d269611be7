// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/checker/source"
	"github.com/koogate/koogate/koogallery/judge"
)

// Lookup finds the rule with an ID.
type Lookup func(id string) (rule.Rule, bool)

// view is a report in the order in which people read it: by family, what is broken first and the gravest of it at the top.
type view struct {
	*Report
	Groups []group
	Failed []item // of all families, the gravest first
	Calls  int
}

// group is what was found in one family.
type group struct {
	Family                judge.Family
	Failed, Unknown, Held []item
}

// item is one finding with all that is said about its rule.
type item struct {
	Finding
	Rule    rule.Rule
	Sources []source.Source
	Window  rule.Text // the marketplace's patience, where it matters
}

func (r *Report) view(of Lookup) view {
	v := view{Report: r}
	for _, f := range r.Families {
		g := group{Family: f}
		for _, found := range r.Findings {
			v.add(&g, found, of)
		}
		slices.SortStableFunc(g.Failed, byGravity)
		v.Failed = append(v.Failed, g.Failed...)
		v.Groups = append(v.Groups, g)
	}
	slices.SortStableFunc(v.Failed, byGravity)
	return v
}

func (v *view) add(g *group, found Finding, of Lookup) {
	known, ok := of(found.Rule)
	if found.Family != g.Family || !ok {
		return
	}
	i := item{Finding: found, Rule: known}
	for _, id := range known.Source {
		if s, ok := source.Find(id); ok {
			i.Sources = append(i.Sources, s)
		}
	}
	if w, ok := Window(found.Family, found.Step); ok && Repeats(known) {
		i.Window = WindowText(w)
	}
	v.Calls += found.Made
	switch found.Outcome {
	case rule.Fail:
		g.Failed = append(g.Failed, i)
	case rule.Skip:
		g.Unknown = append(g.Unknown, i)
	case rule.Pass:
		g.Held = append(g.Held, i)
	}
}

func byGravity(a, b item) int {
	of := func(i item) int { return slices.Index(rule.Severities(), i.Rule.Severity) }
	return cmp.Compare(of(a), of(b))
}

// Verdict is one sentence about the whole.
func (r *Report) Verdict(of Lookup) rule.Text {
	failed, unknown, held := r.Count(rule.Fail), r.Count(rule.Skip), r.Count(rule.Pass)
	worst, bad := r.Worst(of)
	switch {
	case bad:
		text := SeverityText(worst)
		return rule.Text{
			ZH: fmt.Sprintf("违反规则 %d 处，最严重的后果：%s；", failed, text.ZH) + rest(unknown, held).ZH,
			EN: count(failed, "finding") + "; at worst " + text.EN + ". " + rest(unknown, held).EN,
		}
	case held == 0:
		return rule.Text{ZH: fmt.Sprintf("没有能够判定的规则（%d 条无法判定）。", unknown), EN: "Nothing could be found out (" + count(unknown, "rule") + ")."}
	default:
		return rule.Text{ZH: "没有发现违反规则的地方；" + rest(unknown, held).ZH, EN: "No rule is broken. " + rest(unknown, held).EN}
	}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func rest(unknown, held int) rule.Text {
	if unknown == 0 {
		return rule.Say("%d 条成立。", "%d hold.", held)
	}
	return rule.Say("%d 条无法判定，%d 条成立。", "%d could not be found out, %d hold.", unknown, held)
}

// SeverityText says what a fault of a severity does.
func SeverityText(s rule.Severity) rule.Text {
	switch s {
	case rule.Exposes:
		return rule.Say("外人可冒充云商店或得知不该知道的内容", "a stranger can act for the marketplace or learns what is not his")
	case rule.Breaks:
		return rule.Say("订单失败并退款，或多发、漏发商品", "orders fail and are refunded, or goods are given twice or not at all")
	case rule.Refused:
		return rule.Say("调试或验收不通过，商品无法发布", "the debugging or acceptance refuses the answer, and the product is not published")
	case rule.Risks:
		return rule.Say("平时正常，遇到其他故障时出问题", "it goes well until something else goes wrong")
	default:
		return rule.Text{}
	}
}

// visible makes a text one line that a terminal shows and does not obey.
func visible(text string) string {
	return tame(strings.NewReplacer("\n", " ", "\t", " ").Replace(text), "")
}

// tame replaces what commands a terminal or turns the direction of writing; characters in keep stay.
func tame(text, keep string) string {
	return strings.Map(func(r rune) rune {
		if !strings.ContainsRune(keep, r) && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029') {
			return '\uFFFD'
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
}
