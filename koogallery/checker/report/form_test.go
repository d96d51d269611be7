// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/report"
	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/deadline"
	"github.com/koogate/koogate/koogallery/judge"
)

// hostile is what a seller may answer.
const hostile = "<script>alert(1)</script>]]>&\x1b[2J\u202e\x00"

var known = map[string]rule.Rule{
	"same-instance-again": {
		ID: "same-instance-again", Severity: rule.Breaks, Sentence: rule.Say("每次返回同一个实例。", "The same instance each time."),
		Cost: rule.Say("重试会再开一个实例。", "Each repetition makes one more."), Remedy: rule.Say("建唯一键。", "Make a unique key."),
		Source: []string{"first-answer-wins", "business-id"},
	},
	"unsigned-is-refused": {
		ID: "unsigned-is-refused", Severity: rule.Exposes, Sentence: rule.Say("拒绝没有签名的调用。", "A call without a signature is refused."),
		Cost: rule.Say("外人可以开通。", "A stranger opens instances."), Remedy: rule.Say("先验签。", "Verify first."), Source: []string{"http-status"},
		Deep: true, Hooks: []probe.Hook{probe.HookKill},
	},
	"shown": {
		ID: "shown", Severity: rule.Risks, Sentence: rule.Say("查询能看到。", "A query shows it."), Cost: rule.Say("买家看不到。", "The buyer sees nothing."),
		Remedy: rule.Say("返回 info。", "Return info."), Source: []string{"test-flag"},
	},
}

func lookup(id string) (rule.Rule, bool) {
	r, ok := known[id]
	return r, ok
}

func sample() *report.Report {
	return &report.Report{
		Target: "https://s.example/produce/x", Families: []judge.Family{judge.FamilySaasV2, judge.FamilySaasV1}, Seed: 7,
		At: time.Date(2026, 1, 30, 12, 0, 0, 0, time.UTC), Took: 1500 * time.Millisecond,
		Findings: []report.Finding{
			{Rule: "shown", Family: judge.FamilySaasV2, Outcome: rule.Pass, Made: 2},
			{
				Rule: "same-instance-again", Family: judge.FamilySaasV2, Outcome: rule.Fail, Seen: rule.Say("看到 %q", "saw %q", hostile), Step: deadline.Open,
				Calls: report.Exchanges(append(calls[:len(calls):len(calls)], seen("POST", "https://s.example/p", hostile, hostile)), named...), Made: 5, Took: time.Second,
			},
			{Rule: "unsigned-is-refused", Family: judge.FamilySaasV2, Outcome: rule.Fail, Seen: rule.Say("成功了", "it succeeded"), Made: 1},
			{Rule: "shown", Family: judge.FamilySaasV1, Outcome: rule.Skip, Seen: rule.Say("需要 --deep", "needs --deep")},
		},
	}
}

// forms are all forms in both languages.
func forms(t *testing.T, r *report.Report) map[string]string {
	t.Helper()
	all := map[string]string{}
	keep := func(name string, b *bytes.Buffer, err error) {
		if err != nil {
			t.Fatal(name, err)
		}
		all[name] = b.String()
	}
	for _, language := range []string{"zh", "en"} {
		var table, coloured, junit, page bytes.Buffer
		keep("table "+language, &table, report.Table(&table, r, lookup, language, false))
		keep("coloured "+language, &coloured, report.Table(&coloured, r, lookup, language, true))
		keep("junit "+language, &junit, report.JUnit(&junit, r, lookup, language))
		keep("html "+language, &page, report.HTML(&page, r, lookup, language))
	}
	var text bytes.Buffer
	keep("json", &text, report.JSON(&text, r, lookup))
	return all
}

func TestNoFormShowsASecretOrObeysASeller(t *testing.T) {
	for name, text := range forms(t, sample()) {
		for _, secret := range []string{"canary-", "canary%", "canary@", "canary+", "13912345678"} {
			if i := strings.Index(text, secret); i >= 0 {
				t.Errorf("%s: %s", name, text[i:min(i+60, len(text))])
			}
		}
		if strings.Contains(strings.NewReplacer("\x1b[1m", "", "\x1b[31m", "", "\x1b[32m", "", "\x1b[33m", "", "\x1b[0m", "").Replace(text), "\x1b") ||
			strings.Contains(text, "\u202e") && name != "json" {
			t.Errorf("%s commands a terminal", name)
		}
		if strings.HasPrefix(name, "html") && strings.Contains(text, "<script") {
			t.Errorf("%s runs a seller's script", name)
		}
	}
}

func TestTable(t *testing.T) {
	all := forms(t, sample())
	for name, parts := range map[string][]string{
		"table en": {
			"2 findings; at worst a stranger can act for the marketplace", "1 could not be found out, 1 hold.", "debugging calls only", "saas_v2: 2 broken, 0 could not be found out, 1 hold",
			"✗ unsigned-is-refused  EXPOSES", "seen       it succeeded", "✗ same-instance-again  BREAKS", "must hold  The same instance each time.", "costs      Each", "remedy     Make a unique key.",
			"source     first-answer-wins (", "patience   the marketplace waits 5 s", "✓ shown", "saas_v1: 0 broken", "? needs --deep: shown",
		},
		"table zh": {"违反规则 2 处，最严重的后果：外人", "后果", "改法       建唯一键。", "? 需要 --deep: shown"},
	} {
		rest := all[name]
		for _, part := range parts {
			_, after, ok := strings.Cut(rest, part)
			if !ok {
				t.Fatalf("%s: no %q after what came before it:\n%s", name, part, all[name])
			}
			rest = after
		}
	}
	if strings.Contains(all["table en"], "\x1b") || !strings.Contains(all["coloured en"], "\x1b[31m  ✗") {
		t.Error("colours are for terminals")
	}
}

func TestVerdict(t *testing.T) {
	for want, outcome := range map[string]rule.State{"No rule is broken. 1 hold.": rule.Pass, "Nothing could be found out (1 rule).": rule.Skip} {
		r := &report.Report{Findings: []report.Finding{{Rule: "shown", Outcome: outcome}}}
		if got := r.Verdict(lookup); got.EN != want || got.ZH == "" {
			t.Errorf("got %+v", got)
		}
	}
}

func TestJSON(t *testing.T) {
	var d struct {
		Version, Calls, Failed, Unknown, Held int
		Verdict                               rule.Text
		Findings                              []struct {
			Rule, Outcome, Severity string
			Seen, Patience          *rule.Text
			Sources                 []struct {
				ID, Date, Confidence string
				Pages                []string
			}
			Exchanges []report.Exchange
		}
	}
	if err := json.Unmarshal([]byte(forms(t, sample())["json"]), &d); err != nil {
		t.Fatal(err)
	}
	if d.Version != 1 || d.Calls != 8 || d.Failed != 2 || d.Unknown != 1 || d.Held != 1 || len(d.Findings) != 4 {
		t.Errorf("%+v", d)
	}
	f := d.Findings[1]
	if f.Rule != "same-instance-again" || f.Outcome != "FAIL" || f.Severity != "BREAKS" || f.Seen == nil || f.Patience == nil || len(f.Exchanges) != 5 ||
		len(f.Sources) != 2 || f.Sources[0].ID != "first-answer-wins" || f.Sources[0].Confidence == "" {
		t.Errorf("%+v", f)
	}
}

// The usual structure: counts that fit, names and times everywhere, nothing that a reader of JUnit does not know.
func TestJUnit(t *testing.T) {
	text := forms(t, sample())["junit en"]
	d := xml.NewDecoder(strings.NewReader(text))
	attributes := map[string]string{
		"testsuites": "errors failures name skipped tests time", "testsuite": "errors failures hostname name skipped tests time timestamp", "properties": "",
		"property": "name value", "testcase": "classname name time", "failure": "message type", "skipped": "message",
	}
	parents := map[string]string{"testsuites": "", "testsuite": "testsuites", "properties": "testsuite", "property": "properties", "testcase": "testsuite", "failure": "testcase", "skipped": "testcase"}
	var path []string
	count := map[string]int{}
	for {
		token, err := d.Token()
		if token == nil {
			if err.Error() != "EOF" {
				t.Fatal(err)
			}
			break
		}
		switch e := token.(type) {
		case xml.StartElement:
			name := e.Name.Local
			parent := append([]string{""}, path...)[len(path)]
			allowed, ok := attributes[name]
			if !ok || parents[name] != parent {
				t.Errorf("%s below %s", name, parent)
			}
			for _, want := range strings.Fields(allowed) {
				if !strings.Contains(text, want+"=") {
					t.Errorf("%s without %s", name, want)
				}
			}
			for _, a := range e.Attr {
				if !strings.Contains(" "+allowed+" ", " "+a.Name.Local+" ") {
					t.Errorf("%s has %s", name, a.Name.Local)
				}
			}
			count[name]++
			path = append(path, name)
		case xml.EndElement:
			path = path[:len(path)-1]
		}
	}
	if count["testsuite"] != 2 || count["testcase"] != 4 || count["failure"] != 2 || count["skipped"] != 1 || !strings.Contains(text, `tests="4" failures="2" errors="0" skipped="1" time="1.500"`) {
		t.Errorf("%v\n%s", count, text)
	}
}

// One file that needs nothing else, in both languages.
func TestHTML(t *testing.T) {
	all := forms(t, sample())
	for _, name := range []string{"html zh", "html en"} {
		text := all[name]
		if outside := regexp.MustCompile(`(?i)(src|href|action)="?(https?:|//)|url\(|@import|<(script|link|img|iframe|form)|\son[a-z]+=`).FindString(text); outside != "" {
			t.Errorf("%s: %q", name, outside)
		}
		for _, part := range []string{
			`<span lang="zh">违反规则 2 处`, `<span lang="en">2 findings`, "prefers-color-scheme:dark", "@media print", "name=\"viewport\"", `href="#saas_v2-unsigned-is-refused"`,
			`id="saas_v2-unsigned-is-refused"`, "每次返回同一个实例。", "Make a unique key.", "signature=***", "first-answer-wins", "koogate check https://s.example/produce/x --family saas_v2 --only same-instance-again --seed 7",
		} {
			if !strings.Contains(text, part) {
				t.Errorf("%s: no %q", name, part)
			}
		}
		if len(text) > 60<<10 {
			t.Errorf("%s has %d bytes", name, len(text))
		}
	}
	if !strings.Contains(all["html zh"], `id="zh" checked`) || !strings.Contains(all["html en"], `id="en" checked`) {
		t.Error("the language that is asked for is not the one that is shown")
	}
}

func TestExplain(t *testing.T) {
	for language, parts := range map[string][]string{
		"en": {
			"same-instance-again  BREAKS (orders fail", "must hold  The same instance each time.", "costs ", "remedy ", "families   saas_v2, saas_v1", "source     first-answer-wins (", "Koogate: ",
			"patience   saas_v2 open, saas_v2 upgrade: the marketplace waits 5 s",
		},
		"zh": {"规则", "后果", "改法", "依据", "重试窗口"},
	} {
		var b bytes.Buffer
		if err := report.Explain(&b, known["same-instance-again"], language); err != nil {
			t.Fatal(err)
		}
		for _, part := range parts {
			if !strings.Contains(b.String(), part) {
				t.Errorf("no %q in\n%s", part, b.String())
			}
		}
	}
	var b bytes.Buffer
	if err := report.Explain(&b, known["unsigned-is-refused"], "en"); err != nil || !strings.Contains(b.String(), "--deep, --hook-kill") || strings.Contains(b.String(), "patience") {
		t.Errorf("%v\n%s", err, b.String())
	}
}
