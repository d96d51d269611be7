// SPDX-License-Identifier: Apache-2.0

package marketplace_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/server/marketplace"
	"github.com/koogate/koogate/server/usage"
	"github.com/koogate/koogate/store"
)

var pushNow = time.Date(2026, 7, 1, 12, 1, 0, 0, time.UTC)

// pushTo pushes two records to a server that answers so.
func pushTo(t *testing.T, answer http.HandlerFunc, change func(*openapi.Config)) ([]usage.Verdict, error) {
	t.Helper()
	s := httptest.NewServer(answer)
	t.Cleanup(s.Close)
	cfg := openapi.Config{
		BaseURL: s.URL, Credentials: sign.Credentials{AccessKey: "AK", SecretKey: "SK"}, UsageKey: "usage-key",
		HTTPClient: s.Client(), Now: func() time.Time { return pushNow }, Timeout: 2 * time.Second,
	}
	if change != nil {
		change(&cfg)
	}
	client, err := openapi.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	record := func(n int) store.UsageRecord {
		return store.UsageRecord{
			Seller: "acme", ID: fmt.Sprintf("sn-%d", n), UsageWindowKey: store.UsageWindowKey{InstanceID: fmt.Sprintf("i-%d", n), PackageID: "pkg"},
			BeginAt: pushNow.Add(-60 * time.Minute), ToldAt: pushNow.Add(-61 * time.Minute), EndAt: pushNow.Add(-time.Minute), CreatedAt: pushNow, Value: 12500,
		}
	}
	return marketplace.New(func() map[string]marketplace.Querier { return map[string]marketplace.Querier{"acme": client} }).
		PushUsage(t.Context(), "acme", []store.UsageRecord{record(1), record(2)})
}

func TestPushUsage(t *testing.T) {
	var body struct {
		Records []map[string]string `json:"usage_records"`
	}
	got, err := pushTo(t, func(w http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		if err == nil {
			err = json.Unmarshal(raw, &body)
		}
		if err != nil {
			t.Error(err)
		}
		if _, err := sign.VerifyUsage([]string{"usage-key"}, r.Header.Get("ts"), r.Header.Get("nonce"), r.Header.Get("signature"), raw); err != nil {
			t.Error(err)
		}
		_, _ = io.WriteString(w, `{"error_code":"94060999","error_msg":"Failed","data":{"abnormal_usage_data":[{"metering_sn":"sn-2","error_code":"010"}]}}`)
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got[0].Kind != usage.VerdictAccepted || got[1] != (usage.Verdict{Kind: usage.VerdictDuplicate, Code: "010"}) {
		t.Errorf("%+v", got)
	}
	want := map[string]string{
		"instance_id": "i-1", "record_time": "20260701T120100Z", "begin_time": "20260701T110000Z", "end_time": "20260701T120000Z",
		"usage_value": "1.25", "metering_sn": "sn-1", "relate_pkg_instance": "pkg",
	}
	if fmt.Sprint(body.Records[0]) != fmt.Sprint(want) {
		t.Errorf("%v", body.Records[0])
	}
}

func TestRecordCodes(t *testing.T) {
	for code, want := range map[string]usage.VerdictKind{
		"001": usage.VerdictRefused, "002": usage.VerdictRefused, "003": usage.VerdictRefused, "004": usage.VerdictRefused,
		"005": usage.VerdictDuplicate, "006": usage.VerdictRefused, "007": usage.VerdictRefused, "009": usage.VerdictRefused,
		"010": usage.VerdictDuplicate, "011": usage.VerdictRefused, "012": usage.VerdictRefused, "013": usage.VerdictAgain,
		"014": usage.VerdictRefused,
	} {
		got, err := pushTo(t, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprintf(w, `{"error_code":"94060999","data":{"abnormal_usage_data":[{"metering_sn":"sn-1","error_code":%q}]}}`, code)
		}, nil)
		if err != nil || got[0] != (usage.Verdict{Kind: want, Code: code}) || got[1].Kind != usage.VerdictAccepted {
			t.Errorf("%s: %+v, %v", code, got, err)
		}
	}
	// An element that names no record leaves all of them open.
	got, err := pushTo(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"error_code":"94060999","data":{"abnormal_usage_data":[{"metering_sn":"nobody","error_code":"012"}]}}`)
	}, nil)
	if err != nil || got[0].Kind != usage.VerdictAgain || got[1].Kind != usage.VerdictAgain {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestPushFaults(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		class  usage.PushClass
		code   string
	}{
		"no instance":       {500, `{"error_code":"MKT.9001"}`, usage.PushContent, "MKT.9001"},
		"entities":          {500, `{"error_code":"MKT.9002"}`, usage.PushContent, "MKT.9002"},
		"too many":          {500, `{"error_code":"MKT.9003"}`, usage.PushContent, "MKT.9003"},
		"too old":           {500, `{"error_code":"MKT.9004"}`, usage.PushContent, "MKT.9004"},
		"parameter":         {400, `{"error_code":"94060004"}`, usage.PushContent, "94060004"},
		"old parameter":     {400, `{"error_code":"MKT.0101"}`, usage.PushContent, "MKT.0101"},
		"not ours":          {401, `{"error_code":"MKT.0150"}`, usage.PushSuspect, "MKT.0150"},
		"unknown 400":       {400, `{"error_code":"MKT.7777"}`, usage.PushSuspect, "MKT.7777"},
		"too large":         {413, ``, usage.PushSuspect, ""},
		"auth":              {401, `{"error_code":"94060002"}`, usage.PushDenied, "94060002"},
		"token":             {401, `{"error_code":"MKT.0154"}`, usage.PushDenied, "MKT.0154"},
		"body sign":         {400, `{"error_code":"MKT.0102"}`, usage.PushDenied, "MKT.0102"},
		"forbidden":         {403, ``, usage.PushDenied, ""},
		"gateway":           {401, `{"error_code":"APIGW.0301"}`, usage.PushDenied, "APIGW.0301"},
		"limit":             {406, `{"error_code":"MKT.0250"}`, usage.PushLimited, "MKT.0250"},
		"gateway's limit":   {429, `{"error_code":"APIGW.0308"}`, usage.PushLimited, "APIGW.0308"},
		"internal":          {500, `{"error_code":"94060001"}`, usage.PushFailed, "94060001"},
		"old internal":      {500, `{"error_code":"MKT.0999"}`, usage.PushFailed, "MKT.0999"},
		"bad gateway":       {502, `<html>`, usage.PushFailed, ""},
		"success, unread":   {200, `<html>`, usage.PushFailed, "ANSWER_MALFORMED"},
		"undocumented code": {200, `{"error_code":"94060003"}`, usage.PushFailed, "94060003"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := pushTo(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			}, nil)
			var fault *usage.PushError
			if !errors.As(err, &fault) || fault.Class != c.class || c.code != "" && fault.Code != c.code {
				t.Errorf("%v: %+v", err, fault)
			}
		})
	}
}

func TestPushNetwork(t *testing.T) {
	var fault *usage.PushError
	// The answer is cut off: the records may be there.
	_, err := pushTo(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, nil)
	if !errors.As(err, &fault) || fault.Class != usage.PushUnknown || fault.Code != marketplace.CodeNetwork {
		t.Errorf("%v", err)
	}
	// Nobody is there: they are not.
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	_, err = pushTo(t, nil, func(c *openapi.Config) { c.BaseURL = gone.URL })
	if !errors.As(err, &fault) || fault.Class != usage.PushUnsent {
		t.Errorf("%v", err)
	}
	_, err = pushTo(t, nil, func(c *openapi.Config) { c.UsageKey = "" })
	if !errors.As(err, &fault) || fault.Class != usage.PushDenied || fault.Code != marketplace.CodeUsageKey {
		t.Errorf("%v", err)
	}
	_, err = marketplace.New(func() map[string]marketplace.Querier { return nil }).PushUsage(context.Background(), "nobody", nil)
	if !errors.As(err, &fault) || fault.Class != usage.PushUnsent || fault.Code != marketplace.CodeSeller {
		t.Errorf("%v", err)
	}
}
