// SPDX-License-Identifier: Apache-2.0

package replay_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/recorder/replay"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/koogallery/simulator/simtest"
)

// strict is a seller that does nothing but verify, and tells what it made of each call.
func strict(t *testing.T, c *simtest.Clock) (url string, codes func() string) {
	t.Helper()
	var mu sync.Mutex
	var said []string
	seen := map[string]bool{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		q := r.URL.Query()
		_, form, err := sign.VerifyURL([]string{simtest.FacadeKey}, q.Get("nonce"), q.Get("timestamp"), q.Get("signature"), body)
		code := "000000"
		mu.Lock()
		defer mu.Unlock()
		if r.Method == http.MethodGet {
			_, v1, bad := sign.VerifyQuery([]string{simtest.FacadeKey}, r.URL.RawQuery)
			if err = bad; v1.Repaired {
				code = "000009"
			}
		}
		switch {
		case err != nil:
			code = "000001"
		case r.Method == http.MethodGet:
		case form == sign.FormSorted:
			code = "000008"
		default:
			if _, err := sign.Freshness(c.Now(), q.Get("timestamp"), 0); err != nil {
				code = "000002"
			} else if seen[q.Get("signature")] {
				code = "000007"
			} else if len(q.Get("timestamp")) == 10 {
				code = "000006"
			}
		}
		seen[q.Get("signature")] = true
		said = append(said, code)
		w.Header()["body-sign"] = []string{sign.BodySign(simtest.FacadeKey, []byte(`{"resultCode":"`+code+`","resultMsg":"so"}`))}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"resultCode":"`+code+`","resultMsg":"so"}`)
	}))
	t.Cleanup(s.Close)
	return s.URL, func() string { mu.Lock(); defer mu.Unlock(); return strings.Join(said, " ") }
}

// What was wrong with a call is wrong with it again: not signed, wrongly signed, stale, captured, in seconds, over another form of the
// body, with bare plus signs.
func TestHostileCallsStayHostile(t *testing.T) {
	clock := simtest.NewClock()
	url, codes := strict(t, clock)
	const want = "000000 000001 000001 000002 000002 000007 000006 000008 000009 000001 000001 000001"
	file, _ := record(t, url, clock, func(address string, client *http.Client) {
		call := func(method, url string, body string) {
			t.Helper()
			r, err := http.NewRequest(method, url, bytes.NewReader([]byte(body)))
			if err != nil {
				t.Fatal(err)
			}
			res, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
		}
		const body = `{"activity":"queryInstance","instanceId":"i","testFlag":"1"}`
		signed := func(key, nonce string, off time.Duration, body string) string {
			u, err := sign.SignURL(address, key, nonce, clock.Now().Add(off), []byte(body))
			if err != nil {
				t.Fatal(err)
			}
			return u
		}
		first := signed(simtest.FacadeKey, "N1", 0, body)
		call("POST", first, body)
		call("POST", signed("another key", "N2", 0, body), body)
		call("POST", address, body)
		call("POST", signed(simtest.FacadeKey, "N3", 61*time.Second, body), body)
		call("POST", signed(simtest.FacadeKey, "N4", -time.Hour, body), body)
		call("POST", first, body)
		seconds := "1769774400"
		call("POST", address+"?nonce=N5&timestamp="+seconds+"&signature="+sign.URLSignature(simtest.FacadeKey, "N5", seconds, []byte(body)), body)
		sorted, _ := sign.Canonical([]byte(`{"testFlag":"1", "activity":"queryInstance"}`))
		call("POST", signed(simtest.FacadeKey, "N6", 0, string(sorted)), `{"testFlag":"1", "activity":"queryInstance"}`)
		v1 := ""
		for n := 0; !strings.Contains(v1, "%2B"); n++ {
			var err error
			v1, err = sign.SignQuery(address, simtest.FacadeKey, map[string][]string{
				"activity": {"newInstance"}, "timeStamp": {"202601301200000" + string(rune('0'+n/10%10)) + string(rune('0'+n%10))}, "testFlag": {"1"}, "saasExtendParams": {"W10+"},
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		call("GET", strings.ReplaceAll(v1, "%2B", "+"), "")
		call("GET", address+"?activity=newInstance&testFlag=1&timeStamp=20260130120000123&authToken=x", "")
		call("GET", address+"?activity=newInstance&testFlag=1", "")
		call("POST", address+"?signature=&nonce=a&timestamp=soon", body)
	})
	if got := codes(); got != want {
		t.Fatalf("recorded %s, want %s", got, want)
	}
	again := simtest.NewClock()
	again.Advance(48 * time.Hour)
	target, codes := strict(t, again)
	alike(t, play(t, file, target, again, func(cfg *replay.Config) { cfg.Parallel, cfg.Staging = 1, false }), 12)
	if got := codes(); len(got) != len(want) {
		t.Errorf("answered %s, want %s", got, want)
	}
	if !bytes.Contains(file, []byte(`"body-sign"`)) {
		t.Error("the case of the name Body-Sign is lost")
	}
}
