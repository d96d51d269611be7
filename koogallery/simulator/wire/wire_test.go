// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/simulator/simtest"
	"github.com/koogate/koogate/koogallery/simulator/wire"
)

// line is a transport that hands a call over in memory.
type line func(*http.Request, []byte) (*http.Response, error)

func (l line) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	return l(r, body)
}

func said(body string) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body))}, nil
}

func caller(t *testing.T, clock *simtest.Clock, l line, readings wire.Readings) *wire.Caller {
	t.Helper()
	c, err := wire.New(wire.Config{
		FacadeURL: "http://seller.example.com/produce/demo", AccessKey: "k", Clock: clock, NewID: func() string { return "id" },
		HTTPClient: &http.Client{Transport: l}, Readings: readings,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestStamps(t *testing.T) {
	c := simtest.NewClock()
	c.Advance(999_999)
	s, err := wire.New(wire.Config{FacadeURL: "http://127.0.0.1/", AccessKey: "k", Clock: c, NewID: func() string { return "id" }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	last := time.Time{}
	for n := range 100 {
		if n == 50 {
			c.Advance(-time.Hour)
		}
		at := s.Stamp()
		if !at.After(last) || at.Nanosecond()%1_000_000 != 0 {
			t.Fatalf("%v after %v", at, last)
		}
		last = at
	}
	if got := wire.Local17(last) + " " + wire.Local14(last); got != "20260130200000099 20260130200000" {
		t.Errorf("%s", got)
	}
	c.Advance(last.Add(time.Minute).Sub(c.Now()))
	if got := s.Stamp(); !got.Equal(c.Now()) {
		t.Errorf("%v", got)
	}
}

// The forms of productInfo.
func TestFormsOfProductInfo(t *testing.T) {
	for form, want := range map[wire.ProductInfoForm]byte{wire.ProductInfoObject: '{', wire.ProductInfoArray: '[', wire.ProductInfoText: '"'} {
		c := caller(t, simtest.NewClock(), nil, wire.Readings{ProductInfo: form})
		got, err := json.Marshal(c.ProductInfo(catalogue.Product{ProductID: "p", SKUCode: "s", Name: "n"}))
		if err != nil || got[0] != want || strings.Contains(string(got), "linearValue") {
			t.Errorf("%q: %s, %v", form, got, err)
		}
	}
	if _, err := wire.New(wire.Config{
		FacadeURL: "http://a", AccessKey: "k", Clock: simtest.NewClock(), NewID: func() string { return "id" }, Readings: wire.Readings{ProductInfo: "xml"},
	}); !errors.Is(err, wire.ErrConfig) {
		t.Errorf("New = %v", err)
	}
}

// The zone of a licence code's expiry.
func TestZoneOfACodesExpiry(t *testing.T) {
	for beijing, want := range map[bool]string{false: `"expireTime":"20260101000000"`, true: `"expireTime":"20260101080000"`} {
		var sent string
		c := caller(t, simtest.NewClock(), func(_ *http.Request, body []byte) (*http.Response, error) {
			sent = string(body)
			return said(`{"resultCode":"000000","resultMsg":"ok"}`)
		}, wire.Readings{CodeBeijing: beijing})
		r, err := c.Send(context.Background(), wire.Message{
			Family: judge.FamilyLicenseCode, Activity: judge.ActivityRefresh, Instance: "PL1", Params: map[string]any{"expireTime": "20260101000000"},
		})
		if err != nil || r.Outcome != judge.OutcomeOK || !strings.Contains(sent, want) || !strings.Contains(sent, `"license":"PL1"`) || strings.Contains(sent, "instanceId") {
			t.Errorf("%v: %s, %+v, %v", beijing, sent, r, err)
		}
	}
}

// An exchange ends by the clock, not by the machine's time, and an answer that comes later is none.
func TestAnExchangeEndsByTheClock(t *testing.T) {
	clock := simtest.NewClock()
	silent := func(r *http.Request, _ []byte) (*http.Response, error) {
		clock.Advance(wire.DefaultTimeout)
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	late := func(*http.Request, []byte) (*http.Response, error) {
		clock.Advance(wire.DefaultTimeout + time.Second)
		return said(`{"resultCode":"000000","resultMsg":"ok"}`)
	}
	for name, l := range map[string]line{"silent": silent, "late": late} {
		r, err := caller(t, clock, l, wire.Readings{}).Send(context.Background(), wire.Message{
			Family: judge.FamilySaasV2, Activity: judge.ActivityRelease, Instance: "i", Params: map[string]any{},
		})
		if err != nil || r.Outcome != judge.OutcomeFailed || r.Err != "no complete answer within 5s" || r.Took < wire.DefaultTimeout {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}

// What went wrong on the way is told without the address, which carries nonce and signature.
func TestErrorsDoNotRepeatTheSignedAddress(t *testing.T) {
	c := caller(t, simtest.NewClock(), func(*http.Request, []byte) (*http.Response, error) { return nil, errors.New("cable cut") }, wire.Readings{})
	for _, family := range judge.Families() {
		r, err := c.Send(context.Background(), wire.Message{Family: family, Activity: judge.ActivityRelease, Instance: "i", Params: map[string]any{}})
		if err != nil || r.Status != 0 || r.Err != "cable cut" {
			t.Errorf("%s: %+v, %v", family, r, err)
		}
	}
}
