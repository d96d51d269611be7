// SPDX-License-Identifier: Apache-2.0

package market_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/seal"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/koogallery/simulator"
	"github.com/koogate/koogate/koogallery/simulator/market"
	"github.com/koogate/koogate/koogallery/simulator/rehearsal"
	"github.com/koogate/koogate/koogallery/simulator/simtest"
)

// Each wrong answer is found in the step where it was given, and nowhere else.
func TestWrongAnswersOfEveryFamily(t *testing.T) {
	const (
		v1, licence, codes, online = judge.FamilySaasV1, judge.FamilyLicenseV1, judge.FamilyLicenseCode, judge.FamilyLicenseOnline
		kit1, kit2, notify         = judge.FamilyKitV1, judge.FamilyKitV2, judge.FamilyOrderNotify
	)
	noSign := func(a *simtest.Said) { a.BodySign = nil }
	for name, tc := range map[string]struct {
		family judge.Family
		spoil  func(string, int, *simtest.Said)
		step   string
		err    string
	}{
		"no Body-Sign":         {v1, simtest.At("upgrade", 1, noSign), "upgrade", "Body-Sign is missing"},
		"Body-Sign elsewhere":  {v1, simtest.At("upgrade", 2, simtest.Header(func(_ string, body []byte) string { return sign.BodySign("other", body) })), "upgrade again", "does not fit"},
		"Body-Sign with stamp": {v1, simtest.At("queryInstance", 1, simtest.Header(func(key string, body []byte) string { return sign.BodySign(key, append(body, '\n')) })), "query", "does not fit"},
		"Body-Sign no quotes": {v1, simtest.At("upgrade", 2, simtest.Header(func(key string, body []byte) string {
			return strings.ReplaceAll(sign.BodySign(key, body), `"`, "")
		})), "upgrade again", "malformed"},
		"Body-Sign other order": {v1, simtest.At("upgrade", 2, simtest.Header(func(key string, body []byte) string {
			first, second, _ := strings.Cut(sign.BodySign(key, body), ", ")
			return second + ", " + first
		})), "upgrade again", "malformed"},
		"Body-Sign lower case type": {v1, simtest.At("upgrade", 2, simtest.Header(func(key string, body []byte) string {
			return strings.Replace(sign.BodySign(key, body), "HMAC", "hmac", 1)
		})), "upgrade again", "malformed"},
		"processing":          {v1, simtest.At("refreshInstance", 0, simtest.Code("000004")), "renew", "000004"},
		"processing created":  {v1, simtest.At("newInstance", 2, simtest.With("resultCode", "000004")), "create again", "000004"},
		"status":              {v1, simtest.At("expireInstance", 2, func(a *simtest.Said) { a.Status = http.StatusCreated }), "expire again", "HTTP status 201"},
		"content type":        {v1, simtest.At("expireInstance", 2, func(a *simtest.Said) { a.ContentType = "text/json" }), "expire again", "application/json"},
		"no resultMsg":        {v1, simtest.At("expireInstance", 2, simtest.Without("resultMsg")), "expire again", "resultMsg is missing"},
		"no resultCode":       {v1, simtest.At("expireInstance", 2, simtest.Without("resultCode")), "expire again", "resultCode is missing"},
		"no instance":         {v1, simtest.At("newInstance", 2, simtest.Without("instanceId")), "create again", "instanceId is missing"},
		"long instance":       {v1, simtest.At("newInstance", 2, simtest.With("instanceId", strings.Repeat("i", 65))), "create again", "longer than 64"},
		"other instance":      {v1, simtest.At("newInstance", 2, simtest.With("instanceId", "another")), "create again", "another instance id"},
		"other on acceptance": {v1, simtest.At("newInstance", 3, simtest.With("instanceId", "another")), "create with acceptance", "another instance id"},
		"other after release": {v1, simtest.At("newInstance", 4, simtest.With("instanceId", "another")), "create after release", "another instance id"},
		"gone after release":  {v1, simtest.At("newInstance", 4, simtest.Code("000003")), "create after release", "000003"},
		"no appInfo":          {v1, simtest.At("newInstance", 2, simtest.Without("appInfo")), "create again", "appInfo is missing"},
		"no front end":        {v1, simtest.At("newInstance", 2, simtest.InApp("frontEndUrl", nil)), "create again", "without frontEndUrl"},
		"long front end":      {v1, simtest.At("newInstance", 2, simtest.InApp("frontEndUrl", "https://"+strings.Repeat("x", 505))), "create again", "longer than 512"},
		"plain password":      {v1, simtest.At("newInstance", 2, simtest.InApp("password", "plain")), "create again", "password cannot be decrypted"},
		"password elsewhere":  {v1, simtest.At("newInstance", 2, simtest.InApp("password", simtest.Sealed("other", seal.AES128, "x"))), "create again", "cannot be decrypted"},
		"other cipher":        {v1, simtest.At("newInstance", 2, simtest.Without("encryptType")), "create again", "encryptType 1"},
		"unknown cipher":      {v1, simtest.At("newInstance", 2, simtest.With("encryptType", "3")), "create again", "neither"},
		"cipher as number":    {v1, simtest.At("newInstance", 2, simtest.With("encryptType", 2)), "create again", "neither"},
		"long password":       {v1, simtest.At("newInstance", 2, simtest.InApp("password", simtest.Sealed(simtest.FacadeKey, seal.AES128, strings.Repeat("p", 80)))), "create again", "longer than 128"},
		"other password":      {v1, simtest.At("newInstance", 2, simtest.InApp("password", simtest.Sealed(simtest.FacadeKey, seal.AES128, "another"))), "create again", "other access information"},
		"memo not escaped":    {v1, simtest.At("newInstance", 2, simtest.InApp("memo", "中文")), "create again", "not \\u-escaped"},
		"second item no id":   {v1, simtest.At("newInstance", 7, simtest.With("instanceId", "")), "second item create", "instanceId is missing"},
		"query without id": {v1, simtest.At("queryInstance", 1, func(a *simtest.Said) {
			delete(a.Body["info"].([]any)[0].(map[string]any), "instanceId")
		}), "query", "info without instanceId"},
		"query without info":  {v1, simtest.At("queryInstance", 1, simtest.Without("info")), "query", "info is missing"},
		"query with one left": {v1, simtest.At("queryInstance", 2, func(a *simtest.Said) { a.Body["info"] = a.Body["info"].([]any)[:1] }), "pay-per-use query", "1 of 2"},
		"query usage": {v1, simtest.At("queryInstance", 1, func(a *simtest.Said) {
			a.Body["info"].([]any)[0].(map[string]any)["usageInfo"] = []any{map[string]any{"usageValue": "1"}}
		}), "query", "usageValue"},
		"release refused": {v1, simtest.At("releaseInstance", 2, simtest.Code("000003")), "release again", "000003"},

		"no licence":             {licence, simtest.At("getLicense", 2, simtest.Without("license")), "get licence again", "license is missing"},
		"empty licence":          {licence, simtest.At("getLicense", 2, simtest.With("license", "")), "get licence again", "license is missing"},
		"other licence":          {licence, simtest.At("getLicense", 2, simtest.With("license", "another")), "get licence again", "another licence"},
		"licence of no instance": {licence, simtest.At("getLicense", 2, simtest.Without("instanceId")), "get licence again", "instanceId is missing"},
		"licence no Body-Sign":   {licence, simtest.At("refreshLicense", 2, noSign), "renew again", "Body-Sign is missing"},

		"code unknown":    {codes, simtest.At("releaseLicenseCode", 2, simtest.Code("000003")), "release again", "000003"},
		"code processing": {codes, simtest.At("updateLicenseCodeStatus", 2, simtest.Code("000004")), "freeze again", "000004"},

		"online other instance": {online, simtest.At("newInstance", 2, simtest.With("instanceId", "another")), "create again", "another instance id"},
		"online quota":          {online, simtest.At("getLicenseAsync", 2, simtest.Code("000900")), "licence again", "000900"},
		"online processing":     {online, simtest.At("releaseInstance", 2, simtest.Code("000004")), "release again", "000004"},

		"notify refused": {notify, simtest.At("orderNotify", 2, simtest.Code("000005")), "notify again", "000005"},

		"kit no Body-Sign":     {kit1, simtest.At("tenantSync", 3, noSign), "tenantSync delete", "Body-Sign is missing"},
		"kit Body-Sign of v1":  {kit1, simtest.At("tenantSync", 3, simtest.Header(func(_ string, body []byte) string { return sign.BodySign(simtest.FacadeKey, body) })), "tenantSync delete", "does not fit"},
		"kit processing":       {kit2, simtest.At("tenantSync", 3, simtest.Code("000004")), "tenantSync delete", "000004"},
		"kit credential":       {kit2, simtest.At("allOrgSync", 1, simtest.Code("000002")), "credential allOrgSync", "000002"},
		"kit v1 no front end":  {kit1, simtest.At("newInstance", 1, simtest.InApp("frontEndUrl", nil)), "create", "without frontEndUrl"},
		"kit without a secret": {kit2, simtest.At("applicationSync", 2, simtest.Code("000101")), "applicationSync add", "000101"},
	} {
		t.Run(name, func(t *testing.T) {
			p := simtest.NewPartner(t, tc.spoil)
			sim := simtest.Rehearsal(t, p, func(cfg *simulator.Config) { cfg.Retry = market.RetryProfile{Check: market.Schedule{Window: 1}} })
			report, err := sim.LifeOf(context.Background(), tc.family)
			if err != nil || report.Result != rehearsal.Failed {
				t.Fatalf("LifeOf = %+v, %v", report, err)
			}
			for _, step := range report.Steps {
				if (step.Err != "") != (step.Name == tc.step) || step.Name == tc.step && !strings.Contains(step.Err, tc.err) {
					t.Errorf("step %+v", step)
				}
			}
		})
	}
}

// Usage is demanded of metered V1 instances in strict mode only.
func TestUsageOfV1(t *testing.T) {
	for strict, want := range map[bool]rehearsal.Result{false: rehearsal.Passed, true: rehearsal.Failed} {
		p := simtest.NewPartner(t, simtest.At("queryInstance", 2, func(a *simtest.Said) {
			delete(a.Body["info"].([]any)[0].(map[string]any), "usageInfo")
		}))
		sim := simtest.Rehearsal(t, p, func(cfg *simulator.Config) { cfg.Strict = strict })
		if report, err := sim.LifeOf(context.Background(), judge.FamilySaasV1); err != nil || report.Result != want {
			t.Errorf("strict %v: %+v, %v", strict, report, err)
		}
	}
}

// The three ways in which the documents and live traffic write the header.
func TestBodySignForms(t *testing.T) {
	for _, blanks := range []string{", signature= ", ", signature=", ",signature="} {
		p := simtest.NewPartner(t, simtest.At("getLicense", 0, simtest.Header(func(key string, body []byte) string {
			return strings.Replace(sign.BodySign(key, body), ", signature= ", blanks, 1)
		})))
		if report, err := simtest.Rehearsal(t, p, nil).LifeOf(context.Background(), judge.FamilyLicenseV1); err != nil || report.Result != rehearsal.Passed {
			t.Errorf("%q: %+v, %v", blanks, report, err)
		}
	}
}

func TestOneInstanceForTwoItems(t *testing.T) {
	first := ""
	p := simtest.NewPartner(t, func(activity string, n int, a *simtest.Said) {
		switch {
		case activity == "newInstance" && n == 5:
			first = a.Body["instanceId"].(string)
		case activity == "newInstance" && n > 6:
			a.Body["instanceId"] = first
		}
	})
	sim := simtest.Rehearsal(t, p, func(cfg *simulator.Config) { cfg.Retry = market.RetryProfile{Check: market.Schedule{Window: 1}} })
	report, err := sim.LifeOf(context.Background(), judge.FamilySaasV1)
	if err != nil || report.Result != rehearsal.Failed {
		t.Fatalf("LifeOf = %+v, %v", report, err)
	}
	n := slices.IndexFunc(report.Steps, func(step rehearsal.Step) bool { return step.Name == "second item create" })
	if n < 0 || !strings.Contains(report.Steps[n].Err, "belongs to order") {
		t.Errorf("steps %+v", report.Steps)
	}
}

// How often and how long failed calls are repeated.
func TestRetriesOfEveryFamily(t *testing.T) {
	const v1, licence, codes, online = judge.FamilySaasV1, judge.FamilyLicenseV1, judge.FamilyLicenseCode, judge.FamilyLicenseOnline
	for _, tc := range []struct {
		family   judge.Family
		activity string
		attempts int
		took     time.Duration
		failed   int // orders
	}{
		{v1, "newInstance", 4, 3 * time.Hour, 1},
		{v1, "upgrade", 4, 3 * time.Hour, 1},
		{v1, "refreshInstance", 61, time.Hour, 0},
		{v1, "expireInstance", 61, time.Hour, 0},
		{licence, "getLicense", 4, 3 * time.Hour, 1},
		{licence, "refreshLicense", 1, 0, 0},
		{codes, "refreshLicenseCode", 61, 2 * time.Hour, 0},
		{codes, "releaseLicenseCode", 61, 2 * time.Hour, 0},
		{online, "newInstance", 61, 2 * time.Hour, 1},
		{online, "updateInstanceStatus", 61, 2 * time.Hour, 0},
		{judge.FamilyOrderNotify, "orderNotify", 4, 3 * time.Hour, 0},
		{judge.FamilyKitV1, "authSync", 1, 0, 0},
		{judge.FamilyKitV2, "tenantSync", 1, 0, 0},
	} {
		p := simtest.NewPartner(t, simtest.At(tc.activity, 0, simtest.Code("000005")))
		sim := simtest.Rehearsal(t, p, nil)
		report, err := sim.LifeOf(context.Background(), tc.family)
		if err != nil || report.Result != rehearsal.Failed {
			t.Errorf("%s: %+v, %v", tc.activity, report, err)
		}
		calls := slices.DeleteFunc(sim.Calls(""), func(c market.Call) bool { return string(c.Activity) != tc.activity })
		first := slices.DeleteFunc(slices.Clone(calls), func(c market.Call) bool { return c.MessageID != calls[0].MessageID })
		if took := first[len(first)-1].At.Sub(first[0].At); len(first) != tc.attempts || took != tc.took {
			t.Errorf("%s %s: %d attempts in %v", tc.family, tc.activity, len(first), took)
		}
		if n := sim.FailedOrders(); n != tc.failed {
			t.Errorf("%s %s: %d failed orders", tc.family, tc.activity, n)
		}
		if tc.activity == "getLicense" { // no refund: it waits for a restart by hand
			o, err := sim.Order(report.OrderID)
			if err != nil || o.State != market.Processing || o.Refunded || o.Reason == "" {
				t.Errorf("order %+v, %v", o, err)
			}
			p.Spoil = nil
			if _, err := sim.Restart(context.Background(), report.OrderID); err != nil {
				t.Error(err)
			}
			if o, _ = sim.Order(report.OrderID); o.State != market.Completed || o.InstanceID == "" {
				t.Errorf("order %+v", o)
			}
		}
	}
}

// An online instance that is made in the background is called for until it is there.
func TestOnlineUntilOpened(t *testing.T) {
	p := simtest.NewPartner(t, func(activity string, n int, a *simtest.Said) {
		if activity == "newInstance" && n <= 3 {
			a.Body["resultCode"] = "000004"
		}
	})
	sim := simtest.Rehearsal(t, p, nil)
	report, err := sim.LifeOf(context.Background(), judge.FamilyLicenseOnline)
	if err != nil || report.Result != rehearsal.Passed {
		t.Fatalf("LifeOf = %+v, %v", report, err)
	}
	simtest.Equal(t, "calls", p.Sequence()[:5], []string{"newInstance", "newInstance", "newInstance", "newInstance", "newInstance"})
	calls := sim.Calls(report.OrderID)
	if calls[0].Outcome != judge.OutcomePending || calls[3].Attempt != 4 || calls[4].Attempt != 1 {
		t.Errorf("calls %+v", calls[:5])
	}
}

// Who neither queries orders nor uploads licences is found out.
func TestQuietSellers(t *testing.T) {
	for family, want := range map[judge.Family][]string{
		judge.FamilyOrderNotify:   {"query order"},
		judge.FamilyLicenseOnline: {"query order", "upload"},
	} {
		p := simtest.NewPartner(t, nil)
		p.Quiet = true
		report, err := simtest.Rehearsal(t, p, nil).LifeOf(context.Background(), family)
		if err != nil || report.Result != rehearsal.Failed {
			t.Errorf("LifeOf = %+v, %v", report, err)
		}
		var failed []string
		for _, step := range report.Steps {
			if step.Err != "" {
				failed = append(failed, step.Name)
			}
		}
		simtest.Equal(t, string(family), failed, want)
	}
}

func TestNotificationCountsQueries(t *testing.T) {
	p := simtest.NewPartner(t, nil)
	sim := simtest.Rehearsal(t, p, nil)
	report, err := sim.LifeOf(context.Background(), judge.FamilyOrderNotify)
	if err != nil || len(report.Steps) != 3 || report.Steps[1].Queries != 1 {
		t.Errorf("LifeOf = %+v, %v", report, err)
	}
	if o, err := sim.Order(report.OrderID); err != nil || o.Queries != 2 {
		t.Errorf("order = %+v, %v", o, err)
	}
	if body := p.Heard[0]; len(body) != 3 || body["orderId"] != report.OrderID || body["orderLineId"] != report.OrderID+"-000001" {
		t.Errorf("body = %v", body)
	}
	if _, err := sim.Notify(context.Background(), report.OrderID); err != nil {
		t.Error(err)
	}
}
