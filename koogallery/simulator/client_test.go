package simulator_test

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/koogallery/simulator"
)

// client is the client of the seller's side.
func (s *stall) client() *openapi.Client {
	s.t.Helper()
	c, err := openapi.New(openapi.Config{
		BaseURL: s.server.URL, Credentials: sign.Credentials{AccessKey: openAK, SecretKey: openSK}, UsageKey: facadeKey,
		HTTPClient: s.server.Client(), Now: s.clock.Now,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// The client and the simulator, which share no code about it, understand each
// other about usage, also where both signatures are demanded and strictly read.
func TestClientPushesUsage(t *testing.T) {
	s := newStall(t, func(c *simulator.Config) { c.Strict, c.UsageAKSK = true, true })
	s.adopt("i", simulator.Adoption{ProductID: "P"})
	s.adopt("frozen", simulator.Adoption{FrozenAt: start().Add(-48 * time.Hour)})
	s.adopt("p", simulator.Adoption{Kind: simulator.Package, Quota: 10_000})
	client, now := s.client(), start()
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
	s.sim.SetFaults(simulator.Faults{DropAfter: 1, RateLimit: 1})
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
	s.adopt("frozen", simulator.Adoption{})
	if result, err = client.PushUsage(context.Background(), records); err != nil || result.Count(openapi.OutcomeAccepted) != 10 {
		t.Errorf("%v, %d", err, result.Count(openapi.OutcomeAccepted))
	}
	if got := s.sim.Billed("i").Pushed + s.sim.Billed("frozen").Pushed; got.String() != "0.1" {
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
	s.audit()
}

// The same about codes and assets.
func TestClientOfLicences(t *testing.T) {
	s := newStall(t, nil)
	ctx, client := context.Background(), s.client()
	for _, code := range []string{"PL1", "PL2", "PL3"} {
		s.issue(simulator.LicenseOptions{Code: code, Received: code != "PL3"})
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
	info, err := client.ActivateLicense(ctx, "PL1", start())
	if err != nil || info.Status != openapi.LicenseAlive || info.Amount != 10 || info.ExpireTime.IsZero() || len(info.Doubts) != 0 {
		t.Errorf("%+v, %v", info, err)
	}
	if _, err := client.ActivateLicense(ctx, "PL1", start()); !openapi.IsAlreadyActivated(err) {
		t.Errorf("%v", err)
	}
	if _, err := client.ActivateLicenses(ctx, []string{"PL1", "PL2"}, time.Time{}); !openapi.IsInvalidInBatch(err) {
		t.Errorf("%v", err)
	}
	list, err := client.ActivateLicenses(ctx, []string{"PL2"}, time.Time{})
	if err != nil || len(list) != 1 || list[0].Outcome != openapi.OutcomeAccepted || list[0].Info.Status != openapi.LicenseAlive {
		t.Errorf("%v, %v", list, err)
	}
	one, err := client.QueryLicense(ctx, "PL1", &openapi.Heartbeat{ThirdPartyAccount: "a"})
	if err != nil || one.Status != openapi.LicenseAlive || !one.ActivateTime.Equal(start()) || len(one.Doubts) != 0 {
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
	s.sim.SetOutages(simulator.Outage{From: start(), Until: start().Add(time.Hour)})
	var e *openapi.Error
	if _, err := client.QueryLicense(ctx, "PL1", nil); !errors.As(err, &e) || e.HTTPStatus != 503 || !openapi.Retryable(err) {
		t.Errorf("%v", err)
	}
}
