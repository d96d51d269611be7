// SPDX-License-Identifier: Apache-2.0

package checker_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"testing"

	"github.com/koogate/koogate/koogallery/checker"
	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/vendortest"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/koogallery/simulator/wire"
)

// served finds out what a handler serves.
func served(ctx context.Context, h http.Handler) ([]judge.Family, error) {
	return checker.Served(ctx, probe.Config{
		URL: "https://vendor.example.com/produce", Key: key, Seed: 1, HTTPClient: vendortest.Client(h), Clock: vendortest.NewClock(), Timeout: vendortest.Timeout,
	})
}

func TestServed(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		serves, want []judge.Family
		faults       []string
	}{
		{serves: []judge.Family{judge.FamilySaasV2}, want: []judge.Family{judge.FamilySaasV2}},
		{serves: []judge.Family{judge.FamilySaasV1}, want: []judge.Family{judge.FamilySaasV1}},
		{serves: []judge.Family{judge.FamilyLicenseV1}, want: []judge.Family{judge.FamilyLicenseV1}},
		{serves: []judge.Family{judge.FamilyLicenseCode}, want: []judge.Family{judge.FamilyLicenseCode}},
		{serves: []judge.Family{judge.FamilyLicenseOnline}, want: []judge.Family{judge.FamilyLicenseOnline}},
		// Those beside which the interface of SaaS is served too.
		{serves: []judge.Family{judge.FamilyOrderNotify}, want: []judge.Family{judge.FamilySaasV2, judge.FamilyOrderNotify}},
		{serves: []judge.Family{judge.FamilyKitV1}, want: []judge.Family{judge.FamilySaasV1, judge.FamilyKitV1}},
		{serves: []judge.Family{judge.FamilyKitV2}, want: []judge.Family{judge.FamilySaasV2, judge.FamilyKitV2}},
		{
			serves: []judge.Family{judge.FamilySaasV2, judge.FamilyLicenseCode, judge.FamilySaasV1},
			want:   []judge.Family{judge.FamilySaasV2, judge.FamilySaasV1, judge.FamilyLicenseCode},
		},
		// A success for what nobody has heard of does not make it a server of everything.
		{
			serves: []judge.Family{judge.FamilySaasV2}, want: []judge.Family{judge.FamilySaasV2}, faults: []string{"any-activity"},
		},
	} {
		vendor := vendortest.New(vendortest.Config{Families: tc.serves, Keys: []string{key}, Clock: vendortest.NewClock(), Faults: tc.faults})
		if got, err := served(t.Context(), vendor); err != nil || !slices.Equal(got, tc.want) {
			t.Errorf("%v %v: %v, %v", tc.serves, tc.faults, got, err)
		}
	}
}

// anything answers success to everything.
type anything struct{ body string }

func (a anything) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set(sign.BodySignHeader, sign.BodySign(key, []byte(a.body)))
	_, _ = io.WriteString(w, a.body)
}

func TestServedOfWhatServesNothing(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		h    http.Handler
		want error
	}{
		{anything{`{"resultCode":"000000","resultMsg":"success","instanceId":"i","info":[]}`}, checker.ErrAnything},
		{anything{`{"resultCode":"000001","resultMsg":"authentication failed"}`}, checker.ErrNoFamily},
		{http.NotFoundHandler(), checker.ErrNoFamily},
		{vendortest.New(vendortest.Config{Families: judge.Families(), Keys: []string{nextKey}, Clock: vendortest.NewClock()}), checker.ErrNoFamily},
	} {
		if got, err := served(t.Context(), tc.h); !errors.Is(err, tc.want) || got != nil {
			t.Errorf("%v, %v, want %v", got, err, tc.want)
		}
	}
	if _, err := checker.Served(t.Context(), probe.Config{URL: "nowhere", Key: key, Clock: vendortest.NewClock()}); !errors.Is(err, wire.ErrConfig) {
		t.Errorf("%v, want %v", err, wire.ErrConfig)
	}
}
