// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/koogallery/simulator"
	"github.com/koogate/koogate/koogallery/wiretime"
)

// The keys of a seller. They must not be found in anything that is printed.
const (
	FacadeKey = "canary-facade-key"
	OpenAK    = "canary-ak"
	OpenSK    = "canary-sk"
)

// Seller is a correct seller in memory. A hook can make it a wrong one.
type Seller struct {
	*httptest.Server
	t     *testing.T
	Clock *Clock
	hook  Hook

	mu        sync.Mutex
	seen      map[string]bool // signatures, nonces and business ids
	instances map[string]string
	related   string
	calls     []string
	bodies    []map[string]any
}

// Hook may answer call number n (from 1 for each activity) itself and then
// returns true.
type Hook func(w http.ResponseWriter, activity string, n int) bool

// NewSeller returns a seller that is served until the test ends.
func NewSeller(t *testing.T, c *Clock, h Hook) *Seller {
	t.Helper()
	s := &Seller{t: t, Clock: c, hook: h, seen: map[string]bool{}, instances: map[string]string{}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

// ServeHTTP implements http.Handler.
func (s *Seller) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Errorf("read: %v", err)
	}
	s.verify(r, body)
	var b map[string]any
	if err := json.Unmarshal(body, &b); err != nil {
		s.t.Errorf("body: %v", err)
	}
	activity, name := b["activity"].(string), ""
	for _, key := range []string{"scene", "status"} {
		if v, ok := b[key].(string); ok {
			name = " " + v
		}
	}

	s.mu.Lock()
	s.calls = append(s.calls, activity+name)
	s.bodies = append(s.bodies, b)
	n := 0
	for _, call := range s.calls {
		if strings.HasPrefix(call, activity) {
			n++
		}
	}
	s.mu.Unlock()
	if s.hook != nil && s.hook(w, activity, n) {
		return
	}
	Reply(w, s.Answer(activity, b))
}

// verify checks what a strict seller would: signature, freshness, no repetition,
// the form of the body.
func (s *Seller) verify(r *http.Request, body []byte) {
	q := r.URL.Query()
	nonce, timestamp, signature := q.Get("nonce"), q.Get("timestamp"), q.Get("signature")
	if _, form, err := sign.VerifyURL([]string{FacadeKey}, nonce, timestamp, signature, body); err != nil || form != sign.FormRaw {
		s.t.Errorf("signature: %v, %v", form, err)
	}
	if _, err := sign.Freshness(s.Clock.Now(), timestamp, 0); err != nil || len(timestamp) != 13 {
		s.t.Errorf("timestamp %s: %v", timestamp, err)
	}
	if len(nonce) != 64 || strings.Trim(nonce+signature, "0123456789ABCDEF") != "" {
		s.t.Errorf("nonce %q or signature %q is not 64 upper-case hex digits", nonce, signature)
	}
	if r.Method != http.MethodPost || r.Header.Get("Accept") != "application/json" ||
		r.Header.Get("Content-Type") != "application/json;charset=utf8" {
		s.t.Errorf("%s with headers %v", r.Method, r.Header)
	}
	if sorted, err := sign.Canonical(body); err != nil || !bytes.Equal(sorted, body) {
		s.t.Errorf("body is not compact and ascending: %s", body)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen[nonce] || s.seen[signature] {
		s.t.Error("nonce or signature repeated")
	}
	s.seen[nonce], s.seen[signature] = true, true
}

// Answer is what a correct seller says.
func (s *Seller) Answer(activity string, b map[string]any) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	ok := map[string]any{"resultCode": "000000", "resultMsg": "success."}
	id, _ := b["instanceId"].(string)
	known := slices.Contains(slices.Collect(maps.Values(s.instances)), id)
	switch activity {
	case "newInstance":
		business := b["businessId"].(string)
		if b["testFlag"] == nil && s.seen[business] {
			s.t.Errorf("businessId %s repeated", business)
		}
		s.seen[business] = true
		line := b["orderLineId"].(string)
		if s.instances[line] == "" {
			s.instances[line] = business
			if s.related == "" {
				s.related = business
			}
		}
		ok["instanceId"] = s.instances[line]
	case "queryInstance":
		if known {
			ok["info"] = []any{map[string]any{
				"instanceId": id,
				"appInfo":    map[string]any{"frontEndUrl": "https://app.example.com", "userName": "admin", "password": "initial"},
				"usageInfo": []any{map[string]any{
					"relatedInstanceId": s.related, "usageValue": 1.25, "statisticalTime": wiretime.Format17(s.Clock.Now()),
				}},
			}}
		}
	default:
		if !known {
			return map[string]any{"resultCode": "000003", "resultMsg": "no such instance"}
		}
	}
	return ok
}

// Sequence returns the calls so far.
func (s *Seller) Sequence() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// Body returns the body of a call, from 0.
func (s *Seller) Body(i int) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bodies[i]
}

// Reply answers with a JSON document.
func Reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json;charset=utf8")
	_ = json.NewEncoder(w).Encode(v)
}

// Config returns a configuration for a seller, with ids that are numbered.
func Config(s *Seller) simulator.Config {
	var mu sync.Mutex
	n := 0
	return simulator.Config{
		FacadeURL:   s.URL + "/produce/demo",
		AccessKey:   FacadeKey,
		Credentials: sign.Credentials{AccessKey: OpenAK, SecretKey: OpenSK},
		Clock:       s.Clock,
		NewID: func() string {
			mu.Lock()
			defer mu.Unlock()
			n++
			return fmt.Sprintf("id-%d", n)
		},
		Timeout: 5 * time.Second,
	}
}

// NewSimulator returns a simulator that is closed when the test ends.
func NewSimulator(t *testing.T, cfg simulator.Config) *simulator.Simulator {
	t.Helper()
	s, err := simulator.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// Fixture is a simulator that drives a seller.
func Fixture(t *testing.T, h Hook) (*simulator.Simulator, *Seller, *Clock) {
	t.Helper()
	c := NewClock()
	s := NewSeller(t, c, h)
	return NewSimulator(t, Config(s)), s, c
}

// Equal compares two lists of texts.
func Equal(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got %q\nwant %q", what, got, want)
	}
}
