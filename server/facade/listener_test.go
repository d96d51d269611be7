// SPDX-License-Identifier: Apache-2.0

package facade_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/server/facade"
	"github.com/koogate/koogate/server/fulfil"
)

// listen puts the facade behind a real listener.
func (r *rig) listen() *httptest.Server {
	s := httptest.NewServer(r.handler)
	if t, ok := r.t.(*testing.T); ok {
		t.Cleanup(s.Close)
	}
	return s
}

// wire writes the request as bytes.
func (r *rig) wire(body string, q request) string {
	req := r.build(body, q)
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: isv.example.com\r\nAccept: application/json\r\nContent-Type: application/json;charset=utf8\r\nContent-Length: %d\r\n\r\n%s",
		req.URL.RequestURI(), len(body), body)
}

func TestBytesOnAConnection(t *testing.T) {
	r := newRig(t)
	s := r.listen()
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	in := bufio.NewReader(conn)
	for _, c := range []struct{ body, code string }{{bodyNew, "000000"}, {bodyQuery, "000000"}, {`[`, "000002"}, {debugging(bodyRelease), "000000"}} {
		if _, err := io.WriteString(conn, r.wire(c.body, request{})); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		a := read(t, resp)
		_ = resp.Body.Close()
		if a.status != http.StatusOK || a.code != c.code || resp.ContentLength != int64(len(a.body)) {
			t.Errorf("%s: HTTP %d, length %d, %s", c.body, a.status, resp.ContentLength, a.body)
		}
	}
}

func TestConcurrentCalls(t *testing.T) {
	r := newRig(t, func(c *facade.Config, _ *facade.Deps) { c.KnownInstances = 8 })
	s := r.listen()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
	defer client.CloseIdleConnections()
	var wg sync.WaitGroup
	for g := range 16 {
		wg.Go(func() {
			for i := range 20 {
				id := fmt.Sprintf("b-%d-%d", g, i)
				body := strings.Replace(bodyNew, "87b94795-0603-4e24-8ae5-69420d60e3c8", id, 1)
				body = strings.Replace(body, "-000001", "-"+id, 1)
				u, err := sign.SignURL(s.URL+"/produce/demo", key2, "nonce-"+id, noon, []byte(body))
				if err != nil {
					t.Error(err)
					return
				}
				resp, err := client.Post(u, "application/json", strings.NewReader(body))
				if err != nil {
					t.Error(err)
					return
				}
				text, _ := io.ReadAll(resp.Body)
				_ = resp.Body.Close()
				if want := `{"resultCode":"000000","resultMsg":"success","instanceId":"` + id + `"}`; string(text) != want {
					t.Errorf("got %s, want %s", text, want)
				}
			}
		})
	}
	wg.Wait()
}

// An answer goes out before the marketplace gives up, whether the core heeds its deadline or not.
func TestBudget(t *testing.T) {
	for name, deaf := range map[string]bool{"the core heeds its deadline": false, "the core is deaf": true} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(c *facade.Config, _ *facade.Deps) { c.Budget = 100 * time.Millisecond })
			release := make(chan struct{})
			r.core.during = func(ctx context.Context) {
				<-ctx.Done()
				if deaf {
					<-release
				}
			}
			r.core.err = context.DeadlineExceeded
			s := r.listen()
			conn, err := net.Dial("tcp", s.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(conn, r.wire(bodyNew, request{endpoint: "signing", key: key3})); err != nil {
				t.Fatal(err)
			}
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			a := read(t, resp)
			_ = resp.Body.Close()
			if a.code != "000005" || !strings.Contains(a.msg, "not done in time") {
				t.Errorf("got %s", a.body)
			}
			if !sign.VerifyBodySign(key3, a.header.Get("Body-Sign"), []byte(a.body)) {
				t.Error("the late answer is not signed")
			}
			close(release)
			s.Close() // waits for the handler
			if n := r.counter("koogate_facade_calls_total", "result_code=000005"); n != 1 {
				t.Errorf("%v calls counted", n)
			}
		})
	}
}

// A core that comes back with a success after the answer was sent changes nothing that the marketplace sees or we count.
func TestLateSuccess(t *testing.T) {
	r := newRig(t, func(c *facade.Config, _ *facade.Deps) { c.Budget = 100 * time.Millisecond })
	r.core.answer = fulfil.Answer{Code: resultcode.Success, InstanceID: "i"}
	r.core.during = func(ctx context.Context) {
		<-ctx.Done()
		time.Sleep(50 * time.Millisecond)
	}
	a := r.call(bodyNew)
	if a.code != "000005" {
		t.Errorf("got %s", a.body)
	}
	r.core.during = nil
	r.want(r.call(bodyStatus), "000000", r.core.made()...)
	if n := r.counter("koogate_facade_calls_total", "activity=newInstance", "result_code=000005"); n != 1 {
		t.Errorf("%v calls counted", n)
	}
}

// A marketplace that hangs up gets no answer, and nobody else gets it either.
func TestCallerLeaves(t *testing.T) {
	r := newRig(t)
	entered := make(chan struct{})
	r.core.during = func(ctx context.Context) {
		close(entered)
		<-ctx.Done()
	}
	s := r.listen()
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, r.wire(bodyNew, request{})); err != nil {
		t.Fatal(err)
	}
	<-entered
	_ = conn.Close()
	s.Close()
	r.core.during = nil
	r.want(r.call(bodyStatus), "000000", r.core.made()...)
}
