// SPDX-License-Identifier: Apache-2.0

package openapi_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/koogallery/simulator"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/simulator/fault"
	"github.com/koogate/koogate/koogallery/simulator/market"
	"github.com/koogate/koogate/koogallery/simulator/simtest"
)

// The client and the simulator, which share no code about it, understand each
// other about usage, also where both signatures are demanded and strictly read.
func TestClientPushesUsage(t *testing.T) {
	s := simtest.NewStall(t, func(c *simulator.Config) { c.Strict, c.UsageAKSK = true, true })
	s.Adopt("i", market.Adoption{ProductID: "P"})
	s.Adopt("frozen", market.Adoption{FrozenAt: simtest.Start().Add(-48 * time.Hour)})
	s.Adopt("p", market.Adoption{Kind: catalogue.Package, Quota: 10_000})
	client, now := s.Client(), simtest.Start()
	var records []openapi.UsageRecord
	for n := range 1000 {
		end := now.Add(-time.Duration(n) * time.Minute)
		r := openapi.UsageRecord{
			InstanceID: "i", RecordTime: now, BeginTime: end.Add(-time.Minute), EndTime: end, UsageValue: "0.0001",
			MeteringSN: strconv.Itoa(n), RelatePkgInstance: "p",
		}
		if n%100 == 7 {
			r.InstanceID = "frozen"
		}
		records = append(records, r)
	}
	s.Sim.SetFaults(fault.Plan{DropAfter: 1, RateLimit: 1})
	_, err := client.PushUsage(context.Background(), records)
	if err == nil || openapi.Sent(err) && !openapi.Retryable(err) {
		t.Errorf("rate limit: %v", err)
	}
	_, err = client.PushUsage(context.Background(), records)
	if err == nil || !openapi.Sent(err) || !openapi.Retryable(err) {
		t.Errorf("dropped: %v", err)
	}
	result, err := client.PushUsage(context.Background(), records)
	if err != nil || result.Unmatched != 0 || result.Count(openapi.OutcomeRejected) != 1000 {
		t.Fatalf("%v, %+v", err, result.Unmatched)
	}
	for n, r := range result.Records {
		if want := map[bool]openapi.RecordCode{true: openapi.RecordResourceAbnormal, false: openapi.RecordSNDuplicate}[n%100 == 7]; r.Code != want {
			t.Errorf("%d: %+v", n, r)
		}
	}
	s.Adopt("frozen", market.Adoption{})
	if result, err = client.PushUsage(context.Background(), records); err != nil || result.Count(openapi.OutcomeAccepted) != 10 {
		t.Errorf("%v, %d", err, result.Count(openapi.OutcomeAccepted))
	}
	if got := s.Sim.Billed("i").Pushed + s.Sim.Billed("frozen").Pushed; got.String() != "0.1" {
		t.Errorf("pushed %v", got)
	}
	old := openapi.OldUsageRecord{InstanceID: "i", ProductID: "P", RecordTime: now, BeginTime: now, EndTime: now, UsageValue: "1"}
	if result, err := client.PushUsageOld(context.Background(), []openapi.OldUsageRecord{old}); err != nil || result.Count(openapi.OutcomeAccepted) != 1 {
		t.Errorf("%v, %+v", err, result)
	}
	old.ProductID = "Q"
	if _, err := client.PushUsageOld(context.Background(), []openapi.OldUsageRecord{old}); err == nil || openapi.Retryable(err) {
		t.Errorf("other product: %v", err)
	}
	s.Audit()
}

// The same about codes and assets.
func TestClientOfLicences(t *testing.T) {
	s := simtest.NewStall(t, nil)
	ctx, client := context.Background(), s.Client()
	for _, code := range []string{"PL1", "PL2", "PL3"} {
		s.Issue(market.LicenseOptions{Code: code, Received: code != "PL3"})
	}
	if _, err := client.ActivateLicense(ctx, "PL3", time.Time{}); !openapi.IsNotReceived(err) {
		t.Errorf("%v", err)
	}
	if _, err := client.ActivateLicense(ctx, "nobody", time.Time{}); !openapi.IsUnknownLicense(err) {
		t.Errorf("%v", err)
	}
	if _, err := client.QueryLicense(ctx, "PL1", nil); !openapi.IsNotActivated(err) {
		t.Errorf("%v", err)
	}
	info, err := client.ActivateLicense(ctx, "PL1", simtest.Start())
	if err != nil || info.Status != openapi.LicenseAlive || info.Amount != 10 || info.ExpireTime.IsZero() || len(info.Doubts) != 0 {
		t.Errorf("%+v, %v", info, err)
	}
	if _, err := client.ActivateLicense(ctx, "PL1", simtest.Start()); !openapi.IsAlreadyActivated(err) {
		t.Errorf("%v", err)
	}
	if _, err := client.ActivateLicenses(ctx, []string{"PL1", "PL2"}, time.Time{}); !openapi.IsInvalidInBatch(err) {
		t.Errorf("%v", err)
	}
	list, err := client.ActivateLicenses(ctx, []string{"PL2"}, time.Time{})
	if err != nil || len(list) != 1 || list[0].Outcome != openapi.OutcomeAccepted || list[0].Info.Status != "" {
		t.Errorf("%v, %v", list, err)
	}
	one, err := client.QueryLicense(ctx, "PL1", &openapi.Heartbeat{ThirdPartyAccount: "a"})
	if err != nil || one.Status != openapi.LicenseAlive || !one.ActivateTime.Equal(simtest.Start()) || len(one.Doubts) != 0 {
		t.Errorf("%v, %v", one, err)
	}
	both, err := client.QueryLicenses(ctx, []string{"PL1", "PL2"})
	if err != nil || len(both) != 2 || both[1].Outcome != openapi.OutcomeAccepted || both[1].Info.Status != openapi.LicenseAlive {
		t.Errorf("%v, %v", both, err)
	}
	use := func(codes ...string) (openapi.LicenseUsageResult, error) {
		var usage []openapi.LicenseUsage
		for _, code := range codes {
			usage = append(usage, openapi.LicenseUsage{License: code, Elements: []openapi.LicenseUsageElement{{ID: "account"}}})
		}
		return client.ReportLicenseUsage(ctx, usage)
	}
	if result, err := use("PL1", "PL2"); err != nil || len(result.Rejected) != 0 || result.Unread != 0 {
		t.Errorf("%+v, %v", result, err)
	}
	if result, err := use("PL1", "PL3"); err == nil || len(result.Rejected) != 1 || result.Rejected[0].License != "PL3" || result.Rejected[0].Code != "92020011" {
		t.Errorf("%+v, %v", result, err)
	}
	objects, err := client.AssetDeployedObject(ctx, openapi.AssetQuery{AssetID: "asset-software-demo", DeployedType: openapi.DeployedSoftwarePackage})
	if err != nil || len(objects) != 1 || objects[0].SoftwarePackage == nil || objects[0].SoftwarePackage.InternalPath != "https://assets.example.com/demo-1.1.zip?a=1&b=2" {
		t.Errorf("%v, %v", objects, err)
	}
	s.Sim.SetOutages(fault.Outage{From: simtest.Start(), Until: simtest.Start().Add(time.Hour)})
	var e *openapi.Error
	if _, err := client.QueryLicense(ctx, "PL1", nil); !errors.As(err, &e) || e.HTTPStatus != 503 || !openapi.Retryable(err) {
		t.Errorf("%v", err)
	}
}

// Every documented record code comes back from the simulator through the client,
// at the record that it belongs to (open-apis §3.5). 002 and 003 cannot be
// brought about by a client that writes no such record, so they are made.
func TestClientMeetsEveryRecordCode(t *testing.T) {
	s := simtest.NewStall(t, nil)
	now := simtest.Start()
	s.Adopt("i", market.Adoption{})
	s.Adopt("young", market.Adoption{Start: now.Add(-time.Hour)})
	s.Adopt("foreign", market.Adoption{Owner: "another seller"})
	s.Adopt("delisted", market.Adoption{Delisted: true})
	s.Adopt("prepaid", market.Adoption{Kind: catalogue.Period})
	s.Adopt("frozen", market.Adoption{FrozenAt: now.Add(-48 * time.Hour)})
	record := func(instance, sn string, ago time.Duration) openapi.UsageRecord {
		return openapi.UsageRecord{
			InstanceID: instance, RecordTime: now, BeginTime: now.Add(-ago - time.Minute), EndTime: now.Add(-ago), UsageValue: "1", MeteringSN: sn,
		}
	}
	if result, err := s.Client().PushUsage(t.Context(), []openapi.UsageRecord{record("i", "first", time.Hour)}); err != nil || result.Count(openapi.OutcomeAccepted) != 1 {
		t.Fatalf("%+v, %v", result, err)
	}
	cases := []struct {
		code openapi.RecordCode
		made bool
		r    openapi.UsageRecord
	}{
		{openapi.RecordNoInstance, false, record("nobody", "a", time.Hour)},
		{openapi.RecordTimeFormat, true, record("i", "b", 2*time.Hour)},
		{openapi.RecordUsageValue, true, record("i", "c", 3*time.Hour)},
		{openapi.RecordSNMissing, true, record("i", "d", 4*time.Hour)},
		{openapi.RecordSNDuplicate, false, record("i", "first", 5*time.Hour)},
		{openapi.RecordProductDelisted, false, record("delisted", "f", time.Hour)},
		{openapi.RecordExpired, false, record("i", "g", 22*24*time.Hour)},
		{openapi.RecordNotYours, false, record("foreign", "h", time.Hour)},
		{openapi.RecordDuplicate, false, record("i", "second", time.Hour)},
		{openapi.RecordTimeRange, false, record("young", "j", 2*time.Hour)},
		{openapi.RecordNotPayPerUse, false, record("prepaid", "k", time.Hour)},
		{openapi.RecordResourceAbnormal, false, record("frozen", "l", time.Hour)},
		{"099", true, record("i", "m", 6*time.Hour)},
	}
	var records []openapi.UsageRecord
	for _, tc := range cases {
		records = append(records, tc.r)
		if tc.made {
			s.Sim.FailRecords(string(tc.code), 0)
		}
		one, err := s.Client().PushUsage(t.Context(), []openapi.UsageRecord{tc.r})
		if err != nil || len(one.Records) != 1 || one.Records[0].Outcome != openapi.OutcomeRejected || one.Records[0].Code != tc.code || one.Unmatched != 0 {
			t.Errorf("%s alone: %+v, %v", tc.code, one, err)
		}
	}
	// All at once: what was made before is now judged and taken, the others stay at their places.
	all, err := s.Client().PushUsage(t.Context(), records)
	if err != nil || len(all.Records) != len(cases) || all.Unmatched != 0 {
		t.Fatalf("%+v, %v", all, err)
	}
	for n, tc := range cases {
		want := openapi.RecordOutcome{Outcome: openapi.OutcomeRejected, Code: tc.code}
		if tc.made {
			want = openapi.RecordOutcome{Outcome: openapi.OutcomeAccepted}
		}
		if got := all.Records[n]; got.Outcome != want.Outcome || got.Code != want.Code {
			t.Errorf("%s among all: %+v", tc.code, got)
		}
	}
	s.Audit()
}

// Every documented code of a whole call comes back from every open API that may
// answer it, with what it means for a repeat (open-apis §2, §3.6, §4; saas-v1
// §5.2c, §6.1); the next call of the same client is answered as if nothing had been.
func TestClientMeetsEveryCallCode(t *testing.T) {
	ctx := t.Context()
	const retry, never = true, false
	type answer struct {
		status int
		code   string
		retry  bool
	}
	family := []answer{ // the codes that all families share, printed as MKT. or CBC. (open-apis §10)
		{500, "0999", retry}, {500, "0100", never}, {400, "0101", never}, {400, "0102", never}, {400, "0199", never},
		{401, "0150", never}, {401, "0151", never}, {401, "0154", never}, {406, "0250", retry},
		{500, "9001", never}, {500, "9002", never}, {500, "9003", never}, {500, "9004", never}, {500, "9005", never},
	}
	usage := []answer{
		{500, "94060001", retry}, {401, "94060002", never}, {400, "94060004", never}, {500, "94060003", retry}, {400, "94060005", never},
	}
	license := []answer{
		{200, "92020001", retry}, {200, "92020002", never}, {200, "92020003", never}, {200, "92020004", never}, {200, "92020005", never},
		{200, "92020011", never}, {200, "92020020", never}, {400, "95000001", never}, {405, "95000002", never}, {415, "95000003", never},
		{400, "95000004", never},
	}
	upload := []answer{{403, "CBC.0150", never}, {400, "CBC.0101", never}, {200, "91381034", never}, {200, "91381035", never}}
	gateway := []answer{{401, "APIGW.0301", never}, {404, "APIGW.0101", never}, {429, "APIGW.0308", retry}, {504, "APIGW.0201", retry}}

	for _, api := range []struct {
		api   market.API
		own   []answer
		call  func(*openapi.Client) error
		after func(error) bool // of the call that no fault hits; nil: success
	}{
		{market.APIOrderQuery, nil, func(c *openapi.Client) error {
			_, err := c.QueryOrder(ctx, "nobody", "")
			return err
		}, func(err error) bool { return openapi.HasCode(err, "0150") }},
		{market.APIUpload, upload, func(c *openapi.Client) error {
			return c.UploadLicence(ctx, "nobody", openapi.Upload{Characters: "licence"})
		}, func(err error) bool { return err != nil && !openapi.Retryable(err) }},
		{market.APIUsage, usage, func(c *openapi.Client) error {
			_, err := c.PushUsage(ctx, []openapi.UsageRecord{{
				InstanceID: "i", MeteringSN: "1", UsageValue: "1", RecordTime: simtest.Start(), BeginTime: simtest.Start().Add(-time.Hour), EndTime: simtest.Start(),
			}})
			return err
		}, nil},
		{market.APIUsageOld, nil, func(c *openapi.Client) error {
			_, err := c.PushUsageOld(ctx, []openapi.OldUsageRecord{{
				InstanceID: "i", ProductID: "P", UsageValue: "1", RecordTime: simtest.Start(), BeginTime: simtest.Start().Add(-2 * time.Hour), EndTime: simtest.Start(),
			}})
			return err
		}, nil},
		{market.APIActivate, license, func(c *openapi.Client) error {
			_, err := c.ActivateLicense(ctx, "PL1", time.Time{})
			return err
		}, nil},
		{market.APIActivate2, license, func(c *openapi.Client) error {
			_, err := c.ActivateLicenses(ctx, []string{"PL2"}, time.Time{})
			return err
		}, nil},
		{market.APIHeartbeat, license, func(c *openapi.Client) error {
			_, err := c.QueryLicense(ctx, "PL1", nil)
			return err
		}, nil},
		{market.APIHeartbeat2, license, func(c *openapi.Client) error {
			_, err := c.QueryLicenses(ctx, []string{"PL1", "PL2"})
			return err
		}, nil},
		{market.APILicenseUsage, license, func(c *openapi.Client) error {
			_, err := c.ReportLicenseUsage(ctx, []openapi.LicenseUsage{{License: "PL1", Elements: []openapi.LicenseUsageElement{{ID: "account"}}}})
			return err
		}, nil},
		{market.APIAsset, nil, func(c *openapi.Client) error {
			_, err := c.AssetDeployedObject(ctx, openapi.AssetQuery{AssetID: "asset-software-demo", DeployedType: openapi.DeployedSoftwarePackage})
			return err
		}, nil},
	} {
		t.Run(string(api.api), func(t *testing.T) {
			s := simtest.NewStall(t, nil)
			s.Adopt("i", market.Adoption{ProductID: "P"})
			for _, code := range []string{"PL1", "PL2"} {
				s.Issue(market.LicenseOptions{Code: code, Received: true})
			}
			if api.api != market.APIActivate && api.api != market.APIActivate2 {
				if _, err := s.Client().ActivateLicenses(ctx, []string{"PL1", "PL2"}, time.Time{}); err != nil {
					t.Fatal(err)
				}
			}
			all := append(slices.Clone(api.own), gateway...)
			for _, a := range family {
				all = append(all, answer{a.status, "MKT." + a.code, a.retry})
				// The usage APIs print MKT. only, and CBC.0999 stands for the internal error of the API itself.
				if api.api != market.APIUsage && api.api != market.APIUsageOld && a.code != "0999" {
					all = append(all, answer{a.status, "CBC." + a.code, a.retry})
				}
			}
			client := s.Client()
			for _, want := range all {
				s.Sim.SetFaults(fault.Plan{Fail: 1, Status: want.status, Code: want.code})
				err := api.call(client)
				var e *openapi.Error
				if !errors.As(err, &e) || e.HTTPStatus != want.status || !strings.HasSuffix(want.code, e.Suffix()) || openapi.Retryable(err) != want.retry {
					t.Errorf("%d %s: %v, retryable %v", want.status, want.code, err, openapi.Retryable(err))
				}
				if got := s.Sim.Requests(1)[0]; got.API != api.api || got.Status != want.status || got.Code != want.code || got.Fault != fault.Fail {
					t.Errorf("%s: the simulator saw %+v", want.code, got)
				}
			}
			switch err := api.call(client); {
			case api.after == nil && err != nil, api.after != nil && !api.after(err):
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}
