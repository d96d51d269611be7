// SPDX-License-Identifier: Apache-2.0

package judge_test

import (
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/judge"
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
					if o.Kind == "" {
						t.Errorf("%s has no kind", o.Text)
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
