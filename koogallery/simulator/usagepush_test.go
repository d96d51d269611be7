// SPDX-License-Identifier: Apache-2.0

package simulator_test

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

	"github.com/koogate/koogate/koogallery/simulator/billing"

	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/koogallery/simulator"
	"github.com/koogate/koogate/koogallery/simulator/simtest"
)

const (
	usagePath    = "/api/mkp-openapi-public/global/v1/isv/usage-data"
	usageOldPath = "/rest/marketplace/v1/isv/usage-data"
)

// stall is a marketplace and whoever calls its open APIs.
type stall struct {
	t      *testing.T
	sim    *simulator.Simulator
	server *httptest.Server
	clock  *simtest.Clock
	nonces atomic.Int64
}

func newStall(t *testing.T, change func(*simulator.Config)) *stall {
	t.Helper()
	sim, server, _, c := market(t, change)
	return &stall{t: t, sim: sim, server: server, clock: c}
}

// usageAnswer is what a push is answered with.
type usageAnswer struct {
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

// codes returns the codes by metering_sn, or by begin where there is none.
func (a usageAnswer) codes() map[string]string {
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

// rec is one record; nil values are left out.
type rec map[string]any

func (r rec) with(pairs ...any) rec {
	out := rec{}
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

func utc(at time.Time) string { return at.UTC().Format("20060102T150405Z") }

// record returns a good record over some minutes that ended some time ago.
func (s *stall) record(instance, sn string, ago, length time.Duration, value any) rec {
	end := s.clock.Now().Add(-ago)
	return rec{
		"instance_id": instance, "metering_sn": sn, "record_time": utc(s.clock.Now()),
		"begin_time": utc(end.Add(-length)), "end_time": utc(end), "usage_value": value,
	}
}

// request is a push that is signed but not sent.
func (s *stall) request(body []byte) *http.Request {
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.server.URL+usagePath, bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	ts, nonce := strconv.FormatInt(s.clock.Now().UnixMilli(), 10), "nonce-"+strconv.FormatInt(s.nonces.Add(1), 10)
	r.Header.Set("Content-Type", "application/json charset=UTF-8")
	r.Header.Set("ts", ts)
	r.Header.Set("nonce", nonce)
	r.Header.Set("signature", sign.UsageSign(facadeKey, ts, nonce, body))
	return r
}

// body is compact and sorted, as encoding/json prints maps.
func usageBody(t *testing.T, records ...rec) []byte {
	t.Helper()
	body, err := json.Marshal(map[string]any{"usage_records": records})
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// send sends a request as it is. Status 0 stands for no answer.
func (s *stall) send(r *http.Request) (status int, a usageAnswer, h http.Header) {
	s.t.Helper()
	resp, err := s.server.Client().Do(r)
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

func (s *stall) push(records ...rec) (int, usageAnswer) {
	s.t.Helper()
	status, a, _ := s.send(s.request(usageBody(s.t, records...)))
	return status, a
}

// taken pushes records of which none is abnormal.
func (s *stall) taken(records ...rec) {
	s.t.Helper()
	if status, a := s.push(records...); status != 200 || a.Code != "MKT.0000" {
		s.t.Fatalf("%d %+v", status, a)
	}
}

// signed posts with AK/SK.
func (s *stall) signed(method, path, contentType string, body []byte) (int, map[string]any) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.server.URL+path, bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", contentType)
	if err := sign.SignRequest(r, body, sign.Credentials{AccessKey: openAK, SecretKey: openSK}, s.clock.Now()); err != nil {
		s.t.Fatal(err)
	}
	return do(s.t, s.server, r)
}

func (s *stall) adopt(id string, a simulator.Adoption) {
	s.t.Helper()
	if err := s.sim.Adopt(id, a); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stall) audit() {
	s.t.Helper()
	if err := s.sim.AuditBills(); err != nil {
		s.t.Error(err)
	}
}

func amount(t *testing.T, text string) billing.Amount {
	t.Helper()
	a, err := billing.ParseAmount(text)
	if err != nil {
		t.Fatal(err)
	}
	return a
}
