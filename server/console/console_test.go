// SPDX-License-Identifier: Apache-2.0

package console

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
)

var noon = time.Date(2026, 11, 28, 4, 0, 0, 0, time.UTC)

// TestEveryTextIsInBothLanguages: no key is missing, none is left over, and both languages take the same arguments.
func TestEveryTextIsInBothLanguages(t *testing.T) {
	verbs := regexp.MustCompile(`%[a-z]`)
	for key, w := range words {
		if w.zh == "" || w.en == "" || strings.Join(verbs.FindAllString(w.zh, -1), "") != strings.Join(verbs.FindAllString(w.en, -1), "") {
			t.Errorf("%s: %q and %q", key, w.zh, w.en)
		}
	}
	var source strings.Builder
	for _, file := range []string{"page.html", "console.go", "order.go", "picture.go", "reader.go", "standing.go"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		source.Write(text)
	}
	used := make(map[string]bool)
	for _, m := range regexp.MustCompile(`(?:\bt |\.t\(|key = [^,\n]*, |key \+ )"([a-z.]+)"|"(fault\.[a-z]+|days|hours|minutes)"`).FindAllStringSubmatch(source.String(), -1) {
		for _, key := range m[1:] {
			if key != "" && key != ".title" {
				used[key] = true
			}
		}
	}
	for key := range used {
		if _, ok := words[key]; !ok {
			t.Errorf("%s has no text", key)
		}
	}
	for key := range words {
		kind, value, _ := strings.Cut(key, ".")
		if !used[key] && kind != "cause" && strings.ToUpper(value) != value && !strings.HasSuffix(key, ".title") {
			t.Errorf("nobody uses %s (%s)", key, kind)
		}
	}
	for prefix, values := range map[string]map[int32]string{
		"task": koogatev1.TaskKind_name, "state": koogatev1.TaskState_name, "instance": koogatev1.InstanceState_name,
		"query": koogatev1.QueryState_name, "refused": koogatev1.CallCause_name,
	} {
		for n, name := range values {
			name = regexp.MustCompile(`^(TASK_KIND|TASK_STATE|INSTANCE_STATE|QUERY_STATE|CALL_CAUSE)_`).ReplaceAllString(name, "")
			if _, ok := words[prefix+"."+name]; n > 0 && !ok {
				t.Errorf("%s.%s has no word", prefix, name)
			}
		}
	}
}

// TestTheAccountIsShownInTheReadersLanguage: the sentence and its colour are the account's, what is pending says on whom, and what
// happened says when.
func TestTheAccountIsShownInTheReadersLanguage(t *testing.T) {
	a := &koogatev1.Account{
		Standing: koogatev1.Standing_STANDING_RISK, Summary: "Nobody comes.", SummaryZh: "无人领取。",
		Pending: []*koogatev1.Statement{{Text: "create i1.", TextZh: "开通 i1。", Owner: koogatev1.Owner_OWNER_PROVISIONER, Time: timestamppb.New(noon)}},
		Arrived: []*koogatev1.Statement{{Text: "An order.", TextZh: "订单。", EventSeq: 1, Time: timestamppb.New(noon)}, {Text: "More.", TextZh: "更多。"}},
	}
	for lang, want := range map[string]struct{ text, on, pending, arrived string }{
		"en": {"Nobody comes.", "provisioner", "create i1.", "An order."},
		"zh": {"无人领取。", "开通系统", "开通 i1。", "订单。"},
	} {
		v := &orderView{}
		reader{lang, noon}.account(v, a)
		if v.Verdict != (verdict{"risk", want.text}) {
			t.Errorf("%s: %+v", lang, v.Verdict)
		}
		if got := v.Account[0].Lines; len(got) != 1 || got[0] != (lineView{On: want.on, Text: want.pending}) {
			t.Errorf("%s: pending %+v", lang, got)
		}
		if got := v.Before[0].Lines; len(got) != 2 || got[0] != (lineView{Time: noon, Text: want.arrived, Seq: 1}) || !got[1].Time.IsZero() {
			t.Errorf("%s: arrived %+v", lang, got)
		}
	}
	for n := range koogatev1.Owner_name {
		name := strings.TrimPrefix(koogatev1.Owner(n).String(), "OWNER_")
		if _, ok := words["owner."+name]; n > 0 && !ok {
			t.Errorf("owner.%s has no word", name)
		}
	}
}

// TestWhyAnInstanceIsFrozenIsSaidInWords: each of several causes, and what has no word as it is.
func TestWhyAnInstanceIsFrozenIsSaidInWords(t *testing.T) {
	for reason, want := range map[string][2]string{
		"":                        {"", ""},
		"operator":                {"手工冻结", "by hand"},
		"operator, quota_used_up": {"手工冻结、套餐已用尽", "by hand, the package is used up"},
		"operator, expired":       {"手工冻结、已到期", "by hand, expired"},
		"no seats":                {"no seats", "no seats"},
	} {
		if zh, en := (reader{"zh", noon}).causes(reason), (reader{"en", noon}).causes(reason); zh != want[0] || en != want[1] {
			t.Errorf("%q: %q and %q, want %q", reason, zh, en, want)
		}
	}
}

// TestThePictureLeavesPausesOut: the first second and the third month can both be seen, in their order.
func TestThePictureLeavesPausesOut(t *testing.T) {
	at := func(name string, after, long time.Duration) span {
		return span{name: name, service: "koogate", start: noon.Add(after), end: noon.Add(after + long)}
	}
	const month = 30 * 24 * time.Hour
	p := draw([]span{
		at("order", 0, 20*time.Millisecond), at("query", 50*time.Millisecond, 100*time.Millisecond), at("create", 2*time.Second, time.Second),
		at("renew", month, 5*time.Millisecond), at("release", 3*month, time.Second),
	}, reader{"en", noon})
	var labels []string
	for _, b := range p.Breaks {
		labels = append(labels, b.Label)
	}
	if got := strings.Join(labels, ", "); got != "1 s 999 ms, 29 d 23 h, 60 d" && got != "1 s, 29 d 23 h, 59 d 23 h" {
		t.Errorf("left out: %s", got)
	}
	for i, r := range p.Rows {
		if r.X < namesWidth || r.X+r.Width > pictureWidth || i > 0 && r.X < p.Rows[i-1].X+p.Rows[i-1].Width {
			t.Errorf("%s stands at %d to %d", r.Name, r.X, r.X+r.Width)
		}
	}
	if renewed, released := p.Rows[3], p.Rows[4]; renewed.X+renewed.Width+breakWidth > released.X {
		t.Errorf("two months are not left out: %+v %+v", renewed, released)
	}
}

// TestASpanWhoseParentIsMissingIsShown, and one of a ring does no harm.
func TestASpanWhoseParentIsMissingIsShown(t *testing.T) {
	const tracing = `{"data":[{"spans":[
		{"spanID":"a","operationName":"first","startTime":1,"references":[{"refType":"CHILD_OF","spanID":"gone"}]},
		{"spanID":"c","operationName":"third","startTime":3,"references":[{"refType":"CHILD_OF","spanID":"b"}]},
		{"spanID":"b","operationName":"second","startTime":2,"references":[{"refType":"CHILD_OF","spanID":"a"}]},
		{"spanID":"x","operationName":"ring","startTime":4,"references":[{"refType":"CHILD_OF","spanID":"y"}]},
		{"spanID":"y","operationName":"ring","startTime":4,"references":[{"refType":"CHILD_OF","spanID":"x"}]}]}]}`
	var trace jaegerTrace
	if err := json.Unmarshal([]byte(tracing), &trace); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range trace.tree() {
		names = append(names, strings.Repeat(">", s.depth)+s.name)
	}
	if got := strings.Join(names, " "); got != "first >second >>third" {
		t.Errorf("got %s", got)
	}
}
