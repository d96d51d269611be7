// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/koogallery/seal"
	"github.com/koogate/koogate/koogallery/wiretime"
	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/api/production"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/quota"
	"github.com/koogate/koogate/server/seller"
	"github.com/koogate/koogate/server/usage"
	"github.com/koogate/koogate/store"
)

// rsaPEM is a key that may decrypt clientSecret, the same in all tests.
var rsaPEM = sync.OnceValue(func() config.Secret {
	key, err := rsa.GenerateKey(rand.Reader, 3072)
	if err != nil {
		panic(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	return config.Secret(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
})

// selling is a snapshot whose only endpoint sells these products.
func selling(products map[string]config.Product) *seller.Snapshot {
	return &seller.Snapshot{Endpoints: []config.Endpoint{{Name: "acme-saas", Seller: "acme", Products: products}}}
}

func TestWhatAnEndpointSaysReachesItsReaders(t *testing.T) {
	cfg := selling(map[string]config.Product{"*": {Provisioner: "crm", Fingerprint: "required"}})
	e := &cfg.Endpoints[0]
	e.EncryptType, e.ExpireZone, e.HoldBudget, e.Retry, e.Codes = "aes128", "utc", 10*time.Second, config.RetryLicenseOnline, "refuse"
	e.Answers = map[string]string{"releaseInstance": "completion", "refreshInstance": "accept"}
	e.KitPrivateKeys, e.KitSecretCode, e.KitMissingDepartments = []config.Secret{rsaPEM()}, "000002", "delete"
	e.CodeExpireZone, e.CodeFreeze, e.CreateAppInfo, e.CheckReduction = "beijing", "expiry", "always", "allow"

	core := server.CoreRules(cfg)[0]
	if core.HoldBudget != 10*time.Second || !core.OnCompletion["releaseInstance"] || core.OnCompletion["refreshInstance"] || !core.RefuseCodes ||
		core.QueryWindow != 2*time.Hour || !core.Products["*"].NeedsFingerprint || !core.CheckReduction || !core.FreezeAtExpiry {
		t.Errorf("the core's rules: %+v", core)
	}
	all, err := server.HandlerSettings(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s := all["acme-saas"]
	if s.EncryptType != seal.AES128 || s.Location != time.UTC || len(s.Secrets) != 1 || s.SecretCode != resultcode.InvalidParam || !s.DeleteMissingDepartments ||
		s.CodeLocation.String() != wiretime.Beijing().String() || s.CreateAppInfo != production.AppInfoAlways {
		t.Errorf("the handlers' settings: %+v", s)
	}
}

func TestMeters(t *testing.T) {
	settle := func(d time.Duration) *time.Duration { return &d }
	got := server.Meters(selling(map[string]config.Product{
		"SMS":   {Meter: config.Meter{Name: "sms"}},
		"DISK":  {Meter: config.Meter{Name: "gigabytes", Aggregate: "last", Window: 24 * time.Hour, Settle: settle(0)}},
		"SEATS": {Meter: config.Meter{Name: "seats", Aggregate: "max", Bill: "daily", Settle: settle(10 * time.Minute)}},
		"CALLS": {Meter: config.Meter{Name: "calls", Aggregate: "count", Window: time.Hour, Bill: "hourly"}},
		"*":     {},
	}))["acme-saas"]
	for id, want := range map[string]usage.Meter{
		"SMS":   {Name: "sms", Mode: store.UsageSum, Window: usage.Hour, Settle: time.Minute},
		"DISK":  {Name: "gigabytes", Mode: store.UsageLast, Window: usage.Day, Daily: true},
		"SEATS": {Name: "seats", Mode: store.UsageMax, Window: usage.Hour, Settle: 10 * time.Minute, Daily: true},
		"CALLS": {Name: "calls", Mode: store.UsageCount, Window: usage.Hour, Settle: time.Minute},
	} {
		if got[id] != want {
			t.Errorf("%s: %+v, want %+v", id, got[id], want)
		}
	}
	if got["*"].Name != "" {
		t.Errorf("a product without a meter has one: %+v", got["*"])
	}
}

func TestPackages(t *testing.T) {
	sms := config.PackageItem{Product: "SMS", Quota: "1"}
	got := server.Contents(selling(map[string]config.Product{
		"SMS": {Meter: config.Meter{Name: "sms"}},
		"MMS": {Meter: config.Meter{Name: "mms"}},
		"PKG": {Package: config.Package{Reset: "month", KeepGoing: true, Priority: 7, Items: []config.PackageItem{
			{Product: "SMS", Quota: "100"}, {Product: "MMS", Quota: "0.5"},
		}}},
		"YEAR":  {Package: config.Package{Reset: "year", Items: []config.PackageItem{sms}}},
		"PLAIN": {Package: config.Package{Items: []config.PackageItem{sms}}},
	}))
	slices.SortFunc(got, func(a, b quota.Content) int { return strings.Compare(a.ProductID, b.ProductID) })
	one := []quota.Item{{ProductID: "SMS", Quota: 10_000}}
	want := []quota.Content{
		{ProductID: "PKG", Reset: store.ResetMonth, KeepGoing: true, Priority: 7, Items: []quota.Item{
			{ProductID: "SMS", Quota: 1_000_000}, {ProductID: "MMS", Quota: 5000},
		}},
		{ProductID: "PLAIN", Items: one}, {ProductID: "YEAR", Reset: store.ResetYear, Items: one},
	}
	for n := range want {
		want[n].Seller, want[n].Endpoint = "acme", "acme-saas"
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("got %+v\nwant %+v", got, want)
	}
}
