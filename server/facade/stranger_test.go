// SPDX-License-Identifier: Apache-2.0

package facade_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/server/facade"
)

// strangers are calls by somebody who has no key, one of each door and kind.
func strangers(r *rig, endpoint string) map[string]*http.Request {
	r.t.Helper()
	at := func(method, path, body string, header map[string]string) *http.Request {
		req := httptest.NewRequestWithContext(r.t.Context(), method, "/produce/"+endpoint+path, strings.NewReader(body))
		for k, v := range header {
			req.Header.Set(k, v)
		}
		return req
	}
	const kit = `{"instanceId":"i-1","tenantId":"t-1","timeStamp":"20220413093539534"}`
	old := strconv.FormatInt(noon.Add(-5*time.Minute).UnixMilli(), 10)
	u, err := sign.SignQuery("https://x/produce/"+endpoint, "guessed", map[string][]string{"activity": {"queryInstance"}, "timeStamp": {"20170725025113409"}})
	if err != nil {
		r.t.Fatal(err)
	}
	_, query, _ := strings.Cut(u, "?")
	staleKit := r.kitV2("guessed", kit)
	staleKit["x-timestamp"] = old
	return map[string]*http.Request{
		"POST":              r.build(bodyStatus, request{endpoint: endpoint, key: "guessed"}),
		"POST, long":        r.build(bodyStatus+strings.Repeat(" ", 8<<10), request{endpoint: endpoint, key: "guessed"}),
		"POST, too long":    r.build(bodyStatus+strings.Repeat(" ", 64<<10), request{endpoint: endpoint, key: "guessed"}),
		"POST, stale":       r.build(bodyStatus, request{endpoint: endpoint, key: "guessed", timestamp: old}),
		"POST, no nonce":    at(http.MethodPost, "?timestamp=1&signature=x", bodyStatus, nil),
		"POST, nothing":     at(http.MethodPost, "", "", nil),
		"GET":               at(http.MethodGet, "?"+query, "", nil),
		"GET, nothing":      at(http.MethodGet, "", "", nil),
		"Kit V2":            at(http.MethodPost, "/produceAPI/v2/tenantSync", kit, r.kitV2("guessed", kit)),
		"Kit V2, stale":     at(http.MethodPost, "/produceAPI/v2/tenantSync", kit, staleKit),
		"Kit V1":            at(http.MethodPost, "/produceAPI/tenantSync", kit, r.kitV1("guessed", kit)),
		"Kit V1, no token":  at(http.MethodPost, "/produceAPI/tenantSync", kit, nil),
		"Kit V1, no object": at(http.MethodPost, "/produceAPI/tenantSync", "[]", r.kitV1("guessed", kit)),
		"OPTIONS":           at(http.MethodOptions, "", "", nil),
		"PUT":               at(http.MethodPut, "", "", nil),
	}
}

// Whoever has no key is told the same by every address, to the byte and in every header, and nothing that is signed: neither
// which endpoints exist, nor what they serve, nor how they are set.
func TestStrangersLearnNothing(t *testing.T) {
	r := newRig(t, withEvery, func(cfg *facade.Config, _ *facade.Deps) {
		patient := cfg.Endpoints[len(cfg.Endpoints)-1]
		patient.Name, patient.Skew, patient.BodySign = "patient", 10*time.Minute, true
		cfg.Endpoints = append(cfg.Endpoints, patient)
	})
	answered := func(req *http.Request) (int, http.Header, string) {
		w := httptest.NewRecorder()
		r.handler.ServeHTTP(w, req)
		return w.Code, w.Header(), w.Body.String()
	}
	for _, endpoint := range []string{"every", "patient", "demo", "signing"} {
		known, unknown := strangers(r, endpoint), strangers(r, "nobody")
		for name, req := range known {
			status, header, body := answered(req)
			status2, header2, body2 := answered(unknown[name])
			if status != status2 || body != body2 || !reflect.DeepEqual(header, header2) {
				t.Errorf("%s at %s: %d %v %s\nat an unknown address: %d %v %s", name, endpoint, status, header, body, status2, header2, body2)
			}
			if header.Get("Body-Sign") != "" {
				t.Errorf("%s at %s: signed", name, endpoint)
			}
		}
	}
}

// The setting signs what strangers are told by the V1.0 generation, and nothing else.
func TestRefusalsAreSignedWhenToldSo(t *testing.T) {
	r := newRig(t, withEvery, func(cfg *facade.Config, _ *facade.Deps) {
		e := cfg.Endpoints[len(cfg.Endpoints)-1]
		e.Name, e.SignRefusals = "frank", true
		cfg.Endpoints = append(cfg.Endpoints, e)
	})
	for name, req := range strangers(r, "frank") {
		w := httptest.NewRecorder()
		r.handler.ServeHTTP(w, req)
		key := ""
		switch {
		case strings.HasPrefix(name, "GET"):
			key = "another-key" // the first of the ring
		case strings.HasPrefix(name, "Kit V1"):
			key = kitKey
		}
		if got := w.Header().Get("Body-Sign"); key == "" && got != "" || key != "" && !sign.VerifyBodySign(key, got, w.Body.Bytes()) {
			t.Errorf("%s: Body-Sign %q", name, got)
		}
	}
	for name, req := range strangers(r, "every") {
		w := httptest.NewRecorder()
		if r.handler.ServeHTTP(w, req); w.Header().Get("Body-Sign") != "" {
			t.Errorf("%s: signed at another endpoint", name)
		}
	}
}

// narrow leaves the budget room for one body of the Kit that is as long as it may be.
func narrow(cfg *facade.Config, _ *facade.Deps) {
	cfg.MaxBody, cfg.MaxKitBody, cfg.MaxUnverified = 32<<10, 64<<10, 128<<10
}

// stalled opens a call of the Kit whose body does not come, and returns when the facade waits for it.
func (r *rig) stalled(addr, length string) net.Conn {
	r.t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		r.t.Fatal(err)
	}
	head := "POST /produce/every/produceAPI/v2/tenantSync HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n" + length + "\r\n"
	for k, v := range r.kitV2(kitKey, "{}") {
		head += k + ": " + v + "\r\n"
	}
	if _, err := io.WriteString(conn, head+"\r\n"); err != nil {
		r.t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	line := make([]byte, len("HTTP/1.1 100 Continue\r\n\r\n"))
	if _, err := io.ReadFull(conn, line); err != nil || !strings.Contains(string(line), "100 Continue") {
		r.t.Fatalf("the facade does not read: %v, %q", err, line)
	}
	return conn
}

func TestWhoFindsNoBudgetIsToldToCallAgain(t *testing.T) {
	r := newRig(t, withEvery, narrow)
	s := r.listen()
	defer s.Close()
	long := `{"instanceId":"i-1","tenantId":"t-1","tenantCode":"c","name":"n","domainName":"https://t.example","flag":1,"testFlag":0,"timeStamp":"20220413093539534","x":"` +
		strings.Repeat("x", 48<<10) + `"}`
	short := strings.Replace(long, strings.Repeat("x", 48<<10), "", 1)
	conn := r.stalled(s.Listener.Addr().String(), "Content-Length: 65536")
	defer conn.Close()

	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/produce/every/produceAPI/v2/tenantSync", strings.NewReader(long))
	for k, v := range r.kitV2(kitKey, long) {
		req.Header.Set(k, v)
	}
	if a := r.do(req); a.code != "000005" || a.status != http.StatusServiceUnavailable {
		t.Errorf("a long body without budget: HTTP %d %s", a.status, a.body)
	}
	if n := r.counter("koogate_rejected_total", "endpoint=every", "reason=busy"); n != 1 {
		t.Errorf("%v calls counted", n)
	}
	// Short bodies need no budget, and the base interfaces have one of their own.
	r.want(r.kit("v2/tenantSync", short, r.kitV2(kitKey, short)), "000000", "tenantSync i-1 t-1")
	longest := short + strings.Repeat(" ", 4<<10-len(short))
	r.want(r.kit("v2/tenantSync", longest, r.kitV2(kitKey, longest)), "000000", "tenantSync i-1 t-1")
	r.want(r.call(bodyStatus+strings.Repeat(" ", 20<<10)), "000000", frozenCall)
	// What the stalled call held is free again once it is gone.
	_ = conn.Close()
	for range 200 {
		if r.counter("koogate_rejected_total", "endpoint=every", "reason=body_unreadable") == 1 {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	r.want(r.kit("v2/tenantSync", long, r.kitV2(kitKey, long)), "000000", "tenantSync i-1 t-1")
}

func TestAStalledBodyIsGivenUp(t *testing.T) {
	for name, length := range map[string]string{"length announced": "Content-Length: 65536", "in chunks": "Transfer-Encoding: chunked"} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, withEvery, narrow)
			s := r.listen()
			defer s.Close()
			conn := r.stalled(s.Listener.Addr().String(), length)
			defer conn.Close()
			part := strings.Repeat(" ", 8<<10)
			if strings.Contains(length, "chunked") {
				part = "2000\r\n" + part + "\r\n2000\r\n"
			}
			if _, err := io.WriteString(conn, part); err != nil {
				t.Fatal(err)
			}
			done := make(chan *http.Response, 1)
			go func() {
				resp, err := http.ReadResponse(bufio.NewReader(conn), nil) //nolint:bodyclose // read and closed by who takes it from done
				if err != nil {
					t.Error(err)
				}
				done <- resp
			}()
			for waiting := true; waiting; {
				select {
				case resp := <-done:
					a := read(t, resp)
					if a.code != "000005" || a.status != http.StatusServiceUnavailable {
						t.Errorf("HTTP %d %s", a.status, a.body)
					}
					waiting = false
				case <-time.After(20 * time.Millisecond):
					r.clock.Advance(time.Second)
				}
			}
			if n := r.counter("koogate_rejected_total", "endpoint=every", "reason=body_slow"); n != 1 {
				t.Errorf("%v calls counted", n)
			}
		})
	}
}

// A body of unannounced length takes from the budget as it grows, up to what the family allows.
func TestBodiesInChunks(t *testing.T) {
	r := newRig(t, withEvery)
	s := r.listen()
	defer s.Close()
	for _, c := range []struct {
		length int
		code   string
	}{{1 << 10, "000000"}, {4 << 10, "000000"}, {4<<10 + 1, "000000"}, {20 << 10, "000000"}, {64 << 10, "000000"}, {64<<10 + 1, "000002"}, {1 << 20, "000002"}} {
		body := bodyStatus + strings.Repeat(" ", c.length-len(bodyStatus))
		req := r.build(body, request{})
		sent, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+req.URL.RequestURI(), io.MultiReader(strings.NewReader(body)))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := s.Client().Do(sent) //nolint:bodyclose // read closes it
		if err != nil {
			t.Fatal(err)
		}
		if a := read(t, resp); a.code != c.code {
			t.Errorf("%d bytes: %s", c.length, a.body)
		}
	}
}
