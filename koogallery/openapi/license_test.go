// SPDX-License-Identifier: Apache-2.0

package openapi_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/openapi"
)

const license = "PLcanary001"

// expect is a stand-in that wants one body at one path.
func expect(t *testing.T, path, body, answer string) *marketplace {
	t.Helper()
	return serveBodies(t, func(w http.ResponseWriter, r *http.Request, got []byte) {
		if r.Method != http.MethodPost || r.URL.Path != path || r.URL.RawQuery != "" {
			t.Errorf("%s %s", r.Method, r.URL)
		}
		if string(got) != body {
			t.Errorf("body\n got %s\nwant %s", got, body)
		}
		reply(200, answer)(w, r)
	})
}

// The documents' example (saas-v1 §5.1).
func TestActivateLicense(t *testing.T) {
	t.Parallel()
	const answer = `{"error_code":"92020000","error_msg":"success","data":{"license_code_info":"{\"status\":\"ALIVE\",\"expire_time\":\"20230726121646\",\"product_id\":\"12345\",\"amount\":2,\"order_id\":\"CS123\"}"}}`
	want := openapi.LicenseCodeInfo{Status: openapi.LicenseAlive, ExpireTime: time.Date(2023, 7, 26, 12, 16, 46, 0, time.UTC), ProductID: "12345", OrderID: "CS123", Amount: 2}
	check := func(got openapi.LicenseCodeInfo, err error) {
		t.Helper()
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%+v, %v", got, err)
		}
	}
	m := expect(t, "/api/mkp-openapi-public/global/v1/license/activate", `{"license":"PLcanary001"}`, answer)
	check(newClient(t, config(m.URL)).ActivateLicense(t.Context(), license, time.Time{}))
	m = expect(t, openapi.ActivateLicensePath, `{"license":"PLcanary001","real_effect_time":"20260102153555"}`, answer)
	check(newClient(t, config(m.URL)).ActivateLicense(t.Context(), license, time.Date(2026, 1, 2, 23, 35, 55, 0, time.FixedZone("", 8*3600))))
}

// An activation that took place is no error, whatever else the answer says.
func TestActivateLicenseLenient(t *testing.T) {
	t.Parallel()
	for name, a := range map[string]struct {
		data   string
		status openapi.LicenseStatus
		doubts []string
	}{
		"object":          {`{"license_code_info":{"status":"ALIVE","amount":"2"}}`, "ALIVE", nil},
		"in data":         {`{"status":"ALIVE"}`, "ALIVE", nil},
		"camel case":      {`{"licenseCodeInfo":"{\"status\":\"NEW\",\"expireTime\":\"\"}"}`, "NEW", nil},
		"null":            {`null`, "", []string{"license_code_info"}},
		"no JSON":         {`{"license_code_info":"canary"}`, "", []string{"license_code_info"}},
		"cut":             {`{"license_code_info":"{\"status\":\"ALI"}`, "", []string{"license_code_info"}},
		"list":            {`[]`, "", []string{"license_code_info"}},
		"bad time":        {`{"status":"ALIVE","expire_time":"soon","amount":-1}`, "ALIVE", []string{"expire_time", "amount"}},
		"fractional":      {`{"status":"ALIVE","amount":1.5}`, "ALIVE", []string{"amount"}},
		"unknown members": {`{"status":"ALIVE","x":{"y":[1]}}`, "ALIVE", nil},
	} {
		m := serve(t, reply(200, `{"error_code":"92020000","data":`+a.data+`}`))
		got, err := newClient(t, config(m.URL)).ActivateLicense(t.Context(), license, time.Time{})
		if err != nil || got.Status != a.status || !slices.Equal(got.Doubts, a.doubts) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestQueryLicense(t *testing.T) {
	t.Parallel()
	const data = `"data":{"license_code":"PLcanary001","status":"EXPIRED","activate_time":"20250102030405","expire_time":"20260102030405","product_name":"n","product_id":"p","x":1}`
	want := openapi.LicenseInfo{
		LicenseCode: license, Status: openapi.LicenseExpired, ActivateTime: time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC),
		ExpireTime: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), ProductName: "n", ProductID: "p",
	}
	m := expect(t, "/api/mkp-openapi-public/global/v1/license/heartbeat", `{"license":"PLcanary001"}`, `{"error_code":"92020000","error_msg":"success",`+data+`}`)
	got, err := newClient(t, config(m.URL)).QueryLicense(t.Context(), license, nil)
	if err != nil || got.LicenseCode != want.LicenseCode || got.Status != want.Status || !got.ActivateTime.Equal(want.ActivateTime) ||
		!got.ExpireTime.Equal(want.ExpireTime) || got.ProductName != "n" || got.ProductID != "p" || len(got.Doubts) != 0 ||
		!strings.HasSuffix(string(got.Raw), `"x":1}`) {
		t.Errorf("%v, %v", got, err)
	}
	m = expect(t, openapi.QueryLicensePath, `{"license":"PLcanary001","heartbeatInfo":{"thirdPartyAccount":"myaccount1","ip":"192.168.1.51"}}`, `{"error_code":"92020000",`+data+`}`)
	if _, err := newClient(t, config(m.URL)).QueryLicense(t.Context(), license, &openapi.Heartbeat{ThirdPartyAccount: "myaccount1", IP: "192.168.1.51"}); err != nil {
		t.Error(err)
	}
	m = serve(t, reply(200, `{"error_code":"92020000","data":{"status":"RELEASED","expire_time":"x"}}`))
	if got, err = newClient(t, config(m.URL)).QueryLicense(t.Context(), license, nil); err != nil || got.LicenseCode != license || len(got.Doubts) != 1 {
		t.Errorf("%v, %v", got, err)
	}
	for _, data := range []string{`null`, `{}`, `[]`, `"canary"`, `{"status":{"a":1}}`} {
		m = serve(t, reply(200, `{"error_code":"92020000","data":`+data+`}`))
		if _, err := newClient(t, config(m.URL)).QueryLicense(t.Context(), license, nil); !errors.Is(err, openapi.ErrResponse) || !openapi.Retryable(err) {
			t.Errorf("%s: %v", data, err)
		}
	}
}

func TestLicenseCodes(t *testing.T) {
	t.Parallel()
	for code, is := range map[string]func(error) bool{
		"92020003": openapi.IsAlreadyActivated, "92020004": openapi.IsNotReceived, "92020005": openapi.IsUnknownLicense,
		"92020011": openapi.IsNotActivated, "92020020": openapi.IsInvalidInBatch,
	} {
		m := serve(t, reply(200, `{"error_code":"`+code+`","error_msg":"no"}`))
		c := newClient(t, config(m.URL))
		_, a := c.ActivateLicense(t.Context(), license, time.Time{})
		_, b := c.QueryLicense(t.Context(), license, nil)
		list, d := c.ActivateLicenses(t.Context(), []string{license}, time.Time{})
		_, e := c.QueryLicenses(t.Context(), []string{license})
		_, f := c.ReportLicenseUsage(t.Context(), []openapi.LicenseUsage{{License: license, Elements: []openapi.LicenseUsageElement{{ID: "a"}}}})
		for _, err := range []error{a, b, d, e, f} {
			count := 0
			for _, other := range []func(error) bool{openapi.IsAlreadyActivated, openapi.IsNotReceived, openapi.IsUnknownLicense, openapi.IsNotActivated, openapi.IsInvalidInBatch} {
				if other(err) {
					count++
				}
			}
			if !is(fmt.Errorf("wrapped: %w", err)) || count != 1 || openapi.Sent(err) {
				t.Errorf("%s: %v", code, err)
			}
		}
		if list != nil {
			t.Errorf("%s: %v", code, list)
		}
	}
}

func TestLicenseArguments(t *testing.T) {
	t.Parallel()
	m := serve(t, reply(200, `{"error_code":"92020000"}`))
	c := newClient(t, config(m.URL))
	long, far := strings.Repeat("x", 65), time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
	many := make([]string, 101)
	for i := range many {
		many[i] = fmt.Sprint("PL", i)
	}
	one, minus, most := int64(1), int64(-1), int64(openapi.MaxActiveNum+1)
	element := []openapi.LicenseUsageElement{{ID: "a"}}
	usage := func(list ...openapi.LicenseUsage) func() error {
		return func() error { _, err := c.ReportLicenseUsage(t.Context(), list); return err }
	}
	manyUsage := make([]openapi.LicenseUsage, 101)
	for i := range manyUsage {
		manyUsage[i] = openapi.LicenseUsage{License: many[i], Elements: element}
	}
	activate := func(list []string, at time.Time) func() error {
		return func() error { _, err := c.ActivateLicenses(t.Context(), list, at); return err }
	}
	for name, call := range map[string]func() error{
		"activate nothing": func() error { _, err := c.ActivateLicense(t.Context(), "", time.Time{}); return err },
		"activate long":    func() error { _, err := c.ActivateLicense(t.Context(), long, time.Time{}); return err },
		"activate far":     func() error { _, err := c.ActivateLicense(t.Context(), license, far); return err },
		"query nothing":    func() error { _, err := c.QueryLicense(t.Context(), "", nil); return err },
		"query line break": func() error { _, err := c.QueryLicense(t.Context(), "a\n", nil); return err },
		"empty heartbeat":  func() error { _, err := c.QueryLicense(t.Context(), license, &openapi.Heartbeat{}); return err },
		"long address": func() error {
			_, err := c.QueryLicense(t.Context(), license, &openapi.Heartbeat{ThirdPartyAccount: "a", IP: long})
			return err
		},
		"no codes":            activate(nil, time.Time{}),
		"too many codes":      activate(many, time.Time{}),
		"long code":           activate([]string{license, long}, time.Time{}),
		"repeated code":       activate([]string{license, license}, time.Time{}),
		"codes far":           activate([]string{license}, far),
		"query no codes":      func() error { _, err := c.QueryLicenses(t.Context(), nil); return err },
		"query repeated code": func() error { _, err := c.QueryLicenses(t.Context(), []string{license, license}); return err },
		"no usage":            usage(),
		"too many licences":   usage(manyUsage...),
		"usage without code":  usage(openapi.LicenseUsage{Elements: element}),
		"usage repeated":      usage(openapi.LicenseUsage{License: license, Elements: element}, openapi.LicenseUsage{License: license, Elements: element}),
		"no elements":         usage(openapi.LicenseUsage{License: license}),
		"too many elements":   usage(openapi.LicenseUsage{License: license, Elements: slices.Repeat(element, 101)}),
		"neither":             usage(openapi.LicenseUsage{License: license, Elements: []openapi.LicenseUsageElement{{}}}),
		"both":                usage(openapi.LicenseUsage{License: license, Elements: []openapi.LicenseUsageElement{{ID: "a", ActiveNum: &one}}}),
		"negative":            usage(openapi.LicenseUsage{License: license, Elements: []openapi.LicenseUsageElement{{ActiveNum: &minus}}}),
		"too large":           usage(openapi.LicenseUsage{License: license, Elements: []openapi.LicenseUsageElement{{ActiveNum: &most}}}),
		"long id":             usage(openapi.LicenseUsage{License: license, Elements: []openapi.LicenseUsageElement{{ID: strings.Repeat("x", 257)}}}),
	} {
		err := call()
		if !errors.Is(err, openapi.ErrArgument) || openapi.Sent(err) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		assertClean(t, err.Error())
	}
	if m.calls.Load() != 0 {
		t.Error("a request was sent")
	}
}

// The shapes in which a batch may be answered; none was ever seen.
func TestActivateLicenses(t *testing.T) {
	t.Parallel()
	const (
		a, r, u = "accepted", "rejected", "unknown"
		ok, bad = "92020000", "92020020"
	)
	licenses := []string{"PLcanary001", "PLcanary002", "PLcanary003"}
	for name, tt := range map[string]struct {
		code, data, want string
		second           string // code of the second
	}{
		"nothing":                   {ok, `null`, a + a + a, ""},
		"count":                     {ok, `{"total":3}`, a + a + a, ""},
		"list of results":           {ok, `{"list":[{"license":"PLcanary001"},{"license":"PLcanary002","error_code":"92020003"},{"license":"PLcanary003","error_code":"92020000"}]}`, a + r + a, "92020003"},
		"list in data":              {ok, `[{"licenseCode":"PLcanary001"},{"license_code":"PLcanary002","errorCode":92020005},{"license":"PLcanary003"}]`, a + r + a, "92020005"},
		"one is missing":            {ok, `[{"license":"PLcanary001"},{"license":"PLcanary002"}]`, a + a + u, ""},
		"failures":                  {ok, `{"fail_list":[{"license":"PLcanary002","error_code":"92020004"}]}`, a + r + a, "92020004"},
		"failures as texts":         {ok, `{"invalid_license_list":["PLcanary002"]}`, a + r + a, ""},
		"both lists":                {ok, `{"success_list":["PLcanary001"],"fail_list":["PLcanary002"]}`, a + r + u, ""},
		"a stranger":                {ok, `{"fail_list":["PLcanary009"]}`, u + u + u, ""},
		"one object":                {ok, `{"license":"PLcanary002","error_code":"92020003"}`, u + r + u, "92020003"},
		"text":                      {ok, `"canary"`, u + u + u, ""},
		"text of a list":            {ok, `"[\"PLcanary001\",\"PLcanary002\",\"PLcanary003\"]"`, a + a + a, ""},
		"nested lists":              {ok, `[[1]]`, u + u + u, ""},
		"failed, names one":         {bad, `{"invalid_list":["PLcanary002"]}`, u + r + u, ""},
		"failed, names one somehow": {bad, `["PLcanary002"]`, u + u + u, ""},
		"failed, names none":        {bad, `{"x":1}`, "", ""},
		"failed, names a stranger":  {bad, `["PLcanary009"]`, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := expect(t, "/api/mkp-openapi-public/global/v2/license/activate",
				`{"license_list":["PLcanary001","PLcanary002","PLcanary003"],"real_effect_time":"20260102153555"}`,
				`{"error_code":"`+tt.code+`","error_msg":"x","data":`+tt.data+`}`)
			list, err := newClient(t, config(m.URL)).ActivateLicenses(t.Context(), licenses, time.Date(2026, 1, 2, 15, 35, 55, 0, time.UTC))
			if (err == nil) != (tt.code == ok) || openapi.IsInvalidInBatch(err) != (tt.code == bad) {
				t.Fatalf("%v", err)
			}
			var got string
			for i, l := range list {
				got += string(l.Outcome)
				if l.License != licenses[i] {
					t.Errorf("%q is the %dth", l.License, i)
				}
			}
			if got != tt.want || (len(list) > 1 && list[1].Code != tt.second) {
				t.Errorf("%v", list)
			}
		})
	}
	m := serve(t, reply(200, `{"error_code":"92020000","data":[{"license":"PL1","license_code_info":"{\"status\":\"ALIVE\",\"order_id\":\"CS1\"}"}]}`))
	list, err := newClient(t, config(m.URL)).ActivateLicenses(t.Context(), []string{"PL1"}, time.Time{})
	if err != nil || list[0].Info.Status != openapi.LicenseAlive || list[0].Info.OrderID != "CS1" {
		t.Errorf("%+v, %v", list[0].Info, err)
	}
}

func TestQueryLicenses(t *testing.T) {
	t.Parallel()
	m := expect(t, "/api/mkp-openapi-public/global/v2/license/heartbeat", `{"license_list":["PL1","PL2","PL3"]}`,
		`{"error_code":"92020000","data":{"license_info_list":[{"license_code":"PL3","status":"RELEASED"},{"license_code":"PL1","status":"ALIVE","expire_time":"20260102030405"},{"license_code":"PL2"}]}}`)
	list, err := newClient(t, config(m.URL)).QueryLicenses(t.Context(), []string{"PL1", "PL2", "PL3"})
	if err != nil || len(list) != 3 {
		t.Fatalf("%v, %v", list, err)
	}
	if list[0].Info.Status != openapi.LicenseAlive || list[0].Info.ExpireTime.Year() != 2026 || list[0].Info.LicenseCode != "PL1" ||
		list[1].Outcome != openapi.OutcomeUnknown || list[2].Info.Status != openapi.LicenseReleased {
		t.Errorf("%v", list)
	}
	m = serve(t, reply(200, `{"error_code":"92020000"}`))
	if list, err = newClient(t, config(m.URL)).QueryLicenses(t.Context(), []string{"PL1"}); err != nil || list[0].Outcome != openapi.OutcomeUnknown {
		t.Errorf("%v, %v", list, err)
	}
}

// The documents' examples (saas-v1 §5.2b).
func TestReportLicenseUsage(t *testing.T) {
	t.Parallel()
	hundred, zero := int64(100), int64(0)
	usage := []openapi.LicenseUsage{
		{License: "PL1", Elements: []openapi.LicenseUsageElement{{ID: "account1"}, {ID: "account2"}}},
		{License: "PL2", Elements: []openapi.LicenseUsageElement{{ActiveNum: &hundred}, {ActiveNum: &zero}}},
	}
	const body = `{"usage_info":[{"license":"PL1","software_usage_Info":[{"id":"account1"},{"id":"account2"}]},{"license":"PL2","software_usage_Info":[{"active_num":100},{"active_num":0}]}]}`
	for name, tt := range map[string]struct {
		data   string
		want   []string // license, id, code of each
		unread int
	}{
		"nothing":       {`null`, nil, 0},
		"empty":         {`{"check_fail_list":[]}`, nil, 0},
		"objects":       {`{"check_fail_list":[{"license":"PL1","id":"account2","error_code":"92020005"}]}`, []string{"PL1 account2 92020005"}, 0},
		"another name":  {`{"checkFailUsage":[{"licenseCode":"PL2","reason":"x"}]}`, []string{"PL2  "}, 0},
		"texts":         {`{"check_fail_license":["PL1","account1"]}`, []string{"PL1  ", " account1 "}, 0},
		"only an id":    {`{"check_fail_list":[{"id":"account1"}]}`, []string{" account1 "}, 0},
		"stranger":      {`{"check_fail_list":[{"license":"PL9"},"x",7]}`, nil, 3},
		"list in data":  {`[{"license":"PL1","error_code":"92020005"},{"license":"PL2","error_code":"92020000"}]`, []string{"PL1  92020005"}, 0},
		"text for data": {`"canary"`, nil, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := expect(t, "/api/mkp-openapi-public/global/v2/license/software-usage-info", body, `{"error_code":"92020000","data":`+tt.data+`}`)
			result, err := newClient(t, config(m.URL)).ReportLicenseUsage(t.Context(), usage)
			var got []string
			for _, r := range result.Rejected {
				got = append(got, r.License+" "+r.ID+" "+r.Code)
			}
			if err != nil || !slices.Equal(got, tt.want) || result.Unread != tt.unread {
				t.Errorf("%q, %d unread, %v", got, result.Unread, err)
			}
		})
	}
	m := serve(t, reply(200, `{"error_code":"92020020","data":{"check_fail_list":["PL1"]}}`))
	if result, err := newClient(t, config(m.URL)).ReportLicenseUsage(t.Context(), usage); !openapi.IsInvalidInBatch(err) || len(result.Rejected) != 1 {
		t.Errorf("%+v, %v", result, err)
	}
}

// A server that echoes what it was sent does not get it into errors or messages.
func TestLicenseEchoIsMasked(t *testing.T) {
	t.Parallel()
	const echo = `"PLcanary001 PLcanary00 canary-account 10.0.0.canary ` + usageKey + " " + accessKey + " " + secretKey + `"`
	for _, status := range []int{200, 400, 500} {
		m := serve(t, reply(status, `{"error_code":"92020005","error_msg":`+echo+`,"data":{"fail":[{"license":"PLcanary001","code":"PLcanary001","msg":`+echo+`}]}}`))
		c := newClient(t, usageConfig(m.URL))
		_, a := c.ActivateLicense(t.Context(), license, time.Time{})
		_, b := c.QueryLicense(t.Context(), license, &openapi.Heartbeat{ThirdPartyAccount: "canary-account", IP: "10.0.0.canary"})
		list, d := c.ActivateLicenses(t.Context(), []string{"PLcanary00", license}, time.Time{})
		queried, e := c.QueryLicenses(t.Context(), []string{"PLcanary00", license})
		used, f := c.ReportLicenseUsage(t.Context(), []openapi.LicenseUsage{{License: "PLcanary00", Elements: []openapi.LicenseUsageElement{{ID: "canary-account"}}}, {License: license, Elements: []openapi.LicenseUsageElement{{ID: "10.0.0.canary"}}}})
		if len(list) != 2 || len(queried) != 2 || len(used.Rejected) != 1 {
			t.Fatalf("%v, %v, %v", list, queried, used)
		}
		texts := []string{list[1].Message, list[1].Code, queried[1].Message, used.Rejected[0].Message, used.Rejected[0].Code}
		for _, err := range []error{a, b, d, e, f} {
			texts = append(texts, err.Error())
		}
		for i, text := range texts {
			if single := text == a.Error() || text == b.Error(); !single && strings.Contains(text, "PL") {
				t.Errorf("text %d: %s", i, text)
			}
			for _, secret := range []string{license, usageKey, accessKey, secretKey} {
				if strings.Contains(text, secret) {
					t.Errorf("text %d: %s", i, text)
				}
			}
		}
	}
}

func TestLicensesAreNotPrinted(t *testing.T) {
	t.Parallel()
	outcome := openapi.LicenseOutcome{License: license, Outcome: openapi.OutcomeRejected, Code: "92020005"}
	for _, value := range []any{
		openapi.LicenseInfo{LicenseCode: license, Status: openapi.LicenseAlive},
		&openapi.LicenseInfo{LicenseCode: license},
		outcome, openapi.ActivatedLicense{LicenseOutcome: outcome},
		[]openapi.QueriedLicense{{LicenseOutcome: outcome, Info: openapi.LicenseInfo{LicenseCode: license}}},
		openapi.RejectedLicenseUsage{License: license, ID: "canary"},
		openapi.LicenseUsageResult{Rejected: []openapi.RejectedLicenseUsage{{License: license, ID: "canary"}}},
		openapi.SoftwarePackageObject{InternalPath: "https://canary"},
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			assertClean(t, fmt.Sprintf(verb, value))
		}
		encoded, err := json.Marshal(value)
		if err != nil {
			t.Error(err)
		}
		assertClean(t, string(encoded))
		assertLogsClean(t, value)
	}
	for _, value := range []any{
		openapi.Heartbeat{ThirdPartyAccount: "canary", IP: "canary"}, &openapi.Heartbeat{ThirdPartyAccount: "canary"},
		openapi.LicenseUsage{License: license, Elements: []openapi.LicenseUsageElement{{ID: "canary"}}},
		usageConfig("https://canary.invalid"),
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			assertClean(t, fmt.Sprintf(verb, value))
		}
		assertLogsClean(t, value)
	}
}

func assertLogsClean(t *testing.T, value any) {
	t.Helper()
	var log strings.Builder
	for _, handler := range []slog.Handler{slog.NewJSONHandler(&log, nil), slog.NewTextHandler(&log, nil)} {
		slog.New(handler).Info("m", "value", value)
	}
	assertClean(t, log.String())
}

// 92020020 says that some code is bad and not which (third-reading T24): the others are activated one by one, and nothing that
// was activated before is lost. Whatever else is refused stays an error.
func TestActivateEach(t *testing.T) {
	t.Parallel()
	single := map[string]string{"PL1": "92020000", "PL2": "92020004", "PL3": "92020003", "PL4": "92020000", "PL5": "92020001", "PL6": "92020000"}
	m := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var request struct{ License, RealEffectTime string }
		body, _ := io.ReadAll(r.Body)
		if err := json.Unmarshal(body, &request); err != nil || !strings.Contains(string(body), `"real_effect_time":"20260102153555"`) {
			t.Errorf("%s, %v", body, err)
		}
		code := "92020020"
		if r.URL.Path == openapi.ActivateLicensePath {
			code = single[request.License]
		}
		reply(200, `{"error_code":"`+code+`","error_msg":"x"}`)(w, r)
	})
	at := time.Date(2026, 1, 2, 15, 35, 55, 0, time.UTC)
	c := newClient(t, config(m.URL))
	list, err := c.ActivateEach(t.Context(), []string{"PL1", "PL2", "PL3", "PL4"}, at)
	if err != nil || len(list) != 4 {
		t.Fatalf("%v, %v", list, err)
	}
	for i, want := range []openapi.Outcome{openapi.OutcomeAccepted, openapi.OutcomeRejected, openapi.OutcomeAccepted, openapi.OutcomeAccepted} {
		if list[i].Outcome != want {
			t.Errorf("%d: %v, want %s", i, list[i], want)
		}
	}
	if list[1].Code != openapi.CodeLicenseNotReceived {
		t.Errorf("%v", list[1])
	}
	list, err = c.ActivateEach(t.Context(), []string{"PL1", "PL5", "PL6"}, at)
	if !openapi.Retryable(err) || len(list) != 3 || list[0].Outcome != openapi.OutcomeAccepted || list[1].Outcome != openapi.OutcomeUnknown || list[2].Outcome != openapi.OutcomeUnknown {
		t.Errorf("%v, %v", list, err)
	}
	if n := m.calls.Load(); n != 5+3 {
		t.Errorf("%d calls", n)
	}
}

// A push carries the documented members of its interface and no other: MKT.0101 is also the answer to one that is not defined
// (third-reading T34).
func TestUsageCarriesNothingUndefined(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	common := []string{"begin_time", "end_time", "instance_id", "record_time", "relate_pkg_instance", "usage_value"}
	for path, want := range map[string][]string{
		openapi.UsagePath: append([]string{"metering_sn"}, common...), openapi.UsageOldPath: append([]string{"product_id"}, common...),
	} {
		m := serve(t, func(w http.ResponseWriter, r *http.Request) {
			var body map[string][]map[string]any
			if err := json.NewDecoder(r.Body).Decode(&body); err != nil || r.URL.Path != path || len(body) != 1 || len(body["usage_records"]) != 1 {
				t.Errorf("%s: %v, %v", r.URL.Path, body, err)
				return
			}
			got := slices.Sorted(maps.Keys(body["usage_records"][0]))
			if slices.Sort(want); !slices.Equal(got, want) {
				t.Errorf("%s: %v, want %v", path, got, want)
			}
			reply(200, `{"error_code":"94060000"}`)(w, r)
		})
		cfg := config(m.URL)
		cfg.UsageKey = "k"
		c := newClient(t, cfg)
		if path == openapi.UsagePath {
			_, _ = c.PushUsage(t.Context(), []openapi.UsageRecord{{InstanceID: "i", RecordTime: at, BeginTime: at, EndTime: at, UsageValue: "1", MeteringSN: "s", RelatePkgInstance: "p"}})
		} else {
			_, _ = c.PushUsageOld(t.Context(), []openapi.OldUsageRecord{{InstanceID: "i", ProductID: "q", RecordTime: at, BeginTime: at, EndTime: at, UsageValue: "1", RelatePkgInstance: "p"}})
		}
		if m.calls.Load() != 1 {
			t.Errorf("%s was not called", path)
		}
	}
}
