// SPDX-License-Identifier: Apache-2.0

package judge_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/sign"
)

func answer(contentType, body string) judge.Answer {
	return judge.Answer{Status: http.StatusOK, Header: http.Header{"Content-Type": {contentType}}, Body: []byte(body)}
}

func TestJudgeQuery(t *testing.T) {
	const head = `{"resultCode":"000000","resultMsg":"ok","info":`
	instance := func(rest string) string { return head + `[{"instanceId":"i-1"` + rest + `}]}` }
	usage := func(value, at string) string {
		return instance(`,"usageInfo":[{"usageValue":` + value + `,"statisticalTime":` + at + `}]`)
	}
	for _, tc := range []struct {
		body, problem string
		outcome       judge.Outcome
	}{
		{instance(""), "", judge.OutcomeOK},
		{instance(`,"appInfo":null,"usageInfo":null`), "", judge.OutcomeOK},
		{instance(`,"appInfo":{"frontEndUrl":"https://a"}`), "", judge.OutcomeOK},
		{instance(`,"appInfo":{}`), "frontEndUrl", judge.OutcomeOK},
		{instance(`,"appInfo":[]`), "appInfo is no object", judge.OutcomeOK},
		{instance(`,"appInfo":{"frontEndUrl":"https://a","password":"` + strings.Repeat("p", 129) + `"}`), "appInfo.password", judge.OutcomeOK},
		{instance(`,"appInfo":{"frontEndUrl":"https://a","memo":5}`), "appInfo.memo", judge.OutcomeOK},
		{usage(`12.5`, `"20260130120000000"`), "", judge.OutcomeOK},
		{usage(`12.50001`, `"20260130120000000"`), "usageValue", judge.OutcomeOK},
		{usage(`"12"`, `"20260130120000000"`), "usageValue", judge.OutcomeOK},
		{usage(`-1`, `"20260130120000000"`), "usageValue", judge.OutcomeOK},
		{usage(`1e9`, `"20260130120000000"`), "usageValue", judge.OutcomeOK},
		{usage(`null`, `"20260130120000000"`), "usageValue", judge.OutcomeOK},
		{usage(`1`, `"20260130120000"`), "statisticalTime", judge.OutcomeOK},
		{usage(`1`, `null`), "statisticalTime", judge.OutcomeOK},
		{instance(`,"usageInfo":{}`), "usageInfo is no array", judge.OutcomeOK},
		{head + `[]}`, "", judge.OutcomePending},
		{head + `null}`, "", judge.OutcomePending},
		{head + `{}}`, "info is no array", judge.OutcomeFailed},
		{head + `[1]}`, "info is no array", judge.OutcomeFailed},
		{head + `[{}]}`, "info without instanceId", judge.OutcomePending},
		{`{"resultCode":"000004","resultMsg":"later"}`, "", judge.OutcomePending},
		{`{"resultCode":"000003","resultMsg":"unknown"}`, "", judge.OutcomeFailed},
	} {
		c := judge.Judge(judge.Request{Family: judge.FamilySaasV2, Activity: judge.ActivityQuery, Asked: "i-1", Timeout: time.Second},
			answer("application/json", tc.body), judge.Readings{})
		if c.Outcome != tc.outcome || (tc.problem == "") != (c.Problem == "") || !strings.Contains(c.Problem, tc.problem) {
			t.Errorf("%s: %s, %q", tc.body, c.Outcome, c.Problem)
		}
	}
}

// What every answer has to have, in every family that has nothing but a result code.
func TestEveryAnswerHasToHave(t *testing.T) {
	good := answer("application/json", `{"resultCode":"000000","resultMsg":"ok"}`)
	for name, tc := range map[string]struct {
		spoil   func(*judge.Answer)
		problem string
		outcome judge.Outcome
	}{
		"nothing wrong":     {func(*judge.Answer) {}, "", judge.OutcomeOK},
		"another status":    {func(a *judge.Answer) { a.Status = http.StatusCreated }, "HTTP status 201", judge.OutcomeFailed},
		"another type":      {func(a *judge.Answer) { a.Header = http.Header{"Content-Type": {"text/html"}} }, "Content-Type", judge.OutcomeFailed},
		"too long":          {func(a *judge.Answer) { a.Body = make([]byte, judge.MaxAnswer+1) }, "longer than", judge.OutcomeFailed},
		"no object":         {func(a *judge.Answer) { a.Body = []byte(`[]`) }, "no", judge.OutcomeFailed},
		"another case":      {func(a *judge.Answer) { a.Body = []byte(`{"resultcode":"000000"}`) }, "resultCode", judge.OutcomeFailed},
		"no message":        {func(a *judge.Answer) { a.Body = []byte(`{"resultCode":"000000"}`) }, "resultMsg", judge.OutcomeOK},
		"late but complete": {func(a *judge.Answer) { a.Took = 2 * time.Second }, "took 2s", judge.OutcomeOK},
		"a refusal":         {func(a *judge.Answer) { a.Body = []byte(`{"resultCode":"000003","resultMsg":"no"}`) }, "", judge.OutcomeFailed},
	} {
		for _, q := range []judge.Request{
			{Family: judge.FamilySaasV2, Activity: judge.ActivityRelease, Timeout: time.Second},
			{Family: judge.FamilyLicenseCode, Activity: judge.ActivityRelease, Timeout: time.Second},
			{Family: judge.FamilySaasV1, Activity: judge.ActivityNotify, Timeout: time.Second},
			{Family: judge.FamilyKitV2, Activity: judge.ActivityTenant, Timeout: time.Second},
		} {
			a := good
			tc.spoil(&a)
			v := judge.Judge(q, a, judge.Readings{})
			if v.Outcome != tc.outcome || (tc.problem == "") != (v.Problem == "") || !strings.Contains(v.Problem, tc.problem) {
				t.Errorf("%s, %s %s: %+v", name, q.Family, q.Activity, v)
			}
		}
	}
}

// The same answer is judged by the rules of its family: what it is without a Body-Sign, and what 000004 means.
func TestEachFamilyHasItsOwnRules(t *testing.T) {
	const later = `{"resultCode":"000004","resultMsg":"later","instanceId":"i"}`
	for _, tc := range []struct {
		family   judge.Family
		activity judge.Activity
		outcome  judge.Outcome
		problem  string
	}{
		{judge.FamilySaasV2, judge.ActivityNew, judge.OutcomeOK, ""},
		{judge.FamilyOrderNotify, judge.ActivityNew, judge.OutcomeOK, ""},
		{judge.FamilyKitV2, judge.ActivityNew, judge.OutcomeOK, ""},
		{judge.FamilySaasV2, judge.ActivityQuery, judge.OutcomePending, ""},
		{judge.FamilySaasV1, judge.ActivityNew, judge.OutcomeFailed, "Body-Sign is missing"},
		{judge.FamilyKitV1, judge.ActivityNew, judge.OutcomeFailed, "Body-Sign is missing"},
		{judge.FamilyLicenseV1, judge.ActivityNew, judge.OutcomeFailed, "Body-Sign is missing"},
		{judge.FamilyKitV1, judge.ActivityAuth, judge.OutcomeFailed, "Body-Sign is missing"},
		{judge.FamilyKitV2, judge.ActivityAuth, judge.OutcomeFailed, ""},
		{judge.FamilyLicenseOnline, judge.ActivityNew, judge.OutcomePending, ""},
		{judge.FamilyLicenseOnline, judge.ActivityLicenseAsync, judge.OutcomeOK, ""},
		{judge.FamilyLicenseCode, judge.ActivityRefresh, judge.OutcomeFailed, ""},
		{judge.FamilyOrderNotify, judge.ActivityNotify, judge.OutcomeFailed, ""},
	} {
		v := judge.Judge(judge.Request{Family: tc.family, Activity: tc.activity, Asked: "i", Key: "k", Timeout: time.Second},
			answer("application/json", later), judge.Readings{})
		if v.Outcome != tc.outcome || (tc.problem == "") != (v.Problem == "") || !strings.Contains(v.Problem, tc.problem) {
			t.Errorf("%s %s: %+v", tc.family, tc.activity, v)
		}
	}
}

func TestFamiliesAreNamed(t *testing.T) {
	for _, family := range judge.Families() {
		if got, err := judge.ParseFamily(strings.ToUpper(string(family))); err != nil || got != family {
			t.Errorf("ParseFamily(%s) = %s, %v", family, got, err)
		}
	}
	if _, err := judge.ParseFamily("soap"); !errors.Is(err, judge.ErrFamily) {
		t.Errorf("ParseFamily = %v", err)
	}
}

func FuzzJudge(f *testing.F) {
	f.Add("newInstance", "application/json", []byte(`{"resultCode":"000000","resultMsg":"success","instanceId":"i-1"}`))
	f.Add("queryInstance", "application/json;charset=utf8", []byte(`{"resultCode":"000000","resultMsg":"x","info":[{"instanceId":"i-1","appInfo":{"frontEndUrl":"u"},"usageInfo":[{"usageValue":1.5,"statisticalTime":"20260130120000000"}]}]}`))
	f.Add("releaseInstance", "text/html", []byte(`<html>`))
	f.Fuzz(func(t *testing.T, activity, contentType string, body []byte) {
		c := judge.Judge(judge.Request{Family: judge.FamilySaasV2, Activity: judge.Activity(activity), Asked: "i-1", Timeout: time.Second},
			answer(contentType, string(body)), judge.Readings{})
		if c.Outcome != judge.OutcomeOK && c.Outcome != judge.OutcomePending && c.Outcome != judge.OutcomeFailed {
			t.Errorf("outcome %q", c.Outcome)
		}
		if c.Outcome == judge.OutcomeOK && c.ResultCode != "000000" && c.ResultCode != "000004" {
			t.Errorf("success with code %q", c.ResultCode)
		}
		for _, s := range []string{c.ResultCode, c.ResultMsg, c.InstanceID} {
			if !utf8.ValidString(s) || utf8.RuneCountInString(s) > 255 {
				t.Errorf("unbounded text %q", s)
			}
		}
		if _, err := json.Marshal(c); err != nil {
			t.Error(err)
		}
	})
}

// A V1 answer that is judged well has a Body-Sign that fits, 000000 and an
// instance id of the documented length.
func FuzzJudgeV1(f *testing.F) {
	f.Add([]byte(`{"resultCode":"000000","resultMsg":"ok","instanceId":"i","appInfo":{"frontEndUrl":"https://a","password":"x"}}`), false, true)
	f.Add([]byte(`{"resultCode":"000000","resultMsg":"ok","instanceId":"i","license":"l"}`), true, true)
	f.Add([]byte(`{"resultCode":"000004","resultMsg":"ok"}`), true, false)
	f.Fuzz(func(t *testing.T, body []byte, license, signed bool) {
		header := http.Header{"Content-Type": {"application/json"}}
		if signed {
			header.Set(sign.BodySignHeader, sign.BodySign("k", body))
		}
		for _, a := range []judge.Activity{judge.ActivityNew, judge.ActivityQuery, judge.ActivityRelease} {
			family := judge.FamilySaasV1
			if license {
				family = judge.FamilyLicenseV1
			}
			c := judge.Judge(judge.Request{Family: family, Activity: a, Asked: "i", Key: "k", Timeout: time.Second},
				judge.Answer{Status: http.StatusOK, Header: header, Body: body}, judge.Readings{})
			if c.Outcome == judge.OutcomeOK && (!signed || c.ResultCode != "000000" || len(c.InstanceID) > 4*64) {
				t.Errorf("%s: %+v", a, c)
			}
			if !signed && !strings.Contains(c.Problem, "Body-Sign") {
				t.Errorf("%s: %+v", a, c)
			}
		}
	})
}
