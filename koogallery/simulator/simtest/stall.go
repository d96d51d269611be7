// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/koogallery/simulator"
	"github.com/koogate/koogate/koogallery/simulator/billing"
	"github.com/koogate/koogate/koogallery/simulator/market"
)

// Where usage is pushed to.
const (
	UsagePath    = "/api/mkp-openapi-public/global/v1/isv/usage-data"
	UsageOldPath = "/rest/marketplace/v1/isv/usage-data"
)

// Stall is a marketplace and whoever calls its open APIs.
type Stall struct {
	T      *testing.T
	Sim    *simulator.Simulator
	Server *httptest.Server
	Clock  *Clock
	nonces atomic.Int64
}

// NewStall returns a stall that is served until the test ends.
func NewStall(t *testing.T, change func(*simulator.Config)) *Stall {
	t.Helper()
	sim, server, _, c := Serve(t, change)
	return &Stall{T: t, Sim: sim, Server: server, Clock: c}
}

// UsageAnswer is what a push is answered with.
type UsageAnswer struct {
	Code    string `json:"error_code"`
	Message string `json:"error_msg"`
	Data    struct {
		Abnormal []struct {
			InstanceID string `json:"instance_id"`
			MeteringSN string `json:"metering_sn"`
			BeginTime  string `json:"begin_time"`
			EndTime    string `json:"end_time"`
			Code       string `json:"error_code"`
			Message    string `json:"error_msg"`
		} `json:"abnormal_usage_data"`
	} `json:"data"`
}

// Codes returns the codes by metering_sn, or by begin where there is none.
func (a UsageAnswer) Codes() map[string]string {
	out := map[string]string{}
	for _, r := range a.Data.Abnormal {
		name := r.MeteringSN
		if name == "" {
			name = r.BeginTime
		}
		out[name] = r.Code
	}
	return out
}

// Rec is one record; nil values are left out.
type Rec map[string]any

// With returns the record with other members.
func (r Rec) With(pairs ...any) Rec {
	out := Rec{}
	for name, value := range r {
		out[name] = value
	}
	for i := 0; i < len(pairs); i += 2 {
		if out[pairs[i].(string)] = pairs[i+1]; pairs[i+1] == nil {
			delete(out, pairs[i].(string))
		}
	}
	return out
}

// UTC is a time as usage has it.
func UTC(at time.Time) string { return at.UTC().Format("20060102T150405Z") }

// Record returns a good record over some minutes that ended some time ago.
func (s *Stall) Record(instance, sn string, ago, length time.Duration, value any) Rec {
	end := s.Clock.Now().Add(-ago)
	return Rec{
		"instance_id": instance, "metering_sn": sn, "record_time": UTC(s.Clock.Now()),
		"begin_time": UTC(end.Add(-length)), "end_time": UTC(end), "usage_value": value,
	}
}

// Request is a push that is signed but not sent.
func (s *Stall) Request(body []byte) *http.Request {
	r, err := http.NewRequestWithContext(s.T.Context(), http.MethodPost, s.Server.URL+UsagePath, bytes.NewReader(body))
	if err != nil {
		s.T.Fatal(err)
	}
	ts, nonce := strconv.FormatInt(s.Clock.Now().UnixMilli(), 10), "nonce-"+strconv.FormatInt(s.nonces.Add(1), 10)
	r.Header.Set("Content-Type", "application/json charset=UTF-8")
	r.Header.Set("ts", ts)
	r.Header.Set("nonce", nonce)
	r.Header.Set("signature", sign.UsageSign(FacadeKey, ts, nonce, body))
	return r
}

// UsageBody is compact and sorted, as encoding/json prints maps.
func UsageBody(t *testing.T, records ...Rec) []byte {
	t.Helper()
	body, err := json.Marshal(map[string]any{"usage_records": records})
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// Send sends a request as it is. Status 0 stands for no answer.
func (s *Stall) Send(r *http.Request) (status int, a UsageAnswer, h http.Header) {
	s.T.Helper()
	resp, err := s.Server.Client().Do(r)
	if err != nil {
		return 0, a, nil
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, a, nil
	}
	_ = json.Unmarshal(text, &a)
	return resp.StatusCode, a, resp.Header
}

// Push pushes records.
func (s *Stall) Push(records ...Rec) (int, UsageAnswer) {
	s.T.Helper()
	status, a, _ := s.Send(s.Request(UsageBody(s.T, records...)))
	return status, a
}

// Taken pushes records of which none is abnormal.
func (s *Stall) Taken(records ...Rec) {
	s.T.Helper()
	if status, a := s.Push(records...); status != 200 || a.Code != "MKT.0000" {
		s.T.Fatalf("%d %+v", status, a)
	}
}

// Signed posts with AK/SK.
func (s *Stall) Signed(method, path, contentType string, body []byte) (int, map[string]any) {
	s.T.Helper()
	r, err := http.NewRequestWithContext(s.T.Context(), method, s.Server.URL+path, bytes.NewReader(body))
	if err != nil {
		s.T.Fatal(err)
	}
	r.Header.Set("Content-Type", contentType)
	if err := sign.SignRequest(r, body, sign.Credentials{AccessKey: OpenAK, SecretKey: OpenSK}, s.Clock.Now()); err != nil {
		s.T.Fatal(err)
	}
	return Do(s.T, s.Server, r)
}

// Adopt declares an instance.
func (s *Stall) Adopt(id string, a market.Adoption) {
	s.T.Helper()
	if err := s.Sim.Adopt(id, a); err != nil {
		s.T.Fatal(err)
	}
}

// Audit checks the bills.
func (s *Stall) Audit() {
	s.T.Helper()
	if err := s.Sim.AuditBills(); err != nil {
		s.T.Error(err)
	}
}

// Amount reads an amount.
func Amount(t *testing.T, text string) billing.Amount {
	t.Helper()
	a, err := billing.ParseAmount(text)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// Serve serves the handler of a simulator and a client of its open API.
func Serve(t *testing.T, change func(*simulator.Config)) (*simulator.Simulator, *httptest.Server, *openapi.Client, *Clock) {
	t.Helper()
	c := NewClock()
	cfg := Config(NewSeller(t, c, nil))
	if change != nil {
		change(&cfg)
	}
	sim := NewSimulator(t, cfg)
	server := httptest.NewServer(sim.Handler())
	t.Cleanup(server.Close)
	client, err := openapi.New(openapi.Config{
		BaseURL: server.URL, Credentials: cfg.Credentials, HTTPClient: server.Client(), Now: c.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return sim, server, client, c
}

// Do sends a request and returns status and body.
func Do(t *testing.T, server *httptest.Server, r *http.Request) (int, map[string]any) {
	t.Helper()
	resp, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var answer map[string]any
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, answer
}

// Client is the client of the seller's side.
func (s *Stall) Client() *openapi.Client {
	s.T.Helper()
	c, err := openapi.New(openapi.Config{
		BaseURL: s.Server.URL, Credentials: sign.Credentials{AccessKey: OpenAK, SecretKey: OpenSK}, UsageKey: FacadeKey,
		HTTPClient: s.Server.Client(), Now: s.Clock.Now,
	})
	if err != nil {
		s.T.Fatal(err)
	}
	return c
}
