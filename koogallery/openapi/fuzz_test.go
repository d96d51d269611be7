// SPDX-License-Identifier: Apache-2.0

package openapi_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/openapi"
)

// canned answers every request with the same bytes.
type canned struct {
	status int
	body   []byte
}

func (c canned) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: c.status, Header: make(http.Header), Body: io.NopCloser(bytes.NewReader(c.body))}, nil
}

// FuzzAnswers gives any answer to every call: no call panics, lists are whole,
// and nothing that was sent gets into an error.
func FuzzAnswers(f *testing.F) {
	for _, seed := range []string{
		`{"error_code":"MKT.0000","error_msg":"Success"}`,
		`{"error_code":"94060999","error_msg":"PLcanary1 canary-client","data":{"abnormal_usage_data":[{"metering_sn":"sn-0001","error_code":"003"},"x",{"usage":{"instance_id":"i"}}]}}`,
		`{"error_code":"92020000","data":{"license_code_info":"{\"status\":\"ALIVE\",\"expire_time\":\"20230726121646\",\"amount\":2}"}}`,
		`{"error_code":"92020020","data":{"fail_list":["PLcanary1",{"license":"PLcanary2","code":"PLcanary2"}]}}`,
		`{"error_code":"92020000","data":{"license_code":"PLcanary1","status":"ALIVE"}}`,
		`{"error_code":"MKT.0000","data":[{"asset_id":"a","software_pkg_deployed_object":{"internal_path":"\\u0026\\"}}]}`,
		`{"error_code":"PLCANARY1","request_id":"PLcanary1"}`, `{"error_code":"MKT.0101","error_msg":"PLcan\u0000ary1 PLcanary2"}`,
		`{"resultCode":"MKT.0000","orderInfo":{}}`, `{"data":""}`, `{"error_code":"MKT.0000","data":{"a":[[[]]],"b":""}}`, ``,
	} {
		f.Add(200, []byte(seed))
		f.Add(500, []byte(seed))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if status < 200 || status > 599 {
			status = 200
		}
		cfg := usageConfig("https://mkt.invalid")
		cfg.HTTPClient = &http.Client{Transport: canned{status, body}}
		c, err := openapi.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		check := func(n, want int, err error, secrets ...string) {
			t.Helper()
			var e *openapi.Error
			switch {
			case err == nil && n != want:
				t.Fatalf("%d of %d elements", n, want)
			case err == nil:
			case !errors.As(err, &e) || (n != 0 && n != want):
				t.Fatalf("%d of %d elements, %v", n, want, err)
			case e.Retryable && status == 200 && e.Code == "" && !e.Sent():
				t.Fatalf("an answer not understood counts as not sent: %v", err)
			case strings.Contains(e.Message, usageKey), slices.ContainsFunc(secrets, func(s string) bool { return strings.Contains(err.Error(), s) }):
				t.Fatalf("what was sent is in %v", err)
			}
		}
		usage, err := c.PushUsage(t.Context(), records(3))
		check(len(usage.Records), 3, err)
		for _, r := range usage.Records {
			if r.Outcome == "" || (r.Outcome == openapi.OutcomeAccepted && usage.Unmatched > 0) {
				t.Fatalf("%+v", usage)
			}
		}
		licenses := []string{"PLcanary1", "PLcanary2"}
		activated, err := c.ActivateLicenses(t.Context(), licenses, time.Time{})
		check(len(activated), 2, err, licenses...)
		queried, err := c.QueryLicenses(t.Context(), licenses)
		check(len(queried), 2, err, licenses...)
		for i := range queried {
			if activated[i].Outcome == "" || queried[i].Outcome == "" || (queried[i].Outcome == openapi.OutcomeAccepted && queried[i].Info.Status == "") {
				t.Fatalf("%+v", queried)
			}
		}
		_, err = c.ActivateLicense(t.Context(), "PLcanary1", time.Time{})
		check(0, 0, err, "PLcanary1")
		info, err := c.QueryLicense(t.Context(), "PLcanary1", nil)
		check(0, 0, err, "PLcanary1")
		if err == nil && (info.Status == "" || info.LicenseCode == "") {
			t.Fatalf("%+v", info)
		}
		_, err = c.ReportLicenseUsage(t.Context(), []openapi.LicenseUsage{{License: "PLcanary1", Elements: []openapi.LicenseUsageElement{{ID: "canary-client"}}}})
		check(0, 0, err, "PLcanary1", "canary-client")
		_, err = c.AssetDeployedObject(t.Context(), openapi.AssetQuery{AssetID: "a", DeployedType: openapi.DeployedImage})
		check(0, 0, err)
	})
}
