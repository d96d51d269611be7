// SPDX-License-Identifier: Apache-2.0

package openapi_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/koogallery/sign"
)

const usageKey = "canary-usage-key"

func at(hour, minute int) time.Time { return time.Date(2022, 8, 9, hour, minute, 0, 999, time.UTC) }

// record is the documents' example (open-apis §3.3) with a number of its own.
func record(n int) openapi.UsageRecord {
	return openapi.UsageRecord{
		InstanceID: "7f141bf1-aec8-4859-8323-fb3a8ad50721", RecordTime: at(9, 10).In(time.FixedZone("", 8*3600)),
		BeginTime: at(8, n%60), EndTime: at(9, 0), UsageValue: "99", MeteringSN: fmt.Sprintf("sn-%04d", n),
	}
}

func records(n int) []openapi.UsageRecord {
	var list []openapi.UsageRecord
	for i := range n {
		list = append(list, record(i))
	}
	return list
}

func usageConfig(base string) openapi.Config {
	cfg := config(base)
	cfg.UsageKey = usageKey
	return cfg
}

// verifyUsage checks the header signature as the marketplace does.
func verifyUsage(t *testing.T, r *http.Request, body []byte) {
	t.Helper()
	ts, nonce := r.Header.Get(sign.UsageTSHeader), r.Header.Get(sign.UsageNonceHeader)
	if _, err := sign.VerifyUsage([]string{usageKey}, ts, nonce, r.Header.Get(sign.UsageSignatureHeader), body); err != nil {
		t.Errorf("VerifyUsage: %v", err)
	}
	if ts != strconv.FormatInt(fixedNow().UnixMilli(), 10) || len(nonce) < 22 || len(nonce) > 64 {
		t.Errorf("ts %q, nonce %q", ts, nonce)
	}
}

// serveBodies is serve with the body handed on.
func serveBodies(t *testing.T, answer func(w http.ResponseWriter, r *http.Request, body []byte)) *marketplace {
	t.Helper()
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("body: %v", err)
		}
		answer(w, r, body)
	})
}

func TestPushUsage(t *testing.T) {
	t.Parallel()
	var got []byte
	nonces := make(map[string]bool)
	m := serveBodies(t, func(w http.ResponseWriter, r *http.Request, body []byte) {
		if r.Method != http.MethodPost || r.URL.Path != openapi.UsagePath || r.URL.RawQuery != "" {
			t.Errorf("%s %s", r.Method, r.URL)
		}
		verifyUsage(t, r, body)
		got = body
		nonces[r.Header.Get("nonce")] = true
		reply(200, `{"error_code":"MKT.0000","error_msg":"Success","request_id":"rq-1","new_field":[]}`)(w, r)
	})
	c := newClient(t, usageConfig(m.URL))
	second := record(1)
	second.UsageValue, second.RelatePkgInstance = "0.0001", `pkg<&>"包`
	for range 2 {
		result, err := c.PushUsage(t.Context(), []openapi.UsageRecord{record(0), second})
		if err != nil {
			t.Fatal(err)
		}
		if len(result.Records) != 2 || result.Count(openapi.OutcomeAccepted) != 2 || result.Unmatched != 0 || result.RequestID != "rq-1" {
			t.Errorf("result %+v", result)
		}
	}
	want := `{"usage_records":[` +
		`{"begin_time":"20220809T080000Z","end_time":"20220809T090000Z","instance_id":"7f141bf1-aec8-4859-8323-fb3a8ad50721","metering_sn":"sn-0000","record_time":"20220809T091000Z","usage_value":"99"},` +
		`{"begin_time":"20220809T080100Z","end_time":"20220809T090000Z","instance_id":"7f141bf1-aec8-4859-8323-fb3a8ad50721","metering_sn":"sn-0001","record_time":"20220809T091000Z","relate_pkg_instance":"pkg<&>\"包","usage_value":"0.0001"}]}`
	if string(got) != want {
		t.Errorf("body\n got %s\nwant %s", got, want)
	}
	if len(nonces) != 2 {
		t.Error("a nonce was used twice")
	}
	// Sorted by another implementation, the body is the same.
	var tree map[string]any
	if err := json.Unmarshal(got, &tree); err != nil {
		t.Fatal(err)
	}
	var sorted bytes.Buffer
	e := json.NewEncoder(&sorted)
	e.SetEscapeHTML(false)
	if err := e.Encode(tree); err != nil || strings.TrimSpace(sorted.String()) != string(got) {
		t.Errorf("not sorted: %s", got)
	}
}

func TestPushUsageWithoutAKSK(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		verifyUsage(t, r, body)
		for _, name := range []string{"Authorization", "X-Sdk-Date", "X-Security-Token"} {
			if r.Header.Get(name) != "" {
				t.Errorf("%s is sent", name)
			}
		}
		reply(200, `{"error_code":"MKT.0000"}`)(w, r)
	}))
	t.Cleanup(s.Close)
	cfg := usageConfig(s.URL)
	cfg.UsageWithoutAKSK = true
	cfg.Credentials.SecurityToken = "canary-token"
	if _, err := newClient(t, cfg).PushUsage(t.Context(), records(1)); err != nil {
		t.Fatal(err)
	}
}

func TestPushUsageOld(t *testing.T) {
	t.Parallel()
	r := record(0)
	old := openapi.OldUsageRecord{
		InstanceID: r.InstanceID, ProductID: "OFFI1", RecordTime: r.RecordTime, BeginTime: r.BeginTime, EndTime: r.EndTime,
		UsageValue: "1.5", RelatePkgInstance: "p",
	}
	second := old
	second.BeginTime = at(8, 30)
	m := serveBodies(t, func(w http.ResponseWriter, r *http.Request, body []byte) {
		if r.Method != http.MethodPost || r.URL.Path != "/rest/marketplace/v1/isv/usage-data" || r.Header.Get("signature") != "" {
			t.Errorf("%s %s", r.Method, r.URL)
		}
		want := `{"usage_records":[{"begin_time":"20220809T080000Z","end_time":"20220809T090000Z","instance_id":"7f141bf1-aec8-4859-8323-fb3a8ad50721","product_id":"OFFI1","record_time":"20220809T091000Z","relate_pkg_instance":"p","usage_value":"1.5"},`
		if !strings.HasPrefix(string(body), want) {
			t.Errorf("body %s", body)
		}
		reply(200, `{"error_code":"MKT.0000","error_msg":"success","data":{"abnormal_usage_data":[{"instance_id":"7f141bf1-aec8-4859-8323-fb3a8ad50721","begin_time":"20220809T083000Z","end_time":"20220809T090000Z","error_code":"010"}]}}`)(w, r)
	})
	result, err := newClient(t, config(m.URL)).PushUsageOld(t.Context(), []openapi.OldUsageRecord{old, second})
	if err != nil || result.Records[0].Outcome != openapi.OutcomeAccepted || result.Records[1].Code != openapi.RecordDuplicate {
		t.Errorf("%+v, %v", result, err)
	}
	for field, change := range map[string]func(*openapi.OldUsageRecord){
		"product_id":  func(r *openapi.OldUsageRecord) { r.ProductID = "" },
		"instance_id": func(r *openapi.OldUsageRecord) { r.InstanceID = "" },
	} {
		bad := old
		change(&bad)
		_, err := newClient(t, config(m.URL)).PushUsageOld(t.Context(), []openapi.OldUsageRecord{old, bad})
		if !errors.Is(err, openapi.ErrArgument) || !strings.HasSuffix(err.Error(), "usage_records[1]."+field) {
			t.Errorf("%s: %v", field, err)
		}
	}
	if _, err := newClient(t, config(m.URL)).PushUsageOld(t.Context(), nil); !errors.Is(err, openapi.ErrArgument) {
		t.Error(err)
	}
	if m.calls.Load() != 1 {
		t.Error("a bad record was sent")
	}
}

func TestPushUsageArguments(t *testing.T) {
	t.Parallel()
	m := serve(t, reply(200, `{"error_code":"MKT.0000"}`))
	c := newClient(t, usageConfig(m.URL))
	long := strings.Repeat("x", 65)
	tests := []struct {
		name, field string
		change      func(*openapi.UsageRecord)
	}{
		{"no instance", "instance_id", func(r *openapi.UsageRecord) { r.InstanceID = "" }},
		{"long instance", "instance_id", func(r *openapi.UsageRecord) { r.InstanceID = long }},
		{"no number", "metering_sn", func(r *openapi.UsageRecord) { r.MeteringSN = "" }},
		{"long number", "metering_sn", func(r *openapi.UsageRecord) { r.MeteringSN = long }},
		{"number with a line break", "metering_sn", func(r *openapi.UsageRecord) { r.MeteringSN = "a\n" }},
		{"repeated number", "metering_sn", func(r *openapi.UsageRecord) { r.MeteringSN = "sn-0000" }},
		{"long package", "relate_pkg_instance", func(r *openapi.UsageRecord) { r.RelatePkgInstance = long }},
		{"no record time", "record_time", func(r *openapi.UsageRecord) { r.RecordTime = time.Time{} }},
		{"no begin", "begin_time", func(r *openapi.UsageRecord) { r.BeginTime = time.Time{} }},
		{"no end", "end_time", func(r *openapi.UsageRecord) { r.EndTime = time.Time{} }},
		{"end before begin", "end_time", func(r *openapi.UsageRecord) { r.EndTime = r.BeginTime.Add(-time.Second) }},
		{"year 10000", "end_time", func(r *openapi.UsageRecord) { r.EndTime = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }},
		{"bad value", "usage_value", func(r *openapi.UsageRecord) { r.UsageValue = "1e3" }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			list := records(2)
			tt.change(&list[1])
			_, err := c.PushUsage(t.Context(), list)
			if !errors.Is(err, openapi.ErrArgument) || !strings.HasSuffix(err.Error(), "usage_records[1]."+tt.field) || openapi.Sent(err) || openapi.Retryable(err) {
				t.Errorf("%v", err)
			}
		})
	}
	for _, n := range []int{0, openapi.MaxUsageRecords + 1} {
		if _, err := c.PushUsage(t.Context(), records(n)); !errors.Is(err, openapi.ErrArgument) {
			t.Errorf("%d records: %v", n, err)
		}
	}
	if _, err := newClient(t, config(m.URL)).PushUsage(t.Context(), records(1)); !errors.Is(err, openapi.ErrConfig) || openapi.Sent(err) {
		t.Errorf("without a key: %v", err)
	}
	if m.calls.Load() != 0 {
		t.Error("a request was sent")
	}
}

func TestPushUsageAtTheBound(t *testing.T) {
	t.Parallel()
	m := serveBodies(t, func(w http.ResponseWriter, r *http.Request, body []byte) {
		verifyUsage(t, r, body)
		var list []string
		for i := range openapi.MaxUsageRecords {
			list = append(list, fmt.Sprintf(`{"metering_sn":"sn-%04d","error_code":"013"}`, i))
		}
		reply(200, `{"error_code":"94060999","error_msg":"Failed","data":{"abnormal_usage_data":[`+strings.Join(list, ",")+`]}}`)(w, r)
	})
	result, err := newClient(t, usageConfig(m.URL)).PushUsage(t.Context(), records(openapi.MaxUsageRecords))
	if err != nil || result.Count(openapi.OutcomeRejected) != openapi.MaxUsageRecords {
		t.Errorf("%d rejected, %v", result.Count(openapi.OutcomeRejected), err)
	}
}

func TestValidUsageValue(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]bool{
		"1": true, "99": true, "0.0001": true, "1.5000": true, "12345678901234567890": true, "123456789012345.0001": true,
		"": false, "0": false, "0.0000": false, "0.00001": false, "1.": false, ".5": false, "-1": false, "+1": false, "1e3": false,
		"01": false, "00.5": false, "1,5": false, "1.2.3": false, " 1": false, "1 ": false, "١": false, "123456789012345678901": false,
		"0x10": false, "NaN": false, "Infinity": false, "1234567890123456.0001": false,
	} {
		if got := openapi.ValidUsageValue(value); got != want {
			t.Errorf("%q: %v", value, got)
		}
	}
}

// Every shape in which an answer may name abnormal records.
func TestAbnormalRecords(t *testing.T) {
	t.Parallel()
	const (
		a, r, u = "accepted", "rejected", "unknown"
		period  = `"instance_id":"7f141bf1-aec8-4859-8323-fb3a8ad50721","begin_time":"20220809T080100Z","end_time":"20220809T090000Z"`
	)
	tests := []struct {
		name, data string // three records, sn-0000 to sn-0002
		failed     bool   // 94060999 rather than success
		want       string
		code       openapi.RecordCode // of the second record
	}{
		{"none", `null`, false, a + a + a, ""},
		{"empty object", `{}`, false, a + a + a, ""},
		{"empty list", `{"abnormal_usage_data":[]}`, false, a + a + a, ""},
		{"null list", `{"abnormal_usage_data":null}`, false, a + a + a, ""},
		{"empty text", `""`, false, a + a + a, ""},
		{"scalars only", `{"total":3}`, false, a + a + a, ""},
		{"by number", `{"abnormal_usage_data":[{"metering_sn":"sn-0001","error_code":"003","error_msg":"text"}]}`, true, a + r + a, "003"},
		{"with success", `{"abnormal_usage_data":[{"metering_sn":"sn-0001","error_code":"003"}]}`, false, a + r + a, "003"},
		{"camel case", `{"abnormalUsageData":[{"meteringSn":"sn-0001","errorCode":"003","errorMsg":"text"}]}`, true, a + r + a, "003"},
		{"other case", `{"abnormalUsageData":[{"meteringSN":"sn-0001","code":"003"}]}`, true, a + r + a, "003"},
		{"numeric code", `{"abnormal_usage_data":[{"metering_sn":"sn-0001","code":3}]}`, true, a + r + a, "003"},
		{"prefixed code", `{"abnormal_usage_data":[{"metering_sn":"sn-0001","code":"MKT.013"}]}`, true, a + r + a, "013"},
		{"by period", `{"abnormal_usage_data":[{` + period + `,"error_code":"011"}]}`, true, a + r + a, "011"},
		{"by period in another form", `{"abnormal_usage_data":[{"instanceId":"7f141bf1-aec8-4859-8323-fb3a8ad50721","beginTime":"20220809080100","endTime":"20220809090000000","error_code":"011"}]}`, true, a + r + a, "011"},
		{"strange number, known period", `{"abnormal_usage_data":[{"metering_sn":"other",` + period + `,"error_code":"010"}]}`, true, a + r + a, "010"},
		{"nested record", `{"abnormal_usage_data":[{"usage_record":{"metering_sn":"sn-0001"},"error_code":"003"}]}`, true, a + r + a, "003"},
		{"one object", `{"abnormal_usage_data":{"metering_sn":"sn-0001","error_code":"003"}}`, true, a + r + a, "003"},
		{"list in data", `[{"metering_sn":"sn-0001","error_code":"003"}]`, true, a + r + a, "003"},
		{"record in data", `{"metering_sn":"sn-0001","error_code":"003"}`, true, a + r + a, "003"},
		{"list in a text", `{"abnormal_usage_data":"[{\"metering_sn\":\"sn-0001\",\"error_code\":\"003\"}]"}`, true, a + r + a, "003"},
		{"data in a text", `"{\"abnormal_usage_data\":[{\"metering_sn\":\"sn-0001\",\"error_code\":\"003\"}]}"`, true, a + r + a, "003"},
		{"no code", `{"abnormal_usage_data":[{"metering_sn":"sn-0001"}]}`, true, a + r + a, ""},
		{"code that is none", `{"abnormal_usage_data":[{"metering_sn":"sn-0001","code":"canary!"}]}`, true, a + r + a, ""},
		{"all", `{"abnormal_usage_data":[{"metering_sn":"sn-0000","error_code":"001"},{"metering_sn":"sn-0001","error_code":"005"},{"metering_sn":"sn-0002"}]}`, true, r + r + r, "005"},
		{"named twice", `{"abnormal_usage_data":[{"metering_sn":"sn-0001","error_code":"005"},{"metering_sn":"sn-0001","error_code":"001"}]}`, true, a + r + a, "005"},
		{"strange number", `{"abnormal_usage_data":[{"metering_sn":"other","error_code":"003"}]}`, true, u + u + u, ""},
		{"one matches", `{"abnormal_usage_data":[{"metering_sn":"other","error_code":"003"},{"metering_sn":"sn-0001","error_code":"003"}]}`, true, u + r + u, "003"},
		{"instance only", `{"abnormal_usage_data":[{"instance_id":"7f141bf1-aec8-4859-8323-fb3a8ad50721","error_code":"001"}]}`, true, u + u + u, ""},
		{"strange element", `{"abnormal_usage_data":["canary",{"metering_sn":"sn-0001","error_code":"003"}]}`, true, u + r + u, "003"},
		{"failure without data", `null`, true, u + u + u, ""},
		{"failure with an empty list", `{"abnormal_usage_data":[]}`, true, u + u + u, ""},
		{"another list", `{"abnormal":[{"metering_sn":"sn-0001"}]}`, false, u + u + u, ""},
		{"number for a list", `{"abnormal_usage_data":7}`, false, u + u + u, ""},
		{"text for data", `"canary"`, false, u + u + u, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, status := range []int{200, 400, 500} {
				code := "MKT.0000"
				if tt.failed {
					code = openapi.CodeUsageAbnormal
				} else if status != 200 {
					continue
				}
				m := serve(t, reply(status, `{"error_code":"`+code+`","error_msg":"x","data":`+tt.data+`}`))
				result, err := newClient(t, usageConfig(m.URL)).PushUsage(t.Context(), records(3))
				if err != nil {
					t.Fatal(err)
				}
				var got string
				for _, r := range result.Records {
					got += string(r.Outcome)
				}
				if got != tt.want || result.Records[1].Code != tt.code || (result.Unmatched > 0) != strings.Contains(tt.want, u) {
					t.Errorf("HTTP %d: %+v", status, result)
				}
			}
		})
	}
}

// Two records of one instance and period: the answer does not tell which is meant.
func TestAbnormalPeriodOfTwo(t *testing.T) {
	t.Parallel()
	m := serve(t, reply(200, `{"error_code":"94060999","data":{"abnormal_usage_data":[{"instance_id":"7f141bf1-aec8-4859-8323-fb3a8ad50721","begin_time":"20220809T080000Z","end_time":"20220809T090000Z","error_code":"010"}]}}`))
	list := records(3)
	list[1].BeginTime = list[0].BeginTime
	result, err := newClient(t, usageConfig(m.URL)).PushUsage(t.Context(), list)
	if err != nil || result.Records[0].Outcome != openapi.OutcomeUnknown || result.Records[1].Outcome != openapi.OutcomeUnknown ||
		result.Records[0].Code != "010" || result.Records[2].Outcome != openapi.OutcomeAccepted {
		t.Errorf("%+v, %v", result, err)
	}
}

func TestRecordMessagesAreClean(t *testing.T) {
	t.Parallel()
	m := serve(t, reply(200, `{"error_code":"94060999","data":[{"metering_sn":"sn-0000","code":"009","msg":"key `+usageKey+` of `+accessKey+`\nof canary@example.com"}]}`))
	result, err := newClient(t, usageConfig(m.URL)).PushUsage(t.Context(), records(1))
	if err != nil || result.Records[0].Message != "key [redacted] of [redacted] of [redacted]" {
		t.Errorf("%+v, %v", result, err)
	}
}

// The table of open-apis §3.5.
func TestRecordCodes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		code  openapi.RecordCode
		class openapi.RecordClass
	}{
		{openapi.RecordNoInstance, openapi.ClassPermanent},
		{openapi.RecordTimeFormat, openapi.ClassPermanent},
		{openapi.RecordUsageValue, openapi.ClassPermanent},
		{openapi.RecordSNMissing, openapi.ClassPermanent},
		{openapi.RecordSNDuplicate, openapi.ClassDuplicate},
		{openapi.RecordProductDelisted, openapi.ClassPermanent},
		{openapi.RecordExpired, openapi.ClassPermanent},
		{"008", openapi.ClassUnknown},
		{openapi.RecordNotYours, openapi.ClassPermanent},
		{openapi.RecordDuplicate, openapi.ClassDuplicate},
		{openapi.RecordTimeRange, openapi.ClassPermanent},
		{openapi.RecordNotPayPerUse, openapi.ClassPermanent},
		{openapi.RecordResourceAbnormal, openapi.ClassRetryable},
		{"014", openapi.ClassUnknown},
		{"", openapi.ClassUnknown},
	}
	var meanings []string
	for i, tt := range tests {
		if i < 14 && string(tt.code) != fmt.Sprintf("%03d", i+1) {
			t.Errorf("%q is the %dth", tt.code, i+1)
		}
		c := tt.code
		if c.Class() != tt.class || c.Permanent() != (tt.class == openapi.ClassPermanent) || c.Retryable() != (tt.class == openapi.ClassRetryable) ||
			c.Duplicate() != (tt.class == openapi.ClassDuplicate) || c.Known() != (tt.class != openapi.ClassUnknown) {
			t.Errorf("%q is %s", c, c.Class())
		}
		if c.Known() {
			meanings = append(meanings, c.Meaning())
		} else if c.Meaning() != "not documented" {
			t.Errorf("%q means %q", c, c.Meaning())
		}
	}
	slices.Sort(meanings)
	if len(slices.Compact(meanings)) != 12 {
		t.Errorf("meanings %q", meanings)
	}
}
