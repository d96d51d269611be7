// SPDX-License-Identifier: Apache-2.0

package judge_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/sign"
)

// TestObjectionsAreTheProblem: what is told as one text is told one by one too, with its kind.
func TestObjectionsAreTheProblem(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{}`, `[]`, `{"resultCode":"000000"}`, `{"resultCode":"000000","resultMsg":"ok","info":[{"instanceId":"i","appInfo":{"memo":"中文","userName":5}}]}`,
		`{"resultCode":"000000","resultMsg":"ok","instanceId":"` + strings.Repeat("i", 65) + `","info":{}}`,
	} {
		for _, f := range judge.Families() {
			for _, act := range []judge.Activity{judge.ActivityNew, judge.ActivityQuery, judge.ActivityRelease} {
				a := answer("application/json", body)
				a.Took = time.Hour
				v := judge.Judge(judge.Request{Family: f, Activity: act, Asked: "i", Key: "k", Timeout: time.Second}, a, judge.Readings{BodySign: true})
				texts := make([]string, 0, len(v.Objections))
				for _, o := range v.Objections {
					if o.Kind == "" || o.In("en") != o.Text || o.In("zh") == "" {
						t.Errorf("%+v has no kind, or not both languages", o)
					}
					texts = append(texts, o.Text)
				}
				if got := strings.Join(texts, "; "); got != v.Problem || v.Problem == "" {
					t.Errorf("%s %s: %q, want %q", f, act, got, v.Problem)
				}
			}
		}
	}
}

// TestObjectionsHaveBothLanguages provokes each kind of objection: it is told in Chinese and in English, with the same values.
func TestObjectionsHaveBothLanguages(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 2000)
	bodies := []string{
		`[]`, `{}`, `{"resultCode":"000000"}`, `{"resultCode":"000000","resultMsg":"` + long + `"}`, strings.Repeat(" ", judge.MaxAnswer) + `{}`,
		`{"resultCode":"000000","resultMsg":"m","instanceId":"` + long + `"}`, `{"resultCode":"000000","resultMsg":"m","instanceId":"i"}`,
		`{"resultCode":"000000","resultMsg":"m","instanceId":"i","appInfo":{"frontEndUrl":"u","userName":"` + long + `"},"info":{}}`,
		`{"resultCode":"000000","resultMsg":"m","encryptType":"3","info":[{"instanceId":"i","appInfo":5},{"instanceId":"j"},{}]}`,
		`{"resultCode":"000000","resultMsg":"m","info":[{"instanceId":"i","appInfo":{"memo":"中文"},"usageInfo":[{"usageValue":"1"}]}]}`,
		`{"resultCode":"000000","resultMsg":"m","info":[{"instanceId":"i","usageInfo":5}]}`,
		`{"resultCode":"000000","resultMsg":"m","info":[{"instanceId":"i","appInfo":{"memo":"` + long + `"}}]}`,
	}
	seen := map[judge.Kind]bool{}
	judged := func(a judge.Answer, f judge.Family, act judge.Activity) {
		v := judge.Judge(judge.Request{Family: f, Activity: act, Asked: "i", Key: "k", Timeout: time.Second}, a, judge.Readings{BodySign: true, FrontEndURL: true})
		for _, o := range v.Objections {
			seen[o.Kind] = true
			if !regexp.MustCompile(`\p{Han}`).MatchString(o.Chinese) || strings.Contains(o.Chinese+o.Text, "%!") || strings.Contains(o.Chinese, "；") {
				t.Errorf("%s: %q, %q", o.Kind, o.Chinese, o.Text)
			}
		}
	}
	for _, f := range judge.Families() {
		for _, act := range []judge.Activity{judge.ActivityNew, judge.ActivityQuery, judge.ActivityRelease} {
			for _, body := range bodies {
				a := answer("application/json", body)
				judged(a, f, act)
				a.Header.Set(sign.BodySignHeader, sign.BodySign("k", a.Body))
				judged(a, f, act)
			}
			slow, html := answer("application/json", `{}`), answer("text/html", `{}`)
			slow.Took, slow.Status = time.Hour, 500
			judged(slow, f, act)
			judged(html, f, act)
		}
	}
	text, err := os.ReadFile("objection.go")
	if err != nil {
		t.Fatal(err)
	}
	kinds := regexp.MustCompile(`Kind = "([a-z-]+)"`).FindAllStringSubmatch(string(text), -1)
	for _, k := range kinds {
		if !seen[judge.Kind(k[1])] {
			t.Errorf("nothing provokes %q", k[1])
		}
	}
	if len(kinds) < 15 {
		t.Errorf("%d kinds are there", len(kinds))
	}
}
